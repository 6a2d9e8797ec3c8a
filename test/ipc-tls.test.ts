/** The Rayforce protocol over TLS and over Unix sockets, in both thread arrangements. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import type { ServerTls } from '../src/engine/tls-files.js';
import { startNode } from '../src/engine/node.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { rfl, Running } from './support/rfl.js';
import { ARRANGEMENTS, RawClient, startHost, until, type TestHost } from './support/engine.js';

const skip = hasOpenssl ? false : 'no openssl';
const folder = mkdtempSync(join(tmpdir(), 'rfl-tls-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

ARRANGEMENTS.forEach((arrangement, i) => {
  describe(`serving, interpreter in the ${arrangement} thread`, { skip, timeout: 60_000 }, () => {
    const secure = 7410 + i;
    const mutual = 7412 + i;
    const path = join(folder, `${arrangement}.sock`);
    const hosts: TestHost[] = [];
    let ca = '';
    let mine: { certFile: string; keyFile: string };
    before(async () => {
      ca = authority('authority').certFile;
      mine = certificate('client', 'authority', 'DNS:client.example');
      const { certFile, keyFile } = certificate('server', 'authority');
      const tls: ServerTls = { cert: certFile, key: keyFile };
      hosts.push(await startHost(arrangement, { tls, listen: [`tls://127.0.0.1:${secure}`, `unix://${path}`] }));
      hosts.push(await startHost(arrangement, { tls: { ...tls, ca }, listen: [`tls://127.0.0.1:${mutual}`] }));
    });
    after(() => Promise.all(hosts.map((host) => host.stop())));

    test('a client over TLS, and one over a Unix socket, get their answers', async () => {
      for (const client of [await connect(`tls://127.0.0.1:${secure}`, { tls: { ca } }), await connect(`unix://${path}`)]) {
        assert.equal(await client.send('(+ 1 2)'), 3);
        const big = await client.send('(til 100000)');
        assert.equal((big as { length: number }).length, 100_000);
        client.close();
      }
    });

    test('a script opens an address, or what a dict says; a name in it stands for its value', async () => {
      const [host] = hosts;
      assert.equal(await host.evaluate(`(set u (.ipc.open "unix://${path}")) (set authorities "${ca}") (set where "tls://127.0.0.1:${secure}") null`), '');
      assert.match(await host.evaluate(`(>= (.ipc.open {address: where timeout: 3000 tls: {ca: authorities servername: "localhost"}}) 0)`), /true/);
      if (arrangement === 'worker') await until(() => host.connections().filter((c) => c.direction === 'in').length >= 2, 'two clients');
      const table = await host.evaluate('(.net.conns)');
      assert.match(table, /rayforce/);
      assert.match(table, /TLSv1\.3/);
      assert.match(await host.evaluate(`(count (at (.net.conns) 'handle))`), /^[2-9]/);
    });

    test('what is wrong with the options is named', async () => {
      const [host] = hosts;
      const rows = [
        ['{address: "h:1" colour: 1}', 'value', /no option colour/], ['{timeout: 1}', 'value', /no option address/],
        ['{address: "h:1" tls: 7}', 'type', /tls must be a dict/], ['{address: "h:1" tls: {ca: 7}}', 'type', /tls\.ca must be a str/],
        ['{address: "h:1" tls: {nothing: 7}}', 'value', /no option tls\.nothing/], ['{address: no-such-name}', 'name', /no-such-name/],
        ['{address: "127.0.0.1:1" tls: {ca: "/nowhere/ca.pem"}}', 'io', /ca: ENOENT/],
      ] as const;
      for (const [dict, code, message] of rows) {
        const answer = await host.evaluate(`(.ipc.open ${dict})`);
        assert.match(answer, new RegExp(`error ${code}`), `${dict}: ${answer}`);
        assert.match(answer, message, dict);
      }
    });

    test('who does not trust the server does not connect, and the log says why', async () => {
      const stranger = authority('stranger').certFile;
      await assert.rejects(connect(`tls://127.0.0.1:${secure}`, { tls: { ca: stranger } }), { message: /certificate-unknown-ca/ });
      await assert.rejects(connect(`tls://127.0.0.1:${secure}`), { message: /certificate-/ });
      await assert.rejects(connect(`tls://127.0.0.1:${secure}`, { tls: { ca, servername: 'elsewhere.example' } }), { message: /certificate-wrong-host/ });
      await until(() => hosts[0].logs.some(({ message }) => /TLS: peer-/.test(message)), 'the reason in the log');
    });

    test('with authorities a client needs a certificate, whose name is the user', async () => {
      const refused = await connect(`tls://127.0.0.1:${mutual}`, { tls: { ca }, timeoutMs: 2000 }).then((client) => client.send('1'), (e: unknown) => e).catch((e: unknown) => e);
      assert.equal((refused as { code: string }).code, 'io');
      assert.match((refused as Error).message, /^TLS failed \(peer-wants-certificate\): 127\.0\.0\.1:/);
      await until(() => hosts[1].logs.some(({ message }) => message.includes('TLS: certificate-missing')), 'the reason in the log');
      const client = await connect(`tls://127.0.0.1:${mutual}`, { tls: { ca, cert: mine.certFile, key: mine.keyFile } });
      assert.equal(await client.send('(+ 1 2)'), 3);
      assert.deepEqual(hosts[1].connections().map(({ user, tls, protocol }) => [user, tls, protocol]), [['client', 'TLSv1.3', 'rayforce']]);
      client.close();
    });

    test('plain bytes on the port for TLS are refused, and disturb nobody', async () => {
      const raw = await RawClient.open(secure, false);
      raw.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await until(() => hosts[0].logs.some(({ message }) => message.includes('TLS: not-tls')), 'the reason in the log');
      const client = await connect(`tls://127.0.0.1:${secure}`, { tls: { ca } });
      assert.equal(await client.send('7'), 7);
      client.close();
    });
  });
});

test('certificates are read again on request; what cannot be read changes nothing', { skip }, async () => {
  const [ca, old, renewed] = [authority('authority').certFile, certificate('server', 'authority'), certificate('renewed', 'authority', 'DNS:renewed.example')];
  const [cert, key] = [join(folder, 'live.crt'), join(folder, 'live.key')];
  const put = (from: { certFile: string; keyFile: string }): void => {
    copyFileSync(from.certFile, cert);
    copyFileSync(from.keyFile, key);
  };
  put(old);
  const node = await startNode({ tls: { cert, key } });
  const { port } = await node.listen('tls://127.0.0.1:0');
  const dial = (servername: string): ReturnType<typeof connect> => connect(`tls://127.0.0.1:${port}`, { tls: { ca, servername } });
  try {
    const before = await dial('localhost');
    put(renewed);
    node.reloadFiles();
    const fresh = await dial('renewed.example');
    assert.equal(await before.send('1'), 1, 'who was connected stays');
    rmSync(key);
    assert.throws(() => node.reloadFiles(), { code: 'io' });
    const still = await dial('renewed.example');
    for (const client of [before, fresh, still]) client.close();
  } finally {
    await node.shutdown(1000);
  }
});

test('a hello where none is taken, half a hello, and one byte by byte are refused by name and in time', { skip }, async () => {
  const { certFile, keyFile } = certificate('server', 'authority');
  const logs: string[] = [];
  const node = await startNode({ tls: { cert: certFile, key: keyFile }, limits: { handshakeMs: 150 }, log: ({ message }) => void logs.push(message) });
  const [plain, secure] = [await node.listen('127.0.0.1:0'), await node.listen('tls://127.0.0.1:0')];
  const said = (pattern: RegExp): number => logs.filter((message) => pattern.test(message)).length;
  try {
    await assert.rejects(connect(`tls://127.0.0.1:${plain.port}`, { tls: { ca: authority('authority').certFile } }), { code: 'io' });
    await until(() => said(/not served here: TLS/) === 1, 'the reason');
    // A record of TLS 1.0 with a hello of 200 bytes, of which not all come.
    const half = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 204, 1, 0, 0, 200, 3, 3]), Buffer.alloc(60, 7)]);
    const silent = await RawClient.open(secure.port, false);
    silent.write(half);
    const slow = await RawClient.open(secure.port, false);
    let at = 0;
    const drip = setInterval(() => slow.write(half.subarray(at % half.length, (at++ % half.length) + 1)), 5);
    await until(() => said(/no handshake within 150 ms/) === 2, 'both reasons');
    await Promise.all([silent.closed(), slow.closed()]);
    clearInterval(drip);
    const client = await connect(`tls://127.0.0.1:${secure.port}`, { tls: { ca: authority('authority').certFile } });
    assert.equal(await client.send('(+ 1 2)'), 3);
    client.close();
  } finally {
    await node.shutdown(1000);
  }
});

test('a key that cannot be opened stops a server with its name, and with no word of what is in it', { skip }, () => {
  const { certFile, keyFile } = certificate('server', 'authority');
  const locked = join(folder, 'locked.key');
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', keyFile, '-passout', 'pass:correct horse', '-out', locked], { stdio: 'ignore' });
  const { status, out, err } = rfl(['-p', '7421', '--tls-cert', certFile, '--tls-key', locked]);
  assert.deepEqual([status, out], [69, '']);
  assert.match(err, /^rfl: failed to listen on tls:[^ ]*: key: it is protected by a passphrase, and none was given, '[^']*locked\.key'\n$/);
});

test('an address for TLS without a certificate is an error of listening', async () => {
  await assert.rejects(startNode({ listen: ['tls://127.0.0.1:0'] }), { code: 'io', message: /no certificate/ });
  await assert.rejects(startNode({ tls: { cert: '/nowhere', key: '/nowhere' }, listen: ['tls://127.0.0.1:0'] }), { code: 'io', message: /cert: ENOENT/ });
});

test('a server started with flags speaks TLS, and reads its certificates again at SIGHUP', { skip: skip || process.platform === 'win32' }, async () => {
  const [ca, old, renewed] = [authority('authority').certFile, certificate('server', 'authority'), certificate('renewed', 'authority', 'DNS:renewed.example')];
  const [cert, key] = [join(folder, 'flag.crt'), join(folder, 'flag.key')];
  copyFileSync(old.certFile, cert);
  copyFileSync(old.keyFile, key);
  const server = new Running(['-p', '7420', '--tls-cert', cert, '--tls-key', key]);
  try {
    await server.see('err', /listening on port 7420/);
    const before = await connect('tls://127.0.0.1:7420', { tls: { ca } });
    copyFileSync(renewed.certFile, cert);
    copyFileSync(renewed.keyFile, key);
    server.process.kill('SIGHUP');
    await server.see('err', /read again/);
    const fresh = await connect('tls://127.0.0.1:7420', { tls: { ca, servername: 'renewed.example' } });
    for (const client of [before, fresh]) {
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
    }
  } finally {
    server.process.kill('SIGTERM');
    await server.ended;
  }
});
