/** Frames on a listener of the host: both lanes, probes between them, and the wire beside them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { probe } from '../src/engine/broker/dial.js';
import { connect as connectClient } from '../src/engine/client.js';
import { startNode } from '../src/engine/node.js';
import type { RflNode } from '../src/engine/api.js';
import { BodyReader, decodeBody, frameWire, request } from '../src/wire/broker/frame.js';
import { answerWire, eventWire, OpenRequests } from '../src/wire/broker/lanes.js';
import { FrameKind, type Frame } from '../src/wire/broker/messages.generated.js';
import { TEXT_LANE, VALUE_LANE } from '../src/wire/broker/protocols.js';
import { RayError } from '../src/lang/errors.js';
import { decode as decodeValue, encode } from '../src/wire/rayforce/value.js';
import type { Value } from '../src/lang/value.js';
import type { Json } from './support/broker-vectors.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rflf-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let sockets = 0;

async function serving(body: (node: RflNode, path: string) => Promise<void>, options: Json = {}): Promise<void> {
  const path = join(FOLDER, `${++sockets}.sock`);
  const node = await startNode({ log: () => {}, ...options });
  try {
    await node.listen(`unix://${path}`);
    await body(node, path);
  } finally {
    await node.shutdown(200);
  }
}

function decode(payload: Uint8Array): Value {
  return decodeValue(Uint8Array.from(payload), { resolve: () => undefined });
}

/** A client that speaks frames. */
class Client {
  readonly #reader = new BodyReader();
  readonly #open = new OpenRequests<(frame: Frame) => void>();
  readonly other: Frame[] = [];
  #more: () => void = () => {};
  readonly gone: Promise<void>;

