/** Which protocols a listener serves, and to whom: by the first byte, plain and inside of TLS, with and without users. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import test, { after, describe } from 'node:test';
import { startNode } from '../src/engine/node.js';
import type { ListenOptions, LogRecord, NodeOptions, RflNode } from '../src/engine/api.js';
import { lanesOf, protocolsOf, served } from '../src/engine/protocols.js';
import { loginName } from '../src/engine/login-name.js';
import { cLibrary } from '../src/net/c-library.js';
import { makeUsers } from '../src/engine/users.js';
import { decodeBody, frameWire, request } from '../src/wire/broker/frame.js';
import { decodeDaemonProcess } from '../src/wire/broker/messages.generated.js';
import { probeRequest } from '../src/wire/broker/probe.js';
import { TEXT_LANE } from '../src/wire/broker/protocols.js';
import type { Protocol } from '../src/wire/mux.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { frame, text, until } from './support/engine.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rfl-protocols-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let sockets = 0;

interface Serving { readonly node: RflNode; readonly logs: LogRecord[]; readonly to: Target; heard(): string }
type Target = { readonly path: string } | { readonly port: number; readonly host: string };

/** A node with a slot for lines that says what it hears. */
async function serving(address: 'tcp' | 'tls' | 'unix', options: ListenOptions, nodeOptions: NodeOptions, body: (serving: Serving) => Promise<void>): Promise<void> {
  const logs: LogRecord[] = [];
  const node = await startNode({ ...nodeOptions, log: (record) => logs.push(record) });
  try {
    let output = '';
    node.onOutput((bytes) => { output += Buffer.from(bytes).toString('latin1'); });
    await node.evaluate('(set .soc.on.message (fn [h m] (println "%" (at m (quote payload)))))');
    const path = join(FOLDER, `${++sockets}.sock`);
    const { port } = await node.listen(address === 'unix' ? `unix://${path}` : `${address}://127.0.0.1:0`, options);
    await body({
      node, logs, to: address === 'unix' ? { path } : { port, host: '127.0.0.1' },
      heard: () => output,
    });
  } finally {
    await node.shutdown(200);
  }
}

/** A peer that speaks in bytes. */
class Peer {
  got = Buffer.alloc(0);
  gone = false;
  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => { this.got = Buffer.concat([this.got, chunk]); });
    socket.on('error', () => {});
    socket.on('close', () => { this.gone = true; });
    socket.on('end', () => { this.gone = true; });
    after(() => socket.destroy());
  }
  static plain(to: Target): Promise<Peer> {
    return new Promise((resolve) => {
      const socket = connect(to as { path: string }, () => resolve(new Peer(socket)));
    });
  }
  static tls(to: Target, files: { ca: string; cert?: string; key?: string }): Promise<Peer> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ ...(to as { port: number }), ...files, servername: 'localhost' }, () => {
        socket.off('error', reject);
        resolve(new Peer(socket));
      });
      socket.once('error', reject);
    });
  }
  write(bytes: Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }
  /** What the peer is told before the connection ends or there are `n` bytes. */
  async reads(n: number): Promise<Buffer> {
    await until(() => this.got.length >= n || this.gone, `${n} bytes`);
    return this.got;
  }
}

const HELLO = Buffer.from([3, 0]);
const WIRE = Buffer.concat([HELLO, frame(text('(+ 1 2)'))]);
const FRAME = frameWire(request(TEXT_LANE, Buffer.from('(+ 1 2)'), 7n));
const line = (payload: string): Buffer => Buffer.from(`{"type":"t","id":"","ts":1,"payload":"${payload}"}\n`);
const CLIENT_HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]);

