/** Connections that are passed to another process, and what comes instead of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect as rawConnect, createServer, type AddressInfo, type Socket } from 'node:net';
import { constants } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cLibrary, loadLibrary, type DescriptorPassing, type Koffi } from '../src/net/c-library.js';
import { canPassConnections, passConnection, takeConnection, type Taken } from '../src/net/descriptor-passing.js';
import { Connection } from '../src/net/endpoint.js';
import { admit, peerCredentials } from '../src/net/peer-credentials.js';
import { hasOpenssl } from './support/certificates.js';
import { freshPath, listen, turns, withPair, type Pair } from './support/media.js';
import { Recorder } from './support/recorder.js';

const libc = cLibrary()?.passing ?? null;
if (libc === null) console.error('koffi is not installed: passing connections is not tested');
const skip = libc === null ? 'no koffi' : false;
const quiet = { log: () => {} };
const ERRNO = constants.errno;
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

test('a connection comes with as little as a byte', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }) => {
    const taking = takeConnection(server, 1, 2000);
    assert.deepEqual(passConnection(over, Buffer.from('!'), served.server), { kind: 'passed' });
    const taken = await taking;
    assert.equal(taken.kind, 'taken', refused(taken));
    if (taken.kind === 'taken') taken.transport.destroy();
  }));
});

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

test('several descriptors travel in one message up to what there is room for, and the system\'s refusals are answers', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder({ started: (c) => c.mute() }), (served) => control(async ({ client: over, server }, ends) => {
    const { descriptor } = served.server;
    const before = descriptors().length;
    const several = (n: number): number[] => Array.from({ length: n }, () => descriptor);
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN, several(9)), 'EMSGSIZE');
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN, several(2)), TOKEN.length);
    const two = libc!.receiveMessage(server.descriptor, TOKEN.length);
    if (typeof two === 'string') return assert.fail(two);
    assert.deepEqual([two.descriptors.length, two.truncated, descriptors().length], [2, false, before + 2]);
    assert.deepEqual(two.descriptors.map((fd) => libc!.isStream(fd)), [true, true]);
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN, several(8)), TOKEN.length);
    const cut = libc!.receiveMessage(server.descriptor, TOKEN.length);
    if (typeof cut === 'string') return assert.fail(cut);
    assert.deepEqual([cut.descriptors.length, cut.truncated, descriptors().length], [2, true, before + 4], 'the others were closed by the system');
    for (const fd of [...two.descriptors, ...cut.descriptors]) closeSync(fd);

    assert.equal(libc!.receiveMessage(server.descriptor, 16), 'EAGAIN');
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN, [99_999]), 'EBADF');
    assert.equal(libc!.sendMessage(99_999, TOKEN, []), 'EBADF');
    assert.equal(libc!.receiveMessage(99_999, 16), 'EBADF');
    server.hardClose();
    await ends.server.until('closed');
    assert.equal(libc!.sendMessage(over.descriptor, TOKEN, [descriptor]), 'EPIPE', 'and the process lives');
    assert.ok(descriptors().length <= before);
  }));
});

test('descriptors the system had to drop are a refusal, never a token alone', { skip }, async () => {
  await control(async ({ server }) => {
    const lost: DescriptorPassing = { isStream: () => true, sendMessage: () => 'EIO', receiveMessage: () => ({ payload: TOKEN, descriptors: [], truncated: true }) };
    assert.equal(refused(await takeConnection(server, TOKEN.length, 100, { library: lost })), 'no-descriptor');
  });
});

/** Stands for the package: `functions` by the names in their declarations. */
function fakeKoffi(functions: Record<string, (...args: never[]) => number>, errno = 11): Koffi & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked, errno: () => errno, address: () => 0n,
    load: () => ({
      func: (declaration) => {
        const name = /(\w+)\(/.exec(declaration)![1];
        if (functions[name] === undefined) throw new Error(`no function ${name}`);
        return (...args) => (asked.push(name), functions[name](...(args as never[])));
      },
    }),
  };
}

test('too many descriptors on their way have a code of their own', () => {
  const library = loadLibrary('linux', 'x64', () => fakeKoffi({ getsockopt: () => 0, flock: () => 0, sendmsg: () => -1, recvmsg: () => -1 }, 109))!;
  assert.equal(library.passing!.sendMessage(1, TOKEN, [1]), 'ETOOMANYREFS');
});

