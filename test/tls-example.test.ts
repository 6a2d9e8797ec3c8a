/** examples/tls.rfl does what its first lines say, typed as they stand there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasOpenssl } from './support/certificates.js';
import { freePort } from './support/programs-as-peers.js';
import { rfl, Running } from './support/rfl.js';
import { ROOT } from './support/root.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-example-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const example = fileURLToPath(new URL('examples/tls.rfl', ROOT));

/** The commands of its first lines; only the port and the folders are other ones. */
async function commands(): Promise<string[][]> {
  const port = String(await freePort());
  const elsewhere = (word: string): string => word.replace(/^certificates(?=\/|$)/, folder).replace(/^examples\//, fileURLToPath(new URL('examples/', ROOT))).replace(/\b5012$/, port);
  return readFileSync(example, 'utf8').split('\n').filter((line) => line.startsWith(';;   ')).map((line) => line.slice(5).split(' ').map(elsewhere));
}

test('certificates, a server that wants one, and a client that shows one', { skip: hasOpenssl ? false : 'no openssl', timeout: 60_000 }, async () => {
  const [make, serve, ask] = await commands();
  assert.deepEqual([make[0], serve[0], ask[0]], ['sh', 'rfl', 'rfl']);
  execFileSync(make[0], make.slice(1));
  for (const key of ['server.key', 'client.key']) assert.equal(statSync(join(folder, key)).mode & 0o077, 0, 'a key is for its owner');
  const server = new Running(serve.slice(1));
  try {
    await server.see('out', /serving 5 trades/);
    await server.see('err', /listening/);
    const { status, out, err } = rfl(ask.slice(1));
    assert.equal(status, 0, err);
    assert.equal(out, 'agreed on TLSv1.3 with localhost\nlast AAPL: 190.2\nwithout a certificate: refused\nfor another name: refused\n');
  } finally {
    server.process.kill();
  }
});
