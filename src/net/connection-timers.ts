/** The three timers of a connection: a deadline of what it is doing, the idle timeout, and one of its user. */
import type { Clock, Timer } from './clock.js';

export class ConnectionTimers {
  /** 0: no idle timeout. */
  idleMs = 0;
  #deadline: Timer | null = null;
  #idle: Timer | null = null;
  #activity = 0;
  #user: Timer | null = null;
  #userToken = 0;

  constructor(private readonly clock: Clock) {}

  /** One at a time: a new deadline replaces the old one. */
  setDeadline(ms: number, expired: () => void): void {
    this.clearDeadline();
    this.#deadline = this.clock.after(ms, () => {
      this.#deadline = null;
      expired();
    });
  }
  clearDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
  }

  armIdle(expired: () => void): void {
    this.clearIdle();
    if (this.idleMs === 0) return;
    this.#activity = this.clock.now();
    this.#waitIdle(this.idleMs, expired);
  }
  clearIdle(): void {
    this.#idle?.cancel();
    this.#idle = null;
  }
  /** Something was read or written. */
  touch(): void {
    if (this.#idle !== null) this.#activity = this.clock.now();
  }

  get userActive(): boolean {
    return this.#user !== null;
  }
  /** Answers the token `expired` will be called with. */
  setUser(ms: number, expired: (token: number) => void): number {
    const token = ++this.#userToken;
    this.#user = this.clock.after(ms, () => {
      this.#user = null;
      expired(token);
    });
    return token;
  }
  cancelUser(token: number): void {
    if (token !== this.#userToken) return;
    this.#user?.cancel();
    this.#user = null;
  }

  clear(): void {
    this.clearDeadline();
    this.clearIdle();
    this.cancelUser(this.#userToken);
  }

  /** A timer is not moved with every byte: when it fires it looks how long the silence has lasted, and waits for the rest. */
  #waitIdle(ms: number, expired: () => void): void {
    this.#idle = this.clock.after(ms, () => {
      const left = this.idleMs - (this.clock.now() - this.#activity);
      if (left >= 1) return this.#waitIdle(left, expired);
      this.#activity = this.clock.now();
      this.#waitIdle(this.idleMs, expired);
      expired();
    });
  }
}
