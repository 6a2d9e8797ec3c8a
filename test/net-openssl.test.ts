/** The openssl program as the peer: versions, names, protocols and certificates on both sides. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import { TlsContext, type TlsContextOptions } from '../src/net/tls-context.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { contexts, listen } from './support/media.js';
import { freePort, program, until } from './support/programs-as-peers.js';
import { Recorder } from './support/recorder.js';

const skip = hasOpenssl ? false : 'no openssl';
const folder = mkdtempSync(join(tmpdir(), 'rfl-openssl-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const trusted = (): TlsContextOptions => ({ ca: authority('authority').cert });
const keyed = (name: string, altNames?: string): TlsContextOptions => {
  const { cert, key } = certificate(name, 'authority', altNames);
  return { cert, key };
};

for (const version of ['tls1_2', 'tls1_3'] as const) {
  const protocol = version === 'tls1_2' ? 'TLSv1.2' : 'TLSv1.3';

  test(`s_client with ${protocol}, a name, a protocol and a certificate of its own`, { skip }, async () => {
    const ca = authority('authority');
    const mine = certificate('client', 'authority', 'DNS:client.example');
    const server = new Recorder({ received: (c, _, nth) => { if (nth === 1) c.send(Buffer.from('echo')); } });
    const context = new TlsContext({ ...trusted(), ...keyed('server'), alpn: ['rfl'] });
    const listener = await listen(local, (accepted) => Connection.sslServer(accepted, context, server, quiet));
    const { child, out } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, `-${version}`, '-servername', 'localhost', '-alpn', 'rfl',
      '-CAfile', ca.certFile, '-cert', mine.certFile, '-key', mine.keyFile, '-verify_return_error', '-verify_hostname', 'localhost');
    child.stdin!.write('hello\n');
    await server.until(() => server.text === 'hello\n');
    await until(() => out().includes('echo'), out);
    assert.match(out(), /ALPN protocol: rfl/);
    assert.equal(server.tls?.protocol, protocol);
    assert.equal(server.tls?.peerCertificate?.subject, 'client');
    assert.equal(server.tls?.alpn, 'rfl');
    child.stdin!.end();
    await server.until('closed');
    assert.equal(server.cause?.code, 'peer-closed');
    listener.close();
    child.kill();
  });

  test(`s_client with ${protocol} without the certificate that is wanted, and with a rogue one, is refused`, { skip }, async () => {
    const rogue = authority('alone');
    for (const [args, code] of [[[], 'certificate-missing'], [['-cert', rogue.certFile, '-key', rogue.keyFile], 'certificate-self-signed']] as const) {
      const server = new Recorder();
      const listener = await listen(local, (accepted) => Connection.sslServer(accepted, new TlsContext({ ...trusted(), ...keyed('server') }), server, quiet));
      const { child } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, `-${version}`, ...args);
      await server.until('start-failed');
      assert.equal(server.failure?.code, code);
      assert.equal(server.count('received'), 0);
      listener.close();
      child.kill();
    }
  });

  test(`s_server with ${protocol} that wants a certificate and a protocol`, { skip }, async () => {
    const ca = authority('authority');
    const its = certificate('server', 'authority');
    const port = await freePort();
    const { child, out } = program('openssl', 's_server', '-accept', `127.0.0.1:${port}`, `-${version}`, '-cert', its.certFile, '-key', its.keyFile,
      '-CAfile', ca.certFile, '-Verify', '2', '-verify_return_error', '-alpn', 'rfl');
    await until(() => out().includes('ACCEPT'), out);
    const client = new Recorder();
    const context = new TlsContext({ ...trusted(), ...keyed('client', 'DNS:client.example'), alpn: ['rfl'] });
    const connection = Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context, ...quiet }, client);
    await client.until(() => client.count('connected') + client.count('connect-failed') > 0);
    assert.equal(client.failure, null, out());
    assert.deepEqual([client.tls?.protocol, client.tls?.alpn, client.tls?.peerCertificate?.subject], [protocol, 'rfl', 'server']);
    connection.send(Buffer.from('to the server\n'));
    await until(() => out().includes('to the server'), out);
    child.stdin!.write('to the client\n');
    await client.until(() => client.text.includes('to the client'));
    connection.close();
    await client.until('closed');
    // Without a certificate, or with a stranger's: refused. With 1.3 the client believes itself connected until the refusal comes.
    const rogue = authority('alone');
    for (const [shown, code] of [[{}, version === 'tls1_2' ? 'peer-refused' : 'peer-wants-certificate'], [{ cert: rogue.cert, key: rogue.key }, 'peer-refused-certificate']] as const) {
      const refused = new Recorder();
      Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context: new TlsContext({ ...trusted(), ...shown, alpn: ['rfl'] }), ...quiet }, refused);
      await refused.until(() => refused.count('closed') + refused.count('connect-failed') > 0);
      assert.deepEqual(refused.names().slice(1), version === 'tls1_2' ? ['connect-failed'] : ['connected', 'closed']);
      assert.equal(refused.failure?.code ?? refused.cause?.code, code);
    }
    child.kill();
  });

  test(`s_server with ${protocol} shows the certificate of the name it is asked for`, { skip }, async () => {
    const its = certificate('server', 'authority');
    const other = certificate('elsewhere', 'authority', 'DNS:elsewhere.example');
    const port = await freePort();
    const { child, out } = program('openssl', 's_server', '-accept', `127.0.0.1:${port}`, `-${version}`, '-cert', other.certFile, '-key', other.keyFile,
      '-servername', 'localhost', '-cert2', its.certFile, '-key2', its.keyFile);
    await until(() => out().includes('ACCEPT'), out);
    for (const [servername, code] of [['localhost', undefined], ['127.0.0.1', 'certificate-wrong-host']] as const) {
      const client = new Recorder();
      const connection = Connection.sslClient({ target: { ...local, port }, servername, context: new TlsContext(trusted()), ...quiet }, client);
      await client.until(() => client.count('connected') + client.count('connect-failed') > 0);
      assert.equal(client.failure?.code, code, out());
      connection.hardClose();
    }
    child.kill();
  });
}

for (const version of ['tls1_2', 'tls1_3'] as const) {
  test(`s_client that comes back with its session of ${version} begins anew, and sends nothing early`, { skip }, async () => {
    const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, new Recorder({ started: (c) => { c.send(Buffer.from('welcome')); } }), quiet));
    const session = join(folder, `${version}.pem`);
    const come = async (...args: string[]): Promise<string> => {
      const { child, out } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, `-${version}`, '-servername', 'localhost', ...args);
      await until(() => out().includes('welcome'), out);
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin!.end();
      await ended;
      return out();
    };
    assert.match(await come('-sess_out', session), /New, TLS/);
    const again = await come('-sess_in', session);
    assert.match(again, /New, TLS/);
    assert.doesNotMatch(again, /Reused/);
    if (version === 'tls1_3') assert.match(again, /Early data was not sent/);
    listener.close();
  });
}

test('s_client that negotiates a session anew is refused: who it is does not change', { skip }, async () => {
  const server = new Recorder();
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const { child, out } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, '-tls1_2');
  await server.until('started');
  child.stdin!.write('R\n');
  await until(() => /no renegotiation/.test(out()), out);
  await server.until('closed');
  assert.deepEqual(server.names(), ['started', 'closed']);
  listener.close();
  child.kill();
});

test('s_client that asks for new keys, again and again, goes on', { skip }, async () => {
  const server = new Recorder({ received: (c, _, nth) => { if (nth === 1) c.send(Buffer.from('echo')); } });
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const { child, out } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, '-tls1_3');
  await server.until('started');
  for (let asked = 1; asked <= 5; asked++) {
    child.stdin!.write('K\n');
    await until(() => out().split('KEYUPDATE').length > asked, out);
  }
  child.stdin!.write('hello\n');
  await server.until(() => server.text === 'hello\n');
  await until(() => out().includes('echo'), out);
  listener.close();
  child.kill();
});

test('s_server below 1.2 is refused', { skip }, async () => {
  const its = certificate('server', 'authority');
  const port = await freePort();
  const { child, out } = program('openssl', 's_server', '-accept', `127.0.0.1:${port}`, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0', '-cert', its.certFile, '-key', its.keyFile);
  await until(() => out().includes('ACCEPT'), out);
  const client = new Recorder();
  Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context: new TlsContext(trusted()), ...quiet }, client);
  await client.until('connect-failed');
  assert.equal(client.failure?.code, 'protocol-version', client.failure?.message);
  child.kill();
});

test('s_client below 1.2 is refused', { skip }, async () => {
  const server = new Recorder();
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const { child } = program('openssl', 's_client', '-connect', `127.0.0.1:${listener.port}`, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
  await server.until('start-failed');
  assert.equal(server.failure?.code, 'protocol-version');
  listener.close();
  child.kill();
});
