/**
 * Whether polling before sleeping is worth it. Where it pays, a request's way through both threads takes 20 µs instead of 50; where
 * the processors are wanted by others it keeps the very thread it waits for from running. So it is tried, and left alone for a
 * while after it failed, longer each time.
 */
import { availableParallelism } from 'node:os';

/** How long to poll: longer than the other thread takes to wake up, or a client on this machine to ask again. */
export const SPIN_MS = availableParallelism() >= 2 ? 0.1 : 0;
/** Occasions let pass after failures, at most 2 to this power. */
const MAX_BACKOFF = 9;

export class Spinner {
  #failures = 0;
  #skip = 0;

  /** Asked once on each occasion. */
  worthIt(): boolean {
    if (SPIN_MS === 0) return false;
    if (this.#skip === 0) return true;
    this.#skip--;
    return false;
  }
  won(): void {
    this.#failures = 0;
  }
  lost(): void {
    if (this.#failures < MAX_BACKOFF) this.#failures++;
    // One failure says nothing: every pause of a client is one.
    this.#skip = this.#failures === 1 ? 0 : 1 << this.#failures;
  }
}
