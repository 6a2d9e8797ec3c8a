/** Ports, addresses and TLS on the command line, mixed, as a client finds them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from '../src/engine/client.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { freePort } from './support/programs-as-peers.js';
import { Running } from './support/rfl.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-listeners-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const hasIPv6 = Object.values(networkInterfaces()).flat().some((i) => i?.family === 'IPv6');

test('-p speaks TLS where there is a certificate; --listen beside it what its address says', { skip: hasOpenssl ? false : 'no openssl', timeout: 60_000 }, async () => {
  const ca = authority('authority').certFile;
  const [{ certFile: cert, keyFile: key }, mine] = [certificate('server', 'authority'), certificate('client', 'authority', 'DNS:client.example')];
  const [one, two, plain, tcp, tls, six] = await Promise.all(Array.from({ length: 6 }, freePort));
  const path = join(folder, 'mixed.sock');
  const listens = [String(plain), `tcp://127.0.0.1:${tcp}`, `tls://127.0.0.1:${tls}`, `unix://${path}`, ...(hasIPv6 ? [`tls://[::1]:${six}`] : [])];
  const server = new Running(['-p', String(one), '-p', String(two), '-p', '0', '--tls-cert', cert, '--tls-key', key, '--tls-ca', ca, '--tls-require-client', ...listens.flatMap((address) => ['--listen', address])]);
  try {
    await server.see('err', /server-only mode/);
    const trust = { ca, cert: mine.certFile, key: mine.keyFile };
    const secured = [`127.0.0.1:${one}`, `127.0.0.1:${two}`, `127.0.0.1:${tls}`, ...(hasIPv6 ? [`[::1]:${six}`] : [])];
    for (const place of secured) {
      const client = await connect(`tls://${place}`, { tls: { ...trust, servername: 'localhost' } });
      assert.equal(await client.send("(first (at (.net.conns) 'user))"), 'client', place);
      assert.equal(await client.send("(+ 1 2)"), 3);
      client.close();
      await assert.rejects(connect(place, { timeoutMs: 2000 }), { code: 'io' }, `plaintext to ${place}`);
      await assert.rejects(connect(`tls://${place}`, { tls: { ca, servername: 'localhost' } }).then((c) => c.send('1')), { code: 'io' }, `no certificate to ${place}`);
    }
    for (const place of [`127.0.0.1:${plain}`, `tcp://127.0.0.1:${tcp}`, `unix://${path}`]) {
      const client = await connect(place);
      assert.equal(await client.send('(+ 1 2)'), 3, place);
      client.close();
    }
    // The same again, from a script: one more, and gone.
    const admin = await connect(`unix://${path}`);
    const more = await freePort();
    const id = await admin.send(`(.net.listen "tls://127.0.0.1:${more}")`);
    const client = await connect(`tls://127.0.0.1:${more}`, { tls: { ...trust, servername: 'localhost' } });
    assert.equal(await admin.send(`(.net.unlisten ${String(id)})`), null);
    assert.equal(await client.send('(+ 1 2)'), 3, 'who is connected stays');
    await assert.rejects(connect(`tls://127.0.0.1:${more}`, { tls: trust }), { code: 'io' });
    admin.close();
    client.close();
  } finally {
    server.process.kill('SIGTERM');
    await server.ended;
  }
});
