/** How many of its descriptors this process has in use. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../../net/clock.js';
import { ACCEPT_BACKOFF_MS, FdPressure } from '../../wire/broker/limits.js';

/** From here on Hellos are refused: the runtime closes connections it has no descriptor for without a word, so it must not come to that. */
const PRESSURE_RATIO = 0.95;

export class Descriptors {
  readonly pressure = new FdPressure();
  #ratio = 0;
  #looked = -Infinity;

  constructor(private readonly clock: Clock, private readonly usage: () => number = usageRatio) {}

  /** Used descriptors of those possible, 0 to 1; as of a moment ago. */
  get ratio(): number {
    const now = this.clock.now();
    if (now - this.#looked >= ACCEPT_BACKOFF_MS) {
      this.#looked = now;
      this.#ratio = this.usage();
    }
    return this.#ratio;
  }

  /** A connection was accepted. */
  accepted(): void {
    if (this.ratio >= PRESSURE_RATIO) this.pressure.acceptFailed('EMFILE');
    else this.pressure.accepted();
  }
}

/** 0 where the system does not say. */
function usageRatio(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return limit === null ? 0 : readdirSync('/proc/self/fd').length / Number(limit[1]);
  } catch {
    return 0;
  }
}
