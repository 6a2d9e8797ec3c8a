import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { connect as rawConnect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import type { TlsFailureCode } from '../src/net/failures.js';
import { TlsContext, type TlsContextOptions } from '../src/net/tls-context.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { contexts, listen, startPair, turns, withPair, type Contexts } from './support/media.js';
import { Recorder } from './support/recorder.js';

const skip = hasOpenssl ? false : 'no openssl';
const quiet = { log: () => {} };

interface Refusal {
  readonly name: string;
  readonly client: () => Partial<TlsContextOptions>;
  readonly server?: () => Partial<TlsContextOptions>;
  /** What the side that refuses reports, and which side it is. */
  readonly code: TlsFailureCode;
  readonly by: 'client' | 'server';
}

const trusted = (): TlsContextOptions => ({ ca: authority('authority').cert });
const keyed = (name: string, by: string, ...rest: [string?, number?]): TlsContextOptions => {
  const { cert, key } = certificate(name, by, ...rest);
  return { cert, key };
};
const alone = (): TlsContextOptions => {
  const { cert, key } = authority('alone');
  return { cert, key };
};
/** Servers that let in whoever has a certificate of the authority. */
const mutual = (): TlsContextOptions => ({ ...trusted(), ...keyed('server', 'authority') });
const stranger = (): TlsContextOptions => {
  authority('stranger');
  return keyed('strange', 'stranger');
};

const REFUSALS: Refusal[] = [
  { name: 'a server signed by nobody else', by: 'client', code: 'certificate-self-signed', client: trusted, server: alone },
  { name: 'a server of an unknown authority', by: 'client', code: 'certificate-unknown-ca', client: trusted, server: stranger },
  { name: 'an expired server', by: 'client', code: 'certificate-expired', client: trusted, server: () => keyed('expired', 'authority', undefined, -1) },
  { name: 'a server with another name', by: 'client', code: 'certificate-wrong-host', client: trusted, server: () => keyed('elsewhere', 'authority', 'DNS:elsewhere.example') },
  { name: 'a client without a certificate', by: 'server', code: 'certificate-missing', client: trusted, server: mutual },
  { name: 'a rogue client', by: 'server', code: 'certificate-self-signed', client: () => ({ ...trusted(), ...alone() }), server: mutual },
  { name: 'a client of an unknown authority', by: 'server', code: 'certificate-unknown-ca', client: () => ({ ...trusted(), ...stranger() }), server: mutual },
  { name: 'an expired client', by: 'server', code: 'certificate-expired', client: () => ({ ...trusted(), ...keyed('expired', 'authority', undefined, -1) }), server: mutual },
  {
    name: 'a client with another name', by: 'server', code: 'certificate-wrong-host', client: () => ({ ...trusted(), ...keyed('client', 'authority', 'DNS:client.example') }),
    server: () => ({ ...mutual(), clientNames: ['boss.example'] }),
  },
  { name: 'a client without a protocol in common', by: 'server', code: 'alpn-mismatch', client: () => ({ ...trusted(), alpn: ['two'] }), server: () => ({ ...keyed('server', 'authority'), alpn: ['one'] }) },
  { name: 'a client that offers no protocol', by: 'server', code: 'alpn-mismatch', client: trusted, server: () => ({ ...keyed('server', 'authority'), alpn: ['one'] }) },
  { name: 'a server that knows nothing of protocols', by: 'client', code: 'alpn-mismatch', client: () => ({ ...trusted(), alpn: ['one'] }), server: () => keyed('server', 'authority') },
  { name: 'a client that is too old', by: 'server', code: 'protocol-version', client: () => ({ ...trusted(), maxVersion: 'TLSv1.2' }), server: () => ({ ...keyed('server', 'authority'), minVersion: 'TLSv1.3' }) },
];

for (const { name, by, code, client, server } of REFUSALS) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    if (code === 'protocol-version' && maxVersion === 'TLSv1.2') continue;
    const both = (): Contexts => ({
      client: new TlsContext({ maxVersion, ...client() }), server: new TlsContext({ ...(server ?? (() => keyed('server', 'authority')))() }),
    });
    const refused = (recorders: { client: Recorder; server: Recorder }): Recorder => recorders[by];

    test(`${maxVersion}: refused: ${name}`, { skip }, async () => {
      const sides = { client: new Recorder(), server: new Recorder() };
      const { pair, ready } = await startPair('tls', sides.client, sides.server, { contexts: both() });
      try {
        await ready;
        const side = refused(sides);
        assert.deepEqual([side.failure?.reason, side.failure?.code], ['tls', code], side.failure?.message);
        assert.deepEqual(side.names().filter((n) => n !== 'connecting'), [by === 'client' ? 'connect-failed' : 'start-failed'], 'neither ready nor closed');
        const other = by === 'client' ? sides.server : sides.client;
        await other.until(() => other.count('closed') + other.count('start-failed') + other.count('connect-failed') === 1);
        assert.equal(other.count('received'), 0);
      } finally {
        pair().client.hardClose();
        pair().listener.close();
      }
    });

    test(`${maxVersion}: refused after STARTTLS: ${name}`, { skip }, async () => {
      const sides = { client: new Recorder(), server: new Recorder() };
      const made = both();
      await withPair('tcp', sides.client, sides.server, async (pair) => {
        assert.equal(pair.server.startTls(made.server), 'ok');
        assert.equal(pair.client.startTls(made.client, 'localhost'), 'ok');
        const side = refused(sides);
        await side.until('closed');
        assert.equal(side.tlsFailure?.code, code, side.tlsFailure?.message);
        assert.equal(side.tlsFailure?.kind, code.startsWith('certificate-') ? 'auth' : 'general');
        assert.deepEqual(side.names().slice(-2), ['tls-failed', 'closed']);
        const other = by === 'client' ? sides.server : sides.client;
        await other.until('closed');
        assert.equal(other.count('received'), 0);
      });
    });
  }
}

