/** Any bytes inflate, allocating just what their tokens yield, or fail with `decompr`, allocating nothing; whatever is packed inflates to itself. */
import { compress, inflate } from '../../src/wire/rayforce/compress.js';
import type { Random } from './random.js';
import { check, damaged, measured } from './target.js';

export const name = 'compression';

const packing = new Uint8Array(1 << 16);

export function once(bytes: Uint8Array): void {
  const { run: read, allocated } = measured(() => inflate(bytes, 0, bytes.length, 1 << 24));
  check(allocated === (read.ok ? read.value.length : 0), 'what is refused allocates nothing, what is accepted no more than it unpacks to');
  // A run of 127 takes two bytes.
  check(allocated <= 64 * bytes.length, 'no more than the tokens can hold');
  const plain = read.ok ? read.value : bytes;
  if (plain.length > packing.length) return;
  const n = compress(plain, 0, plain.length, packing, 0);
  check(n === 0 || n < plain.length, 'packed is smaller');
  if (n > 0) check(Buffer.compare(inflate(packing, 0, n), plain) === 0, 'what was packed inflates to itself');
}

export const input = damaged((r: Random) => {
  const plain = Buffer.concat(Array.from({ length: 1 + r.int(40) }, () => {
    const step = r.int(256);
    return r.int(3) === 0 ? r.bytes(r.int(150)) : Uint8Array.from({ length: r.int(300) }, (_, i) => i * step);
  }));
  const to = Buffer.alloc(plain.length);
  const n = compress(plain, 0, plain.length, to, 0);
  return n > 0 ? to.subarray(0, n) : plain;
});
