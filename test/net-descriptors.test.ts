/** Connections that are passed to another process, and what comes instead of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cLibrary, type DescriptorPassing } from '../src/net/c-library.js';
import { canPassConnections, passConnection, takeConnection, type Taken } from '../src/net/descriptor-passing.js';
import { Connection } from '../src/net/endpoint.js';
import { hasOpenssl } from './support/certificates.js';
import { freshPath, listen, turns, withPair, type Pair } from './support/media.js';
import { Recorder } from './support/recorder.js';

const libc = cLibrary()?.passing ?? null;
if (libc === null) console.error('koffi is not installed: passing connections is not tested');
const skip = libc === null ? 'no koffi' : false;
const quiet = { log: () => {} };
const TOKEN = Buffer.from('sixteen bytes ..');
const descriptors = (): string[] => readdirSync('/proc/self/fd');
const settled = async (before: number): Promise<void> => {
  for (let i = 0; i < 200 && descriptors().length > before; i++) await turns(1);
  assert.equal(descriptors().length, before, 'no descriptor is left');
};

/** A Unix pair whose server is muted from the start, and what was taken from it. */
async function control(body: (pair: Pair, ends: { client: Recorder; server: Recorder }) => Promise<void>): Promise<void> {
  const client = new Recorder();
  const server = new Recorder({ started: (c) => c.mute() });
  await withPair('unix', client, server, (pair) => body(pair, { client, server }));
}
const refused = (taken: Taken): string => (taken.kind === 'refused' ? taken.code : taken.kind);

for (const medium of ['tcp', 'unix'] as const) {
  test(`a ${medium} connection goes on in its new owner, and the bytes behind the token are delivered as usual`, { skip }, async () => {
    const outside = new Recorder();
    await withPair(medium, outside, new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }, ends) => {
      const taking = takeConnection(server, TOKEN.length, 2000);
      served.client.send(Buffer.from('unread so far; '));
      assert.deepEqual(passConnection(over, TOKEN, served.server), { kind: 'passed' });
      over.send(Buffer.from('the frame behind it'));
      const taken = await taking;
      assert.equal(taken.kind, 'taken', refused(taken));
      if (taken.kind !== 'taken') return;
      assert.deepEqual(Buffer.from(taken.payload), TOKEN);
      server.unmute();
      await ends.server.until(() => ends.server.text === 'the frame behind it');

      const owner = new Recorder({ started: (c) => void c.send(Buffer.from('the new owner speaks')) });
      const connection = Connection.server(taken.transport, owner, quiet);
      await outside.until(() => outside.text === 'the new owner speaks');
      served.server.hardClose();
      served.client.send(Buffer.from('after it was passed'));
      await owner.until(() => owner.text === 'unread so far; after it was passed');
      assert.equal(outside.count('closed'), 0, 'the first owner has let go, and nobody noticed');
      if (medium === 'unix') assert.equal(connection.peer?.credentials?.uid, process.getuid!());
      connection.close();
      await outside.until('closed');
    }));
  });
}

test('a connection passed to another process is served there', { skip }, async () => {
  const path = freshPath();
  const child = spawn(process.execPath, [fileURLToPath(new URL('./support/descriptor-taker.js', import.meta.url)), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const over = new Recorder();
  Connection.client({ target: { kind: 'unix', path }, ...quiet }, over);
  await over.until('connected');
  const outside = new Recorder();
  await withPair('tcp', outside, new Recorder({ started: (c) => c.mute() }), async (served) => {
    assert.equal(passConnection(over.connection!, TOKEN, served.server).kind, 'passed');
    served.server.hardClose();
    served.client.send(Buffer.from('who are you?'));
    await outside.until(() => outside.text === `process ${child.pid} has read: who are you?`);
  });
  over.connection!.hardClose();
  child.kill();
});

test('a token in pieces is put together, and not a byte more is taken', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }, ends) => {
    const taking = takeConnection(server, TOKEN.length, 2000);
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN.subarray(0, 5), [served.server.descriptor]), 5);
    await turns(30);
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN.subarray(5, 6), []), 1);
    await turns(3);
    assert.equal(libc!.sendMessage(over.descriptor, Buffer.concat([TOKEN.subarray(6), Buffer.from('rest')]), []), TOKEN.length - 6 + 4);
    const taken = await taking;
    assert.equal(taken.kind, 'taken');
    if (taken.kind !== 'taken') return;
    assert.deepEqual(Buffer.from(taken.payload), TOKEN);
    server.unmute();
    await ends.server.until(() => ends.server.text === 'rest');
    taken.transport.destroy();
  }));
});

