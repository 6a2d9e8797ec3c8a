/** Frames on a listener of the host: both lanes, probes between them, and the wire beside them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { probe } from '../src/engine/broker/dial.js';
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