/** Whether the peer is served on each protocol: its answer, or what the log says. */
async function speaks(protocol: Protocol, peer: Peer, { heard, logs }: Serving): Promise<string> {
  const before = logs.length;
  if (protocol === 'wire') {
    const got = await peer.write(WIRE).reads(2 + 16 + 9);
    if (got.length > 18) return got.subarray(-8).readBigInt64LE() === 3n ? 'served' : 'nonsense';
  } else if (protocol === 'frame') {
    const got = await peer.write(FRAME).reads(8);
    if (got.length > 5) return Buffer.from(decodeBody(got.subarray(5)).payload).toString() === '3' ? 'served' : 'nonsense';
  } else if (protocol === 'soc') {
    const word = `word${++words}`;
    peer.write(line(word));
    await until(() => peer.gone || heard().includes(word), 'the line, or an end');
    if (heard().includes(word)) return 'served';
  } else {
    await peer.write(CLIENT_HELLO).reads(1_000_000);
  }
  await until(() => logs.length > before, 'a word in the log');
  return logs.slice(before).map(({ message }) => message.replace(/^closing [^ ]+ /, '')).join();
}

let words = 0;
const ALL: readonly Protocol[] = ['wire', 'frame', 'soc', 'tls'];

test('by default: the wire on TCP; the wire, frames and lines on a path', async () => {
  await serving('tcp', {}, {}, async (s) => {
    assert.deepEqual(await Promise.all([speaks('wire', await Peer.plain(s.to), s)]), ['served']);
    for (const [protocol, name] of [['frame', 'frames'], ['soc', 'lines'], ['tls', 'TLS']] as const) {
      assert.equal(await speaks(protocol, await Peer.plain(s.to), s), `not served here: ${name} (served: wire)`);
    }
    const other = await Peer.plain(s.to);
    await other.write(Buffer.from('GET / HTTP/1.1\r\n')).reads(1);
    assert.equal(other.got.length, 0);
    assert.match(s.logs.at(-1)!.message, /no protocol begins with 47 \(served: wire\)/);
  });
  await serving('unix', {}, {}, async (s) => {
    for (const protocol of ['wire', 'frame', 'soc'] as const) assert.equal(await speaks(protocol, await Peer.plain(s.to), s), 'served');
    assert.equal(await speaks('tls', await Peer.plain(s.to), s), 'not served here: TLS (served: wire, frame, soc)');
  });
});

test('a probe on a port is told where it is', () => serving('tcp', { protocols: ['frame'] }, {}, async (s) => {
  const { wire } = probeRequest(new Uint8Array(32).fill(7));
  const got = await (await Peer.plain(s.to)).write(wire).reads(60);
  const { pid, ipcEndpoint } = decodeDaemonProcess(decodeBody(got, 5).payload, 32);
  assert.deepEqual([pid, ipcEndpoint?.path], [process.pid, `127.0.0.1:${(s.to as { port: number }).port}`]);
}));

test('a listener serves what it is told, and nothing else', async () => {
  for (const only of ['wire', 'frame', 'soc'] as const) {
    for (const address of ['tcp', 'unix'] as const) {
      await serving(address, { protocols: [only] }, {}, async (s) => {
        for (const protocol of ['wire', 'frame', 'soc'] as const) {
          assert.equal(await speaks(protocol, await Peer.plain(s.to), s) === 'served', protocol === only, `${protocol} where ${only} is served on ${address}`);
        }
      });
    }
  }
  // What is said for all listeners, and one that is told otherwise.
  await serving('tcp', {}, { serving: { protocols: ['frame'] } }, async (s) => {
    assert.equal(await speaks('frame', await Peer.plain(s.to), s), 'served');
    assert.match(await speaks('wire', await Peer.plain(s.to), s), /not served here: the Rayforce wire/);
    const { port } = await s.node.listen('127.0.0.1:0', { protocols: ['wire'] });
    assert.equal(await speaks('wire', await Peer.plain({ port, host: '127.0.0.1' }), s), 'served');
  });
});

