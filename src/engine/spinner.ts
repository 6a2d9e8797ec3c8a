/**
 * Whether polling before sleeping is worth it. Where it pays, a request's way through both threads takes 20 µs instead of 50; where
 * the processors are wanted by others it keeps the very thread it waits for from running. So it goes on while it mostly pays, and is
 * only tried now and then where it mostly does not.
 */
import { availableParallelism } from 'node:os';

/** How long to poll: longer than the other thread takes to wake up, or a client on this machine to ask again. */
export const SPIN_MS = availableParallelism() >= 2 ? 0.1 : 0;
/** Share of won occasions below which polling is left alone for a while: a win saves a wake-up, a loss costs at most a few. */
const WORTH_IT = 0.25;
/** How fast the share forgets: it is that of the last ten or so occasions. */
const MEMORY = 1 / 8;
/** Occasions let pass after a loss while polling does not pay. */
const PAUSE = 64;

export class Spinner {
  #share = 1;
  #skip = 0;

  /** Asked once on each occasion. */
  worthIt(): boolean {
    if (SPIN_MS === 0) return false;
    if (this.#skip === 0) return true;
    this.#skip--;
    return false;
  }
  won(): void {
    this.#share += (1 - this.#share) * MEMORY;
  }
  lost(): void {
    this.#share -= this.#share * MEMORY;
    // Every pause of a client is a loss too; only many in a row say that the processors are wanted elsewhere.
    if (this.#share < WORTH_IT) this.#skip = PAUSE;
  }
}
