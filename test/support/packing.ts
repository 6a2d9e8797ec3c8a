/** Packing as it is written down, and what is packed to compare with it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RayError } from '../../src/lang/errors.js';
import { T, Vec } from '../../src/lang/value.js';
import { compress, inflate } from '../../src/wire/rayforce/compress.js';
import { encode } from '../../src/wire/rayforce/value.js';

export const til = (n: number): Uint8Array => encode(new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => BigInt(i))));

/** What `compress` makes of the bytes; null where they are left alone. */
export function packed(bytes: Uint8Array): Buffer | null {
  const to = Buffer.alloc(bytes.length);
  const n = compress(bytes, 0, bytes.length, to, 0);
  return n === 0 ? null : to.subarray(0, n);
}

/** The rule, one step at a time. */
export function byTheBook(s: Uint8Array): Buffer | null {
  if (s.length <= 2000) return null;
  const d = s.map((b, i) => b - (i > 0 ? s[i - 1] : 0));
  const out: number[] = [];
  for (let i = 0; i < d.length;) {
    const from = i;
    if (i + 1 < d.length && d[i] === d[i + 1]) {
      while (i < d.length && d[i] === d[from] && i - from < 127) i++;
      out.push(i - from, d[from]);
    } else {
      while (i < d.length && i - from < 128 && !(i + 1 < d.length && d[i] === d[i + 1])) i++;
      out.push(256 - (i - from), ...d.subarray(from, i));
    }
  }
  if (out.length + 4 >= s.length) return null;
  return Buffer.concat([Buffer.from(Uint32Array.of(s.length).buffer), Buffer.from(out)]);
}

/** What the tokens behind the claimed size yield; null unless that is exactly the size. */
function unpackByTheBook(s: Uint8Array): Buffer | null {
  const size = Buffer.from(s).readUInt32LE(0);
  const out: number[] = [];
  let last = 0;
  for (let i = 4; i < s.length && out.length < size;) {
    const token = (s[i++] << 24) >> 24;
    if (i + (token > 0 ? 1 : -token) > s.length) return null;
    const from = i;
    for (let n = 0; n < Math.abs(token); n++) out.push((last = (last + s[token > 0 ? from : from + n]) & 255));
    i = token === 0 ? i : token > 0 ? i + 1 : i - token;
  }
  return out.length === size ? Buffer.from(out) : null;
}

const pieces = fc.array(fc.oneof(
  fc.record({ n: fc.integer({ min: 1, max: 400 }), step: fc.integer({ min: 0, max: 255 }) }).map(({ n, step }) => Uint8Array.from({ length: n }, (_, i) => i * step)),
  fc.uint8Array({ maxLength: 300 }),
), { maxLength: 60 });
/** Either one run or nothing but literals, so that borders of windows fall into both. */
const lead = fc.record({ n: fc.integer({ min: 0, max: 80000 }), step: fc.constantFrom(0, 1) })
  .map(({ n, step }) => Uint8Array.from({ length: n }, (_, i) => i * i * step));
const bytes = fc.tuple(lead, pieces).map(([first, rest]) => Buffer.concat([first, ...rest, til(2000).subarray(0, 3000)]));

/** Packs what has runs and literals of all lengths, in buffers of up to some windows, and unpacks it again. */
export function packsByTheBook(): void {
  fc.assert(fc.property(bytes, (plain) => {
    const result = packed(plain);
    assert.deepStrictEqual(result, byTheBook(plain));
    if (result !== null) assert.deepStrictEqual(inflated(result), plain);
  }), { numRuns: 150 });
}

/** Unpacks packed bytes of which some were changed. */
export function unpacksByTheBook(): void {
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }));
  fc.assert(fc.property(bytes, fc.array(change, { maxLength: 3 }), fc.integer({ min: -400, max: 400 }), (plain, changes, more) => {
    const result = packed(plain);
    if (result === null) return;
    for (const [where, byte] of changes) result[4 + Math.floor(where * (result.length - 5))] = byte;
    assert.deepStrictEqual(inflated(result), unpackByTheBook(result));
    // A changed literal byte leaves the size as it was; a size that ends between two tokens fits as well.
    result.writeUInt32LE(Math.max(1, plain.length + more), 0);
    assert.deepStrictEqual(inflated(result), unpackByTheBook(result));
  }), { numRuns: 150 });
}

function inflated(bytes: Uint8Array): Buffer | null {
  try {
    return Buffer.from(inflate(bytes, 0, bytes.length));
  } catch (e) {
    assert.ok(e instanceof RayError && e.code === 'decompr');
    return null;
  }
}
