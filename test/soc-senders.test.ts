import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferedSender, PipeError, PipeListener, Sender, dialWithRetry, pipePath, type Receiver } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'senders-'));
const outer = process.env['XDG_RUNTIME_DIR'];
process.env['XDG_RUNTIME_DIR'] = folder;
after(() => {
  if (outer === undefined) delete process.env['XDG_RUNTIME_DIR'];
  else process.env['XDG_RUNTIME_DIR'] = outer;
  rmSync(folder, { recursive: true, force: true });
});
let made = 0;

interface Server { readonly pipe: string; receiver(): Promise<Receiver>; close(): void }

/** Listens on a pipe of its own, or on `pipe`; `receiver` answers those of what connects, one after the other. */
async function listening(pipe = `pipe-${made++}`): Promise<Server> {
  const accepted: Receiver[] = [];
  let wake = (): void => {};
  const listener = await PipeListener.open(pipe, (receiver) => {
    accepted.push(receiver);
    wake();
  });
  return {
    pipe,
    async receiver() {
      while (accepted.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return accepted.shift()!;
    },
    close: () => listener.close(),
  };
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('messages are taken one by one or many at once, and the clean end is told', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.pipe);
  for (let i = 0; i < 3000; i++) assert.equal(sender.send({ type: 'soc_event', payload: String(i) }), 'ok');
  const receiver = await server.receiver();
  const got: (string | null)[] = [];
  const ids = new Set<string>();
  while (got.length < 3000) {
    for (const m of got.length < 10 ? [(await receiver.next())!] : (await receiver.batch())!) {
      got.push(m.payload);
      ids.add(m.id);
    }
  }
  assert.deepEqual(got, Array.from({ length: 3000 }, (_, i) => String(i)));
  assert.equal(ids.size, 3000);
  assert.deepEqual([...ids], [...ids].toSorted(), 'ids increase');
  assert.deepEqual(await sender.close(), { flushed: 0, dropped: 0, kept: 0 });
  assert.equal(await receiver.next(), null);
  assert.equal(await receiver.batch(), null);
  assert.equal(sender.send({ type: 'x', payload: null }), 'closed');
  server.close();
});

test('a stream that breaks is an error, and what came before it is delivered', async () => {
  const server = await listening();
  const long = connect(pipePath(server.pipe));
  long.on('error', () => {});
  long.write('nonsense\n{"type":"a","ts":1}\n');
  const overrun = await server.receiver();
  assert.equal((await overrun.next())!.type, 'a');
  assert.equal(overrun.malformed, 1);
  long.write(Buffer.alloc(1_100_000, 97));
  await assert.rejects(overrun.next(), (e) => e instanceof PipeError && e.code === 'io' && /too long/.test(e.message));
  await assert.rejects(overrun.batch(), /too long/);
  connect(pipePath(server.pipe)).end('{"type":"a","ts":1}\n{"type":"b"');
  const cut = await server.receiver();
  assert.equal((await cut.next())!.type, 'a');
  await assert.rejects(cut.next(), /within a line/);
  connect(pipePath(server.pipe)).end('{"type":"a","ts":1}\n{"type":"b"}');
  const whole = await server.receiver();
  assert.deepEqual([(await whole.next())!.type, (await whole.next())!.type, await whole.next()], ['a', 'b', null]);
  server.close();
});

test('texts and digits arrive as they were sent', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.pipe);
  assert.equal(sender.send({ type: 'soc_event', id: 'é-1', ts: 5, payload: '{\n  "n": 123456789012345678901234567890,\r\n  "s": "naïve 😀"\n}' }), 'ok');
  assert.equal(sender.send({ type: 'tür', payload: null }), 'ok');
  assert.equal(sender.send({ type: 'x', payload: { name: 'é\n', list: [1, null] } }), 'ok');
  const receiver = await server.receiver();
  const first = await receiver.next();
  assert.deepEqual(first, { type: 'soc_event', id: 'é-1', ts: 5, payload: '{   "n": 123456789012345678901234567890,    "s": "naïve 😀" }' });
  const second = await receiver.next();
  assert.deepEqual([second!.type, second!.payload], ['tür', null]);
  assert.equal((await receiver.next())!.payload, '{"name":"é\\n","list":[1,null]}');
  await sender.close();
  server.close();
});