test('what is taken closes on exec', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }) => {
    const taking = takeConnection(server, TOKEN.length, 2000);
    passConnection(over, TOKEN, served.server);
    const taken = await taking;
    if (taken.kind !== 'taken') return assert.fail(taken.code);
    const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${taken.transport.descriptor}`, 'latin1'))![1];
    assert.equal(Number.parseInt(flags, 8) & 0o2000000, 0o2000000);
    taken.transport.destroy();
  }));
});

interface Refusal { readonly name: string; readonly code: string; readonly send: (over: Connection, stream: number, file: number, listening: number) => void }
const send = (over: Connection, bytes: Uint8Array, fds: number[]): void => assert.equal(libc!.sendMessage(over.descriptor, bytes, fds), bytes.length);
const REFUSALS: Refusal[] = [
  { name: 'bytes without a descriptor', code: 'no-descriptor', send: (over) => send(over, TOKEN, []) },
  { name: 'two descriptors', code: 'several-descriptors', send: (over, stream) => send(over, TOKEN, [stream, stream]) },
  { name: 'more descriptors than there is room for', code: 'several-descriptors', send: (over, stream) => send(over, TOKEN, Array.from({ length: 8 }, () => stream)) },
  {
    name: 'a descriptor with every half', code: 'several-descriptors',
    send: (over, stream) => { send(over, TOKEN.subarray(0, 8), [stream]); send(over, TOKEN.subarray(8), [stream]); },
  },
  { name: 'a file', code: 'no-stream', send: (over, _, file) => send(over, TOKEN, [file]) },
  { name: 'a listening socket', code: 'no-stream', send: (over, _, __, listening) => send(over, TOKEN, [listening]) },
  { name: 'an end before everything was there', code: 'closed', send: (over, stream) => { send(over, TOKEN.subarray(0, 8), [stream]); over.close(); } },
  { name: 'silence', code: 'timeout', send: () => {} },
  { name: 'half of it, then silence', code: 'timeout', send: (over, stream) => send(over, TOKEN.subarray(0, 8), [stream]) },
];
for (const { name, code, send: act } of REFUSALS) {
  test(`${name}: refused (${code}), and every descriptor that came is closed`, { skip }, async () => {
    const file = openSync('/dev/null', 'r');
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const listening = (holder as unknown as { _handle: { fd: number } })._handle.fd;
    await withPair('tcp', new Recorder(), new Recorder(), (served) => control(async ({ client: over, server }) => {
      const before = descriptors().length;
      const taking = takeConnection(server, TOKEN.length, 60);
      act(over, served.server.descriptor, file, listening);
      assert.equal(refused(await taking), code);
      assert.ok(descriptors().length <= before, 'nothing of what came is open');
    }));
    closeSync(file);
    holder.close();
  });
}

test('this side closing while it waits ends the waiting', { skip }, async () => {
  await control(async ({ server }) => {
    const taking = takeConnection(server, 16, 10_000);
    server.hardClose();
    assert.equal(refused(await taking), 'closed');
  });
});

test('nothing is passed or taken where bytes could be lost', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder(), (served) => control(async ({ client: over, server }, ends) => {
    assert.deepEqual(passConnection(over, TOKEN, served.server), { kind: 'refused', code: 'not-ready' }, 'it is not muted');
    served.server.mute();
    assert.deepEqual(passConnection(over, Buffer.alloc(0), served.server), { kind: 'refused', code: 'EMSGSIZE' });
    assert.deepEqual(passConnection(over, Buffer.alloc(4097), served.server), { kind: 'refused', code: 'EMSGSIZE' });
    assert.equal(refused(await takeConnection(over, 16, 10)), 'not-ready', 'the taking side is not muted');
    over.send(Buffer.alloc(4 << 20));
    await ends.client.until('throttled');
    assert.deepEqual(passConnection(over, TOKEN, served.server), { kind: 'refused', code: 'not-ready' }, 'unsent bytes are in front');
    server.hardClose();
    assert.equal(refused(await takeConnection(server, 16, 10)), 'not-ready');
    await ends.client.until('closed');
    assert.deepEqual(passConnection(over, TOKEN, served.server), { kind: 'refused', code: 'not-ready' });
  }));
});

test('a full kernel, a part and a system without the library are told apart', async () => {
  assert.equal(canPassConnections(), libc !== null);
  await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }) => {
    const says = (answer: number | string): DescriptorPassing => ({ isStream: () => false, sendMessage: () => answer, receiveMessage: () => answer as string });
    assert.deepEqual(passConnection(over, TOKEN, served.server, says('EAGAIN')), { kind: 'refused', code: 'EAGAIN' });
    assert.deepEqual(passConnection(over, TOKEN, served.server, says(0)), { kind: 'refused', code: 'EAGAIN' });
    assert.deepEqual(passConnection(over, TOKEN, served.server, says(7)), { kind: 'partly', bytes: 7 });
    assert.deepEqual(passConnection(over, TOKEN, served.server, null), { kind: 'refused', code: 'unavailable' });
    assert.equal(refused(await takeConnection(server, 16, 10, { library: null })), 'unavailable');
    assert.equal(refused(await takeConnection(server, 16, 10, { library: says('ECONNRESET') })), 'ECONNRESET');
    assert.equal(refused(await takeConnection(server, 16, 10, { library: says('EINTR') })), 'timeout');
  }));
});

test('TLS connections are not passed: their keys would stay behind', { skip: skip || (hasOpenssl ? false : 'no openssl') }, async () => {
  await withPair('tls', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over }) => {
    assert.equal(served.server.descriptor, -1);
    assert.deepEqual(passConnection(over, TOKEN, served.server), { kind: 'refused', code: 'not-ready' });
  }));
});

test('hundreds of passed connections leave nothing behind', { skip }, async () => {
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, () => null);
  listener.close();
  await turns(5);
  const before = descriptors().length;
  for (let i = 0; i < Number(process.env['RFL_CONNECTS'] ?? 300); i++) {
    await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }) => {
      const taking = takeConnection(server, TOKEN.length, 2000);
      passConnection(over, TOKEN, served.server);
      const taken = await taking;
      if (taken.kind !== 'taken') return assert.fail(taken.code);
      taken.transport.destroy();
    }));
  }
  await settled(before);
});
