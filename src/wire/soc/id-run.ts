/**
 * Ids that were met in order, each with what is known of it. They lie in flat memory: a hundred thousand strings that live for seconds
 * would be copied by the garbage collector again and again.
 */

const FIRST = 64;

export class IdRun {
  #bytes = new Uint8Array(FIRST * 19);
  /** Where each id ends. */
  #ends = new Int32Array(FIRST);
  #sums = new Int32Array(FIRST);
  #acked = new Uint8Array(FIRST);
  readonly #from: unknown[] = [];
  #n = 0;

  get size(): number {
    return this.#n;
  }

  /** Adds an id that is greater than all before it: longer, or of the same length and later in byte order. */
  append(id: string, sum: number, from: unknown): void {
    const n = this.#n;
    if (n === this.#ends.length) this.#grow();
    let at = n === 0 ? 0 : this.#ends[n - 1];
    if (at + id.length > this.#bytes.length) this.#bytes = copied(this.#bytes, new Uint8Array(Math.max(2 * this.#bytes.length, at + id.length)));
    const bytes = this.#bytes;
    for (let i = 0; i < id.length; i++) bytes[at++] = id.charCodeAt(i);
    this.#ends[n] = at;
    this.#sums[n] = sum;
    this.#acked[n] = 0;
    this.#from[n] = from;
    this.#n = n + 1;
  }

  find(id: string): Entry | undefined {
    let lo = 0;
    for (let hi = this.#n; lo < hi;) {
      const mid = (lo + hi) >>> 1;
      if (this.#compare(mid, id) < 0) lo = mid + 1;
      else hi = mid;
    }
    return lo < this.#n && this.#compare(lo, id) === 0 ? new Entry(this.#sums, this.#acked, this.#from, lo) : undefined;
  }

  clear(): void {
    this.#n = 0;
    this.#from.length = 0;
  }

  #compare(k: number, id: string): number {
    const from = k === 0 ? 0 : this.#ends[k - 1];
    const length = this.#ends[k] - from;
    if (length !== id.length) return length - id.length;
    for (let i = 0; i < length; i++) {
      const d = this.#bytes[from + i] - id.charCodeAt(i);
      if (d !== 0) return d;
    }
    return 0;
  }

  #grow(): void {
    const size = 2 * this.#n;
    this.#ends = copied(this.#ends, new Int32Array(size));
    this.#sums = copied(this.#sums, new Int32Array(size));
    this.#acked = copied(this.#acked, new Uint8Array(size));
  }
}

/** One of them; valid until the next is added. */
class Entry {
  constructor(private readonly sums: Int32Array, private readonly marks: Uint8Array, private readonly ways: unknown[], private readonly at: number) {}

  /** As it was given, modulo 2^32. */
  get sum(): number {
    return this.sums[this.at] >>> 0;
  }
  get acked(): boolean {
    return this.marks[this.at] === 1;
  }
  set acked(yes: boolean) {
    this.marks[this.at] = yes ? 1 : 0;
  }
  get from(): unknown {
    return this.ways[this.at];
  }
  set from(way: unknown) {
    this.ways[this.at] = way;
  }
}

function copied<A extends Uint8Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
