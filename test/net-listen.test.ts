import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Connection } from '../src/net/endpoint.js';
import { admit, peerCredentials } from '../src/net/peer-credentials.js';
import { inheritedDescriptors } from '../src/net/stream-listener.js';
import type { Transport } from '../src/net/transport.js';
import { contexts, freshPath, listen, MEDIA, ms, turns, withPair } from './support/media.js';
import { Recorder } from './support/recorder.js';

const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const serve = (recorder: Recorder) => (accepted: Transport): Connection => Connection.server(accepted, recorder, quiet);
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
const support = (name: string): string => fileURLToPath(new URL(`./support/${name}.js`, import.meta.url));

async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !met(); i++) await ms(5);
  assert.ok(met(), 'waited in vain');
}

test('closing the listener leaves its connections alone', async () => {
  const client = new Recorder();
  const server = new Recorder();
  await withPair('tcp', client, server, async (pair) => {
    pair.listener.close();
    pair.client.send(Buffer.from('still here'));
    await server.until(() => server.text === 'still here');
  });
});

test('a refused connect is one failure; so are a name without addresses and a port that is none', async () => {
  const gone = await listen(local, () => null);
  gone.close();
  await turns(3);
  for (const [host, port, reason] of [['127.0.0.1', gone.port, 'tcp'], ['no-such-host.invalid', 1, 'dns'], ['127.0.0.1', 70_000, 'tcp']] as const) {
    const client = new Recorder();
    Connection.client({ target: { kind: 'tcp', host, port }, ...quiet }, client);
    await client.until('connect-failed');
    assert.equal(client.failure?.reason, reason);
    await turns(3);
    assert.equal(client.count('connect-failed'), 1);
    assert.equal(client.count('closed'), 0);
  }
});

test('a connection comes from the address it was told to', async () => {
  const server = new Recorder();
  const listener = await listen(local, serve(server));
  const client = new Recorder();
  const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port, from: '127.0.0.9' }, ...quiet }, client);
  await server.until('started');
  assert.match(server.connection!.peer!.name, /^127\.0\.0\.9:/);
  connection.hardClose();
  listener.close();
});

test('more than may wait are dropped with a log entry', async () => {
  const log: string[] = [];
  const listener = await listen(local, serve(new Recorder()), { maxConnections: 1, waiting: 1, log: (entry) => void log.push(entry.event) });
  const clients = [0, 1, 2].map(() => new Recorder());
  const connections = clients.map((recorder) => Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, ...quiet }, recorder));
  await until(() => clients.some((recorder) => recorder.count('closed') === 1));
  assert.deepEqual(log, ['refused']);
  for (const connection of connections) connection.hardClose();
  listener.close();
});

test('whoever is not taken is dropped; a handler that throws drops only that one', async () => {
  let nth = 0;
  const log: string[] = [];
  const server = new Recorder();
  const listener = await listen(local, (accepted) => {
    nth++;
    if (nth === 1) return null;
    if (nth === 2) throw new Error('as asked for');
    return serve(server)(accepted);
  }, { log: (entry) => void log.push(entry.message) });
  for (let i = 0; i < 3; i++) {
    const client = new Recorder();
    const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, ...quiet }, client);
    await client.until(i < 2 ? 'closed' : 'connected');
    connection.hardClose();
  }
  await until(() => listener.connections === 0);
  assert.deepEqual(log, ['as asked for']);
  listener.close();
});

test('sockets for activation are those that were meant for this process', () => {
  assert.deepEqual(inheritedDescriptors({ LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: 'ipc:broker' }, 7), [{ fd: 3, name: 'ipc' }, { fd: 4, name: 'broker' }]);
  for (const env of [{}, { LISTEN_FDS: '1', LISTEN_PID: '8' }, { LISTEN_FDS: '0', LISTEN_PID: '7' }, { LISTEN_FDS: 'x', LISTEN_PID: '7' }, { LISTEN_FDS: '1' }]) {
    assert.deepEqual(inheritedDescriptors(env, 7), []);
  }
});

test('an inherited listening socket serves', { skip: process.platform === 'win32' }, async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
  const { port } = holder.address() as { port: number };
  const child = spawn('sh', ['-c', `LISTEN_PID=$$ exec "${process.execPath}" "${support('inheritor')}"`], {
    stdio: ['ignore', 'pipe', 'inherit', fd], env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'ipc' },
  });
  holder.close();
  let out = '';
  child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  await until(() => out === 'listening on ipc\n');
  const client = new Recorder({ connected: (c) => void c.send(Buffer.from('over')) });
  Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port }, ...quiet }, client);
  await client.until('closed');
  assert.equal(client.text, 'over');
  child.kill();
});

/* ── Unix paths ────────────────────────────────────────────────────────── */

const unix = { skip: process.platform === 'win32' };

test('the file has its mode from the start, and goes when the listener closes', unix, async () => {
  const path = freshPath();
  const listener = await listen({ kind: 'unix', path }, serve(new Recorder()));
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  assert.equal(listener.isListening, true);
  listener.close();
  assert.equal(existsSync(path), false);
  assert.deepEqual(readdirSync(dirname(path)).filter((name) => path.endsWith(name.slice(0, 4))), [], 'no private name is left');
});

test('a path somebody listens on is lost, and stays with its owner when the loser closes', unix, async () => {
  const path = freshPath();
  const server = new Recorder();
  const owner = await listen({ kind: 'unix', path }, serve(server));
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  const client = new Recorder();
  const connection = Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
  await client.until('connected');
  connection.hardClose();
  owner.close();
});

