/** The queue between the threads: order, wrap-around, fullness, waiting. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { RingReader, RingWriter, WAITS, ringMemory, wakeReader } from '../src/engine/ring.js';
import { seeded } from './support/random-columns.js';

test('records come out as they went in, over many turns of the buffer', () => {
  const memory = ringMemory(4096);
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  const random = seeded(7);
  const pending: { kind: number; handle: number; arg: number; bytes: Uint8Array }[] = [];
  for (let i = 0; i < 50_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * (random() < 0.1 ? 900 : 60)) }, () => random() * 256);
    if (writer.write(i & 63, i, ~i, bytes, 0, bytes.length)) pending.push({ kind: i & 63, handle: i, arg: ~i, bytes });
    while (pending.length > 0 && random() < 0.55) {
      const expected = pending.shift()!;
      assert.ok(reader.peek());
      assert.deepEqual([reader.kind, reader.handle, reader.arg], [expected.kind, expected.handle, expected.arg]);
      assert.deepEqual(Uint8Array.from(reader.copy()), expected.bytes);
      reader.consume();
    }
  }
  for (; pending.length > 0; reader.consume()) assert.deepEqual((assert.ok(reader.peek()), Uint8Array.from(reader.copy())), pending.shift()!.bytes);
  assert.equal(reader.peek(), false);
});

test('a full queue takes nothing more until something was taken out', () => {
  const memory = ringMemory(1024);
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  const bytes = new Uint8Array(240);
  for (let i = 0; i < 4; i++) assert.ok(writer.write(1, i, 0, bytes, 0, 240));
  assert.equal(writer.write(1, 4, 0, bytes, 0, 1), false);
  reader.peek();
  reader.consume();
  assert.ok(writer.write(1, 4, 0, bytes, 0, 240));
});

test('who waits is told so once', () => {
  const memory = ringMemory(1024);
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  assert.equal(writer.takeWaitingReader(), WAITS.NOT);
  assert.equal(reader.sleepInEventLoop(), true);
  assert.equal(writer.takeWaitingReader(), WAITS.EVENT_LOOP);
  assert.equal(writer.takeWaitingReader(), WAITS.NOT);
  writer.write(1, 1, 1, new Uint8Array(0), 0, 0);
  assert.equal(reader.sleepInEventLoop(), false, 'there is a record');
});

test('a blocked reader is woken by a record, and by a nudge without one', { timeout: 20_000 }, async () => {
  const memory = ringMemory(1024);
  const worker = new Worker(new URL('./support/ring-reader.js', import.meta.url), { workerData: memory });
  await once(worker, 'message');
  const writer = new RingWriter(memory);
  const woken = once(worker, 'message');
  // Nudged until it is asleep to be nudged.
  const nudging = setInterval(() => wakeReader(memory), 5);
  assert.deepEqual(await woken, ['nothing']);
  clearInterval(nudging);
  const got = once(worker, 'message');
  writer.write(9, 0, 0, new Uint8Array(0), 0, 0);
  if (writer.takeWaitingReader() === WAITS.FUTEX) writer.notifyReader();
  assert.deepEqual(await got, [9]);
});
