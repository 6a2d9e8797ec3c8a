/** Certificates that are renewed while a server runs: those of flags and those of listeners a script has made, on SIGHUP and by call. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from '../src/engine/client.js';
import { startNode } from '../src/engine/node.js';
import { authority, certificate, hasOpenssl, revocations, type Certificate } from './support/certificates.js';
import { freePort } from './support/programs-as-peers.js';
import { MAIN, Running } from './support/rfl.js';
import { noTerminal, Terminal } from './support/terminal.js';

const skip = !hasOpenssl ? 'no openssl' : process.platform === 'win32' ? 'no SIGHUP' : false;
const folder = mkdtempSync(join(tmpdir(), 'rfl-reload-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Files that are written to again and again. */
function files(name: string): { cert: string; key: string; ca: string; put(from: Certificate): void } {
  const [cert, key, ca] = ['crt', 'key', 'ca'].map((end) => join(folder, `${name}.${end}`));
  return {
    cert, key, ca,
    put(from) {
      copyFileSync(from.certFile, cert);
      copyFileSync(from.keyFile, key);
    },
  };
}
const server = (): Certificate => certificate('server', 'authority');
const renewed = (): Certificate => certificate('renewed', 'authority', 'DNS:renewed.example');

test('SIGHUP renews the listeners a script has made, too; broken files are reported and change nothing; nobody is dropped', { skip, timeout: 60_000 }, async () => {
  const [flags, own] = [files('flags'), files('own')];
  const [plain, secure] = [await freePort(), await freePort()];
  for (const each of [flags, own]) each.put(server());
  const ca = authority('authority').certFile;
  const program = join(folder, 'listens.rfl');
  writeFileSync(program, `(.net.listen "tls://127.0.0.1:${secure}" {tls: {cert: "${own.cert}" key: "${own.key}"}})\n`);
  const running = new Running(['--listen', `127.0.0.1:${plain}`, program]);
  const dial = (servername: string): ReturnType<typeof connect> => connect(`tls://127.0.0.1:${secure}`, { tls: { ca, servername } });
  const reloads = (): number => running.err.split('read again').length - 1;
  const hangup = async (): Promise<void> => {
    const before = reloads();
    running.process.kill('SIGHUP');
    while (reloads() === before) await running.see('err', new RegExp(`(read again[^]*){${before + 1}}`));
  };
  try {
    await running.see('err', new RegExp(`listening on port ${secure}`));
    const first = await dial('localhost');
    own.put(renewed());
    await hangup();
    const second = await dial('renewed.example');
    await assert.rejects(dial('localhost'), { message: /certificate-wrong-host/ });

    copyFileSync(server().keyFile, own.key);
    running.process.kill('SIGHUP');
    await running.see('err', /kept: key: it does not belong to the certificate, '[^']*own\.key'/);
    writeFileSync(own.cert, readFileSync(renewed().certFile).subarray(0, 200));
    running.process.kill('SIGHUP');
    await running.see('err', /kept: cert: no certificate in PEM, or a broken one, '[^']*own\.crt'/);
    rmSync(own.cert);
    running.process.kill('SIGHUP');
    await running.see('err', /kept: cert: ENOENT/);
    const third = await dial('renewed.example');

    own.put(server());
    await hangup();
    const fourth = await dial('localhost');
    for (const client of [first, second, third, fourth]) {
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
    }
    for (const line of readFileSync(server().keyFile, 'latin1').split('\n').slice(1, 3)) assert.ok(!running.err.includes(line), 'no key in the log');
  } finally {
    running.process.kill('SIGTERM');
    await running.ended;
  }
});

