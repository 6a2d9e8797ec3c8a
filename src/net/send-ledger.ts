/** The account of accepted sends: which token ends at which byte of the stream, and which are settled. */

export class SendLedger {
  /** Bytes of all accepted sends. */
  accepted = 0;
  #minted = 0;
  #settled = 0;
  /** `#ends[i]` belongs to token `#settled + 1 + i - #head`. */
  #ends: number[] = [];
  #head = 0;

  /** Tokens ascend from 1. */
  accept(bytes: number): number {
    this.accepted += bytes;
    this.#ends.push(this.accepted);
    return ++this.#minted;
  }

  /** Settles and answers the oldest token that ends within the first `taken` bytes; 0: there is none. */
  settle(taken: number): number {
    if (this.#settled === this.#minted || this.#ends[this.#head] > taken) return 0;
    return this.#next();
  }

  /** Settles and answers the oldest token, whatever became of its bytes; 0: there is none. */
  abandon(): number {
    return this.#settled === this.#minted ? 0 : this.#next();
  }

  /** Accepted tokens that are not settled. */
  get pending(): number {
    return this.#minted - this.#settled;
  }
  get minted(): number {
    return this.#minted;
  }

  #next(): number {
    this.#head++;
    if (this.#head === this.#ends.length) {
      this.#ends.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#ends = this.#ends.slice(this.#head);
      this.#head = 0;
    }
    return ++this.#settled;
  }
}