test('a receiver that nobody asks reads a bounded number of bytes, and its sender takes a bounded number more', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.pipe, { capacityBytes: 4 << 20 });
  const payload = `"${'x'.repeat(20_000)}"`;
  let sent = 0;
  while (sender.send({ type: 'soc_event', payload }) === 'ok') sent++;
  const receiver = await server.receiver();
  for (let idle = 0; idle < 20; idle++) {
    await pause(10);
    while (sender.send({ type: 'soc_event', payload }) === 'ok') {
      sent++;
      idle = 0;
    }
  }
  assert.ok(receiver.held < 512 << 10, `${receiver.held} bytes are held`);
  assert.ok(sent * payload.length < 6 << 20, `${sent} messages were taken`);
  assert.equal(sender.send({ type: 'soc_event', payload }), 'full');
  let got = 0;
  for await (const m of receiver) if (m.payload === payload && ++got === sent) break;
  assert.equal(sender.pending, 0);
  await sender.close();
  server.close();
});

test('what cannot be sent is said at once, and closing twice gives the same', async () => {
  const dropped: string[] = [];
  const sender = new BufferedSender('nobody', { capacity: 2, onDrop: (d) => void dropped.push(d.reason) });
  assert.deepEqual([1, 2, 3].map(() => sender.send({ type: 'x', payload: null })), ['ok', 'ok', 'full']);
  assert.equal(sender.send({ type: 'x', payload: `"${'x'.repeat(1 << 20)}"` }), 'too-large');
  assert.equal(sender.send({ type: 'x', id: 'x'.repeat(257), payload: null }), 'too-large');
  const circle: object[] = [];
  circle.push(circle);
  for (const payload of ['', '{', '1 2', 'undefined', '"\n"', circle, { n: 1n }, { toJSON: () => undefined }]) assert.equal(sender.send({ type: 'x', payload }), 'no-json');
  assert.equal(sender.pending, 2);
  assert.deepEqual(await sender.close({ timeoutMs: 50 }), { flushed: 0, dropped: 2, kept: 0 });
  assert.deepEqual(await sender.close(), { flushed: 0, dropped: 2, kept: 0 });
  assert.equal(dropped.length, 2);
  assert.throws(() => new BufferedSender('../x'), (e) => e instanceof PipeError && e.code === 'domain');
  assert.throws(() => new BufferedSender(`/tmp/${'x'.repeat(200)}`), PipeError);
});

test('after `full` there is room again when half of it has gone', async () => {
  const server = await listening();
  const sender = new BufferedSender(server.pipe, { capacity: 100 });
  const reading = server.receiver().then(async (receiver) => {
    for (let batch = await receiver.batch(); batch !== null; batch = await receiver.batch());
  });
  let sent = 0;
  for (let n = 0; n < 5000; n++) {
    while (sender.send({ type: 'x', payload: String(n) }) === 'full') {
      await sender.room();
      assert.ok(sender.pending <= 100 >> 1);
    }
    sent++;
  }
  assert.equal(sent, 5000);
  await sender.close();
  await sender.room();
  await reading;
  server.close();
  const stuck = new BufferedSender('nobody', { capacity: 1 });
  stuck.send({ type: 'x', payload: null });
  const room = stuck.room();
  await stuck.close({ timeoutMs: 0 });
  await room;
});

test('4096 messages wait unless another number is asked for', async () => {
  const sender = new BufferedSender('nobody');
  for (let i = 0; i < 4096; i++) assert.equal(sender.send({ type: 'x', payload: null }), 'ok');
  assert.equal(sender.send({ type: 'x', payload: null }), 'full');
  assert.equal((await sender.close({ timeoutMs: 0 })).dropped, 4096);
});