test('the file of a killed owner is taken over', unix, async () => {
  const path = freshPath();
  const child = contender();
  await child.says('ready');
  child.process.stdin!.write(`${path}\n`);
  await child.says('won');
  child.process.kill('SIGKILL');
  await new Promise((resolve) => child.process.once('exit', resolve));
  assert.equal(existsSync(path), true);
  const listener = await listen({ kind: 'unix', path }, () => null);
  assert.equal(listener.isListening, true);
  listener.close();
});

test('a file that is no socket is never removed', unix, async () => {
  const path = freshPath();
  writeFileSync(path, 'precious');
  assert.notEqual(await refusal(listen({ kind: 'unix', path }, () => null)), 'listening');
  assert.equal(lstatSync(path).isFile(), true);
});

test('a folder others can write to is refused, one that does not exist too', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 's') }, () => null)), 'EPERM');
  chmodSync(folder, 0o700);
  const listener = await listen({ kind: 'unix', path: join(folder, 's') }, () => null);
  listener.close();
  assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 'none', 's') }, () => null)), 'ENOENT');
  const link = freshPath();
  chmodSync(folder, 0o777);
  symlinkSync(folder, link);
  assert.equal(await refusal(listen({ kind: 'unix', path: join(link, 's') }, () => null)), 'EPERM', 'seen through a link');
});

test('closing removes only its own file', unix, async () => {
  const path = freshPath();
  const first = await listen({ kind: 'unix', path }, () => null);
  renameSync(path, `${path}.moved`);
  assert.equal(first.isListening, false, 'the path is not its own any more');
  const second = await listen({ kind: 'unix', path }, () => null);
  first.close();
  assert.equal(existsSync(path), true);
  second.close();
  assert.equal(existsSync(path), false);
});

interface Contender { readonly process: ChildProcess; readonly lines: string[]; says(line: string): Promise<void> }
function contender(): Contender {
  const child = spawn(process.execPath, [support('contender')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout!.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return { process: child, lines, says: (line) => until(() => lines.includes(line)) };
}

/* ── who is there ──────────────────────────────────────────────────────── */

test('who may connect: the policies against what is known about the peer', () => {
  const socket = {} as Socket;
  const known = { pid: 1, uid: 1000, gid: 100 };
  const rows = [
    [{}, 'unavailable', 'admitted'],
    [{ policy: 'off', uids: [1] }, known, 'admitted'],
    [{ policy: 'require' }, 'unavailable', 'refused'],
    [{ policy: 'require' }, known, 'admitted'],
    [{ policy: 'require', uids: [1000] }, known, 'admitted'],
    [{ policy: 'require', uids: [0] }, known, 'refused'],
    [{ policy: 'require', gids: [100] }, known, 'admitted'],
    [{ policy: 'require', gids: [0] }, known, 'refused'],
    [{ policy: 'require', uids: [] }, known, 'refused'],
    [{ policy: 'if-available', uids: [0] }, 'unavailable', 'admitted'],
    [{ policy: 'if-available', uids: [0] }, known, 'refused'],
    [{ uids: [1000] }, 'unavailable', 'refused'],
    [{ uids: [1000] }, known, 'admitted'],
  ] as const;
  for (const [rules, found, verdict] of rows) assert.equal(admit(socket, rules, () => found).kind, verdict, JSON.stringify([rules, found]));
});

test('a peer that is not let in is closed before its first byte is read, and a TCP peer cannot be identified', async () => {
  for (const target of [local, { kind: 'unix', path: freshPath() }] as const) {
    const log: string[] = [];
    let accepted = 0;
    const listener = await listen(target, () => { accepted++; return null; }, { credentials: { policy: 'require', uids: [] }, log: (entry) => void log.push(entry.event) });
    const client = new Recorder({ connected: (c) => void c.send(Buffer.from('let me in')) });
    Connection.client({ target: target.kind === 'unix' ? target : { ...target, port: listener.port }, ...quiet }, client);
    await client.until(() => client.count('closed') + client.count('connect-failed') > 0);
    assert.equal(accepted, 0);
    assert.deepEqual(log, ['refused']);
    listener.close();
  }
});

test('the peer of a Unix socket is identified by its user and group', { skip: process.platform !== 'linux' }, async (t) => {
  const path = freshPath();
  const server = new Recorder();
  let seen: unknown = null;
  const probe = createServer((socket) => { seen = peerCredentials(socket); socket.destroy(); });
  await new Promise<void>((resolve) => probe.listen(`${path}.probe`, resolve));
  rawConnect(`${path}.probe`).on('error', () => {});
  await until(() => seen !== null);
  probe.close();
  if (seen === 'unavailable') {
    console.error('koffi is not installed: peer credentials are not tested');
    return t.skip('koffi is not installed');
  }
  const mine = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
  assert.deepEqual(seen, mine);
  const listener = await listen({ kind: 'unix', path }, serve(server), { credentials: { uids: [mine.uid] } });
  const client = new Recorder();
  const connection = Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
  await server.until('started');
  assert.deepEqual(server.connection!.peer!.credentials, mine);
  connection.hardClose();
  listener.close();
});

test('contexts are shared by many connections at a time', { skip: !MEDIA.includes('tls') }, async () => {
  const servers: Recorder[] = [];
  const listener = await listen(local, (accepted) => {
    const server = new Recorder({ received: (c, _) => void c.send(Buffer.from('ok')) });
    servers.push(server);
    return Connection.sslServer(accepted, contexts().server, server, quiet);
  });
  const clients = Array.from({ length: 30 }, (_, i) => {
    const client = new Recorder({ connected: (c) => void c.send(Buffer.from(`client ${i}`)), received: (c) => c.close() });
    Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
    return client;
  });
  await Promise.all(clients.map((client) => client.until('closed')));
  assert.deepEqual(servers.map((s) => s.text).sort(), clients.map((_, i) => `client ${i}`).sort());
  listener.close();
});