test('mutual TLS: both see whom they talk to', { skip }, async () => {
  const server = new Recorder();
  const client = new Recorder();
  const made = { server: new TlsContext({ ...mutual(), alpn: ['rfl'] }), client: new TlsContext({ ...trusted(), ...keyed('client', 'authority', 'DNS:client.example'), alpn: ['other', 'rfl'] }) };
  await withPair('tls', client, server, async (pair) => {
    assert.equal(server.tls?.peerCertificate?.subject, 'client');
    assert.match(server.tls?.peerCertificate?.names ?? '', /client\.example/);
    assert.equal(client.tls?.peerCertificate?.subject, 'server');
    assert.equal(client.tls?.peerCertificate?.issuer, 'authority');
    assert.equal(client.tls?.alpn, 'rfl');
    assert.equal(server.tls?.alpn, 'rfl');
    assert.equal(client.tls?.protocol, 'TLSv1.3');
    assert.match(client.tls?.cipher ?? '', /TLS_/);
    pair.client.send(Buffer.from('hello'));
    await server.until(() => server.text === 'hello');
  }, { contexts: made });
});

test('a client certificate is asked for and not required when the context says so', { skip }, async () => {
  const server = new Recorder();
  const made = { ...contexts(), server: new TlsContext({ ...mutual(), requireClient: false }) };
  await withPair('tls', new Recorder(), server, () => assert.equal(server.tls?.peerCertificate, null), { contexts: made });
});

test('the name is mandatory: without one there is no handshake and no plain connection either', { skip }, async () => {
  const client = new Recorder();
  Connection.sslClient({ target: { kind: 'unix', path: '/nowhere' }, context: contexts().client }, client);
  await client.until('connect-failed');
  assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'session-failed']);
});

test('an address is verified as an address', { skip }, async () => {
  const client = new Recorder();
  await withPair('tls', client, new Recorder(), () => assert.equal(client.count('connected'), 1), { client: { servername: '127.0.0.1' } as never });
  const wrong = new Recorder();
  const { pair, ready } = await startPair('tls', wrong, new Recorder(), { client: { servername: '127.0.0.2' } as never });
  await ready.catch(() => {});
  assert.equal(wrong.failure?.code, 'certificate-wrong-host');
  pair().listener.close();
});

test('no session is carried over to another name', { skip }, async () => {
  for (const servername of ['localhost', 'wrong.example', 'localhost']) {
    const client = new Recorder();
    const { pair, ready } = await startPair('tls', client, new Recorder(), { client: { servername } as never });
    await ready;
    assert.equal(client.failure?.code, servername === 'localhost' ? undefined : 'certificate-wrong-host');
    pair().client.hardClose();
    pair().listener.close();
  }
});

