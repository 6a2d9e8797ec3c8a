import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Descriptors } from '../src/engine/broker/descriptors.js';
import { brokerConnect, brokerHello } from '../src/engine/broker/dial.js';
import { BrokerServer } from '../src/engine/broker/server.js';
import { BrokerError, checkSocketPlace } from '../src/engine/broker/socket-folder.js';
import { systemClock } from '../src/net/clock.js';
import { BackendTable } from '../src/wire/broker/directories.js';
import { frameWire, request, tryDecode } from '../src/wire/broker/frame.js';
import { AdminVerb, createAdminRequest, decodeAdminReply, encodeAdminRequest } from '../src/wire/broker/messages.generated.js';
import { ADMIN } from '../src/wire/broker/protocols.js';
import { REFUSALS } from '../src/wire/broker/refusal.js';
import { all, broker, freshPath, helloWire, idOf, raw, replyOf, SERVICE, talk } from './support/broker.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

const PROCESS = fileURLToPath(new URL('support/broker-process.js', import.meta.url));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const byNumber = (a: number, b: number): number => a - b;

test('100 Hellos at the same time get the ids 1 to 100', async () => {
  const { server } = await broker();
  const ids = await Promise.all(upTo(100).map(async () => idOf(await talk(server.path, helloWire()))));
  assert.deepEqual(ids.sort(byNumber), upTo(100));
});
test('a herd of 64, each byte by byte', async () => {
  const { server } = await broker();
  const ids = await Promise.all(upTo(64).map(async () => {
    const socket = await raw(server.path);
    const answer = all(socket);
    for (const byte of helloWire()) socket.write(Uint8Array.of(byte));
    return idOf(await answer);
  }));
  assert.deepEqual(ids.sort(byNumber), upTo(64));
});
test('96 malformed openings get their refusals, and a good client among them its answer', async () => {
  const { server } = await broker();
  const bad = VECTORS.connection.filter((c: Json) => c.response_wire_hex !== undefined && c.entry !== 'hello-only');
  const answers = await Promise.all([
    ...upTo(96).map(async (i) => {
      const v = bad[i % bad.length];
      return [hex(await talk(server.path, bytes(v.request_wire_hex), v.then !== undefined)), v.response_wire_hex];
    }),
    talk(server.path, helloWire()).then((wire) => [idOf(wire), 1]),
  ]);
  for (const [got, expected] of answers) assert.equal(got, expected);
});
test('a flood over the limit is refused exactly, and another process served', async (t) => {
  const { server } = await broker({ rate: { max: 8, windowMs: 60_000 } });
  const first = replyOf(await talk(server.path, helloWire()));
  assert.equal(first.negotiated?.connectionId, 1n);
  const child = spawn(process.execPath, [PROCESS, 'asker', server.path, 'zccache', '1.11.20'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let other = '';
  child.stdout.on('data', (chunk: Buffer) => { other += String(chunk); });
  const ended = once(child, 'close');
  const ids: number[] = [];
  // Before the other process asks, while it does, and after.
  for (const over = ended.then(() => true); ids.length < 31 || !(await Promise.race([over, false]));) ids.push(idOf(await talk(server.path, helloWire())));
  const refused = ids.filter((id) => id < 0);
  // Without the means to identify peers nobody is limited.
  if (refused.length === 0) return t.skip('peers cannot be identified here');
  assert.equal(ids.length - refused.length, 7);
  assert.deepEqual(new Set(refused), new Set([-4]));
  assert.match(other, /^connection \d+\n$/);
});

test('connection: silent_peer_times_out: a silent client is dropped after its time, without a word, and holds up nobody', async () => {
  const { server } = await broker({ helloTimeoutMs: 50 });
  const silent = await raw(server.path);
  const half = await raw(server.path);
  const answers = [all(silent), all(half)];
  half.write(helloWire().subarray(0, 7));
  assert.equal(idOf(await talk(server.path, helloWire())), 1);
  assert.deepEqual((await Promise.all(answers)).map((a) => a.length), [0, 0]);
  assert.equal(idOf(await talk(server.path, helloWire())), 2);
  await server.shutdown();
  assert.equal(server.connections, 0);
  assert.ok(!existsSync(server.path), 'the socket is gone with its broker');
});
test('clients that leave before the answer, or without reading it, end nothing', async () => {
  const { server } = await broker();
  for (let i = 0; i < 20; i++) {
    const socket = await raw(server.path);
    socket.on('error', () => {});
    socket.write(helloWire());
    // Half of them have something to read by then.
    if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  }
  assert.ok(idOf(await talk(server.path, helloWire())) > 0);
});
test('one exchange for each connection', async () => {
  const { server } = await broker();
  const answer = await talk(server.path, Buffer.concat([helloWire(), helloWire()]));
  assert.equal(tryDecode(answer)!.consumed, answer.length);
});
test('somebody else is closed without a byte', async (t) => {
  const { server } = await broker({ policy: { policy: 'OwnerOnly', uid: '' } });
  const answer = await talk(server.path, helloWire()).catch(() => Buffer.alloc(0));
  if (answer.length > 0) return t.skip('peers cannot be identified here');
  assert.equal(answer.length, 0);
});

/* ── admin ─────────────────────────────────────────────────────────────── */

async function admin(path: string, verb: number, more: Json = {}): Promise<{ body: string; exitCode: number }> {
  const wire = await talk(path, frameWire(request(ADMIN, encodeAdminRequest(createAdminRequest({ verb, ...more })), 1n)));
  const { body, exitCode } = decodeAdminReply(tryDecode(wire)!.frame.payload);
  return { body, exitCode };
}

test('the admin lane answers on the same socket', async () => {
  const { server } = await broker({ backends: () => [{ serviceName: 'zccache', serviceVersion: '1.11.20', pid: 1, backendPipe: '/backend', lastActiveUnixMs: 2, state: 'running' }] });
  assert.deepEqual(await admin(server.path, AdminVerb.HEALTHZ), { body: 'ok\n', exitCode: 0 });
  assert.deepEqual(await admin(server.path, AdminVerb.READYZ), { body: 'ready\n', exitCode: 0 });
  const status = JSON.parse((await admin(server.path, AdminVerb.STATUS, { json: true })).body);
  assert.deepEqual([status.broker_pid, status.connections_open, status.accepting_hello, status.backends.length], [process.pid, 1, true, 1]);
  assert.match((await admin(server.path, AdminVerb.METRICS)).body, /^running_process_broker_v1_connections_open 1$/m);
  assert.equal(JSON.parse((await admin(server.path, AdminVerb.CONFIG)).body).config.hello_timeout_ms.value, 30_000);
});
test('an admin frame that is none is dropped, and the broker goes on', async () => {
  const { server } = await broker();
  assert.equal((await talk(server.path, frameWire({ ...request(ADMIN, new Uint8Array(0)), kind: 1 }))).length, 0);
  assert.equal((await admin(server.path, AdminVerb.HEALTHZ)).body, 'ok\n');
});
test('a shutdown by the admin lane: who is connected is told, who comes later finds nobody', async () => {
  const { server } = await broker();
  const waiting = await raw(server.path);
  const answer = all(waiting);
  assert.equal((await admin(server.path, AdminVerb.SHUTDOWN)).body, 'broker shutting down\n');
  await assert.rejects(raw(server.path));
  waiting.write(helloWire());
  assert.equal(idOf(await answer), -5);
  await server.closed;
});
test('a client that never asks does not keep a broker from ending', async () => {
  const { server } = await broker();
  const silent = await raw(server.path);
  const [, came] = await Promise.all([server.shutdown(20), all(silent)]);
  assert.equal(came.length, 0, 'closed without a word');
});

/* ── policies ──────────────────────────────────────────────────────────── */

test('the script\'s word can narrow, an exception refuses, and neither uses up an id', async () => {
  const verdicts = [null, { ...REFUSALS.narrowed, reason: 'not today' }, 'throw', null];
  const { server } = await broker({
    narrow: (hello) => {
      assert.equal(hello.serviceName, 'zccache');
      const verdict = verdicts.shift();
      return verdict === 'throw' ? Promise.reject(new Error('x')) : Promise.resolve(verdict as Json);
    },
  });
  const replies = [];
  for (let i = 0; i < 4; i++) replies.push(replyOf(await talk(server.path, helloWire())));
  assert.deepEqual(replies.map((r) => r.refused?.reason ?? Number(r.negotiated!.connectionId)), [1, 'not today', 'refused by the broker', 2]);
  assert.equal(idOf(await talk(server.path, helloWire({ serviceName: 'unknown' }))), -2);
  assert.deepEqual([server.figures.negotiated, server.figures.refused], [2, 3]);
});
test('want of descriptors: Hellos are put off, the admin lane works, and good accepts restore', async () => {
  let ratio = 0.99;
  let now = 0;
  const descriptors = new Descriptors({ ...systemClock, now: () => (now += 1000) }, () => ratio);
  const { server } = await broker({ descriptors });
  const { refused } = replyOf(await talk(server.path, helloWire()));
  assert.deepEqual([refused?.code, refused?.retryAfterMs], [9, 1000n]);
  assert.equal(JSON.parse((await admin(server.path, AdminVerb.STATUS, { json: true })).body).fd_pressure.demoted, true);
  ratio = 0.1;
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(idOf(await talk(server.path, helloWire())));
  assert.deepEqual(ids, [-9, -9, 1]);
});
/* ── the place of the socket ───────────────────────────────────────────── */

const placeFault = (path: string): string | null => {
  try {
    checkSocketPlace(path);
    return null;
  } catch (e) {
    assert.ok(e instanceof BrokerError);
    return e.code;
  }
};
test('the folder: made if only it is missing, 0700, a real one; never repaired', async () => {
  const base = freshPath();
  mkdirSync(base, { mode: 0o700 });
  assert.equal(placeFault(join(base, 'new/x.sock')), null);
  assert.equal(statSync(join(base, 'new')).mode & 0o777, 0o700);
  assert.equal(placeFault(join(base, 'a/b/x.sock')), 'ENOENT');
  for (const mode of [0o755, 0o710, 0o500]) {
    chmodSync(join(base, 'new'), mode);
    assert.equal(placeFault(join(base, 'new/x.sock')), 'policy', mode.toString(8));
    assert.equal(statSync(join(base, 'new')).mode & 0o777, mode);
  }
  symlinkSync(base, join(base, 'link'));
  assert.equal(placeFault(join(base, 'link/x.sock')), 'policy');
  writeFileSync(join(base, 'file'), '');
  assert.equal(placeFault(join(base, 'file/x.sock')), 'policy');
});
test('a socket that is there belongs to somebody; ours is for this user only', async () => {
  const { server } = await broker();
  assert.equal(statSync(server.path).mode & 0o777, 0o600);
  await assert.rejects(BrokerServer.open({ path: server.path, directory: new BackendTable() }), (e: Json) => e instanceof BrokerError && /already exists/.test(e.message));
});

/* ── clients ───────────────────────────────────────────────────────────── */

/** A backend that sends one line to whoever connects. */
async function backend(greeting: string): Promise<string> {
  const path = freshPath();
  const server = createServer((socket) => socket.on('error', () => {}).end(greeting));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => server.close());
  return path;
}
async function greeted(link: Awaited<ReturnType<typeof brokerConnect>>): Promise<string> {
  assert.ok('attach' in link, 'there is a link');
  return new Promise((resolve) => {
    let text = '';
    const stream = link.attach({ data: (chunk) => { text += Buffer.from(chunk).toString(); }, end: () => stream.close(), closed: () => resolve(text) });
  });
}

test('a client is led to the version it wants, and remembers the way', async () => {
  const { server, table } = await broker();
  const [one, two] = [await backend('one'), await backend('two')];
  table.register({ ...SERVICE, version: '1.0.0', pipe: one });
  table.register({ ...SERVICE, version: '2.0.0', pipe: two }, false);
  const walk = (wantedVersion: string, more: Json = {}): ReturnType<typeof brokerConnect> => brokerConnect({ broker: server.path, hello: { serviceName: 'zccache', wantedVersion }, ...more });
  const [first, second] = [await walk('1.0.0'), await walk('2.0.0')] as Json[];
  assert.deepEqual([first.route, first.endpoint, second.endpoint], ['BrokerNegotiated', one, two]);
  assert.deepEqual([await greeted(first), await greeted(second)], ['one', 'two']);
  await server.shutdown();
  const skipped = await walk('2.0.0', { selfVersion: '2.0.0', cachedEndpoint: two }) as Json;
  assert.equal(skipped.route, 'HelloSkip');
  assert.equal(await greeted(skipped), 'two');
  const stale = await walk('2.0.0', { selfVersion: '2.0.0', cachedEndpoint: '/nowhere' }) as Json;
  assert.equal(stale.fault.kind, 'Io');
});
test('a refusal reaches the client with its class and hint', async () => {
  const { server, table } = await broker();
  table.register({ ...SERVICE, minVersion: '2.0.0' });
  for (const answer of [await brokerHello(server.path, { serviceName: 'zccache', wantedVersion: '1.0.0' }), await brokerConnect({ broker: server.path, hello: { serviceName: 'zccache', wantedVersion: '1.0.0' } })] as Json[]) {
    assert.deepEqual([answer.fault.kind, answer.fault.class, answer.fault.code, answer.fault.refused.retryAfterMs], ['Refused', 'VersionBlocked', 8, 30_000n]);
  }
});
test('a backend that is gone, a broker that never answers: the client is told', async () => {
  const { server } = await broker();
  const gone = await brokerConnect({ broker: server.path, hello: { serviceName: 'zccache', wantedVersion: '1.11.20' } }) as Json;
  assert.equal(gone.fault.kind, 'Io');
  const mute = createServer((socket) => void socket.on('error', () => {}));
  const path = freshPath();
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  const answer = await brokerHello(path, {}, { timeoutMs: 30 }) as Json;
  assert.equal(answer.fault.kind, 'Timeout');
  mute.close();
});
