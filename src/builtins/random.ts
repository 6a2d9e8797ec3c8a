/** A source of numbers that a seed determines: the same for every run, machine and version. */

/** xoshiro128**, uniform in [0, 1) with 53 bits; its state comes from the seed by splitmix32. */
export function seededRandom(seed: number): () => number {
  // The upper half of a large seed counts as well.
  let mixed = (seed ^ Math.imul(Math.floor(seed / 4294967296), 0x9e3779b1)) | 0;
  const mix = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = mix();
  let b = mix();
  let c = mix();
  let d = mix();
  const next = (): number => {
    const five = Math.imul(b, 5);
    const out = Math.imul((five << 7) | (five >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return out >>> 0;
  };
  return () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
}
