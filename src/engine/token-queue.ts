/** Tokens of accepted sends on one connection, oldest first, and where in its stream the bytes of each end. */

export class TokenQueue {
  #tokens: number[] = [];
  #ends: number[] = [];
  #head = 0;

  put(token: number, end: number): void {
    this.#tokens.push(token);
    this.#ends.push(end);
  }

  get empty(): boolean {
    return this.#head === this.#tokens.length;
  }

  /** Takes the oldest token whose bytes lie within the first `taken`; null: there is none. */
  next(taken = Infinity): number | null {
    if (this.empty || this.#ends[this.#head] > taken) return null;
    const token = this.#tokens[this.#head++];
    if (this.empty) {
      this.#tokens = [];
      this.#ends = [];
      this.#head = 0;
    }
    return token;
  }
}