test('a sender says what became of each message', async () => {
  const server = await listening();
  const sender = new Sender(server.pipe);
  await Promise.all([1, 2, 3].map((n) => sender.send({ type: 'soc_event', id: `id-${n}`, payload: null })));
  const receiver = await server.receiver();
  assert.deepEqual([await receiver.next(), await receiver.next(), await receiver.next()].map((m) => m!.id), ['id-1', 'id-2', 'id-3']);
  await assert.rejects(sender.send({ type: 'x', payload: 'no json' }), /no-json/);
  await sender.close();
  server.close();
  const lost = new Sender('nobody');
  await assert.rejects(lost.send({ type: 'x', payload: null }), /nobody listens/);
  await lost.close();
});

test('dialing with retries finds a listener that comes later, and gives up or is cancelled where none does', async () => {
  const sender = new Sender('late');
  const dialing = dialWithRetry(sender, 5);
  await pause(100);
  const server = await listening('late');
  assert.equal(await dialing, true);
  assert.equal(await sender.connect(), true, 'it is connected already');
  await sender.send({ type: 'x', payload: '1' });
  assert.equal((await (await server.receiver()).next())!.payload, '1');
  await sender.close();
  assert.equal(await sender.connect(), false);
  server.close();
  const alone = new BufferedSender('nobody');
  assert.equal(await dialWithRetry(alone, 1), false);
  const cancel = new AbortController();
  const cancelled = dialWithRetry(alone, 1000, { signal: cancel.signal });
  await pause(20);
  cancel.abort();
  assert.equal(await cancelled, false);
  await alone.close();
});

test('what is acknowledged leaves the spool, the rest is sent again over whatever connection comes', async () => {
  const spool = join(folder, 'kept.spool');
  const first = await BufferedSender.spooled('kept', spool);
  for (let i = 0; i < 5; i++) assert.equal(first.send({ type: 'soc_event', id: `m${i}`, payload: String(i) }), 'ok');
  await first.flush();
  assert.deepEqual(await first.close(), { flushed: 0, dropped: 0, kept: 5 });
  assert.equal(first.send({ type: 'x', payload: null }), 'closed');
  const server = await listening('kept');
  const second = await BufferedSender.spooled('kept', spool, { capacity: 6 });
  assert.equal(second.pending, 5);
  assert.deepEqual(['m5', 'm6'].map((id) => second.send({ type: 'soc_event', id, payload: null })), ['ok', 'full']);
  const receiver = await server.receiver();
  const got: string[] = [];
  for (let i = 0; i < 6; i++) got.push((await receiver.next())!.id);
  assert.deepEqual(got, ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  for (const id of got.slice(0, 4)) receiver.ack(id);
  while (second.pending > 2) await pause(5);
  assert.equal((await second.close()).kept, 2);
  const third = await BufferedSender.spooled('kept', spool);
  const again = await server.receiver();
  // The listener knows them: it waits for the ack, and gives it over the connection there is now.
  await pause(50);
  for (const id of ['m4', 'm5']) again.ack(id);
  while (third.pending > 0) await pause(5);
  assert.equal(again.held, 0);
  assert.deepEqual(await third.close(), { flushed: 0, dropped: 0, kept: 0 });
  server.close();
  await assert.rejects(BufferedSender.spooled('kept', '/no/such/folder/x'), PipeError);
});

test('a pipe has one listener, which says so exactly while it is', async () => {
  const listener = await PipeListener.open('only', () => {});
  assert.equal(listener.listening, true);
  assert.equal(listener.path, pipePath('only'));
  await assert.rejects(PipeListener.open('only', () => {}), (e) => e instanceof PipeError && e.code === 'io');
  rmSync(listener.path);
  assert.equal(listener.listening, false);
  listener.close();
  await assert.rejects(PipeListener.open('no/../name', () => {}), PipeError);
  await assert.rejects(PipeListener.open('..', () => {}), (e) => e instanceof PipeError && e.code === 'domain');
});

test('who is not on the list is not received', async () => {
  const refused: string[] = [];
  const listener = await PipeListener.open('listed', () => assert.fail('nobody may come in'), { uids: [process.getuid!() + 1], log: (m) => void refused.push(m) });
  const sender = new BufferedSender('listed', { attempts: 2 });
  sender.send({ type: 'x', payload: null });
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (refused.length === 0) return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  assert.match(refused[0], /^user \d+ of group \d+ is not on the list$/);
  await sender.close({ timeoutMs: 0 });
  listener.close();
});
