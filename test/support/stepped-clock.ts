/** Real turns of the event loop and a time that only the test moves: timers to the millisecond, over real sockets. */
import { ManualClock, systemClock, type Clock, type Timer } from '../../src/net/clock.js';

export class SteppedClock implements Clock {
  readonly #time = new ManualClock();

  now(): number {
    return this.#time.now();
  }
  after(ms: number, run: () => void): Timer {
    return this.#time.after(ms, run);
  }
  soon(run: () => void): void {
    systemClock.soon(run);
  }
  afterThis(run: () => void): void {
    systemClock.afterThis(run);
  }
  advance(ms: number): void {
    this.#time.advance(ms);
  }
}
