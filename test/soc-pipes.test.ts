import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PipeError, pipePath, privateFolder } from '../src/engine/soc/paths.js';
import { SocHub } from '../src/engine/soc/hub.js';
import { POST, type DialResult, type SocEvent } from '../src/engine/soc/calls.js';
import { PipeWords } from '../src/engine/soc/words.js';
import { TO_LANG } from '../src/engine/channel.js';
import { dialWithRetry } from '../src/index.js';
import { ManualClock } from '../src/net/clock.js';

const base = mkdtempSync(join(tmpdir(), 'pipes-'));
const outer = process.env['XDG_RUNTIME_DIR'];
before(() => (process.env['XDG_RUNTIME_DIR'] = base));
after(() => {
  if (outer === undefined) delete process.env['XDG_RUNTIME_DIR'];
  else process.env['XDG_RUNTIME_DIR'] = outer;
  rmSync(base, { recursive: true, force: true });
});

/** A hub without an interpreter: what would go to one is collected, and counts as taken up unless `slow`. */
class Side {
  readonly lines: string[] = [];
  readonly events: (SocEvent & { handle: number })[] = [];
  readonly log: string[] = [];
  readonly words = new Map<number, PipeWords>();
  slow = false;
  received = 0;
  readonly hub = new SocHub({
    toLang: (kind, handle, _, bytes, object) => {
      if (kind === TO_LANG.SOC) {
        this.received += bytes!.length;
        if (!this.slow) this.words.get(handle)?.addTaken(bytes!.length);
        this.lines.push(...Buffer.from(bytes!).toString('latin1').trimEnd().split('\n'));
      } else {
        const event = object as SocEvent;
        if (event.is === 'accepted') this.words.set(handle, new PipeWords(event.memory));
        this.events.push({ ...event, handle });
      }
    },
    crowded: () => false,
    log: ({ message }) => void this.log.push(message),
  });
  async call(call: Parameters<SocHub['call']>[0]): Promise<{ handle: number; value?: unknown }> {
    const result = await this.hub.call(call);
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    return result;
  }
  async dial(name: string, options: object = {}): Promise<number> {
    const { handle, value } = await this.call({ ask: 'soc', op: 'dial', name, options });
    this.words.set(handle, new PipeWords((value as DialResult).memory));
    return handle;
  }
  async listen(name: string, options: object = {}): Promise<number> {
    return (await this.call({ ask: 'soc', op: 'listen', name, options })).handle;
  }
  post(handle: number, id: string, line = `{"type":"soc_event","id":"${id}","ts":1}\n`): void {
    this.hub.record(handle, POST.MESSAGE, Buffer.from(String.fromCharCode(id.length - 1) + id + line, 'latin1'));
  }
  async end(): Promise<void> {
    this.hub.drain();
    await this.hub.finish(0);
  }
}

