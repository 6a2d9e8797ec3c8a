/** Pipes of Windows: names without files. What needs the system itself is run there. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pipePath } from '../src/engine/soc/paths.js';
import { Connection } from '../src/net/endpoint.js';
import type { Transport } from '../src/net/transport.js';
import { claimUnixPath } from '../src/net/unix-claim.js';
import { freshPath, listen, ms } from './support/media.js';
import { Recorder } from './support/recorder.js';

const windows = { skip: process.platform === 'win32' ? false : 'there are no pipes here' };
const elsewhere = { skip: process.platform === 'win32' ? 'there are pipes here' : false };
const quiet = { log: () => {} };
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
const serve = (recorder: Recorder) => (accepted: Transport): Connection => Connection.server(accepted, recorder, quiet);

test('a name is listened on as it is: without a folder, a mode, an election or anything that is removed', elsewhere, async () => {
  // Elsewhere it is a file of the current folder, which shows what is done with it.
  const folder = join(dirname(freshPath()), 'pipes');
  mkdirSync(folder);
  const before = process.cwd();
  process.chdir(folder);
  try {
    const name = '\\\\.\\pipe\\name';
    const server = createServer((socket) => socket.destroy());
    const seen: string[][] = [];
    server.once('listening', () => seen.push(readdirSync('.')));
    const claim = await claimUnixPath(server, name, 0o600, 8, 'win32');
    assert.equal(claim.kind, 'won');
    assert.deepEqual(seen, [[name]]);
    assert.equal((await claimUnixPath(createServer(), name, 0o600, 8, 'win32')).kind, 'lost');
    if (claim.kind !== 'won') return;
    claim.release();
    assert.deepEqual([claim.stillOurs(), readdirSync('.')], [true, [name]]);
    server.close();
    for (const bad of ['name', '/tmp/name', '\\\\.\\pipe\\a\\b']) {
      const refused = await claimUnixPath(createServer(), bad, 0o600, 8, 'win32');
      assert.equal(refused.kind === 'error' && refused.code, 'EINVAL', bad);
    }
    assert.deepEqual(readdirSync('.'), []);
  } finally {
    process.chdir(before);
  }
});

test('a named pipe of messages has a name of its own on Windows, and no folder', () => {
  assert.equal(pipePath('orders', '/nowhere/at/all', 'win32'), '\\\\.\\pipe\\sentinel-soc-orders');
  assert.throws(() => pipePath('..\\orders', '/nowhere', 'win32'), /no name of a pipe/);
});

test('megabytes there and back over a pipe', windows, async () => {
  const path = freshPath();
  const bytes = Buffer.alloc(16 << 20, 'sixteen bytes ..');
  const waiting: Buffer[] = [];
  const flush = (c: Connection): void => {
    while (waiting.length > 0 && c.send(waiting[0]) === 'accepted') waiting.shift();
  };
  const server = new Recorder({ received: (c) => { waiting.push(...server.received.splice(0)); flush(c); }, unthrottled: flush });
  const listener = await listen({ kind: 'unix', path }, serve(server));
  const client = new Recorder({ connected: (c) => void c.send(bytes) });
  Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
  await client.until(() => client.size === bytes.length);
  assert.ok(client.bytes.equals(bytes));
  assert.deepEqual(client.details('sent'), [1]);
  client.connection!.close();
  await client.until('closed');
  listener.close();
});

test('a name that is taken is refused, and free again when its listener has closed', windows, async () => {
  const path = freshPath();
  const owner = await listen({ kind: 'unix', path }, () => null);
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  owner.close();
  assert.equal(owner.isListening, false);
  await ms(100);
  const next = await listen({ kind: 'unix', path }, () => null);
  assert.equal(next.isListening, true);
  next.close();
});

test('a pipe nobody listens on is a failure to connect, and peers that have to be identified are refused', windows, async () => {
  const nobody = new Recorder();
  Connection.client({ target: { kind: 'unix', path: freshPath() }, ...quiet }, nobody);
  await nobody.until('connect-failed');
  assert.equal(nobody.failure?.code, 'ENOENT');
  const path = freshPath();
  const log: string[] = [];
  const listener = await listen({ kind: 'unix', path }, () => null, { credentials: { policy: 'require' }, log: ({ message }) => void log.push(message) });
  const client = new Recorder();
  Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
  await client.until('closed');
  assert.deepEqual(log, ['the peer cannot be identified']);
  listener.close();
});
