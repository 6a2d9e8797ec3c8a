import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from '../src/wire/soc/lines.js';

/** Lines and the end of a stream that comes in pieces of the given sizes. */
function read(bytes: Buffer, sizes: readonly number[], limit?: number): string[] {
  const reader = new LineReader(limit);
  const out: string[] = [];
  const take = (line: ReturnType<LineReader['next']>): boolean => line !== null && out.push(line.bytes.toString('latin1', line.start, line.end)) > 0;
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = Math.max(1, sizes[k % sizes.length]);
    reader.push(Buffer.from(bytes.subarray(at, at + size)));
    while (take(reader.next()));
    at += size;
  }
  take(reader.finish());
  return [...out, String(reader.over)];
}

test('lines are the same however the stream is cut', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('a', 'bc', '\r', '\n', '\r\n', 'x'.repeat(40))), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (parts, sizes) => {
    const bytes = Buffer.from(parts.join(''));
    assert.deepEqual(read(bytes, sizes, 64), read(bytes, [1], 64));
    assert.deepEqual(read(bytes, [bytes.length + 1], 64), read(bytes, [1], 64));
  }), { numRuns: 3000 });
});

test('one CR before the LF goes with it, an empty line is a line', () => {
  assert.deepEqual(read(Buffer.from('a\r\n\nb\r\r\n'), [100]), ['a', '', 'b\r', 'clean']);
});

test('a last line without LF is delivered, and the end is not clean', () => {
  assert.deepEqual(read(Buffer.from('a\nb'), [2]), ['a', 'b', 'cut']);
  assert.deepEqual(read(Buffer.from('a\n'), [1]), ['a', 'clean']);
  assert.deepEqual(read(Buffer.alloc(0), [1]), ['clean']);
});

test('a line fits with its LF into 1 MiB, and one byte more ends the stream for good', () => {
  const fits = Buffer.alloc(1 << 20, 97);
  fits[fits.length - 1] = 10;
  assert.deepEqual(read(Buffer.concat([fits, Buffer.from('b\n')]), [65536]).map((s) => s.length), [1048575, 1, 5]);
  const long = Buffer.concat([Buffer.from('first\n'), Buffer.alloc(1 << 20, 97), Buffer.from('\nlast\n')]);
  for (const size of [1 << 22, 65536, 4097]) assert.deepEqual(read(long, [size]), ['first', 'overrun']);
});

test('memory follows the line, and is given back after a long one', () => {
  const reader = new LineReader();
  for (let i = 0; i < 300_000; i++) {
    reader.push(Buffer.from('x'));
    assert.equal(reader.next(), null);
  }
  assert.equal(reader.held, 300_000);
  reader.push(Buffer.from('\n'));
  assert.equal(reader.next()!.end, 300_000);
  assert.equal(reader.next(), null);
  assert.equal(reader.held, 0);
});
