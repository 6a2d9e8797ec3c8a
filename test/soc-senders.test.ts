import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferedSender, MessageReceiver, Sender } from '../src/engine/soc/senders.js';
import { Listener } from '../src/net/stream-listener.js';

const folder = mkdtempSync(join(tmpdir(), 'senders-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

/** Listens; answers the path, the receivers of what connects, and how to end. */
async function listening(): Promise<{ path: string; receiver(): Promise<MessageReceiver>; close(): void }> {
  const path = join(folder, `${made++}.sock`);
  const accepted: MessageReceiver[] = [];
  let wake = (): void => {};
  const listener = await new Promise<Listener>((resolve, reject) => {
    Listener.open({ kind: 'unix', path }, {
      onListening: resolve,
      onListenFailure: (_, f) => reject(new Error(f.message)),
      onAccept: (_, transport) => {
        const receiver = new MessageReceiver(transport);
        accepted.push(receiver);
        wake();
        return receiver.connection;
      },
    });
  });
  return {
    path,
    async receiver() {
      while (accepted.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return accepted.shift()!;
    },
    close: () => listener.close(),
  };
}

test('messages are taken one by one, and the clean end is told from a broken one', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.path);
  for (let i = 0; i < 3000; i++) assert.equal(sender.send({ type: 'soc_event', payload: String(i) }), 'ok');
  const receiver = await server.receiver();
  const got: (string | null)[] = [];
  const ids = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const m = await receiver.next();
    got.push(m!.payload);
    ids.add(m!.id);
  }
  assert.deepEqual(got, Array.from({ length: 3000 }, (_, i) => String(i)));
  assert.equal(ids.size, 3000);
  assert.deepEqual(await sender.close(), { flushed: 0, dropped: 0 });
  assert.equal(await receiver.next(), null);
  assert.equal(sender.send({ type: 'x', payload: null }), 'closed');
  const noisy = connect(server.path);
  noisy.write('nonsense\n{"type":"a","ts":1}\n');
  const broken = await server.receiver();
  assert.equal((await broken.next())!.type, 'a');
  assert.equal(broken.malformed, 1);
  noisy.write(Buffer.alloc(1_100_000, 97));
  noisy.on('error', () => {});
  await assert.rejects(broken.next(), /too long/);
  server.close();
});

test('a receiver that nobody asks lets its peer wait', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.path, { capacity: 100_000 });
  const payload = `"${'x'.repeat(1000)}"`;
  for (let i = 0; i < 20_000; i++) sender.send({ type: 'soc_event', payload });
  const receiver = await server.receiver();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(sender.pending > 15_000, `${sender.pending} of 20000 wait with the sender`);
  let n = 0;
  for await (const m of receiver) if (m.payload === payload && ++n === 20_000) break;
  assert.equal(sender.pending, 0);
  await sender.close();
  server.close();
});

test('full and too large are answers, and closing twice gives the same', async () => {
  const dropped: string[] = [];
  const sender = new BufferedSender(join(folder, 'nobody.sock'), { capacity: 2, onDrop: (d) => void dropped.push(d.reason) });
  assert.deepEqual([1, 2, 3].map(() => sender.send({ type: 'x', payload: null })), ['ok', 'ok', 'full']);
  assert.equal(sender.send({ type: 'x', payload: `"${'x'.repeat(1 << 20)}"` }), 'too-large');
  assert.equal(sender.pending, 2);
  const first = sender.close({ timeoutMs: 50 });
  assert.deepEqual(await first, { flushed: 0, dropped: 2 });
  assert.deepEqual(await sender.close(), { flushed: 0, dropped: 2 });
  assert.equal(dropped.length, 2);
});

test('a sender says what became of each message', async () => {
  const server = await listening();
  const sender = new Sender(server.path);
  await Promise.all([1, 2, 3].map((n) => sender.send({ type: 'soc_event', id: `id-${n}`, payload: null })));
  const receiver = await server.receiver();
  assert.deepEqual([await receiver.next(), await receiver.next(), await receiver.next()].map((m) => m!.id), ['id-1', 'id-2', 'id-3']);
  await sender.close();
  server.close();
  const lost = new Sender(join(folder, 'nobody.sock'));
  await assert.rejects(lost.send({ type: 'x', payload: null }), /nobody listens/);
  await lost.close();
});