test('first bytes may come one by one, and what comes with them is not lost', () => serving('tcp', { protocols: ['wire', 'frame', 'soc'] }, {}, async (s) => {
  for (const bytes of [WIRE, Buffer.from(FRAME)]) {
    const peer = await Peer.plain(s.to);
    peer.socket.setNoDelay(true);
    for (const byte of bytes) {
      peer.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok((await peer.reads(8)).length >= 8);
  }
  const peer = await Peer.plain(s.to);
  const many = 300;
  for (let i = 0; i < many; i++) peer.write(frameWire(request(TEXT_LANE, Buffer.from(`(+ 1000000 ${i})`), BigInt(i + 1))));
  await until(() => peer.got.includes(`1000${many - 1}`), 'every answer');
}));

test('a connection stays with the protocol it began with', () => serving('tcp', { protocols: ['wire', 'frame', 'soc'] }, {}, async (s) => {
  const starts: [Uint8Array, number][] = [[WIRE, 27], [FRAME, 8], [line('x'), 0]];
  for (const [first, answer] of starts) {
    for (const [second] of starts) {
      if (second === first) continue;
      const peer = await Peer.plain(s.to);
      await peer.write(first).reads(answer);
      const before = peer.got.length;
      peer.write(second);
      if (first[0] === 0x7b) {
        // Lines that are none are skipped, whatever they are; the next one is heard.
        peer.write(Buffer.from('\n')).write(line(`after${++words}`));
        await until(() => s.heard().includes(`after${words}`), 'the line behind');
      } else await until(() => peer.gone, 'the end');
      assert.equal(peer.got.length, before, 'no answer in another protocol');
    }
  }
}));

test('who says nothing is dropped in time, and holds a place until then', () => serving('tcp', { protocols: ['wire', 'frame'] }, { limits: { handshakeMs: 200, maxConnections: 2 } }, async (s) => {
  const silent = await Promise.all([Peer.plain(s.to), Peer.plain(s.to)]);
  const third = await Peer.plain(s.to);
  await until(() => third.gone, 'the third to be refused');
  assert.ok(s.logs.some(({ message }) => message.includes('2 are open')));
  await until(() => silent.every((peer) => peer.gone), 'the end of the silent');
  assert.equal(s.logs.filter(({ message }) => message.includes('no handshake within 200 ms')).length, 2);
  await until(async () => {
    const peer = await Peer.plain(s.to);
    peer.write(FRAME);
    return (await peer.reads(8)).length > 5;
  }, 'a place for a frame client');
}));

/* ── TLS ───────────────────────────────────────────────────────────────── */

const skip = hasOpenssl ? false : 'no openssl';

describe('TLS', { skip }, () => {
  const files = (requireClient?: boolean): NodeOptions => {
    const ca = authority('authority').certFile;
    const { certFile, keyFile } = certificate('server', 'authority');
    return { tls: { cert: certFile, key: keyFile, ...(requireClient === undefined ? {} : { ca, requireClient }) } };
  };
  const trust = (client?: string): { ca: string; cert?: string; key?: string } => {
    const { cert: ca } = authority('authority');
    if (client === undefined) return { ca };
    const { cert, key } = certificate(client, 'authority', `DNS:${client}`);
    return { ca, cert, key };
  };

  test('one port takes everything, plain and inside of TLS', () => serving('tcp', { protocols: ALL }, files(), async (s) => {
    for (const protocol of ['wire', 'frame', 'soc'] as const) {
      assert.equal(await speaks(protocol, await Peer.plain(s.to), s), 'served', `${protocol}, plain`);
      assert.equal(await speaks(protocol, await Peer.tls(s.to, trust()), s), 'served', `${protocol}, TLS`);
    }
    assert.match(await speaks('tls', await Peer.tls(s.to, trust()), s), /not served here: TLS \(served: wire, frame, soc\)/, 'no TLS within TLS');
    assert.deepEqual([...new Set(s.node.connections().map((c) => c.tls))].sort(), ['', 'TLSv1.3']);
  }));

  test('a script gives a port certificates of its own, for TLS alone or beside the rest', () => serving('tcp', {}, {}, async (s) => {
    const { certFile, keyFile } = (authority('authority'), certificate('server', 'authority'));
    const listen = async (more: string): Promise<Target> => {
      const { ok, text: answer } = await s.node.evaluate(`(.net.listen "127.0.0.1:0" {tls: {cert: "${certFile}" key: "${keyFile}"}${more}})`);
      assert.ok(ok, answer);
      await until(() => s.logs.at(-1)!.event === 'listening', 'a port');
      return { port: Number(/port (\d+)/.exec(s.logs.at(-1)!.message)![1]), host: '127.0.0.1' };
    };
    const alone = await listen('');
    assert.equal(await speaks('wire', await Peer.tls(alone, trust()), s), 'served');
    assert.equal(await speaks('wire', await Peer.plain(alone), s), 'TLS: not-tls');
    const beside = await listen(" protocols: ['wire 'frame 'tls]");
    for (const protocol of ['wire', 'frame'] as const) {
      assert.equal(await speaks(protocol, await Peer.tls(beside, trust()), s), 'served');
      assert.equal(await speaks(protocol, await Peer.plain(beside), s), 'served');
    }
  }));

  test('a script speaks frames inside of TLS, to itself too', () => serving('tcp', { protocols: ALL }, files(), async (s) => {
    const { port } = s.to as { port: number };
    const opened = await s.node.evaluate(`(set h (.ipc.open {address: "frame+tls://localhost:${port}" tls: {ca: "${authority('authority').certFile}"}}))`);
    assert.ok(opened.ok, opened.text);
    assert.equal((await s.node.evaluate('(.ipc.send h "(+ 1 2)")')).text, '3');
    assert.deepEqual(s.node.connections().map((c) => [c.protocol, c.tls]), [['frame', 'TLSv1.3'], ['frame', 'TLSv1.3']]);
  }));

  test('a path takes it where it is told to', () => serving('unix', { protocols: ['wire', 'tls'] }, files(), async (s) => {
    for (const peer of [await Peer.plain(s.to), await Peer.tls(s.to, trust())]) assert.equal(await speaks('wire', peer, s), 'served');
  }));

  test('an address with tls:// serves nothing outside of it, and the wire inside', async () => {
    await serving('tls', {}, files(), async (s) => {
      assert.equal(await speaks('wire', await Peer.tls(s.to, trust()), s), 'served');
      assert.match(await speaks('frame', await Peer.tls(s.to, trust()), s), /not served here: frames \(served: wire\)/);
      for (const protocol of ['wire', 'frame', 'soc'] as const) assert.equal(await speaks(protocol, await Peer.plain(s.to), s), 'TLS: not-tls');
    });
    await serving('tls', { protocols: ['frame'] }, files(), async (s) => assert.equal(await speaks('frame', await Peer.tls(s.to, trust()), s), 'served'));
  });

  test('a ClientHello may come byte by byte', () => serving('tcp', { protocols: ALL }, files(), async (s) => {
    const raw = connect(s.to as { port: number });
    after(() => raw.destroy());
    const { Duplex } = await import('node:stream');
    const slow = new Duplex({
      read: () => {},
      write(chunk: Buffer, _, done) {
        let at = 0;
        const next = (): void => (at < chunk.length ? void raw.write(chunk.subarray(at, ++at), () => setImmediate(next)) : done());
        next();
      },
    });
    raw.on('data', (chunk) => slow.push(chunk));
    raw.setNoDelay(true);
    const socket = connectTls({ socket: slow, ca: trust().ca, servername: 'localhost' });
    let got = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => { got = Buffer.concat([got, chunk]); });
    socket.write(FRAME);
    await until(() => got.length > 5, 'the answer');
  }));

  test('without a certificate nobody can be served TLS', async () => {
    const node = await startNode({ log: () => {} });
    await assert.rejects(node.listen('127.0.0.1:0', { protocols: ['wire', 'tls'] }), { code: 'io' });
    await node.shutdown(100);
  });

  /* ── who is let in ───────────────────────────────────────────────────── */

  const USERS = [{ name: 'alice', secret: 's', restricted: false }, { name: 'bob', secret: 's', restricted: true }];

  test('where users are asked for, frames and lines take a certificate; the wire takes a password all the same', () =>
    serving('tcp', { protocols: ALL }, { ...files(false), users: USERS }, async (s) => {
      const refused = (name: string): RegExp => new RegExp(`${name} carry no password: that takes a user id on the list, or a certificate`);
      for (const peer of [(): Promise<Peer> => Peer.plain(s.to), (): Promise<Peer> => Peer.tls(s.to, trust())]) {
        assert.match(await speaks('frame', await peer(), s), refused('frames'));
        assert.match(await speaks('soc', await peer(), s), refused('lines'));
      }
      for (const protocol of ['frame', 'soc'] as const) assert.equal(await speaks(protocol, await Peer.tls(s.to, trust('alice')), s), 'served');
      assert.deepEqual([...(await (await Peer.tls(s.to, trust('alice'))).write(HELLO).reads(2))], [3, 1], 'the wire asks for credentials');
      const named = s.node.connections().find((c) => c.user === 'alice');
      assert.equal(named?.restricted, false);
    }));

  const SLOT = '(set .soc.on.message (fn [h m] (println "%" (try (do (.sys.exec "true") "done") (fn [e] "denied")))))';
  test('restricted users stay restricted', async () => {
    const denied = async (peer: Peer): Promise<boolean> => {
      const got = await peer.write(frameWire(request(TEXT_LANE, Buffer.from('(.sys.exec "true")'), 1n))).reads(8);
      return /^error: access/.test(Buffer.from(decodeBody(got.subarray(5)).payload).toString());
    };
    const both: ListenOptions = { protocols: ALL };
    await serving('tcp', both, { ...files(false), users: USERS }, async (s) => {
      assert.equal(await denied(await Peer.tls(s.to, trust('alice'))), false);
      assert.equal(await denied(await Peer.tls(s.to, trust('bob'))), true);
      assert.equal(await denied(await Peer.tls(s.to, trust('nobody'))), true, 'whom the file does not know');
      // Lines: what the slot does for a restricted peer is restricted.
      await s.node.evaluate(SLOT);
      for (const [name, outcome] of [['alice', 'done'], ['bob', 'denied']] as const) {
        (await Peer.tls(s.to, trust(name))).write(line('x'));
        await until(() => s.heard().includes(outcome), `${name}: ${outcome}`);
      }
    });
    await serving('tcp', both, { ...files(false), users: [USERS[0]] }, async (s) => assert.equal(await denied(await Peer.tls(s.to, trust('nobody'))), false));
    await serving('tcp', both, { ...files(false), users: USERS, restricted: true }, async (s) => assert.equal(await denied(await Peer.tls(s.to, trust('alice'))), true));
    await serving('tcp', both, { restricted: true, ...files() }, async (s) => {
      assert.equal(await denied(await Peer.plain(s.to)), true);
      await s.node.evaluate(SLOT);
      (await Peer.plain(s.to)).write(line('x'));
      await until(() => s.heard().includes('denied'), 'a restricted slot');
    });
  });

  test('the hook for credentials sees whoever comes without a password, and may refuse', () =>
    serving('tcp', { protocols: ALL }, { ...files(false), users: USERS }, async (s) => {
      await s.node.evaluate('(set asked []) (set .ipc.on.auth (fn [u p] (set asked (concat asked (list (list u p)))) (== u "alice")))');
      assert.equal(await speaks('frame', await Peer.tls(s.to, trust('alice')), s), 'served');
      assert.equal(await speaks('soc', await Peer.tls(s.to, trust('alice')), s), 'served');
      assert.match(await speaks('frame', await Peer.tls(s.to, trust('bob')), s), /authentication failed for 'bob'/);
      assert.match(await speaks('soc', await Peer.tls(s.to, trust('bob')), s), /authentication failed for 'bob'/);
      assert.match((await s.node.evaluate('(at asked 0)')).text, /alice/);
      await s.node.evaluate('(set .ipc.on.auth (fn [u p] (raise 1)))');
      assert.match(await speaks('frame', await Peer.tls(s.to, trust('alice')), s), /authentication failed/);
    }));

  test('it sees them where certificates alone are asked for, too', () => serving('tcp', { protocols: ALL }, files(true), async (s) => {
    await s.node.evaluate('(set .ipc.on.auth (fn [u p] (== u "alice")))');
    for (const protocol of ['frame', 'soc'] as const) {
      assert.equal(await speaks(protocol, await Peer.tls(s.to, trust('alice')), s), 'served');
      assert.match(await speaks(protocol, await Peer.tls(s.to, trust('bob')), s), /authentication failed for 'bob'/);
    }
    assert.equal(s.node.connections().find((c) => c.protocol === 'frame')?.user, 'alice');
  }));
});

