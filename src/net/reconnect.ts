/** A client that comes back: after a failure or a loss it connects again, later and later. Nothing is ever sent twice on its own. */
import type { Clock, Timer } from './clock.js';
import { systemClock } from './clock.js';
import { withDefaults } from './defaults.js';
import type { Connection } from './endpoint.js';
import type { CloseCause, Failure } from './failures.js';
import type { ClientHandler } from './handlers.js';

/** Each has its default. */
export interface ReconnectOptions {
  /** First wait in ms. Default 100: a restarted peer is back about then. */
  readonly firstMs: number;
  /** Longest wait in ms. Default 30 000: an operator who has repaired the peer does not want to wait longer. */
  readonly mostMs: number;
  /** The wait is drawn evenly from its upper part, so many hundredths of it. Default 0.5: many clients of one peer must not come back together. */
  readonly jitter: number;
  /** Failed attempts in a row before it gives up; null: never. Default null. */
  readonly attempts: number | null;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What there is to hear besides the connections themselves. */
export interface ReconnectEvents {
  /** It waits `ms` before attempt `attempt`, counted from 1 since a connection has last lived for longer than the wait before it. */
  onWaiting?(ms: number, attempt: number, why: Failure | CloseCause): void;
  /** After `attempts` failures in a row; nothing follows. */
  onGaveUp?(why: Failure | CloseCause): void;
}

/** One connection after the other, never two. What was pending when one is lost fails; what comes back is a new connection with a new account. */
export class Reconnector {
  readonly #options: ReconnectOptions;
  readonly #handler: ClientHandler;
  #connection: Connection | null = null;
  #timer: Timer | null = null;
  #failed = 0;
  #waited = 0;
  /** When the latest was connected; -1: it is not. */
  #since = -1;
  #stopped = false;

  /** `dial` starts a connection with the handler it is given; `handler` hears of each of them. */
  constructor(private readonly dial: (handler: ClientHandler) => Connection, handler: ClientHandler, private readonly events: ReconnectEvents = {}, options: Partial<ReconnectOptions> = {}) {
    this.#options = withDefaults({ firstMs: 100, mostMs: 30_000, jitter: 0.5, attempts: null, clock: systemClock, random: Math.random }, options);
    this.#handler = this.#watched(handler);
    this.#connection = dial(this.#handler);
  }

  /** The latest; it may be over. */
  get connection(): Connection | null {
    return this.#connection;
  }
  /** Between two attempts. */
  get waiting(): boolean {
    return this.#timer !== null;
  }

  /** Does not come back; what is open stays. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Closes what is open and does not come back. */
  close(): void {
    this.stop();
    this.#connection?.close();
  }
  /** As `close`, at once. */
  hardClose(): void {
    this.stop();
    this.#connection?.hardClose();
  }

  #lost(why: Failure | CloseCause): void {
    const { firstMs, mostMs, jitter, attempts, clock, random } = this.#options;
    // What this side has brought about is no loss.
    if (this.#stopped || ('ours' in why ? why.ours : why.code === 'closed-by-us')) return;
    // A peer that accepts and drops at once is not back.
    if (this.#since >= 0 && clock.now() - this.#since > this.#waited) this.#failed = 0;
    this.#since = -1;
    if (attempts !== null && this.#failed >= attempts) {
      this.#stopped = true;
      this.events.onGaveUp?.(why);
      return;
    }
    const full = Math.min(mostMs, firstMs * 2 ** Math.min(this.#failed, 40));
    const ms = full * (1 - jitter * random());
    this.#failed++;
    this.#waited = ms;
    this.#timer = clock.after(ms, () => {
      this.#timer = null;
      this.#connection = this.dial(this.#handler);
    });
    this.events.onWaiting?.(ms, this.#failed, why);
  }

  #watched(inner: ClientHandler): ClientHandler {
    const passed = Object.fromEntries(PASSED.filter((name) => inner[name] !== undefined)
      .map((name) => [name, (...args: unknown[]) => (inner[name] as (...all: unknown[]) => unknown).apply(inner, args)]));
    return {
      ...passed,
      onConnected: (connection, tls) => {
        this.#since = this.#options.clock.now();
        return inner.onConnected?.(connection, tls);
      },
      onConnectionFailure: (connection, failure) => {
        try {
          return inner.onConnectionFailure(connection, failure);
        } finally {
          this.#lost(failure);
        }
      },
      onClosed: (connection, cause) => {
        try {
          return inner.onClosed?.(connection, cause);
        } finally {
          this.#lost(cause);
        }
      },
    };
  }
}

/** Callbacks that are handed on as they come. */
const PASSED = [
  'onConnecting', 'onReceived', 'onSendAccepted', 'onSent', 'onSendFailed', 'onThrottled', 'onUnthrottled', 'onTlsReady', 'onTlsFailure', 'onPeerEnd', 'onIdleTimeout', 'onTimer',
] as const satisfies readonly (keyof ClientHandler)[];
