import assert from 'node:assert/strict';
import { connect as rawConnect } from 'node:net';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import type { TlsFailureCode } from '../src/net/failures.js';
import { TlsContext, type TlsContextOptions } from '../src/net/tls-context.js';
import { authority, certificate, future, hasOpenssl, revocations } from './support/certificates.js';
import { contexts, listen, startPair, withPair, type Contexts } from './support/media.js';
import { rawServer } from './support/raw-server.js';
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
const early = (): TlsContextOptions => {
  const { cert, key } = future('early', 'authority');
  return { cert, key };
};
/** The last byte of a certificate is one of its signature. */
const tampered = (name: string): TlsContextOptions => {
  const { cert, key } = certificate(name, 'authority');
  const der = Buffer.from(cert.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1] ^= 1;
  return { cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`, key };
};
/** An authority of the same name that is not the same. */
const twin = (): TlsContextOptions => {
  authority('twin', undefined, '/CN=authority');
  return keyed('twins', 'twin');
};
const revoked = (): TlsContextOptions => keyed('revoked', 'authority');
const withList = (): TlsContextOptions => ({ ...trusted(), crl: revocations('authority', certificate('revoked', 'authority')).crl });
const purposed = (name: string, purpose: string): TlsContextOptions => {
  const { cert, key } = certificate(name, 'authority', undefined, undefined, undefined, `extendedKeyUsage=${purpose}`);
  return { cert, key };
};
const stranger = (): TlsContextOptions => {
  authority('stranger');
  return keyed('strange', 'stranger');
};

const REFUSALS: Refusal[] = [
  { name: 'a server signed by nobody else', by: 'client', code: 'certificate-self-signed', client: trusted, server: alone },
  { name: 'a server of an unknown authority', by: 'client', code: 'certificate-unknown-ca', client: trusted, server: stranger },
  { name: 'an expired server', by: 'client', code: 'certificate-expired', client: trusted, server: () => keyed('expired', 'authority', undefined, -1) },
  { name: 'a server with another name', by: 'client', code: 'certificate-wrong-host', client: trusted, server: () => keyed('elsewhere', 'authority', 'DNS:elsewhere.example') },
  { name: 'a server whose certificate is not valid yet', by: 'client', code: 'certificate-not-yet-valid', client: trusted, server: early },
  { name: 'a server whose authority only has the name of ours', by: 'client', code: 'certificate-unknown-ca', client: trusted, server: twin },
  { name: 'a server whose certificate was tampered with', by: 'client', code: 'certificate-bad-signature', client: trusted, server: () => tampered('tampered') },
  { name: 'a revoked server', by: 'client', code: 'certificate-revoked', client: withList, server: revoked },
  { name: 'a server with the certificate of a client', by: 'client', code: 'certificate-wrong-purpose', client: trusted, server: () => purposed('for-clients', 'clientAuth') },
  { name: 'a client without a certificate', by: 'server', code: 'certificate-missing', client: trusted, server: mutual },
  { name: 'a rogue client', by: 'server', code: 'certificate-self-signed', client: () => ({ ...trusted(), ...alone() }), server: mutual },
  { name: 'a client that need not show a certificate and shows a rogue one', by: 'server', code: 'certificate-self-signed', client: () => ({ ...trusted(), ...alone() }), server: () => ({ ...mutual(), requireClient: false }) },
  { name: 'a client of an unknown authority', by: 'server', code: 'certificate-unknown-ca', client: () => ({ ...trusted(), ...stranger() }), server: mutual },
  { name: 'an expired client', by: 'server', code: 'certificate-expired', client: () => ({ ...trusted(), ...keyed('expired', 'authority', undefined, -1) }), server: mutual },
  { name: 'a client whose certificate is not valid yet', by: 'server', code: 'certificate-not-yet-valid', client: () => ({ ...trusted(), ...early() }), server: mutual },
  { name: 'a client whose authority only has the name of ours', by: 'server', code: 'certificate-unknown-ca', client: () => ({ ...trusted(), ...twin() }), server: mutual },
  { name: 'a client whose certificate was tampered with', by: 'server', code: 'certificate-bad-signature', client: () => ({ ...trusted(), ...tampered('tampered') }), server: mutual },
  { name: 'a revoked client', by: 'server', code: 'certificate-revoked', client: () => ({ ...trusted(), ...revoked() }), server: () => ({ ...mutual(), ...withList() }) },
  { name: 'a client with the certificate of a server', by: 'server', code: 'certificate-wrong-purpose', client: () => ({ ...trusted(), ...purposed('for-servers', 'serverAuth') }), server: mutual },
  {
    name: 'a client with another name', by: 'server', code: 'certificate-wrong-host', client: () => ({ ...trusted(), ...keyed('client', 'authority', 'DNS:client.example') }),
    server: () => ({ ...mutual(), clientNames: ['boss.example'] }),
  },
  { name: 'a client without a protocol in common', by: 'server', code: 'alpn-mismatch', client: () => ({ ...trusted(), alpn: ['two'] }), server: () => ({ ...keyed('server', 'authority'), alpn: ['one'] }) },
  { name: 'a client that offers no protocol', by: 'server', code: 'alpn-mismatch', client: trusted, server: () => ({ ...keyed('server', 'authority'), alpn: ['one'] }) },
  { name: 'a server that knows nothing of protocols', by: 'client', code: 'alpn-mismatch', client: () => ({ ...trusted(), alpn: ['one'] }), server: () => keyed('server', 'authority') },
  { name: 'a client that is too old', by: 'server', code: 'protocol-version', client: () => ({ ...trusted(), maxVersion: 'TLSv1.2' }), server: () => ({ ...keyed('server', 'authority'), minVersion: 'TLSv1.3' }) },
];

const numbered = (name: string): string => (name === 'a rogue client' ? 'D 116b: ' : '');

for (const { name, by, code, client, server } of REFUSALS) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    if (code === 'protocol-version' && maxVersion === 'TLSv1.2') continue;
    const both = (): Contexts => ({
      client: new TlsContext({ maxVersion, ...client() }), server: new TlsContext({ ...(server ?? (() => keyed('server', 'authority')))() }),
    });
    const refused = (recorders: { client: Recorder; server: Recorder }): Recorder => recorders[by];

    test(`${numbered(name)}tls: ${maxVersion}: refused: ${name}`, { skip }, async () => {
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

    test(`${numbered(name)}tcp: ${maxVersion}: refused after STARTTLS: ${name}`, { skip }, async () => {
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

test('an address is verified as an address', { skip }, async () => {
  const client = new Recorder();
  await withPair('tls', client, new Recorder(), () => assert.equal(client.count('connected'), 1), { client: { servername: '127.0.0.1' } as never });
  const wrong = new Recorder();
  const { pair, ready } = await startPair('tls', wrong, new Recorder(), { client: { servername: '127.0.0.2' } as never });
  await ready.catch(() => {});
  assert.equal(wrong.failure?.code, 'certificate-wrong-host');
  pair().listener.close();
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