describe('users of this machine', { skip: cLibrary() === null ? 'no way to ask who a peer is' : false }, () => {
  const uid = process.getuid!();
  const name = loginName(uid);
  const users = (restricted: boolean): NodeOptions => ({ users: [{ name, secret: 's', restricted }, { name: 'somebody', secret: 's', restricted: true }] });

  test('who stands on the list may speak frames and lines, with the rights of the line with his name', async () => {
    for (const restricted of [false, true]) {
      await serving('unix', { credentials: { uids: [uid] } }, users(restricted), async (s) => {
        for (const protocol of ['frame', 'soc'] as const) assert.equal(await speaks(protocol, await Peer.plain(s.to), s), 'served');
        assert.deepEqual([...(await (await Peer.plain(s.to)).write(HELLO).reads(2))], [3, 1], 'the wire asks for credentials');
        const { user, restricted: rights } = s.node.connections().find((c) => c.protocol === 'frame' && c.user !== '')!;
        assert.deepEqual([user, rights], [name, restricted]);
      });
    }
  });

  test('who does not is refused, whatever he speaks; without a list nobody is known', async () => {
    await serving('unix', { credentials: { uids: [uid + 1] } }, users(false), async (s) => {
      for (const bytes of [WIRE, FRAME, line('x')]) {
        const peer = await Peer.plain(s.to);
        await peer.write(bytes).reads(1);
        assert.equal(peer.got.length, 0);
      }
    });
    for (const credentials of [undefined, { policy: 'require' }, { policy: 'off' }] as const) {
      await serving('unix', credentials === undefined ? {} : { credentials }, users(false), async (s) => {
        for (const protocol of ['frame', 'soc'] as const) assert.match(await speaks(protocol, await Peer.plain(s.to), s), /that takes a user id on the list/);
      });
    }
  });

  test('a list for all listeners is one for those on paths', () => serving('unix', {}, { ...users(false), serving: { credentials: { uids: [uid] } } }, async (s) => {
    assert.equal(await speaks('frame', await Peer.plain(s.to), s), 'served');
    const { port } = await s.node.listen('127.0.0.1:0');
    assert.deepEqual([...(await (await Peer.plain({ port, host: '127.0.0.1' })).write(HELLO).reads(2))], [3, 1]);
  }));
});

