/** TLS against options that will do for nothing, and peers that break the rules before, during and after the handshake. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import type { Listener } from '../src/net/stream-listener.js';
import { TlsContext, type TlsContextOptions } from '../src/net/tls-context.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { contexts, listen, ms, turns, withPair } from './support/media.js';
import { Recorder } from './support/recorder.js';

const skip = hasOpenssl ? false : 'no openssl';
const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const folder = mkdtempSync(join(tmpdir(), 'rfl-hardening-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const trusted = (): TlsContextOptions => ({ ca: authority('authority').cert });
const keyed = (name: string): TlsContextOptions & { readonly cert: string; readonly key: string } => {
  const { cert, key } = certificate(name, 'authority');
  return { cert, key };
};

/* ── options ───────────────────────────────────────────────────────────── */

const SECRET = 'correct horse';
/** The key behind a passphrase. */
function locked(): string {
  const file = join(folder, 'locked.key');
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', certificate('server', 'authority').keyFile, '-passout', `pass:${SECRET}`, '-out', file], { stdio: 'ignore' });
  return readFileSync(file, 'latin1');
}
const broken = (pem: string): string => pem.replace(/\n[^\n]{20}/, '\n');

const FAULTS: readonly (readonly [string, () => TlsContextOptions, RegExp])[] = [
  ['a certificate without its key', () => ({ cert: keyed('server').cert }), /cert and key go together/],
  ['a key without its certificate', () => ({ key: keyed('server').key }), /cert and key go together/],
  ['a key of another certificate', () => ({ cert: keyed('server').cert, key: keyed('other').key }), /^key: it does not belong to the certificate$/],
  ['no certificate where one should be', () => ({ ...keyed('server'), cert: '' }), /^cert: no certificate in PEM/],
  ['a key where a certificate should be', () => ({ cert: keyed('server').key, key: keyed('server').cert }), /^cert: no certificate in PEM/],
  ['a broken certificate behind a good one', () => ({ ...keyed('server'), cert: keyed('server').cert + broken(keyed('other').cert) }), /^cert: /],
  ['no key where one should be', () => ({ ...keyed('server'), key: 'rubbish' }), /^key: no private key in PEM$/],
  ['no authority where one should be', () => ({ ca: '' }), /^ca: no certificate in PEM/],
  ['no authorities', () => ({ ca: [] }), /^ca: /],
  ['a broken authority among good ones', () => ({ ca: [authority('authority').cert, broken(authority('authority').cert)] }), /^ca: /],
  ['a certificate where a list of revoked ones should be', () => ({ ca: authority('authority').cert, crl: authority('authority').cert }), /^crl: no list of what was revoked in PEM/],
  ['a key behind a passphrase', () => ({ ...keyed('server'), key: locked() }), /^key: it is protected by a passphrase, and none was given$/],
  ['a key behind another passphrase', () => ({ ...keyed('server'), key: locked(), passphrase: 'wrong battery' }), /^key: the passphrase does not open it$/],
  ['no protocols', () => ({ alpn: [] }), /^alpn: /],
  ['a protocol without a name', () => ({ alpn: ['rfl', ''] }), /^alpn: /],
  ['a protocol with too long a name', () => ({ alpn: ['x'.repeat(256)] }), /^alpn: /],
  ['too many protocols', () => ({ alpn: Array.from({ length: 300 }, () => 'x'.repeat(255)) }), /^alpn: /],
  ['versions that exclude each other', () => ({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }), /^minVersion/],
];

for (const [what, options, message] of FAULTS) {
  test(`a context is not made of ${what}, and its message says so`, { skip }, async () => {
    const { failure } = new TlsContext(options());
    assert.equal(failure?.code, 'session-failed');
    assert.match(failure!.message, message);
    for (const secret of [SECRET, 'wrong battery', ...keyed('server').key.split('\n').slice(1, 3)]) assert.ok(!failure!.message.includes(secret));
    const client = new Recorder();
    Connection.sslClient({ target: local, context: new TlsContext(options()), servername: 'localhost', ...quiet }, client);
    await client.until('connect-failed');
    assert.deepEqual(client.names(), ['connect-failed'], 'nothing was tried');
  });
}