test('authorities and their lists are read again: who may come in changes, who is in stays', { skip, timeout: 60_000 }, async () => {
  authority('newcomer');
  const { cert, key, ca, put } = files('mutual');
  const crl = join(folder, 'mutual.crl');
  const [mine, other] = [certificate('client', 'authority', 'DNS:client.example'), certificate('newcomers', 'newcomer')];
  put(server());
  copyFileSync(authority('authority').certFile, ca);
  copyFileSync(revocations('authority').crlFile, crl);
  const node = await startNode({ tls: { cert, key, ca, crl } });
  const { port } = await node.listen('tls://127.0.0.1:0');
  const dial = (who: Certificate): Promise<unknown> => connect(`tls://127.0.0.1:${port}`, { tls: { ca: authority('authority').certFile, cert: who.certFile, key: who.keyFile } })
    .then((client) => client.send('1').finally(() => client.close()));
  try {
    const stays = await connect(`tls://127.0.0.1:${port}`, { tls: { ca: authority('authority').certFile, cert: mine.certFile, key: mine.keyFile } });
    assert.equal(await dial(mine), 1);
    await assert.rejects(dial(other));
    copyFileSync(revocations('authority', mine).crlFile, crl);
    node.reloadFiles();
    await assert.rejects(dial(mine));
    copyFileSync(authority('newcomer').certFile, ca);
    copyFileSync(revocations('newcomer').crlFile, crl);
    node.reloadFiles();
    assert.equal(await dial(other), 1);
    await assert.rejects(dial(mine));
    writeFileSync(ca, '');
    assert.throws(() => node.reloadFiles(), { code: 'io', message: /ca: no certificate/ });
    assert.equal(await dial(other), 1);
    assert.equal(await stays.send('(+ 1 2)'), 3);
    stays.close();
  } finally {
    await node.shutdown(1000);
  }
});

test('all listeners are renewed, or none; files of a listener that is closed do not matter any more', { skip, timeout: 60_000 }, async () => {
  const [one, two, gone] = [files('one'), files('two'), files('gone')];
  for (const each of [one, two, gone]) each.put(server());
  const node = await startNode({ tls: { cert: one.cert, key: one.key } });
  const listen = (where: { cert: string; key: string }): string => `(.net.listen "tls://127.0.0.1:0" {tls: {cert: "${where.cert}" key: "${where.key}"}})`;
  try {
    const { port } = await node.listen('tls://127.0.0.1:0');
    assert.ok((await node.evaluate(`(set open ${listen(two)}) (set closed ${listen(gone)}) (.net.unlisten closed)`)).ok);
    rmSync(gone.cert);
    node.reloadFiles();
    one.put(renewed());
    rmSync(two.cert);
    assert.throws(() => node.reloadFiles(), { code: 'io', message: /two\.crt/ });
    const dial = (servername: string): Promise<void> => connect(`tls://127.0.0.1:${port}`, { tls: { ca: authority('authority').certFile, servername } }).then((client) => client.close());
    await dial('localhost');
    two.put(server());
    node.reloadFiles();
    await dial('renewed.example');
    assert.ok(!(await node.evaluate(listen(gone))).ok, 'asked for anew, they are read anew');
  } finally {
    await node.shutdown(1000);
  }
});

test('SIGHUP also renews what a program serves that stays for pipes or a swarm', { skip, timeout: 60_000 }, async () => {
  const own = files('swarm');
  own.put(server());
  const port = await freePort();
  const running = new Running(['-e', `(do (.net.listen "tls://127.0.0.1:${port}" {tls: {cert: "${own.cert}" key: "${own.key}"}}) (.swarm.listen "${folder}" {hash: "stays"}))`]);
  const dial = (servername: string): ReturnType<typeof connect> => connect(`tls://127.0.0.1:${port}`, { tls: { ca: authority('authority').certFile, servername } });
  try {
    await running.see('out', /true/);
    const first = await dial('localhost');
    own.put(renewed());
    running.process.kill('SIGHUP');
    await running.see('err', /read again/);
    const second = await dial('renewed.example');
    rmSync(own.key);
    running.process.kill('SIGHUP');
    await running.see('err', /kept: key: ENOENT/);
    for (const client of [first, second]) {
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
    }
  } finally {
    running.process.kill('SIGTERM');
    await running.ended;
  }
});

test('SIGHUP renews a server at a terminal, too, and ends it when the terminal is gone', { skip: skip || noTerminal, timeout: 60_000 }, async () => {
  const own = files('terminal');
  own.put(server());
  const port = await freePort();
  const terminal = new Terminal(['sh', '-c', `echo PID=$$; exec ${process.execPath} ${MAIN} --listen tls://127.0.0.1:${port} --tls-cert ${own.cert} --tls-key ${own.key}`]);
  const dial = (servername: string): Promise<void> => connect(`tls://127.0.0.1:${port}`, { tls: { ca: authority('authority').certFile, servername } }).then((client) => client.close());
  let pid = 0;
  const alive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  try {
    pid = Number(/PID=(\d+)/.exec(await terminal.see(/listening on port/))![1]);
    await dial('localhost');
    own.put(renewed());
    process.kill(pid, 'SIGHUP');
    await terminal.see(/read again/);
    await dial('renewed.example');
  } finally {
    terminal.close();
  }
  for (let i = 0; i < 500 && alive(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(!alive(), 'it is still there');
});