/* ── the words ─────────────────────────────────────────────────────────── */

test('protocols and lanes by their names and numbers', () => {
  assert.deepEqual(protocolsOf(['soc', 'wire']), ['soc', 'wire']);
  assert.throws(() => protocolsOf(['http']), /no protocol 'http'; there are wire, frame, soc, tls/);
  assert.throws(() => protocolsOf([]), /nothing to serve; there are/);
  assert.throws(() => protocolsOf(['tls']), /nothing to serve inside of tls/);
  assert.deepEqual(lanesOf([0x7a63, 0x7266, 0xf000]), [0x7a63, 0xf000]);
  for (const n of [0, 0xad01, 0xb232, 0xd0ff, 0x6fff, 0x7f00, 0xefff, 0x10000, -1]) assert.throws(() => lanesOf([n]), /not for programs/);
  assert.deepEqual([...served({ host: '', port: 1, tls: true }, ['wire', 'tls']).plain], ['tls']);
  assert.deepEqual([...served({ host: '', port: 1, tls: true }, ['wire', 'tls']).secured], ['wire']);
});

test('rights of somebody known without a password', () => {
  const users = (...rows: [name: string, restricted: boolean][]): ReturnType<typeof makeUsers> => makeUsers(rows.map(([name, restricted]) => ({ name, secret: 's', restricted })));
  assert.equal(users(['a', false], ['b', true]).restricts('a'), false);
  assert.equal(users(['a', false], ['b', true]).restricts('b'), true);
  assert.equal(users(['a', false], ['b', true]).restricts('c'), true);
  assert.equal(users(['a', false], ['*', false]).restricts('c'), false);
  assert.equal(users(['a', false], ['*', true]).restricts('c'), true);
  assert.equal(loginName(0), 'root');
  assert.equal(loginName(4_000_000_000), 'uid 4000000000');
});
