/** Unix paths that are listened on: what is refused, what is kept, and what is left behind. The race of many is case 117. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cLibrary } from '../src/net/c-library.js';
import { Connection } from '../src/net/endpoint.js';
import type { Transport } from '../src/net/transport.js';
import { claimUnixPath } from '../src/net/unix-claim.js';
import { freshPath, listen, ms } from './support/media.js';
import { Recorder } from './support/recorder.js';
import { leaveStale } from './support/stale-socket.js';

const quiet = { log: () => {} };
const unix = { skip: process.platform === 'win32' };
/** Files of other users can only be made by root. */
const root = { skip: process.getuid?.() === 0 ? false : 'only root can give files away' };
const NOBODY = 65534;
const serve = (recorder: Recorder) => (accepted: Transport): Connection => Connection.server(accepted, recorder, quiet);
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
const support = (name: string): string => fileURLToPath(new URL(`./support/${name}.js`, import.meta.url));

async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !met(); i++) await ms(5);
  assert.ok(met(), 'waited in vain');
}
interface Contender { readonly process: ChildProcess; readonly lines: string[]; says(line: string): Promise<void> }
function contender(): Contender {
  const child = spawn(process.execPath, [support('contender')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout!.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return { process: child, lines, says: (line) => until(() => lines.includes(line)) };
}

test('the file has its mode from the start, and goes when the listener closes', unix, async () => {
  const path = freshPath();
  const listener = await listen({ kind: 'unix', path }, serve(new Recorder()));
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  assert.equal(listener.isListening, true);
  listener.close();
  assert.equal(existsSync(path), false);
  assert.deepEqual(readdirSync(dirname(path)).filter((name) => path.endsWith(name.slice(0, 4))), [], 'no private name is left');
});

test('a path somebody listens on is lost, and stays with its owner when the loser closes', unix, async () => {
  const path = freshPath();
  const server = new Recorder();
  const owner = await listen({ kind: 'unix', path }, serve(server));
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  const client = new Recorder();
  const connection = Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
  await client.until('connected');
  connection.hardClose();
  owner.close();
});

test('the file of a killed owner is taken over', unix, async () => {
  const path = freshPath();
  const child = contender();
  await child.says('ready');
  child.process.stdin!.write(`${path}\n`);
  await child.says('won');
  child.process.kill('SIGKILL');
  await new Promise((resolve) => child.process.once('exit', resolve));
  assert.equal(existsSync(path), true);
  const listener = await listen({ kind: 'unix', path }, () => null);
  assert.equal(listener.isListening, true);
  listener.close();
});

test('a file that is no socket is never removed', unix, async () => {
  const path = freshPath();
  writeFileSync(path, 'precious');
  assert.notEqual(await refusal(listen({ kind: 'unix', path }, () => null)), 'listening');
  assert.equal(lstatSync(path).isFile(), true);
});

test('a folder others can write to is refused, one that does not exist too; one that cannot be looked into is taken', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  for (const mode of [0o777, 0o775, 0o770, 0o702]) {
    chmodSync(folder, mode);
    assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 's') }, () => null)), 'EPERM', mode.toString(8));
  }
  chmodSync(folder, 0o300);
  (await listen({ kind: 'unix', path: join(folder, 's') }, () => null)).close();
  chmodSync(folder, 0o700);
  const listener = await listen({ kind: 'unix', path: join(folder, 's') }, () => null);
  listener.close();
  assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 'none', 's') }, () => null)), 'ENOENT');
  const link = freshPath();
  chmodSync(folder, 0o777);
  symlinkSync(folder, link);
  assert.equal(await refusal(listen({ kind: 'unix', path: join(link, 's') }, () => null)), 'EPERM', 'seen through a link');
});

test('closing removes only its own file', unix, async () => {
  const path = freshPath();
  const first = await listen({ kind: 'unix', path }, () => null);
  renameSync(path, `${path}.moved`);
  assert.equal(first.isListening, false, 'the path is not its own any more');
  const second = await listen({ kind: 'unix', path }, () => null);
  first.close();
  assert.equal(existsSync(path), true);
  second.close();
  assert.equal(existsSync(path), false);
});

test('a stale file of another user stays, and is an error', root, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  const path = join(folder, 's');
  await leaveStale(path);
  lchownSync(path, NOBODY, NOBODY);
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EEXIST');
  assert.equal(lstatSync(path).uid, NOBODY);
});

