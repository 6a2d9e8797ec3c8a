/** stunnel and socat between us and others, the reference among them: RFL_REFERENCE names its binary. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as rawConnect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startNode } from '../src/engine/node.js';
import { Connection } from '../src/net/endpoint.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { contexts, freshPath, listen } from './support/media.js';
import { freePort, missing, program, until, type Program } from './support/programs-as-peers.js';
import { Recorder } from './support/recorder.js';

const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const folder = mkdtempSync(join(tmpdir(), 'rfl-tunnels-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const noTunnel = hasOpenssl ? missing('stunnel', '-version') : 'no openssl';
const noSocat = missing('socat', '-V');
const reference = process.env['RFL_REFERENCE'];
if (reference === undefined) console.error('RFL_REFERENCE is not set: tunnels are NOT tested against the reference');
const noReference = noTunnel || (reference === undefined ? 'RFL_REFERENCE is not set' : false);

/** A tunnel that is open when it resolves. Towards us (`client`) it speaks TLS and checks our name; from us it unwraps it. */
async function tunnel(kind: 'client' | 'server', to: number): Promise<Program & { port: number }> {
  const port = await freePort();
  const lines = kind === 'client'
    ? ['client = yes', `CAfile = ${authority('authority').certFile}`, 'verifyChain = yes', 'checkHost = localhost']
    : [`cert = ${certificate('server', 'authority').certFile}`, `key = ${certificate('server', 'authority').keyFile}`];
  const file = join(folder, `${kind}-${port}.conf`);
  writeFileSync(file, ['foreground = yes', 'pid =', 'debug = notice', '[rfl]', `accept = 127.0.0.1:${port}`, `connect = 127.0.0.1:${to}`, ...lines, ''].join('\n'));
  const made = program('stunnel', file);
  await until(() => made.out().includes('Configuration successful'), made.out);
  return { ...made, port };
}
/** Runs a script in the reference and answers what it printed. */
function ask(source: string): Promise<string> {
  const file = join(folder, 'client.rfl');
  writeFileSync(file, source);
  return new Promise((resolve) => {
    const child = spawn(reference!, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (out += String(chunk)));
    child.on('close', () => resolve(out));
  });
}

test('a plain client behind stunnel talks to our TLS server, which it has verified', { skip: noTunnel }, async () => {
  const server = new Recorder({ received: (c, _, nth) => { if (nth === 1) c.send(Buffer.from('over TLS')); } });
  const listener = await listen(local, (accepted) => Connection.sslServer(accepted, contexts().server, server, quiet));
  const { child, port } = await tunnel('client', listener.port);
  const peer = rawConnect(port, '127.0.0.1');
  let got = '';
  peer.on('data', (chunk: Buffer) => { got += chunk.toString(); });
  peer.write('in the clear');
  await until(() => got === 'over TLS', () => got);
  assert.equal(server.text, 'in the clear');
  peer.end();
  await server.until('closed');
  assert.equal(server.cause?.code, 'peer-closed');
  child.kill();
  listener.close();
});

test('our TLS client talks to a plain server behind stunnel', { skip: noTunnel }, async () => {
  const plain = createServer((socket) => socket.on('data', (chunk) => socket.end(`got ${chunk.toString()}`)).on('error', () => {}));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const { child, port } = await tunnel('server', (plain.address() as { port: number }).port);
  const client = new Recorder({ connected: (c) => void c.send(Buffer.from('hello')) });
  Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
  await client.until('closed');
  assert.equal(client.text, 'got hello');
  assert.equal(client.cause?.code, 'peer-closed');
  child.kill();
  plain.close();
});

test('the client of the reference, through stunnel, asks our TLS port', { skip: noReference, timeout: 60_000 }, async () => {
  const { certFile, keyFile } = certificate('server', 'authority');
  const node = await startNode({ tls: { cert: certFile, key: keyFile } });
  const { port: secure } = await node.listen('tls://127.0.0.1:0');
  const { child, port } = await tunnel('client', secure);
  const out = await ask(`(set h (.ipc.open "127.0.0.1:${port}"))\n(println "%" (.ipc.send h "(+ 1 2)"))\n(println "%" (.ipc.send h "(sum (til 100000))"))\n(println "%" (sum (.ipc.send h (til 200000))))\n(.ipc.close h)`);
  assert.deepEqual(out.trim().split(/\s+/), ['3', '4999950000', '19999900000']);
  child.kill();
  await node.shutdown();
});

test('our tls:// client, through stunnel, asks the server of the reference', { skip: noReference, timeout: 60_000 }, async () => {
  const plain = await freePort();
  const server = spawn(reference!, ['-p', String(plain)], { stdio: 'ignore' });
  const { child, port } = await tunnel('server', plain);
  const node = await startNode({});
  const ca = authority('authority').certFile;
  const open = `(set h (.ipc.open {address: "tls://localhost:${port}" timeout: 3000 tls: {ca: "${ca}" servername: "localhost"}}))`;
  let opened = await node.evaluate(open);
  for (let i = 0; i < 50 && !opened.ok; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    opened = await node.evaluate(open);
  }
  assert.ok(opened.ok, opened.text);
  assert.equal((await node.evaluate('(.ipc.send h "(+ 1 2)")')).text, '3');
  assert.equal((await node.evaluate('(sum (.ipc.send h (til 200000)))')).text, '19999900000');
  assert.equal((await node.evaluate('(count (.ipc.send h "(til 300000)"))')).text, '300000');
  await node.shutdown();
  child.kill();
  server.kill('SIGKILL');
});

test('socat on a Unix socket as the client', { skip: noSocat }, async () => {
  const path = freshPath();
  const server = new Recorder({ received: (c, _, nth) => { if (nth === 1) c.send(Buffer.from('welcome\n')); } });
  const listener = await listen({ kind: 'unix', path }, (accepted) => Connection.server(accepted, server, quiet));
  const { child, out } = program('socat', '-', `UNIX-CONNECT:${path}`);
  child.stdin!.write('hello from socat\n');
  await until(() => out() === 'welcome\n', out);
  assert.equal(server.text, 'hello from socat\n');
  child.stdin!.end();
  await server.until('closed');
  assert.equal(server.cause?.code, 'peer-closed');
  listener.close();
  child.kill();
});

test('socat on a Unix socket as the server, with a megabyte there and back', { skip: noSocat }, async () => {
  const path = freshPath();
  const { child, out } = program('socat', `UNIX-LISTEN:${path}`, 'EXEC:cat');
  const bytes = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 255));
  let client = new Recorder();
  for (let i = 0; i < 300 && client.count('connected') === 0; i++) {
    client = new Recorder({ connected: (c) => void c.send(bytes) });
    Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
    await client.until(() => client.count('connected') + client.count('connect-failed') > 0);
    if (client.failure !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await client.until(() => client.size === bytes.length);
  assert.ok(client.bytes.equals(bytes), out());
  assert.deepEqual(client.details('sent'), [1]);
  client.connection!.close();
  await client.until('closed');
  child.kill();
});
