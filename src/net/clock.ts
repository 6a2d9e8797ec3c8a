/** Time and turns of the event loop, injected so that tests own both. */

/** One call that is to come. */
export interface Timer {
  /** It does not come; too late it does nothing. */
  cancel(): void;
}

/** What a connection knows of time. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds, any positive number of them. */
  after(ms: number, run: () => void): Timer;
  /** Calls `run` in a later turn of the event loop. */
  soon(run: () => void): void;
  /** Calls `run` when the code that runs now has returned, before anything else happens. */
  afterThis(run: () => void): void;
}

/** Longest wait one timer of the platform takes; a longer one would fire after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** That of the runtime. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = left > LONGEST_MS ? setTimeout(() => arm(left - LONGEST_MS), LONGEST_MS) : setTimeout(run, left);
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (run) => void setImmediate(run),
  afterThis: (run) => process.nextTick(run),
};

interface Entry { readonly at: number; readonly run: () => void; cancelled: boolean }

/** Due before whatever is due at any time. */
const BEFORE_ALL = -Infinity;

/** A clock that stands still until it is told to advance; what is due runs in order of its time, then of its making. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #due: Entry[] = [];

  now(): number {
    return this.#now;
  }
  after(ms: number, run: () => void): Timer {
    return this.#at(this.#now + ms, run);
  }
  soon(run: () => void): void {
    this.after(0, run);
  }
  afterThis(run: () => void): void {
    this.#at(BEFORE_ALL, run);
  }

  /** Runs what is due first. Answers false when nothing waits. */
  step(): boolean {
    const entry = this.#due.shift();
    if (entry === undefined) return false;
    this.#now = Math.max(this.#now, entry.at);
    if (!entry.cancelled) entry.run();
    return true;
  }
  /** Runs everything that falls due within `ms`, and moves the time on by as much. */
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.#due.length > 0 && this.#due[0].at <= until) this.step();
    this.#now = until;
  }

  #at(at: number, run: () => void): Timer {
    const entry: Entry = { at, run, cancelled: false };
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#due[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    this.#due.splice(low, 0, entry);
    return { cancel: () => { entry.cancelled = true; } };
  }
}
