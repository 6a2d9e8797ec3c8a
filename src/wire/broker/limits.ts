/** Counters that say no: Hellos of a process, attempts to start a backend, failed handoffs. Time is what the caller says, in ms. */

/** How often in how many ms. Below one of either counts as one. */
export interface Rate { readonly max: number; readonly windowMs: number }

export const HELLO_RATE: Rate = { max: 256, windowMs: 1000 };
const SPAWN_RATE: Rate = { max: 3, windowMs: 30_000 };

/**
 * A fixed window for each key, begun by its first request. Keys whose window is over are forgotten, at most a few at each
 * call, so that memory follows the keys of one window.
 */
export class RateLimiter<K> {
  readonly #max: number;
  readonly #window: number;
  /** In the order in which the windows began. */
  readonly #windows = new Map<K, { start: number; count: number }>();

  constructor(rate: Rate) {
    this.#max = Math.max(1, rate.max);
    this.#window = Math.max(1, rate.windowMs);
  }

  /** 0: go ahead, and it was counted. Otherwise the whole ms until the window ends. */
  take(key: K, now: number): number {
    this.#forget(now);
    const open = this.#windows.get(key);
    if (open === undefined || now - open.start >= this.#window) {
      this.#windows.delete(key);
      this.#windows.set(key, { start: now, count: 1 });
      return 0;
    }
    if (open.count < this.#max) {
      open.count++;
      return 0;
    }
    return Math.max(1, Math.ceil(this.#window - (now - open.start)));
  }

  /** What `take` would say, uncounted. */
  wait(key: K, now: number): number {
    const open = this.#windows.get(key);
    if (open === undefined || open.count < this.#max || now - open.start >= this.#window) return 0;
    return Math.max(1, Math.ceil(this.#window - (now - open.start)));
  }

  clear(key: K): void {
    this.#windows.delete(key);
  }

  get size(): number {
    return this.#windows.size;
  }

  #forget(now: number): void {
    let most = 4;
    for (const [key, { start }] of this.#windows) {
      if (most-- === 0 || now - start < this.#window) return;
      this.#windows.delete(key);
    }
  }
}

export type SpawnVerdict =
  | { readonly verdict: 'Begin' }
  | { readonly verdict: 'InProgress' }
  /** `stormTrip`: the first refusal of this window. */
  | { readonly verdict: 'BudgetExhausted'; readonly retryAfterMs: number; readonly stormTrip: boolean };

/** Attempts to start a backend: one at a time for each key, and so many in a window. The window's end also ends an attempt that hangs. */
export class SpawnBudget {
  readonly #max: number;
  readonly #window: number;
  readonly #keys = new Map<string, { start: number; count: number; running: boolean; tripped: boolean }>();

  constructor(rate: Rate = SPAWN_RATE) {
    this.#max = Math.max(1, rate.max);
    this.#window = Math.max(1, rate.windowMs);
  }

  begin(key: string, now: number): SpawnVerdict {
    for (const [k, { start }] of this.#keys) if (now - start >= this.#window) this.#keys.delete(k);
    let state = this.#keys.get(key);
    if (state === undefined) this.#keys.set(key, (state = { start: now, count: 0, running: false, tripped: false }));
    if (state.running) return { verdict: 'InProgress' };
    if (state.count >= this.#max) {
      const stormTrip = !state.tripped;
      state.tripped = true;
      return { verdict: 'BudgetExhausted', retryAfterMs: Math.max(1, Math.ceil(this.#window - (now - state.start))), stormTrip };
    }
    state.count++;
    state.running = true;
    return { verdict: 'Begin' };
  }

  /** The attempt is over; a success begins a new window. */
  end(key: string, succeeded: boolean): void {
    const state = this.#keys.get(key);
    if (state === undefined) return;
    if (succeeded) this.#keys.delete(key);
    else state.running = false;
  }

  /** Attempts left for each key whose window is open. */
  *open(now: number): Generator<[key: string, remaining: number]> {
    for (const key of this.#keys.keys()) yield [key, this.remaining(key, now)];
  }

  /** Attempts left for a key. */
  remaining(key: string, now: number): number {
    const state = this.#keys.get(key);
    return state === undefined || now - state.start >= this.#window ? this.#max : this.#max - state.count;
  }
}

/** Whether the process runs out of descriptors: demoted by a failed accept, restored by some good ones in a row. */
export class FdPressure {
  #streak = 0;
  #demoted = false;
  constructor(private readonly recoveryAccepts = 3) {}

  get demoted(): boolean {
    return this.#demoted;
  }

  /** `code`: the system's name of the error. */
  acceptFailed(code: string): 'Demoted' | 'Unrelated' {
    if (code !== 'EMFILE' && code !== 'ENFILE') return 'Unrelated';
    this.#demoted = true;
    this.#streak = 0;
    return 'Demoted';
  }

  accepted(): void {
    if (this.#demoted && ++this.#streak >= this.recoveryAccepts) this.#demoted = false;
  }
}
/** How long an acceptor rests after it ran out of descriptors, in ms. */
export const ACCEPT_BACKOFF_MS = 50;