test('a folder of another user is refused', root, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  chownSync(folder, NOBODY, NOBODY);
  assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 's') }, () => null)), 'EPERM');
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder everybody can write to is taken when only owners can remove files from it', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  const listener = await listen({ kind: 'unix', path: join(folder, 's') }, () => null);
  listener.close();
  assert.deepEqual(readdirSync(folder), []);
});

test('the file gets the mode that is asked for', unix, async () => {
  const path = freshPath();
  const listener = await listen({ kind: 'unix', path, mode: 0o660 }, () => null);
  assert.equal(lstatSync(path).mode & 0o777, 0o660);
  listener.close();
});

test('an owner whose queue is full is alive, and keeps its path', unix, async () => {
  const path = freshPath();
  const source = `require('net').createServer(() => {}).listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => process.stdout.write('ready'))`;
  const owner = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => owner.stdout.once('data', resolve));
  owner.kill('SIGSTOP');
  const waiting: Socket[] = [];
  let full = false;
  for (let i = 0; i < 50 && !full; i++) {
    const socket = rawConnect(path);
    socket.on('error', () => { full = true; });
    waiting.push(socket);
    await ms(5);
  }
  assert.ok(full, 'the queue did not fill');
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  assert.equal(lstatSync(path).isSocket(), true);
  for (const socket of waiting) socket.destroy();
  owner.kill('SIGKILL');
});

test('what lies at the path and is no dead socket of ours stays: links, pipes, folders, files', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  await leaveStale(at('stale'));
  const alive = await listen({ kind: 'unix', path: at('alive') }, () => null);
  symlinkSync(at('nothing'), at('dangling'));
  symlinkSync(at('stale'), at('to-stale'));
  symlinkSync(at('alive'), at('to-alive'));
  symlinkSync(at('circle'), at('circle'));
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('folder'));
  writeFileSync(at('file'), 'precious');
  const before = readdirSync(folder).sort();
  const rows = { dangling: 'EEXIST', 'to-stale': 'EEXIST', 'to-alive': 'EADDRINUSE', circle: 'ELOOP', fifo: 'EEXIST', folder: 'EEXIST', file: 'EEXIST' };
  for (const [name, code] of Object.entries(rows)) assert.equal(await refusal(listen({ kind: 'unix', path: at(name) }, () => null)), code, name);
  assert.equal(await refusal(listen({ kind: 'unix', path: at('file/s') }, () => null)), 'ENOTDIR');
  assert.deepEqual(readdirSync(folder).sort(), before);
  alive.close();
});

test('paths that would name something else are refused', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  for (const bad of ['', '.', '..', '/', `${folder}/`, `${folder}/.`, `${folder}/..`, `${folder}/s\0t`, '\0abstract', '\\\\.\\pipe\\name']) {
    assert.equal(await refusal(listen({ kind: 'unix', path: bad }, () => null)), 'EINVAL', JSON.stringify(bad));
    const client = new Recorder();
    Connection.client({ target: { kind: 'unix', path: bad }, ...quiet }, client);
    await client.until('connect-failed');
    assert.equal(client.failure?.code, 'EINVAL', JSON.stringify(bad));
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('a path in another script and a relative one are listened on and connected to', unix, async () => {
  for (const path of [join(dirname(freshPath()), 'gńiazdo-ソ'), relative(process.cwd(), freshPath())]) {
    const listener = await listen({ kind: 'unix', path }, serve(new Recorder()));
    const client = new Recorder();
    const connection = Connection.client({ target: { kind: 'unix', path }, ...quiet }, client);
    await client.until('connected');
    assert.equal(lstatSync(path).isSocket(), true);
    connection.hardClose();
    listener.close();
    assert.equal(existsSync(path), false);
  }
});

test('the length that counts is that of the real path, and what is too long is not cut off', unix, async () => {
  const folder = join(dirname(freshPath()), 'f'.repeat(60));
  mkdirSync(folder);
  const link = freshPath();
  symlinkSync(folder, link);
  const path = join(link, 's'.repeat(50));
  assert.ok(Buffer.byteLength(path) <= 103);
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'ENAMETOOLONG');
  assert.deepEqual(readdirSync(folder), []);
});

test('whatever files are made with, nobody can connect before the path has its mode', unix, async () => {
  for (const mask of [0o000, 0o777]) {
    const path = freshPath();
    const server = createServer();
    const seen: unknown[] = [];
    server.once('listening', () => {
      const own = server.address() as string;
      seen.push(existsSync(path), lstatSync(dirname(own)).mode & 0o777);
    });
    const before = process.umask(mask);
    const claim = await claimUnixPath(server, path, 0o600, 8);
    process.umask(before);
    assert.equal(claim.kind, 'won');
    assert.deepEqual(seen, [false, 0o700]);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    if (claim.kind === 'won') claim.release();
    server.close();
  }
});

test('what a contender leaves that is killed between binding and linking goes with the next election', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  const path = join(folder, 's');
  const source = `
    import { createServer } from 'node:net';
    import { claimUnixPath } from ${JSON.stringify(new URL('../src/net/unix-claim.js', import.meta.url).href)};
    const server = createServer().once('listening', () => process.kill(process.pid, 'SIGKILL'));
    await claimUnixPath(server, ${JSON.stringify(path)}, 0o600, 8);`;
  for (let i = 0; i < 2; i++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'ignore' });
    const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    assert.equal(signal, 'SIGKILL');
    const left = readdirSync(folder);
    assert.equal(left.length, 1);
    assert.equal(readdirSync(join(folder, left[0])).length, 1);
  }
  const listener = await listen({ kind: 'unix', path }, () => null);
  assert.deepEqual(readdirSync(folder), ['s']);
  listener.close();
});

