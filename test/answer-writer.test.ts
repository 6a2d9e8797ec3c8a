/** Answers written by hand are those that the generated code writes. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { AnswerWriter } from '../src/wire/answer-writer.js';
import { frameWire, MAX_FRAME_BYTES, request, responseTo } from '../src/wire/broker/frame.js';
import type { Frame } from '../src/wire/broker/messages.generated.js';

const asked = fc.record({
  lane: fc.constantFrom(0x7266, 0x7267, 0x7a63, 0xffff),
  id: fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 0xffff_ffff_ffff_ffffn)),
  trace: fc.constantFrom('', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const framesWire = (frames: readonly Frame[]): Buffer => Buffer.concat(frames.map(frameWire));
const frameOf = ({ lane, id, trace }: { lane: number; id: bigint; trace: string }): Frame => ({ ...request(lane, new Uint8Array(0), id), traceparent: trace });

test('many answers at once are the bytes of the generated code', () => {
  const writer = new AnswerWriter();
  fc.assert(fc.property(fc.array(asked, { maxLength: 30 }), (all) => {
    for (const one of all) {
      // A part of something larger, as it lies in a channel.
      const around = Buffer.concat([Buffer.from('ab'), one.payload, Buffer.from('cd')]);
      writer.answer(frameOf(one), around, 2, 2 + one.payload.length);
    }
    assert.deepEqual(Buffer.from(writer.take()), Buffer.from(framesWire(all.map((one) => responseTo(frameOf(one), one.payload)))));
  }));
});

test('ids at every border of their encoding', () => {
  const writer = new AnswerWriter();
  const ids = Array.from({ length: 64 }, (_, bit) => 2n ** BigInt(bit)).flatMap((n) => [n - 1n, n, n + 1n]);
  for (const id of ids) {
    const to = request(0x7266, new Uint8Array(0), id);
    writer.answer(to, Uint8Array.of(1, 2, 3));
    assert.deepEqual(Buffer.from(writer.take()), Buffer.from(framesWire([responseTo(to, Uint8Array.of(1, 2, 3))])), String(id));
  }
});

test('answers of every size, and what was taken stays as it is', () => {
  const writer = new AnswerWriter();
  const taken: [Uint8Array, Uint8Array][] = [];
  for (const size of [0, 1, 95, 96, 127, 128, 16_383, 16_384, 65_535, 65_536, 1 << 20, 3, 4, MAX_FRAME_BYTES - 100, 5]) {
    const to = request(0x7267, new Uint8Array(0), BigInt(size + 1));
    const payload = new Uint8Array(size).fill(size);
    writer.answer(to, payload);
    const wire = writer.take();
    taken.push([wire, framesWire([responseTo(to, payload)])]);
  }
  for (const [got, expected] of taken) assert.equal(Buffer.compare(got, expected), 0);
  assert.equal(writer.take().length, 0);
});
