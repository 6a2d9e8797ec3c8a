import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../src/wire/rayforce/frames.js';
import { FLAG, HEADER_SIZE, MAX_PAYLOAD, MSG, writeHeader } from '../src/wire/rayforce/header.js';
import { ProtocolError } from '../src/wire/rayforce/protocol-error.js';

function frame(payload: Uint8Array, msgtype: number = MSG.SYNC, flags = 0): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, msgtype, flags, payload.length);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

function drain(reader: FrameReader): { msgtype: number; flags: number; whole: string }[] {
  const out = [];
  for (let f = reader.next(); f !== null; f = reader.next()) {
    out.push({ msgtype: f.msgtype, flags: f.flags, whole: Buffer.from(f.whole()).toString('hex') });
    assert.equal(f.end - f.payload, f.whole().length - HEADER_SIZE);
  }
  return out;
}

test('frames are the same however the stream is cut', () => {
  fc.assert(fc.property(
    fc.array(fc.record({ payload: fc.uint8Array({ minLength: 1, maxLength: 300 }), msgtype: fc.integer({ min: 0, max: 255 }), flags: fc.integer({ min: 0, max: 255 }) }), { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
    fc.boolean(),
    (frames, cuts, late) => {
      const stream = Buffer.concat(frames.map((f) => frame(f.payload, f.msgtype, f.flags)));
      const reader = new FrameReader();
      const got = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const n = cuts[i % cuts.length];
        const chunk = Buffer.from(stream.subarray(at, at + n));
        reader.push(chunk);
        at += n;
        if (late) continue;
        got.push(...drain(reader));
        chunk.fill(0xee);
      }
      got.push(...drain(reader));
      assert.deepStrictEqual(got, frames.map((f) => ({ msgtype: f.msgtype, flags: f.flags, whole: frame(f.payload, f.msgtype, f.flags).toString('hex') })));
      assert.equal(reader.buffered, 0);
    },
  ), { numRuns: 300 });
});

test('a frame within a chunk is a view of it', () => {
  const chunk = Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))]);
  const reader = new FrameReader();
  reader.push(chunk);
  assert.equal(reader.next()?.bytes, chunk);
  assert.equal(reader.next()?.bytes, chunk);
  assert.equal(reader.next(), null);
});

const header = (changes: Record<number, number>): Buffer => {
  const bytes = frame(Buffer.from('x'));
  for (const [at, b] of Object.entries(changes)) bytes[Number(at)] = b;
  return bytes;
};
const REFUSED: [string, Buffer, string][] = [
  ['bad magic', header({ 3: 0xcf }), 'magic'],
  ['another wire version', header({ 4: 4 }), 'version'],
  ['another byte order', header({ 6: 1 }), 'endian'],
  ['a size of 0', header({ 8: 0 }), 'size'],
  ['a negative size', header({ 15: 0x80 }), 'size'],
  ['a size of 2^61', header({ 15: 0x20 }), 'size'],
  ['a size just over the limit', header({ 8: 1, 11: 0x10 }), 'size'],
];
for (const [title, bytes, fault] of REFUSED) {
  test(`${title} ends the stream, after the frames before it`, () => {
    const stream = Buffer.concat([frame(Buffer.from('good')), bytes]);
    for (const size of [stream.length, 1]) {
      const reader = new FrameReader();
      let frames = 0;
      const all = (): void => {
        for (let at = 0; at < stream.length; at += size) {
          reader.push(stream.subarray(at, at + size));
          while (reader.next() !== null) frames++;
        }
      };
      assert.throws(all, (e) => e instanceof ProtocolError && e.fault === fault);
      assert.equal(frames, 1);
      reader.push(frame(Buffer.from('never')));
      assert.throws(() => reader.next(), (e) => e instanceof ProtocolError && e.fault === fault, 'and stays ended');
    }
  });
}

test('a frame of exactly the limit passes, one byte more does not', () => {
  const reader = new FrameReader(100);
  reader.push(frame(new Uint8Array(100)));
  assert.notEqual(reader.next(), null);
  reader.push(frame(new Uint8Array(101)));
  assert.throws(() => reader.next(), ProtocolError);
});

test('memory follows the bytes received, not the size declared', () => {
  const reader = new FrameReader();
  const start = Buffer.alloc(HEADER_SIZE + 100);
  writeHeader(start, 0, MSG.SYNC, FLAG.COMPRESSED, MAX_PAYLOAD);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < start.length; i++) {
    reader.push(start.subarray(i, i + 1));
    assert.equal(reader.next(), null);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
  assert.equal(reader.buffered, start.length);
});

test('a huge frame in many chunks is gathered whole', () => {
  const payload = Buffer.alloc(20_000_000);
  for (let i = 0; i < payload.length; i += 4096) payload.writeUInt32LE(i, i);
  const stream = frame(payload);
  const reader = new FrameReader();
  for (let at = 0; at < stream.length - 1000; at += 1000) {
    reader.push(stream.subarray(at, at + 1000));
    assert.equal(reader.next(), null);
  }
  reader.push(stream.subarray(stream.length - (stream.length % 1000 || 1000)));
  assert.ok(stream.equals(Buffer.from(reader.next()!.whole())));
});
