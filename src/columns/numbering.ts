/** Numbers for keys, in order of first appearance. */

/** Maps side by side: one grows in a single step, which takes longer than an interrupt may wait for millions of keys. */
const SHARDS = 256;
/** Keys held by one map before the others are used. */
const FEW = 65536;

export class Numbering {
  readonly #shards: Map<unknown, number>[] = [new Map()];
  #count = 0;

  /** The number of a key; a new one gets the next. */
  of(key: unknown): number {
    const map = this.#shards.length === 1 ? this.#shards[0] : this.#shards[shardOf(key)];
    const known = map.get(key);
    if (known !== undefined) return known;
    map.set(key, this.#count);
    if (this.#count === FEW) this.#spread();
    return this.#count++;
  }

  #spread(): void {
    const [all] = this.#shards;
    for (let s = 0; s < SHARDS; s++) this.#shards[s] = new Map();
    for (const [key, n] of all) this.#shards[shardOf(key)].set(key, n);
  }
}

function shardOf(key: unknown): number {
  if (typeof key === 'number') return (Math.imul(key, 0x9e3779b1) >>> 24) & (SHARDS - 1);
  if (typeof key !== 'string') return 0;
  const n = key.length;
  if (n === 0) return 0;
  const mixed = Math.imul(key.charCodeAt(n - 1) + 31 * key.charCodeAt(n >> 1) + 1009 * key.charCodeAt(n >> 2) + 5003 * key.charCodeAt(n - 1 - (n >> 2)) + n, 0x9e3779b1);
  return mixed >>> 24;
}
