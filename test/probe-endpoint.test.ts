/** Probes over real sockets, and the files and threads around them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { probe, verify } from '../src/engine/broker/dial.js';
import { exeHashes } from '../src/engine/broker/exe-hash.js';
import { machineId, ownIdentity, processFacts } from '../src/engine/broker/process-facts.js';
import { findSidecar, readSidecar, writeSidecar } from '../src/engine/broker/sidecar-file.js';
import { hash } from '../src/wire/broker/hash.js';
import { createDaemonProcess, createEndpoint, type DaemonProcess } from '../src/wire/broker/messages.generated.js';
import { ProbeResponder } from '../src/wire/broker/probe.js';
import { SidecarError } from '../src/wire/broker/sidecar.js';
import { FrameSession } from '../src/wire/frame-session.js';
import { EndpointMux } from '../src/wire/mux.js';
import { plain, type Json } from './support/broker-vectors.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rflp-'));
after(() => rmSync(FOLDER, { recursive: true }));

/** Serves frames on a path with an identity; `bytes` at a time. */
async function endpoint(path: string, identity: DaemonProcess, sha256: Uint8Array, bytes = Infinity): Promise<void> {
  const mux = new EndpointMux({ probes: new ProbeResponder(identity, sha256), served: [] });
  const server = createServer((socket) => {
    const session = new FrameSession(mux);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      session.receive(chunk);
      for (let e = session.next(); e !== null; e = session.next()) {
        if (e.event === 'close') socket.destroy();
        else if (e.event === 'reply') for (let at = 0; at < e.wire.length; at += bytes) socket.write(e.wire.subarray(at, at + bytes));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => server.close());
}

test('this process is who it says it is, and nobody else', async () => {
  const path = join(FOLDER, 'own.sock');
  const where = createEndpoint({ namespaceId: 'test', path });
  const { identity, exeSha256 } = await ownIdentity(where);
  await endpoint(path, identity, exeSha256, 3);
  assert.deepEqual(plain(await probe(path)), plain(identity));
  assert.equal(await verify(where, identity), null);
  const wrong = async (part: Partial<DaemonProcess>): Promise<Json> => verify(where, { ...identity, ...part });
  const sleeper = spawn('sleep', ['60']);
  after(() => sleeper.kill());
  assert.deepEqual(await wrong({ pid: sleeper.pid }), { kind: 'VerifyPid', reason: 'ExePathMismatch' });
  assert.deepEqual(await wrong({ pid: 0x7fffffff }), { kind: 'VerifyPid', reason: 'NotFound' });
  assert.deepEqual(await wrong({ bootId: 'another' }), { kind: 'VerifyPid', reason: 'BootIdMismatch' });
  assert.deepEqual(await wrong({ exeHash: new Uint8Array(32) }), { kind: 'VerifyPid', reason: 'ExecutableHashMismatch' });
  assert.deepEqual(await wrong({ ipcEndpoint: createEndpoint() }), { kind: 'EndpointMismatch' });
});

test('verifying: peer_accepts_then_closes: a peer that accepts and closes, or stays silent, is out of time or gone', async () => {
  for (const [name, treat] of [['closes', (s: Json) => s.destroy()], ['silent', () => {}]] as const) {
    const path = join(FOLDER, `${name}.sock`);
    const open: Json[] = [];
    const server = createServer((socket) => {
      open.push(socket.on('error', () => {}));
      treat(socket);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const { kind } = await probe(path, { timeoutMs: 50 }) as Json;
    assert.ok(kind === 'Timeout' || kind === 'Io', kind);
    if (name === 'silent') assert.equal(kind, 'Timeout');
    for (const socket of open) socket.destroy();
    server.close();
  }
  assert.equal((await probe(join(FOLDER, 'nobody.sock')) as Json).kind, 'Io');
});

test('an endpoint that answers something else is told apart', async () => {
  const path = join(FOLDER, 'other.sock');
  const identity = createDaemonProcess({ pid: 1, exeHashAlgorithm: 'blake3', exeHash: new Uint8Array(32) });
  await endpoint(path, identity, new Uint8Array(32));
  assert.deepEqual(await probe(path), { kind: 'Identity', reason: 'MissingEndpoint' });
});

test('files are hashed in their own thread, and again when they change', async () => {
  const path = join(FOLDER, 'exe');
  for (const text of ['one', 'another']) {
    writeFileSync(path, text);
    const hashes = await exeHashes(path);
    assert.deepEqual(hashes?.blake3, hash(Buffer.from(text)));
    assert.deepEqual(Buffer.from(hashes!.sha256), createHash('sha256').update(text).digest());
    assert.equal(exeHashes(path), exeHashes(path), 'remembered');
  }
  assert.equal(await exeHashes(join(FOLDER, 'none')), null);
});

test('what the system says about processes', () => {
  assert.ok(processFacts.isAlive(process.pid) && processFacts.isAlive(1) && !processFacts.isAlive(0x7ffffff0));
  assert.equal(processFacts.exePath(0x7ffffff0), null);
  assert.equal(processFacts.realPath('/no/such/file'), '/no/such/file');
  assert.equal(processFacts.exePath(process.pid), processFacts.realPath(process.execPath));
  assert.notEqual(machineId(), '');
});

test('a sidecar is there whole or not at all', () => {
  const path = join(FOLDER, 'sidecar.json');
  assert.equal(findSidecar(path), null);
  const sidecar = (pid: number): Json => ({ identity: createDaemonProcess({ pid, ipcEndpoint: createEndpoint({ path: '/x' }), exeHash: new Uint8Array(32) }), legacyExeSha256: new Uint8Array(32) });
  for (const pid of [1, 2]) {
    writeSidecar(path, sidecar(pid));
    assert.deepEqual(readSidecar(path), sidecar(pid));
  }
  assert.deepEqual(readdirSync(FOLDER).filter((f) => f.startsWith('sidecar')), ['sidecar.json']);
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, 40));
  assert.equal(findSidecar(path), null);
  assert.throws(() => readSidecar(path), SidecarError);
  assert.throws(() => writeSidecar(join(FOLDER, 'no/where'), sidecar(1)));
});