test('on macOS a peer is asked for by functions without layouts, and connections are not passed', () => {
  let answer = 0;
  const koffi = fakeKoffi({
    getpeereid: (_: number, uid: Uint32Array, gid: Uint32Array) => { if (answer === 0) [uid[0], gid[0]] = [501, 20]; return answer; },
    getsockopt: (_: number, level: number, name: number, value: Uint8Array, length: Uint32Array) => {
      assert.deepEqual([level, name, length[0]], [0, 2, 4]);
      new DataView(value.buffer).setInt32(0, 4242, true);
      return 0;
    },
    flock: () => answer,
  }, ERRNO.EAGAIN);
  const library = loadLibrary('darwin', 'arm64', () => koffi)!;
  assert.deepEqual(library.peer(7), { pid: 4242, uid: 501, gid: 20 });
  assert.equal(library.lock(7), 'locked');
  assert.equal(library.passing, null);
  answer = -1;
  assert.equal(library.peer(7), null);
  assert.equal(library.lock(7), 'EAGAIN');
  // A call that says it has worked, and has told nobody.
  assert.equal(loadLibrary('darwin', 'x64', () => fakeKoffi({ getpeereid: () => 0, getsockopt: () => -1, flock: () => 0 }))!.peer(7), null);
});

test('where the layouts are not known, or the package or one of its functions is missing, there is no library', () => {
  const whole = { getsockopt: () => 0, getpeereid: () => 0, flock: () => 0, sendmsg: () => 0, recvmsg: () => 0 };
  const withoutPeers = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'getpeereid'));
  assert.notEqual(loadLibrary('linux', 'x64', () => fakeKoffi(whole)), null);
  for (const platform of ['win32', 'freebsd', 'openbsd', 'sunos', 'aix', 'android'] as const) assert.equal(loadLibrary(platform, 'x64', () => fakeKoffi(whole)), null, platform);
  for (const arch of ['ia32', 'arm', 's390x', 'ppc64', 'mips', 'mipsel'] as const) assert.equal(loadLibrary('linux', arch, () => fakeKoffi(whole)), null, arch);
  assert.equal(loadLibrary('darwin', 'arm64', () => fakeKoffi(withoutPeers)), null);
  assert.equal(loadLibrary('linux', 'x64', () => { throw new Error('not installed'); }), null);
});

test('a system that answers for somebody it does not know, or for a socket that is none of this machine, has identified nobody', () => {
  const answers = (domain: number, uid: number, bytes = 12) => loadLibrary('linux', 'x64', () => fakeKoffi({
    sendmsg: () => 0, recvmsg: () => 0, flock: () => 0,
    getsockopt: (_: number, __: number, name: number, value: Uint8Array, length: Uint32Array) => {
      const view = new DataView(value.buffer);
      view.setUint32(0, name === 39 ? domain : 1, true);
      if (name === 17) [length[0]] = [bytes, view.setUint32(4, uid, true), view.setUint32(8, uid, true)];
      return 0;
    },
  }))!.peer(5);
  assert.deepEqual(answers(1, 1000), { pid: 1, uid: 1000, gid: 1000 });
  assert.equal(answers(1, 0xffffffff), null);
  assert.equal(answers(2, 1000), null, 'TCP');
  assert.equal(answers(1, 1000, 8), null, 'an answer of another size');
});

test('a TCP peer that has gone is nobody, not the user the system names for it', { skip }, async () => {
  let arrived: Socket | null = null;
  const server = createServer({ pauseOnConnect: true }, (socket) => { arrived = socket; });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = rawConnect((server.address() as AddressInfo).port, '127.0.0.1');
  for (let i = 0; i < 2000 && arrived === null; i++) await turns(1);
  client.resetAndDestroy();
  await turns(20);
  const socket = arrived! as Socket;
  assert.equal(socket.remoteAddress, undefined, 'it does not look like TCP any more');
  assert.equal(peerCredentials(socket), 'unavailable');
  assert.equal(admit(socket, { policy: 'require' }).kind, 'refused');
  socket.destroy();
  server.close();
});

test('without the package nobody is let in who has to be identified, and everybody who need not', async () => {
  const source = `
    import { createRequire, Module } from 'node:module';
    const load = Module._load;
    Module._load = (name, ...rest) => { if (name === 'koffi') throw new Error('not installed'); return load(name, ...rest); };
    const { Connection, Listener, canPassConnections } = await import(${JSON.stringify(new URL('../src/index.js', import.meta.url).href)});
    const says = [String(canPassConnections())];
    for (const [i, credentials] of [{ policy: 'require' }, { uids: [process.getuid()] }, { policy: 'if-available', uids: [] }, { policy: 'off' }].entries()) {
      const path = process.argv[1] + i;
      await new Promise((resolve) => Listener.open({ kind: 'unix', path }, {
        onListening: (listener) => Connection.client({ target: { kind: 'unix', path }, log: () => {} }, {
          onConnectionFailure: () => {}, onClosed: () => { listener.close(); resolve(); },
        }),
        onListenFailure: (_, failure) => { says.push(failure.code); resolve(); },
        onAccept: (_, accepted) => { says.push('let in'); accepted.destroy(); return null; },
      }, { credentials, log: ({ message }) => says.push(message) }));
    }
    console.log(says.join('; '));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, freshPath()], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => { said += String(chunk); });
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(said, 'false; the peer cannot be identified; the peer cannot be identified; let in; let in\n');
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