test('a context that cannot be built fails its sessions and never falls back to plain', { skip }, async () => {
  const bad = new TlsContext({ cert: 'no certificate', key: 'no key' });
  assert.equal(bad.failure?.code, 'session-failed');
  const server = new Recorder();
  const client = new Recorder();
  const { pair, ready } = await startPair('tls', client, server, { contexts: { client: contexts().client, server: bad } });
  await ready;
  assert.equal(server.failure?.code, 'session-failed');
  assert.equal(client.failure?.reason, 'tls');
  pair().listener.close();
  await withPair('tcp', new Recorder(), new Recorder(), ({ client: plain }) => {
    assert.equal(plain.startTls(bad, 'localhost'), 'session-failed');
    assert.equal(plain.startTls(contexts().client), 'session-failed', 'a client has to name the host');
    assert.equal(plain.send(Buffer.from('still plain')), 'accepted');
  });
});

test('certificates are swapped without dropping anybody; a bad one changes nothing', { skip }, async () => {
  const server = new TlsContext(keyed('server', 'authority'));
  const client = new Recorder();
  const serving = new Recorder();
  await withPair('tls', client, serving, async (pair) => {
    assert.equal(server.reload({ cert: 'rubbish', key: 'rubbish' })?.code, 'session-failed');
    assert.equal(server.failure, null);
    assert.equal(server.reload(keyed('renewed', 'authority')), null);
    const second = new Recorder();
    const other = Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port: pair.listener.port }, context: contexts().client, servername: 'localhost', ...quiet }, second);
    await second.until('connected');
    assert.equal(client.tls?.peerCertificate?.subject, 'server');
    assert.equal(second.tls?.peerCertificate?.subject, 'renewed');
    pair.client.send(Buffer.from('alive'));
    await serving.until(() => serving.text === 'alive');
    other.hardClose();
  }, { contexts: { server, client: contexts().client } });
});

test('STARTTLS: negotiation in plain text, then both directions are encrypted', { skip }, async () => {
  const server = new Recorder({ received: (c, _, nth) => {
    if (nth === 1) {
      c.send(Buffer.from('go'));
      assert.equal(c.startTls(contexts().server), 'ok');
    } else c.send(Buffer.from('pong'));
  } });
  const client = new Recorder({
    received: (c, _, nth) => { if (nth === 1) assert.equal(c.startTls(contexts().client, 'localhost'), 'ok'); },
    'tls-ready': (c) => void c.send(Buffer.from('ping')),
  });
  await withPair('tcp', client, server, async (pair) => {
    assert.match(pair.client.tls.kind, /none/);
    pair.client.send(Buffer.from('may I'));
    await client.until(() => client.text === 'gopong');
    assert.equal(server.text, 'may Iping');
    assert.equal(pair.client.tls.kind, 'live');
    assert.equal(server.tls?.protocol, 'TLSv1.3');
    assert.deepEqual(client.details('sent'), [1, 2]);
    pair.client.close();
    await Promise.all([client.until('closed'), server.until('closed')]);
    assert.equal(pair.client.tls.kind, 'disposed');
  });
});

test('STARTTLS: while it goes on nothing is sent, and it cannot start twice', { skip }, async () => {
  const client = new Recorder();
  await withPair('tcp', client, new Recorder(), (pair) => {
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'ok');
    assert.equal(pair.client.state, 'tls-upgrading');
    assert.equal(pair.client.isWriteable, false);
    assert.equal(pair.client.send(Buffer.from('x')), 'not-connected');
    assert.equal(client.count('accepted'), 0);
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'already-tls');
    pair.client.hardClose();
    assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-connected');
  });
  await withPair('tls', new Recorder(), new Recorder(), (pair) => assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'already-tls'));
});