test('protocols may be as long, and as many, as the extension has room for', { skip }, () => {
  const long = 'x'.repeat(255);
  assert.equal(new TlsContext({ ...keyed('server'), alpn: [long] }).failure, null);
  const filling = (last: number): readonly string[] => [...Array.from({ length: 255 }, () => long), 'y'.repeat(last)];
  assert.equal(new TlsContext({ ...keyed('server'), alpn: filling(254) }).failure, null);
  assert.match(new TlsContext({ ...keyed('server'), alpn: filling(255) }).failure?.message ?? '', /^alpn: /);
});

test('a context that would not do is one that does after it has been given what was missing', { skip }, () => {
  const context = new TlsContext({ ...keyed('server'), key: 'rubbish' });
  assert.equal(context.failure?.code, 'session-failed');
  assert.equal(context.reload({ key: 'still rubbish' })?.code, 'session-failed');
  assert.equal(context.failure?.code, 'session-failed');
  assert.equal(context.reload(keyed('server')), null);
  assert.equal(context.failure, null);
});

test('what a context is given anew stays when it is given something else', { skip }, () => {
  const context = new TlsContext(keyed('server'));
  assert.equal(context.reload(keyed('other')), null);
  assert.equal(context.reload(trusted()), null);
  assert.equal(context.options.cert, keyed('other').cert);
  assert.equal(context.options.ca, trusted().ca);
  assert.equal(context.reload({ key: keyed('server').key })?.code, 'session-failed');
  assert.equal(context.options.key, keyed('other').key, 'what will not do is not kept');
});

test('a key opens with its passphrase', { skip }, () => {
  assert.equal(new TlsContext({ ...keyed('server'), key: locked(), passphrase: SECRET }).failure, null);
});

test('a server without a certificate fails to start as what it is', { skip }, async () => {
  const server = new Recorder();
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, new TlsContext(trusted()), server, quiet));
  rawConnect(listener.port, '127.0.0.1').on('error', () => {});
  await server.until('start-failed');
  assert.deepEqual([server.failure?.code, server.failure?.message], ['session-failed', 'a server needs a certificate']);
  listener.close();
});

/* ── who it is ─────────────────────────────────────────────────────────── */

test('what is told of a certificate is what is in it, on both sides', { skip }, async () => {
  const mine = certificate('whole', 'authority', 'DNS:client.example,IP:10.0.0.1', 30, '/C=DE/O=Example, Inc./CN=whole');
  const printed = (...args: string[]): string => execFileSync('openssl', ['x509', '-noout', '-in', mine.certFile, ...args], { encoding: 'latin1' }).trim().replace(/^[^=]*=\s*/, '');
  const [client, server] = [new Recorder(), new Recorder()];
  const made = { server: new TlsContext({ ...trusted(), ...keyed('server') }), client: new TlsContext({ ...trusted(), cert: mine.cert, key: mine.key }) };
  await withPair('tls', client, server, () => {
    assert.deepEqual(server.tls?.peerCertificate, {
      subject: 'whole', issuer: 'authority', subjectName: 'C=DE, O=Example\\, Inc., CN=whole', issuerName: 'CN=authority',
      names: 'DNS:client.example, IP Address:10.0.0.1', serialNumber: printed('-serial'),
      fingerprint256: printed('-fingerprint', '-sha256'), validFrom: printed('-startdate'), validTo: printed('-enddate'),
    });
    assert.equal(client.tls?.peerCertificate?.subjectName, 'CN=server');
    assert.deepEqual([client.tls?.servername, server.tls?.servername], ['localhost', 'localhost']);
  }, { contexts: made });
});

test('a certificate without a common name, or with two, still has one name', { skip }, async () => {
  for (const [name, subject, expected] of [['unit', '/O=Example/OU=Unit', 'O=Example, OU=Unit'], ['two', '/CN=ann/CN=bob', 'CN=ann, CN=bob'], ['nameless', '/', 'DNS:client.example']] as const) {
    const mine = certificate(name, 'authority', 'DNS:client.example', 30, subject);
    const server = new Recorder();
    const made = { server: new TlsContext({ ...trusted(), ...keyed('server') }), client: new TlsContext({ ...trusted(), cert: mine.cert, key: mine.key }) };
    await withPair('tls', new Recorder(), server, () => assert.equal(server.tls?.peerCertificate?.subject, expected), { contexts: made });
  }
});

/* ── renewal ───────────────────────────────────────────────────────────── */

