import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
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
