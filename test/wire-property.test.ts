import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compress, inflate } from '../src/wire/rayforce/compress.js';
import { FLAG, HEADER_SIZE } from '../src/wire/rayforce/header.js';
import { decode, decodePayload, encode, encodeFrame } from '../src/wire/rayforce/value.js';
import { Random } from './fuzz/random.js';
import { resolve, value } from './fuzz/values.js';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

for (const dialect of ['2512', '216'] as const) {
  test(`a value survives the way there and back, dialect ${dialect}`, () => {
    fc.assert(fc.property(seeds, (seed) => {
      const v = value(new Random(seed));
      const bytes = encode(v, { dialect });
      assert.deepStrictEqual(decode(bytes, { dialect, resolve }), v);
      assert.deepStrictEqual(Buffer.from(encode(decode(bytes, { dialect, resolve }), { dialect })), Buffer.from(bytes));
    }), { numRuns: 3000 });
  });
}

test('a frame holds the same payload, packed or not', () => {
  let packed = 0;
  fc.assert(fc.property(seeds, (seed) => {
    const v = value(new Random(seed), 8);
    const plain = encodeFrame(v, { msgtype: 1, compress: false });
    const frame = encodeFrame(v, { msgtype: 1 });
    assert.ok(frame.length <= plain.length);
    packed += frame[5] & FLAG.COMPRESSED;
    assert.deepStrictEqual(Buffer.from(encode(v)), Buffer.from(plain.subarray(HEADER_SIZE)));
    assert.deepStrictEqual(decodePayload(frame, frame[5], { resolve }, HEADER_SIZE), v);
  }), { numRuns: 1000 });
  assert.ok(packed > 10);
});

test('what is packed inflates to the same bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.integer({ min: 2001, max: 9000 }), (pattern, n) => {
    const bytes = Uint8Array.from({ length: n }, (_, i) => pattern[i % pattern.length]);
    const to = Buffer.alloc(n);
    const size = compress(bytes, 0, n, to, 0);
    if (size > 0) assert.deepStrictEqual(Buffer.from(inflate(to, 0, size)), Buffer.from(bytes));
  }));
});