test('a socket that takes the place of a dead one while it is being asked is not removed', unix, async () => {
  for (const replacement of ['alive', 'dead'] as const) {
    const path = freshPath();
    await leaveStale(path);
    const other = createServer().on('connection', (socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(`${path}.other`, resolve));
    if (replacement === 'dead') await leaveStale(`${path}.dead`);
    const server = createServer();
    // Other systems are asked for a while.
    const claiming = claimUnixPath(server, path, 0o600, 8, 'darwin');
    await ms(120);
    renameSync(replacement === 'alive' ? `${path}.other` : `${path}.dead`, path);
    const { ino } = lstatSync(path);
    const claim = await claiming;
    assert.equal(claim.kind === 'error' ? claim.code : claim.kind, replacement === 'alive' ? 'lost' : 'EEXIST');
    assert.equal(lstatSync(path).ino, ino);
    other.close();
  }
});

/** As somebody whom permissions stop. */
async function asNobody(body: () => Promise<void>): Promise<void> {
  // Loaded while it can still be read.
  cLibrary();
  process.seteuid!(NOBODY);
  try {
    await body();
  } finally {
    process.seteuid!(0);
  }
}

test('a folder that cannot be written to is an error when listening and none when closing', root, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  chmodSync(dirname(folder), 0o711);
  const path = join(folder, 's');
  await leaveStale(path);
  lchownSync(path, NOBODY, NOBODY);
  await asNobody(async () => assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EACCES', 'it is stale, and cannot be removed'));
  await asNobody(async () => assert.equal(await refusal(listen({ kind: 'unix', path: `${path}2` }, () => null)), 'EACCES', 'nothing can be made'));
  assert.deepEqual(readdirSync(folder), ['s']);

  const own = freshPath();
  mkdirSync(own);
  chownSync(own, NOBODY, NOBODY);
  await asNobody(async () => {
    const listener = await listen({ kind: 'unix', path: join(own, 's') }, () => null);
    chmodSync(own, 0o500);
    assert.equal(listener.isListening, true);
    listener.close();
    assert.equal(listener.isListening, false);
    assert.equal(existsSync(join(own, 's')), true);
    chmodSync(own, 0o700);
    (await listen({ kind: 'unix', path: join(own, 's') }, () => null)).close();
    assert.deepEqual(readdirSync(own), []);
  });
});

test('a loser that closes, and a failure to listen, leave no private names', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  const path = join(folder, 's');
  const owner = await listen({ kind: 'unix', path }, () => null);
  for (let i = 0; i < 5; i++) assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  assert.deepEqual(readdirSync(folder), ['s']);
  owner.close();
  assert.deepEqual(readdirSync(folder), []);
});