test('authorities are swapped: from then on others are let in, and who is connected stays', { skip }, async () => {
  authority('newcomer');
  const [{ cert, key }, ca] = [certificate('newcomers', 'newcomer'), authority('authority').cert];
  const context = new TlsContext({ ca, ...keyed('server') });
  const served: Recorder[] = [];
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, context, served.at(-1)!, quiet));
  const dial = async (options: TlsContextOptions): Promise<{ client: Recorder; server: Recorder }> => {
    const [client, server] = [new Recorder(), new Recorder()];
    served.push(server);
    Connection.sslClient({ target: { ...local, port: listener.port }, servername: 'localhost', context: new TlsContext({ ca, ...options }), ...quiet }, client);
    await server.until(() => server.count('started') + server.count('start-failed') > 0);
    return { client, server };
  };
  const old = await dial(keyed('client'));
  assert.equal((await dial({ cert, key })).server.failure?.code, 'certificate-unknown-ca');
  assert.equal(context.reload({ ca: 'rubbish' })?.code, 'session-failed');
  assert.equal((await dial(keyed('client'))).server.failure, null, 'rubbish has changed nothing');
  assert.equal(context.reload({ ca: authority('newcomer').cert }), null);
  assert.equal((await dial({ cert, key })).server.failure, null);
  assert.equal((await dial(keyed('client'))).server.failure?.code, 'certificate-unknown-ca');
  old.client.connection!.send(Buffer.from('still here'));
  await old.server.until(() => old.server.text === 'still here');
  for (const { connection } of served) connection?.hardClose();
  listener.close();
});

/* ── peers that break the rules ────────────────────────────────────────── */

/** A server of TLS, and a peer of plain bytes. */
async function withRaw(options: { handshakeTimeoutMs?: number }, body: (server: Recorder, raw: Socket) => Promise<void>): Promise<void> {
  const server = new Recorder();
  const listener: Listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, { ...quiet, ...options }));
  const raw = rawConnect(listener.port, '127.0.0.1');
  raw.on('error', () => {});
  try {
    await body(server, raw);
  } finally {
    raw.destroy();
    listener.close();
    server.connection?.hardClose();
  }
}

/** The first thing a client of ours says. */
async function hello(): Promise<Buffer> {
  let said = (_: Buffer): void => {};
  const came = new Promise<Buffer>((resolve) => (said = resolve));
  const server = createServer((socket) => socket.on('error', () => {}).once('data', (chunk: Buffer) => { said(chunk); socket.destroy(); }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Connection.sslClient({ target: { ...local, port: (server.address() as { port: number }).port }, servername: 'localhost', context: contexts().client, ...quiet }, new Recorder());
  const bytes = await came;
  server.close();
  return bytes;
}

const FIRST_WORDS: readonly (readonly [string, () => Buffer | Promise<Buffer>, string])[] = [
  ['plain text', () => Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'not-tls'],
  ['the bytes of another protocol', () => Buffer.from([3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), 'not-tls'],
  ['a record of 64 KiB', () => Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), Buffer.alloc(0xffff)]), 'not-tls'],
  ['a hello of 16 MiB', () => Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]), Buffer.alloc(0x4000 - 4)]), 'handshake-failed'],
  ['a hello that is none', async () => (await hello()).map((byte, i) => (i > 40 ? byte ^ 0xff : byte)) as Buffer, 'handshake-failed'],
  ['application data before any handshake', () => Buffer.from([0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5]), 'not-tls'],
  ['an alert', () => Buffer.from([0x15, 3, 1, 0, 2, 2, 40]), 'not-tls'],
];

for (const [what, words, code] of FIRST_WORDS) {
  test(`a peer that begins with ${what} has failed to start, once, and disturbs nobody`, { skip }, async () => {
    await withRaw({}, async (server, raw) => {
      raw.write(await words());
      await server.until('start-failed');
      assert.equal(server.failure?.code, code, server.failure?.message);
      await turns(5);
      assert.deepEqual(server.names(), ['start-failed']);
    });
    await withPair('tls', new Recorder(), new Recorder(), () => {});
  });
}

