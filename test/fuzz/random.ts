/** A small seeded generator (xorshift128): the same seed is the same run. */
export class Random {
  private readonly s = new Uint32Array(4);
  constructor(seed: number) {
    for (let i = 0, x = seed >>> 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.s[i] = (z ^ (z >>> 16)) | 1;
    }
    for (let i = 0; i < 8; i++) this.next();
  }
  /** 32 random bits. */
  next(): number {
    const s = this.s;
    const t = s[3] ^ (s[3] << 11);
    s[3] = s[2];
    s[2] = s[1];
    s[1] = s[0];
    s[0] ^= (s[0] >>> 19) ^ t ^ (t >>> 8);
    return s[0];
  }
  /** An integer in [0, n). */
  int(n: number): number {
    return Math.floor((this.next() / 4294967296) * n);
  }
  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)];
  }
  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i++) out[i] = this.next();
    return out;
  }
}