test('STARTTLS: refused while muted, with plaintext left over, or with unsent bytes; the connection goes on', { skip }, async () => {
  await withPair('tcp', new Recorder(), new Recorder(), (pair) => {
    pair.client.mute();
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-ready');
    assert.equal(pair.client.state, 'open');
  });
  const injected: string[] = [];
  const server = new Recorder({ started: (c) => c.bufferUntil(8), received: (c) => void injected.push(c.startTls(contexts().server)) });
  await withPair('tcp', new Recorder(), server, async (pair) => {
    pair.client.send(Buffer.from('STARTTLSINJECTED and more'));
    await server.until('received', 3);
    assert.deepEqual(injected, ['not-ready', 'not-ready', 'not-ready']);
    assert.equal(pair.server.send(Buffer.from('still here')), 'accepted');
  });
  const client = new Recorder();
  await withPair('tcp', client, new Recorder({ started: (c) => c.mute() }), async (pair) => {
    pair.client.send(Buffer.alloc(12 << 20));
    await client.until('throttled');
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-ready');
  });
});

test('STARTTLS: a hard close in the callback of success is safe', { skip }, async () => {
  const client = new Recorder({ 'tls-ready': (c) => c.hardClose() });
  const server = new Recorder();
  await withPair('tcp', client, server, async (pair) => {
    pair.server.startTls(contexts().server);
    pair.client.startTls(contexts().client, 'localhost');
    await Promise.all([client.until('closed'), server.until('closed')]);
    assert.deepEqual(client.names().slice(-2), ['tls-ready', 'closed']);
  });
});

test('a hard close in the callback of being ready is safe, on either side', { skip }, async () => {
  for (const side of ['connected', 'started'] as const) {
    const client = new Recorder(side === 'connected' ? { connected: (c) => c.hardClose() } : {});
    const server = new Recorder(side === 'started' ? { started: (c) => c.hardClose() } : {});
    const { pair } = await startPair('tls', client, server);
    await Promise.all([client.until(() => client.count('closed') + client.count('connect-failed') > 0), server.until(() => server.count('closed') + server.count('start-failed') > 0)]);
    await turns(3);
    pair().listener.close();
  }
});

/** A TCP server that does `talk` with whoever connects. */
async function rawServer(talk: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}); talk(socket); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

test('garbage instead of a handshake is exactly one failure, on either side', { skip }, async () => {
  const { server, port } = await rawServer((socket) => socket.end('this is not TLS at all, is it?\r\n\r\n'));
  const client = new Recorder();
  Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
  await client.until('connect-failed');
  await turns(5);
  assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
  assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'not-tls']);
  server.close();

  const serving = new Recorder();
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => Connection.sslServer(accepted, contexts().server, serving, quiet));
  const raw = rawConnect(listener.port, '127.0.0.1', () => raw.write('GET / HTTP/1.1\r\n\r\n'));
  raw.on('error', () => {});
  await serving.until('start-failed');
  await turns(5);
  assert.deepEqual(serving.names(), ['start-failed']);
  assert.equal(serving.failure?.code, 'not-tls');
  raw.destroy();
  listener.close();
});

test('garbage after the peer agreed to STARTTLS fails the upgrade, then closes', { skip }, async () => {
  const { server, port } = await rawServer((socket) => socket.on('data', () => socket.write('garbage that is long enough to be looked at')));
  const client = new Recorder();
  const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port }, ...quiet }, client);
  await client.until('connected');
  assert.equal(connection.startTls(contexts().client, 'localhost'), 'ok');
  await client.until('closed');
  assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
  assert.equal(client.tlsFailure?.kind, 'general');
  server.close();
});

test('a peer that accepts and says nothing runs into the time limit', { skip }, async () => {
  const { server, port } = await rawServer(() => {});
  const client = new Recorder();
  Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context: contexts().client, connectTimeoutMs: 50, ...quiet }, client);
  await client.until('connect-failed');
  assert.equal(client.failure?.reason, 'timeout');
  const serving = new Recorder();
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => Connection.sslServer(accepted, contexts().server, serving, { ...quiet, handshakeTimeoutMs: 50 }));
  const raw = rawConnect(listener.port, '127.0.0.1');
  raw.on('error', () => {});
  await serving.until('start-failed');
  assert.equal(serving.failure?.code, 'handshake-timeout');
  listener.close();
  server.close();
});

