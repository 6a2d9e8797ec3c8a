import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { FrameReader, type Frame } from '../src/wire/rayforce/frames.js';
import { FLAG, HEADER_SIZE, MAX_PAYLOAD, MSG, writeHeader } from '../src/wire/rayforce/header.js';
import { ProtocolError } from '../src/wire/rayforce/protocol-error.js';
import { allocatedBytes } from './fuzz/allocations.js';

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
        reader.push(Buffer.from(stream.subarray(at, at + n)));
        at += n;
        if (!late) got.push(...drain(reader));
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

/** Pushes what `next` answers at each turn, bytes of a stream one after another, until there are none. */
function pushAll(reader: FrameReader, stream: Buffer, next: () => number, after: (received: number) => void): void {
  for (let at = 0; at < stream.length;) {
    const chunk = Buffer.from(stream.subarray(at, at + next()));
    reader.push(chunk);
    at += chunk.length;
    after(at);
  }
}

const CUTS: [string, () => number][] = [
  ['byte by byte', () => 1],
  ['in small chunks', () => 100],
  ['in large chunks', () => 10_000],
  ['in the largest chunks', () => 65_536],
  ['in a large chunk and small ones by turns', ((n = 0) => () => (n++ % 3 === 0 ? 20_000 : 7))()],
  ['in chunks that grow', ((n = 1) => () => (n += n >> 3 || 1))()],
];
for (const [title, next] of CUTS) {
  test(`a frame that comes ${title} never has more than twice its received bytes allocated`, () => {
    const payload = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i * i));
    const stream = Buffer.concat([frame(payload), frame(payload.subarray(0, 70_000)), frame(Buffer.from('end'))]);
    const reader = new FrameReader();
    const got: string[] = [];
    const before = allocatedBytes();
    let ours = 0;
    pushAll(reader, stream, next, (received) => {
      const start = allocatedBytes();
      for (let f = reader.next(); f !== null; f = reader.next()) got.push(createHash('md5').update(f.whole()).digest('hex'));
      ours += allocatedBytes() - start;
      assert.ok(ours <= 2 * received, `${ours} bytes for ${received}`);
    });
    assert.ok(before < allocatedBytes(), 'the counter sees what is allocated');
    assert.deepStrictEqual(got, [payload, payload.subarray(0, 70_000), Buffer.from('end')].map((p) => createHash('md5').update(frame(p)).digest('hex')));
    assert.equal(reader.buffered, 0);
  });
}

test('a header that claims 256 MiB gets memory for what follows it', () => {
  const start = Buffer.alloc(HEADER_SIZE + 100);
  writeHeader(start, 0, MSG.SYNC, FLAG.COMPRESSED, MAX_PAYLOAD);
  const reader = new FrameReader();
  let ours = 0;
  pushAll(reader, start, () => 1, (received) => {
    const before = allocatedBytes();
    assert.equal(reader.next(), null);
    ours += allocatedBytes() - before;
    assert.ok(ours <= 2 * received, `${ours} bytes for ${received}`);
  });
  assert.equal(reader.buffered, start.length);
});

test('large chunks are kept, not copied, and the frame is their parts', () => {
  const stream = frame(Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i * i)));
  const reader = new FrameReader();
  let ours = 0;
  let found: Frame | null = null;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 65_536) {
    const chunk = Uint8Array.from(stream.subarray(at, at + 65_536));
    chunks.push(chunk);
    const before = allocatedBytes();
    reader.push(chunk);
    found = reader.next();
    ours += allocatedBytes() - before;
  }
  // The first and the last chunk are not whole parts of the payload.
  assert.ok(ours <= 4 * 65_536, `${ours} bytes`);
  const parts = found!.parts!;
  assert.ok(chunks.slice(1, -1).every((chunk) => parts.includes(chunk)));
  assert.equal(parts.reduce((n, part) => n + part.length, 0), found!.end);
  assert.ok(stream.equals(Buffer.from(found!.whole())));
  assert.equal(found!.parts, null, 'joined once');
});

test('no part lies in memory that somebody else has', () => {
  const [stream, other] = [frame(Buffer.alloc(200_000, 1)), frame(Buffer.alloc(50_000, 2))];
  const shared = Buffer.concat([stream, other]);
  const reader = new FrameReader();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < shared.length; at += 50_000) {
    reader.push(shared.subarray(at, at + 50_000));
    for (let f = reader.next(); f !== null; f = reader.next()) parts.push(...(f.parts ?? []));
  }
  assert.ok(parts.length > 0);
  assert.ok(parts.every((part) => part.buffer !== shared.buffer));
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
