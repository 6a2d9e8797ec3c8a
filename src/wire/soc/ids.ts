/** Ids of messages: nanoseconds of the wall clock as decimal text, strictly increasing whatever the clock does. */

/** `offset` spreads the ids of processes that start in the same millisecond: 0 to 999. */
export class IdSource {
  #ms = 0;
  #ns = 0;
  #prefix = '';
  #prefixOf = -1;

  constructor(private readonly wall: () => number, private readonly offset = 0) {}

  next(): string {
    const now = Math.floor(this.wall());
    if (now > this.#ms) {
      this.#ms = now;
      this.#ns = this.offset;
    } else if (++this.#ns > 999_999) {
      // More than a million in a millisecond: the ids run ahead of the clock.
      this.#ms++;
      this.#ns = 0;
    }
    if (this.#prefixOf !== this.#ms) {
      this.#prefixOf = this.#ms;
      this.#prefix = String(this.#ms);
    }
    return this.#prefix + String(1_000_000 + this.#ns).slice(1);
  }

  /** From now on ids are greater than this one, which another run has given out. Other texts are ignored. */
  after(id: string): void {
    if (!/^\d{13,19}$/.test(id)) return;
    const ms = Number(id.slice(0, -6));
    const ns = Number(id.slice(-6));
    if (ms < this.#ms || (ms === this.#ms && ns <= this.#ns)) return;
    this.#ms = ms;
    this.#ns = ns;
  }
}
