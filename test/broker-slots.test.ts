/** What scripts decide about Hellos and about connections that are passed on; and that nobody waits for a script that decides nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Worker } from 'node:worker_threads';
import { canPassConnections } from '../src/net/descriptor-passing.js';
import { all, helloWire, raw, replyOf, talk } from './support/broker.js';
import { ARRANGEMENTS, peerNode, startHost, until, type Arrangement, type TestHost } from './support/engine.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rflh-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let sockets = 0;
const fresh = (): string => join(FOLDER, `${++sockets}.sock`);

async function serving(arrangement: Arrangement, path: string, options = ''): Promise<TestHost> {
  const host = await startHost(arrangement);
  await host.evaluate(`(.broker.serve "${path}" {${options}})`);
  await host.evaluate('(.broker.register {service: "zccache" version: "1.11.20" pipe: "/backend"})');
  return host;
}
/** The reason of a refusal, or the pipe. */
async function outcome(path: string): Promise<string> {
  const { negotiated, refused } = replyOf(await talk(path, helloWire({ clientVersion: 'é1' })));
  return refused?.reason ?? negotiated!.backendPipe;
}
/** A source that keeps the interpreter busy for about a second. */
async function busySource(host: TestHost): Promise<string> {
  const turns = (n: number): string => `(count (map (fn [y] (fold (fn [a x] (+ a x)) 0 (til 10000))) (til ${n})))`;
  await host.evaluate(turns(50));
  const start = performance.now();
  await host.evaluate(turns(50));
  return turns(Math.ceil((50 * 1000) / (performance.now() - start)));
}

for (const arrangement of ARRANGEMENTS) {
  test(`${arrangement}: .broker.on.hello can narrow: false, a reason, an error; and nothing else`, async () => {
    const path = fresh();
    const host = await serving(arrangement, path);
    try {
      const slot = (body: string): Promise<string> => host.evaluate(`(set .broker.on.hello ${body})`);
      assert.equal(await outcome(path), '/backend');
      await slot('(fn [hello peer] false)');
      assert.equal(await outcome(path), 'refused by the broker');
      await slot('(fn [hello peer] "not today")');
      assert.equal(await outcome(path), 'not today');
      await slot('(fn [hello peer] (raise "oops"))');
      assert.equal(await outcome(path), 'refused by the broker');
      await until(() => host.logs.some((l) => l.event === 'hook-error' && /the hello hook raised/.test(l.message)), 'a log line');
      await slot('(fn [hello peer] (do (set seen (list hello peer)) true))');
      assert.equal(await outcome(path), '/backend');
      const at = (key: string): Promise<string> => host.evaluate(`(at (at seen 0) '${key})`);
      assert.deepEqual([await at('service'), await at('want'), await at('lib')], ['"zccache"', '"1.11.20"', '"running-process"']);
      assert.equal(await host.evaluate("(count (at (at seen 0) 'client))"), '3', 'text is bytes');
      assert.equal(await host.evaluate("(in (at (at seen 1) 'pid) (list 0 " + String(process.pid) + '))'), 'true');
      await host.evaluate('(set seen 0)');
      assert.equal(replyOf(await talk(path, helloWire({ serviceName: 'unknown' }))).refused?.reason, 'service is not registered');
      assert.equal(await host.evaluate('seen'), '0', 'what is refused anyway is not asked about');
      await slot('0');
      assert.equal(await outcome(path), '/backend');
      assert.match(await host.evaluate('(set .broker.on.other 1)'), /^error reserve/);
    } finally {
      await host.stop();
    }
  });

  test(`${arrangement}: a program that asks its own broker is asked by it`, async () => {
    const path = fresh();
    const host = await serving(arrangement, path);
    try {
      await host.evaluate('(set .broker.on.hello (fn [hello peer] (do (set asked true) true)))');
      assert.equal(await host.evaluate(`(at (.broker.hello "${path}" {service: "zccache" want: "1.11.20"}) 'pipe)`), '"/backend"');
      assert.equal(await host.evaluate('asked'), 'true');
    } finally {
      await host.stop();
    }
  });

  test(`${arrangement}: a busy interpreter delays no Hello where no slot is set; with one, the client waits its time and no longer`, async () => {
    const path = fresh();
    const host = await serving(arrangement, path, 'timeout: 300');
    try {
      const source = await busySource(host);
      // The caller's thread cannot look on while it evaluates: another one asks.
      const asking = async (): Promise<Int32Array> => {
        const answered = new Int32Array(new SharedArrayBuffer(8));
        const client = new Worker(CLIENT, { eval: true, workerData: { path, wire: helloWire(), answered } });
        await once(client, 'message');
        return answered;
      };
      const free = await asking();
      await host.evaluate(source);
      assert.equal(Atomics.load(free, 0), 1, 'answered meanwhile');
      await host.evaluate('(set .broker.on.hello (fn [hello peer] true))');
      const held = await asking();
      await host.evaluate(source);
      assert.equal(Atomics.load(held, 0), 0, 'not answered meanwhile');
      await until(() => Atomics.load(held, 1) === 1, 'the end of its connection');
      assert.equal(await outcome(path), '/backend');
    } finally {
      await host.stop();
    }
  });

  test(`${arrangement}: .broker.on.handoff can refuse a connection, whose client then comes by itself`, { skip: !canPassConnections() && 'connections cannot be passed here' }, async () => {
    const [path, pipe] = [fresh(), fresh()];
    const broker = await peerNode(`(.broker.serve "${path}") (.broker.register {service: "zccache" version: "1.11.20" pipe: "${pipe}" handoff: true})`);
    const host = await startHost(arrangement);
    try {
      await host.evaluate(`(set whoami (fn [] "backend")) (.net.listen "unix://${pipe}")`);
      assert.equal(await host.evaluate(`(.broker.adopt "unix://${pipe}")`), `"${pipe}.handoff"`);
      await host.evaluate('(set asked 0) (set .broker.on.handoff (fn [offer peer] (do (set asked (+ asked 1)) (set offered offer) (== asked 1))))');
      for (let i = 1; i <= 2; i++) {
        const socket = await raw(path);
        const answer = all(socket);
        socket.write(helloWire({ clientCapabilities: 1n }));
        await until(async () => (await host.evaluate('asked')) === String(i), 'the question');
        if (i === 1) await new Promise((resolve) => setTimeout(resolve, 50));
        socket.end();
        assert.equal((await answer).includes('refused'), false);
      }
      assert.deepEqual([await host.evaluate("(at offered 'service)"), await host.evaluate("(at offered 'connection)")], ['"zccache"', '2']);
      await until(async () => (await host.evaluate(`(at (.broker.admin "${path}" 'healthz) 'exit)`)) === '0', 'the broker');
    } finally {
      await host.stop();
      await broker.stop();
    }
  });
}

/** Asks a moment later, when the evaluation runs: [0] there was an answer, [1] the connection is over. */
const CLIENT = `
const { parentPort, workerData: { path, wire, answered } } = require('node:worker_threads');
const socket = require('node:net').connect(path, () => {
  parentPort.postMessage('connected');
  setTimeout(() => socket.write(wire), 200);
});
socket.on('data', () => Atomics.store(answered, 0, 1));
socket.on('close', () => Atomics.store(answered, 1, 1));
`;
