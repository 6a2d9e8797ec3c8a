/** The way between the threads: payloads of every size arrive as they were, whole or in parts. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { channelMemory, End } from '../src/engine/channel.js';
import { Outbox } from '../src/engine/outbox.js';
import { seeded } from './support/random-columns.js';

const KIND = 1;

function ends() {
  const { io, lang } = channelMemory();
  const [from, to] = [new End(io), new End(lang)];
  return { from, to, close: () => [from, to].forEach((end) => end.close()) };
}
function taken(end: End): Uint8Array | null {
  if (!end.reader.peek()) return null;
  assert.equal(end.kind, KIND);
  const bytes = end.isBulk ? (end.bulk() as Uint8Array) : end.reader.copy();
  end.consume();
  return bytes;
}
const random = seeded(11);
const some = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random() * 256);

test('parts arrive as one, whatever their number and size, and in their turn', () => {
  const { from, to, close } = ends();
  for (const sizes of [[16, 20], [16, 300_000], [16, 70_000, 70_000, 200_000, 3], [400_000], Array.from({ length: 900 }, () => 1000)]) {
    const parts = sizes.map(some);
    const whole = Buffer.concat(parts);
    const [before, after] = [some(40), some(300_000)];
    assert.ok(from.write(KIND, 1, 0, before));
    assert.ok(from.writeParts(KIND, 1, parts, whole.length));
    assert.ok(from.write(KIND, 1, 0, after));
    for (const expected of [before, whole, after]) assert.ok(Buffer.from(expected).equals(taken(to)!));
  }
  close();
});

test('two parts may lie in one block', () => {
  const { from, to, close } = ends();
  const block = some(600_000);
  const between = some(40_000);
  const expected = Buffer.concat([block.subarray(0, 250_000), between, block.subarray(250_000)]);
  assert.ok(from.writeParts(KIND, 1, [block.subarray(0, 250_000), between, block.subarray(250_000)], expected.length));
  assert.ok(expected.equals(taken(to)!));
  close();
});

test('what finds no room waits, and goes in order', () => {
  const { from, to, close } = ends();
  const outbox = new Outbox(from);
  const expected: Buffer[] = [];
  for (let i = 0; i < 60; i++) {
    const parts = [some(16), some(i % 3 === 0 ? 300_000 : 150_000)];
    expected.push(Buffer.concat(parts));
    if (i % 2 === 0) outbox.putParts(KIND, 1, parts, parts[0].length + parts[1].length);
    else outbox.put(KIND, 1, 0, expected[i]);
  }
  assert.ok(outbox.full);
  for (let bytes = taken(to); bytes !== null; outbox.drain(), bytes = taken(to)) assert.ok(expected.shift()!.equals(bytes));
  assert.equal(expected.length, 0);
  assert.equal(outbox.full, false);
  close();
});