async function until(what: () => boolean, ms = 10_000): Promise<void> {
  for (const start = performance.now(); !what();) {
    assert.ok(performance.now() - start < ms, 'what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
async function withSides<R>(n: number, body: (...sides: Side[]) => Promise<R>): Promise<R> {
  const sides = Array.from({ length: n }, () => new Side());
  try {
    return await body(...sides);
  } finally {
    for (const side of sides) await side.end();
  }
}
const raw = (name: string): Promise<Socket> => new Promise((resolve, reject) => {
  const socket = connect(pipePath(name));
  socket.once('connect', () => resolve(socket));
  socket.once('error', reject);
});
const ids = (lines: readonly string[]): string[] => lines.map((line) => (JSON.parse(line) as { id: string }).id);

test('messages arrive once, whole and in order, and the count of what waits goes down', () => withSides(2, async (a, b) => {
  await b.listen('order');
  const h = await a.dial('order');
  for (let i = 0; i < 3000; i++) a.post(h, String(i));
  await until(() => b.lines.length === 3000);
  assert.deepEqual(ids(b.lines), Array.from({ length: 3000 }, (_, i) => String(i)));
  await until(() => a.words.get(h)!.settled === 3000);
  const { value } = await a.call({ ask: 'soc', op: 'close', handle: h, ms: 1000 });
  assert.deepEqual(value, { flushed: 0, dropped: 0, kept: 0 });
}));

test('names and folders that could lead elsewhere are refused', () => {
  for (const name of ['', '../x', 'a/b', '.hidden', 'a\0b', 'x'.repeat(65)]) assert.throws(() => pipePath(name, base), PipeError);
  assert.throws(() => pipePath('x', `${base}/${'y'.repeat(100)}`), PipeError);
  const open = join(base, 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  assert.throws(() => privateFolder(open), /others can enter/);
  symlinkSync(base, join(base, 'link'));
  assert.throws(() => privateFolder(join(base, 'link')), /not a folder/);
  writeFileSync(join(base, 'file'), '');
  assert.throws(() => privateFolder(join(base, 'file')), /not a folder/);
});

test('without a listener dialing fails, as often as it was asked to try', () => withSides(1, async (a) => {
  await assert.rejects(a.dial('nobody', { retries: 2 }), /io: nobody listens/);
  assert.equal(a.hub.connections().length, 0);
}));

test('dialing waits 500 ms longer each time, and can be cancelled at any moment', async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const connect = (): Promise<boolean> => (times.push(clock.now()), Promise.resolve(false));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const cancel = new AbortController();
  const dialing = dialWithRetry({ connect }, 10, { clock, signal: cancel.signal });
  for (let i = 0; i < 32; i++) {
    await turn();
    clock.advance(100);
  }
  assert.deepEqual(times, [0, 500, 1500, 3000]);
  cancel.abort();
  assert.equal(await dialing, false);
});

test('a second listener does not take the name of a living one', () => withSides(3, async (a, b, c) => {
  await a.listen('first');
  await assert.rejects(b.listen('first'), /somebody listens/);
  const h = await c.dial('first');
  c.post(h, '1');
  await until(() => a.lines.length === 1);
}));

test('with a spool messages wait for a peer that comes later, and go when they are acknowledged', () => withSides(2, async (a, b) => {
  const h = await a.dial('later', { spool: join(base, 'later.spool') });
  for (let i = 0; i < 10; i++) a.post(h, String(i));
  await a.call({ ask: 'soc', op: 'flush', handle: h });
  const listener = await b.listen('later');
  await until(() => b.lines.length === 10);
  assert.equal(a.words.get(h)!.settled, 0);
  for (let i = 0; i < 9; i++) b.hub.record(listener, POST.ACK, Buffer.from(String(i)));
  await until(() => a.words.get(h)!.settled === 9);
  // Who starts again with the spool sends what was not acknowledged, and nothing else.
  await a.call({ ask: 'soc', op: 'close', handle: h, ms: 0 });
  b.lines.length = 0;
  const again = new Side();
  try {
    const { value } = await again.call({ ask: 'soc', op: 'dial', name: 'later', options: { spool: join(base, 'later.spool') } });
    assert.equal((value as DialResult).pending, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(b.lines, [], 'the receiver knows it and does not deliver it twice');
    b.hub.record(listener, POST.ACK, Buffer.from('9'));
    await until(() => again.hub.connections()[0].held === 0);
  } finally {
    await again.end();
  }
}));

test('a message that was handled is acknowledged again when it comes again', () => withSides(1, async (a) => {
  const listener = await a.listen('again');
  const line = '{"type":"soc_event","id":"5","ts":1}\n';
  const first = await raw('again');
  first.write(line);
  await until(() => a.lines.length === 1);
  a.hub.record(listener, POST.ACK, Buffer.from('5'));
  const [ack] = await new Promise<Buffer[]>((resolve) => first.once('data', (d: Buffer) => resolve([d])));
  assert.match(ack.toString(), /"type":"soc_ack".*"payload":\{"id":"5"\}/);
  first.destroy();
  const second = await raw('again');
  second.write(line);
  const reply = await new Promise<Buffer>((resolve) => second.once('data', resolve));
  assert.match(reply.toString(), /"payload":\{"id":"5"\}/);
  assert.equal(a.lines.length, 1);
  second.destroy();
}));

test('without a spool every loss is reported', () => withSides(2, async (a, b) => {
  const listener = await b.listen('gone');
  const h = await a.dial('gone');
  a.post(h, '0');
  await until(() => b.lines.length === 1);
  await b.call({ ask: 'soc', op: 'close', handle: listener, ms: 0 });
  await b.end();
  await until(() => a.events.some((e) => e.is === 'lost'));
  for (let i = 1; i <= 50; i++) a.post(h, String(i));
  await assert.rejects(a.call({ ask: 'soc', op: 'flush', handle: h }), /io: 50 messages were dropped/);
  const dropped = a.events.flatMap((e) => (e.is === 'dropped' ? e.lines : []));
  assert.deepEqual(ids(dropped), Array.from({ length: 50 }, (_, i) => String(i + 1)));
  assert.equal(a.words.get(h)!.settled, 51);
}));

test('lines that are over-long, binary, cut or slow harm nobody else', () => withSides(2, async (a, b) => {
  await b.listen('noise', { connections: 8 });
  const slow = await raw('noise');
  const drip = setInterval(() => slow.write('x'), 1);
  const long = await raw('noise');
  long.on('error', () => {});
  const longClosed = new Promise((resolve) => long.once('close', resolve));
  long.write(Buffer.alloc(1_100_000, 97));
  const binary = await raw('noise');
  for (let i = 0; i < 50; i++) binary.write(Buffer.from([0, 255, 254, 10, 13, 10, 123, 10]));
  const cut = await raw('noise');
  cut.end('{"type":"soc_event","id":"cut","ts":');
  const h = await a.dial('noise');
  for (let i = 0; i < 200; i++) a.post(h, String(i));
  await until(() => b.lines.length === 200);
  await longClosed;
  assert.equal(b.log.filter((m) => m.includes('no message')).length, 1, 'one word for each noisy peer');
  clearInterval(drip);
  for (const socket of [slow, binary, cut]) socket.destroy();
}));

test('a last line without its LF is delivered', () => withSides(1, async (a) => {
  await a.listen('last');
  (await raw('last')).end('{"type":"soc_event","id":"1","ts":1}');
  await until(() => a.lines.length === 1);
}));

test('a reader that does not take up messages is not read for, and nothing is lost', () => withSides(2, async (a, b) => {
  b.slow = true;
  await b.listen('slow');
  const h = await a.dial('slow', { capacity: 100_000 });
  const line = (i: number): string => `{"type":"soc_event","id":"${i}","ts":1,"payload":"${'x'.repeat(1000)}"}\n`;
  for (let i = 0; i < 5000; i++) a.post(h, String(i), line(i));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(b.received < 1 << 20, `${b.received} bytes were read ahead`);
  for (let done = 0; b.lines.length < 5000;) {
    for (const words of b.words.values()) words.addTaken(b.received - done);
    done = b.received;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(new Set(ids(b.lines)).size, 5000);
}));

test('a peer that does not take a line in time is given up, and the line goes out again under its id', async () => {
  await withSides(1, async (a) => {
    const got: string[] = [];
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      // The first does not read at all.
      if (sockets.length > 1) socket.on('data', (d: Buffer) => void got.push(d.toString()));
    });
    await new Promise<void>((resolve) => server.listen(pipePath('stuck'), resolve));
    const h = await a.dial('stuck');
    a.post(h, 'big', `{"type":"soc_event","id":"big","ts":1,"payload":"${'x'.repeat(1_000_000)}"}\n`);
    await until(() => got.join('').endsWith('"}\n'), 12_000);
    assert.equal(got.join('').length, 1_000_000 + `{"type":"soc_event","id":"big","ts":1,"payload":""}\n`.length);
    assert.equal(sockets.length, 2);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

test('another user cannot reach a pipe, and is refused where the folder would let him', { skip: process.getuid?.() === 0 ? false : 'needs to become another user' }, () => withSides(1, async (a) => {
  await a.listen('foreign', { uids: [0] });
  const path = pipePath('foreign');
  const source = `const s = require('net').connect(${JSON.stringify(path)}); s.on('connect', () => s.write('{"type":"x","ts":1}\\n'));`
    + "s.on('error', (e) => { console.log(e.code); process.exit(); }); s.on('close', () => console.log('closed'));";
  const later = (): Promise<string> => new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', source], { uid: 65534, gid: 65534, cwd: '/' });
    child.stdout.once('data', (d: Buffer) => resolve(d.toString().trim()));
  });
  assert.equal(await later(), 'EACCES');
  chmodSync(base, 0o755);
  chmodSync(join(base, 'sentinel-soc'), 0o755);
  chmodSync(path, 0o666);
  assert.match(await later(), /closed|ECONNRESET|EPIPE/);
  assert.deepEqual(a.lines, []);
  chmodSync(join(base, 'sentinel-soc'), 0o700);
}));