test('not writeable during the first handshake, and sends are refused', { skip }, async () => {
  const { server, port } = await rawServer(() => {});
  const client = new Recorder();
  const connection = Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
  await client.until('connecting');
  while (connection.state === 'connecting') await turns(1);
  assert.equal(connection.state, 'handshaking');
  assert.equal(connection.isWriteable, false);
  assert.equal(connection.send(Buffer.from('x')), 'not-connected');
  connection.close();
  assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'closed-by-us']);
  assert.equal(client.count('accepted'), 0);
  server.close();
});

/* ── the openssl program as the peer ────────────────────────────────────── */

function openssl(...args: string[]): { child: ChildProcess; out: () => string } {
  const child = spawn('openssl', args);
  let out = '';
  child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString('latin1'); });
  child.stderr!.on('data', (chunk: Buffer) => { out += chunk.toString('latin1'); });
  child.stdin!.on('error', () => {});
  return { child, out: () => out };
}
async function until(met: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 500 && !met(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(met(), what());
}

for (const version of ['tls1_2', 'tls1_3']) {
  test(`openssl s_client with ${version}, a name, a protocol and a certificate of its own`, { skip }, async () => {
    const ca = authority('authority');
    const mine = certificate('client', 'authority', 'DNS:client.example');
    const server = new Recorder({ received: (c, _, nth) => { if (nth === 1) c.send(Buffer.from('echo')); } });
    const context = new TlsContext({ ...mutual(), alpn: ['rfl'] });
    const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => Connection.sslServer(accepted, context, server, quiet));
    const { child, out } = openssl('s_client', '-connect', `127.0.0.1:${listener.port}`, `-${version}`, '-servername', 'localhost', '-alpn', 'rfl',
      '-CAfile', ca.certFile, '-cert', mine.certFile, '-key', mine.keyFile, '-verify_return_error', '-verify_hostname', 'localhost');
    child.stdin!.write('hello\n');
    await server.until(() => server.text === 'hello\n');
    await until(() => out().includes('echo'), out);
    assert.match(out(), /ALPN protocol: rfl/);
    assert.equal(server.tls?.peerCertificate?.subject, 'client');
    assert.equal(server.tls?.alpn, 'rfl');
    child.stdin!.end();
    await server.until('closed');
    assert.equal(server.cause?.code, 'peer-closed');
    listener.close();
    child.kill();
  });
}

test('openssl s_client below 1.2 is refused', { skip }, async () => {
  const server = new Recorder();
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const { child } = openssl('s_client', '-connect', `127.0.0.1:${listener.port}`, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
  await server.until('start-failed');
  assert.equal(server.failure?.code, 'protocol-version');
  listener.close();
  child.kill();
});

for (const version of ['tls1_2', 'tls1_3']) {
  test(`openssl s_server with ${version} that wants a certificate`, { skip }, async () => {
    const ca = authority('authority');
    const its = certificate('server', 'authority');
    const port = version === 'tls1_2' ? 7401 : 7402;
    const { child, out } = openssl('s_server', '-accept', `127.0.0.1:${port}`, `-${version}`, '-cert', its.certFile, '-key', its.keyFile, '-CAfile', ca.certFile, '-Verify', '2', '-verify_return_error', '-alpn', 'rfl');
    await until(() => out().includes('ACCEPT'), out);
    const client = new Recorder();
    const context = new TlsContext({ ...trusted(), ...keyed('client', 'authority', 'DNS:client.example'), alpn: ['rfl'] });
    const connection = Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context, ...quiet }, client);
    await client.until(() => client.count('connected') + client.count('connect-failed') > 0);
    assert.equal(client.failure, null);
    assert.equal(client.tls?.protocol, version === 'tls1_2' ? 'TLSv1.2' : 'TLSv1.3');
    connection.send(Buffer.from('to the server\n'));
    await until(() => out().includes('to the server'), out);
    child.stdin!.write('to the client\n');
    await client.until(() => client.text.includes('to the client'));
    connection.close();
    await client.until('closed');
    // Without a certificate: refused. With 1.3 the client believes itself connected until the refusal comes.
    const bare = new Recorder();
    Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context: new TlsContext({ ...trusted(), alpn: ['rfl'] }), ...quiet }, bare);
    await bare.until(() => bare.count('closed') + bare.count('connect-failed') > 0);
    assert.match(bare.failure?.code ?? bare.cause?.code ?? '', /peer-|CERTIFICATE_REQUIRED/);
    child.kill();
  });
}