const ALERTS: readonly (readonly [string, number, string])[] = [
  ['unexpected message', 10, 'peer-refused'], ['bad record', 20, 'peer-refused'], ['handshake failure', 40, 'peer-refused'], ['bad certificate', 42, 'peer-refused-certificate'],
  ['revoked', 44, 'peer-refused-certificate'], ['expired', 45, 'peer-refused-certificate'], ['unknown certificate', 46, 'peer-refused-certificate'], ['unknown authority', 48, 'peer-refused-certificate'],
  ['access denied', 49, 'peer-refused-certificate'], ['version', 70, 'protocol-version'], ['internal error', 80, 'peer-refused'],
];
test('a server that answers with an alert is told as what the alert says', { skip }, async () => {
  for (const [what, alert, code] of ALERTS) {
    const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, alert]))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new Recorder();
    Connection.sslClient({ target: { ...local, port: (server.address() as { port: number }).port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
    await client.until('connect-failed');
    assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', code], `${what}: ${client.failure?.message}`);
    server.close();
  }
});

test('half a hello, and then nothing: the time limit ends it', { skip }, async () => {
  const bytes = await hello();
  await withRaw({ handshakeTimeoutMs: 60 }, async (server, raw) => {
    raw.write(bytes.subarray(0, bytes.length >> 1));
    await server.until('start-failed');
    assert.deepEqual([server.failure?.reason, server.failure?.code], ['timeout', 'handshake-timeout']);
  });
});

test('a hello byte by byte does not move the time limit', { skip }, async () => {
  const bytes = await hello();
  await withRaw({ handshakeTimeoutMs: 150 }, async (server, raw) => {
    raw.setNoDelay(true);
    let at = 0;
    while (server.count('start-failed') === 0 && at < bytes.length) {
      raw.write(bytes.subarray(at, ++at));
      await ms(5);
    }
    assert.ok(at < bytes.length, 'it had not said everything');
    assert.equal(server.failure?.code, 'handshake-timeout');
  });
});

/** A client of ours whose bytes go through `spoil` on their way to the server, which sees `live` when both are ready. */
async function withMiddle(body: (client: Recorder, server: Recorder, toServer: Socket, toClient: Socket) => Promise<void>): Promise<void> {
  const server = new Recorder();
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const middle = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
  const ends = new Promise<[Socket, Socket]>((resolve) => middle.once('connection', (inner: Socket) => {
    const outer = rawConnect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [[inner, outer], [outer, inner]]) from.on('error', () => {}).on('data', (chunk) => to.write(chunk)).on('end', () => to.end());
    resolve([outer, inner]);
  }));
  const client = new Recorder();
  Connection.sslClient({ target: { ...local, port: (middle.address() as { port: number }).port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
  const [toServer, toClient] = await ends;
  try {
    await Promise.all([client.until('connected'), server.until('started')]);
    await body(client, server, toServer, toClient);
  } finally {
    for (const { connection } of [client, server]) connection?.hardClose();
    toServer.destroy();
    toClient.destroy();
    listener.close();
    middle.close();
  }
}

const SLIPPED_IN: readonly (readonly [string, Buffer])[] = [
  ['plain text', Buffer.from('slipped in, in plain text\r\n')],
  ['a record that nobody here has encrypted', Buffer.concat([Buffer.from([0x17, 3, 3, 0, 32]), Buffer.alloc(32, 7)])],
  ['a record of 64 KiB', Buffer.concat([Buffer.from([0x17, 3, 3, 0xff, 0xff]), Buffer.alloc(0xffff)])],
];
for (const [what, bytes] of SLIPPED_IN) {
  test(`${what}, slipped into a live session: nothing of it is delivered, and the connection is over`, { skip }, async () => {
    await withMiddle(async (client, server, toServer) => {
      client.connection!.send(Buffer.from('before'));
      await server.until(() => server.text === 'before');
      toServer.write(bytes);
      await server.until('closed');
      assert.equal(server.cause?.code, 'bad-record', server.cause?.message);
      assert.equal(server.text, 'before');
      await client.until('closed');
    });
  });
}

test('the end of a session looks the same to the peer, cut or taken leave of', { skip }, async () => {
  await withMiddle(async (client, server, toServer) => {
    toServer.end();
    await server.until('closed');
    assert.equal(server.cause?.code, 'peer-closed');
    client.connection!.hardClose();
  });
  await withMiddle(async (client, server) => {
    client.connection!.close();
    await server.until('closed');
    assert.equal(server.cause?.code, 'peer-closed');
  });
});