  private constructor(readonly socket: Socket, private readonly piece: number) {
    socket.on('error', () => {});
    this.gone = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      for (let body = this.#reader.next(); body !== null; body = this.#reader.next()) {
        const frame = decodeBody(body);
        if (frame.kind === FrameKind.RESPONSE) {
          const settled = this.#open.settle(frame);
          assert.ok('context' in settled, 'fault' in settled ? settled.fault : '');
          settled.context(frame);
        } else this.other.push(frame);
        this.#more();
      }
    });
  }
  static async to(path: string, piece = Infinity): Promise<Client> {
    const socket = connect(path);
    await new Promise((resolve) => socket.once('connect', resolve));
    after(() => socket.destroy());
    return new Client(socket, piece);
  }
  write(wire: Uint8Array): void {
    for (let at = 0; at < wire.length; at += this.piece) this.socket.write(wire.subarray(at, at + this.piece));
  }
  ask(lane: number, payload: Uint8Array): Promise<Frame> {
    return new Promise((resolve) => this.write(this.#open.ask(lane, payload, resolve).wire));
  }
  async text(source: string): Promise<string> {
    return Buffer.from((await this.ask(TEXT_LANE, Buffer.from(source))).payload).toString();
  }
  async value(v: Value): Promise<Value> {
    return decode((await this.ask(VALUE_LANE, encode(v))).payload);
  }
  async event(): Promise<Frame> {
    while (this.other.length === 0) await new Promise<void>((resolve) => { this.#more = resolve; });
    return this.other.shift()!;
  }
}

test('the text lane: source in, the compact form out, errors as text', () => serving(async (_, path) => {
  const client = await Client.to(path);
  assert.equal(await client.text('(+ 1 2)'), '3');
  assert.equal(await client.text('(til 3)'), '[0 1 2]');
  assert.equal(await client.text('"grüße"'), '"grüße"');
  assert.match(await client.text('(raise 1)'), /^error: domain/);
  assert.match(await client.text('(+ 1'), /^error: parse/);
  assert.match(await client.text('nobody'), /^error: name: /);
}));

test('the value lane: values in, values out; a string is source; errors are values', () => serving(async (_, path) => {
  const client = await Client.to(path);
  assert.equal(await client.value('(+ 1 2)'), 3);
  const error = await client.value('(raise 1)');
  assert.ok(error instanceof RayError && error.code === 'domain');
  const long = await client.value('(til 10000)');
  assert.equal((long as Json).length, 10_000, 'a payload the wire would have packed');
}));

test('64 requests in flight, byte by byte, answers by their ids and in their trace', () => serving(async (_, path) => {
  const client = await Client.to(path, 1);
  const answers = await Promise.all(Array.from({ length: 64 }, (_x, i) => client.text(`(* ${i} ${i})`)));
  assert.deepEqual(answers, Array.from({ length: 64 }, (_x, i) => String(i * i)));
  const traced = { ...request(TEXT_LANE, Buffer.from('1'), 99n), traceparent: 'a', tracestate: 'b' };
  const raw = await Client.to(path);
  let answer: Frame | null = null;
  raw.socket.removeAllListeners('data');
  await new Promise<void>((resolve) => {
    raw.socket.on('data', (chunk) => {
      answer = decodeBody(Uint8Array.from(chunk.subarray(5)));
      resolve();
    });
    raw.write(frameWire(traced));
  });
  const { requestId, traceparent, tracestate, payloadProtocol } = answer! as Frame;
  assert.deepEqual([requestId, traceparent, tracestate, payloadProtocol], [99n, 'a', 'b', TEXT_LANE]);
}));

test('events go to the asynchronous hook, and posts come back as events', () => serving(async (node, path) => {
  const client = await Client.to(path);
  await node.evaluate('(set got [])');
  await node.evaluate('(set .ipc.on.async (fn [m] (set got (concat got (list m)))))');
  client.write(eventWire(VALUE_LANE, encode('hello')));
  assert.equal(await client.text('(count got)'), '1');
  await client.text('(.ipc.post (.ipc.handle) 42)');
  const { payload, payloadProtocol } = await client.event();
  assert.deepEqual([decode(payload), payloadProtocol], [42, VALUE_LANE]);
}));

test('a server asks a frame client, and gets its answer', () => serving(async (node, path) => {
  const client = await Client.to(path);
  await client.text('(set h (.ipc.handle))');
  const asked = node.evaluate('(.ipc.send h "what")');
  const frame = await client.event();
  assert.deepEqual([frame.kind, decode(frame.payload)], [FrameKind.REQUEST, 'what']);
  client.write(answerWire(frame, encode('that')));
  assert.equal((await asked).text, '"that"');
}));

test('an answer that is ready first leaves first, and finds its request', () => serving(async (_, path) => {
  const client = await Client.to(path);
  // While it waits for the client's answer, the server serves what else the client asks.
  const slow = client.text('(.ipc.send (.ipc.handle) "back")');
  const back = await client.event();
  const order: string[] = [];
  const quick = Array.from({ length: 20 }, (_x, i) => client.text(`(+ ${i} 0)`).then((answer) => order.push(answer)));
  await Promise.all(quick);
  client.write(answerWire(back, encode(99)));
  assert.equal(await slow, '99');
  assert.deepEqual(order, Array.from({ length: 20 }, (_x, i) => String(i)));
}));

test('a script speaks frames as it speaks the wire', () => serving(async (node, path) => {
  const other = await startNode({ log: () => {} });
  const say = async (source: string): Promise<string> => (await other.evaluate(source)).text;
  try {
    await node.evaluate('(set got 0) (set ask (fn [] (+ 1 (.ipc.send (.ipc.handle) "mine")))) (set push (fn [] (.ipc.post (.ipc.handle) "(set mine 8)")))');
    assert.match(await say(`(set h (.ipc.open "frame+unix://${path}"))`), /^\d+$/);
    assert.equal(await say('(.ipc.send h "(+ 1 2)")'), '3');
    assert.equal(await say('(.ipc.send h (list + 3 4))'), '7');
    assert.equal(await say('(count (.ipc.send h "(til 100000)"))'), '100000');
    assert.equal(await say('(.ipc.send h (list count (til 100000)))'), '100000');
    assert.match(await say('(.ipc.send h "(raise 1)")'), /domain/);
    assert.equal(await say('(.ipc.post h "(set got 5)")'), '');
    assert.equal(await say('(.ipc.send h "got")'), '5');
    // The server asks back while it is asked, and pushes.
    await say('(set mine 6)');
    assert.equal(await say('(.ipc.send h "(ask)")'), '7');
    await say('(.ipc.send h "(push)")');
    assert.equal(await say('(.ipc.send h "0") mine'), '8');
    assert.equal(await say(`(.ipc.send (.ipc.open {address: "frame+unix://${path}" timeout: 1000}) "(+ 2 2)")`), '4');
    await say('(.ipc.close h)');
    assert.match(await say('(.ipc.send h "1")'), /connection closed/);
  } finally {
    await other.shutdown(200);
  }
}));

test('a client in TypeScript speaks frames: answers in any order, late ones dropped', () => serving(async (_, path) => {
  const client = await connectClient(`frame+unix://${path}`);
  const questions: ((value: Value) => void)[] = [];
  client.on('message', ({ kind, value, reply }) => {
    if (kind === 'sync') assert.equal(value, 'what');
    questions.push(reply);
  });
  const order: string[] = [];
  const slow = client.send('(.ipc.send (.ipc.handle) "what")').then((v) => (order.push('slow'), v));
  while (questions.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const quick = await Promise.all(Array.from({ length: 64 }, (_x, i) => client.send(`(+ ${i} 1)`)));
  assert.deepEqual(quick, Array.from({ length: 64 }, (_x, i) => i + 1));
  order.push('quick');
  questions[0](77);
  assert.equal(await slow, 77);
  assert.deepEqual(order, ['quick', 'slow']);
  await assert.rejects(client.send('(raise 1)'), { code: 'domain' });
  assert.equal((await client.send('(til 100000)') as Json).length, 100_000);
  // One that is late is dropped, and those behind it get their own.
  const late = client.send('(.ipc.send (.ipc.handle) "what")', { deadlineMs: 30 });
  await assert.rejects(late, { code: 'io' });
  assert.equal(await client.send('5'), 5);
  questions[1](1);
  assert.equal(await client.send('6'), 6);
  client.close();
  await assert.rejects(client.send('7'), { code: 'io' });
}));

test('what is wrong with an address of frames is said', async () => {
  const node = await startNode({ log: () => {} });
  const code = async (address: string): Promise<string | undefined> => (await node.evaluate(`(.ipc.open "${address}")`)).code;
  try {
    assert.equal(await code(`frame+unix://${FOLDER}/nobody.sock`), 'io');
    assert.equal(await code('frame+tcp://bob:secret@127.0.0.1:1'), 'domain');
    assert.equal((await node.evaluate('(.repl.connect "frame+unix:///x")')).code, 'domain');
    await assert.rejects(node.listen(`frame+unix://${FOLDER}/x.sock`), { code: 'domain' });
    await assert.rejects(connectClient(`frame+unix://${FOLDER}/nobody.sock`), { code: 'io' });
    await assert.rejects(connectClient('frame+tcp://bob:secret@127.0.0.1:1'), { code: 'domain' });
  } finally {
    await node.shutdown(200);
  }
});

test('a late answer is dropped, and the next send gets its own', async () => {
  const path = join(FOLDER, 'late.sock');
  const asked: Frame[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const reader = new BodyReader();
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let body = reader.next(); body !== null; body = reader.next()) asked.push(decodeBody(body));
      // The second is answered before the first.
      if (asked.length === 2) for (const [i, frame] of asked.entries()) setTimeout(() => socket.write(answerWire(frame, encode(i + 1))), 40 * (1 - i));
      if (asked.length === 3) socket.write(answerWire(asked[2], encode(3)));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const node = await startNode({ log: () => {} });
  try {
    await node.evaluate(`(set h (.ipc.open "frame+unix://${path}"))`);
    assert.equal((await node.evaluate('(.ipc.send h "first" 50)')).code, 'io');
    assert.equal((await node.evaluate('(.ipc.send h "second")')).text, '2');
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.equal((await node.evaluate('(.ipc.send h "third")')).text, '3', 'the handle lives');
    assert.deepEqual(asked.map((f) => f.payloadProtocol), [VALUE_LANE, VALUE_LANE, VALUE_LANE]);
    assert.equal(new Set(asked.map((f) => f.requestId)).size, 3);
  } finally {
    await node.shutdown(200);
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test('lanes of one\'s own carry bytes to the hooks and back', async () => {
  const node = await startNode({ log: () => {} });
  const path = join(FOLDER, 'own.sock');
  const LANE = 0x7a63;
  try {
    await node.listen(`unix://${path}`, { serve: [LANE] });
    const client = await Client.to(path);
    const ask = async (bytes: number[]): Promise<number[]> => [...(await client.ask(LANE, Uint8Array.from(bytes))).payload];
    assert.deepEqual(await ask([1, 2]), [], 'without a hook: nothing');
    await node.evaluate('(set .ipc.on.sync (fn [m] (if (== (type m) (quote DICT)) (do (set seen m) (at m (quote payload))) (eval (parse m)))))');
    assert.deepEqual(await ask([7, 0, 255]), [7, 0, 255]);
    assert.deepEqual(await ask([]), []);
    assert.equal(await client.text('(at seen (quote protocol))'), String(LANE));
    assert.equal(await client.text('(count (at seen (quote payload)))'), '0');
    await node.evaluate('(set .ipc.on.sync (fn [m] "text"))');
    assert.deepEqual(Buffer.from(await ask([1])).toString(), 'text');
    await node.evaluate('(set .ipc.on.sync (fn [m] (raise 1)))');
    assert.deepEqual(await ask([1]), [], 'an error has no bytes');
    await node.evaluate('(set .ipc.on.async (fn [m] (set heard m))) (set .ipc.on.sync (fn [m] 5))');
    client.write(eventWire(LANE, Uint8Array.of(9, 9)));
    assert.deepEqual(await ask([1]), [], 'nor has a number');
    assert.match((await node.evaluate('(at heard (quote payload))')).text, /09 ?0?x?09|\[.*9.*9.*\]/);
    const other = await Client.to(path);
    other.write(frameWire(request(LANE + 1, Uint8Array.of(1), 1n)));
    await other.gone;
    await assert.rejects(node.listen(`unix://${FOLDER}/bad.sock`, { serve: [0xad01] }), { code: 'io' });
    await assert.rejects(node.listen(`unix://${FOLDER}/bad.sock`, { serve: [0x8000] }), { code: 'io' });
  } finally {
    await node.shutdown(200);
  }
});

test('the wire, frames and probes on one path, all at once', () => serving(async (node, path) => {
  const other = await startNode({ log: () => {} });
  try {
    const frames = await Promise.all(Array.from({ length: 5 }, () => Client.to(path)));
    await other.evaluate(`(set h (.ipc.open "unix://${path}"))`);
    const results = await Promise.all([
      ...frames.map((c, i) => c.text(`(+ ${i} 100)`)),
      other.evaluate('(.ipc.send h "(+ 1 1)")').then(({ text }) => text),
      ...[1, 2, 3].map(async () => (await probe(path, { timeoutMs: 5000 }) as Json).pid ?? 'no pid'),
    ]);
    assert.deepEqual(results.slice(0, 6), ['100', '101', '102', '103', '104', '2']);
    // The probes' connections end in their own time.
    const inbound = (): number => node.connections().filter((c) => c.direction === 'in').length;
    while (inbound() > 6) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(inbound(), 6);
  } finally {
    await other.shutdown(200);
  }
}));

test('what is no frame closes its own connection and no other', () => serving(async (_, path) => {
  const good = await Client.to(path);
  const bad = ['0103000000ffffff', '0101000001', '010600000008011882e001', '0100000000'];
  for (const hex of bad) {
    const client = await Client.to(path);
    client.write(Buffer.from(hex, 'hex'));
    await client.gone;
  }
  assert.equal(await good.text('(+ 1 1)'), '2');
}));

test('a restricted host is restricted on frames as well', () => serving(async (_, path) => {
  const client = await Client.to(path);
  assert.match(await client.text('(.sys.exec "true")'), /^error: (access|restric|name)/);
  assert.match(await client.text('(exit 1)'), /^error: (access|restric)/);
}, { restricted: true }));

test('frames are no way around passwords', () => serving(async (_, path) => {
  const client = await Client.to(path);
  client.write(frameWire(request(TEXT_LANE, Buffer.from('(+ 1 1)'), 1n)));
  await client.gone;
  assert.deepEqual(client.other, []);
}, { users: [{ name: 'bob', secret: 'secret', restricted: false }] }));
