/** Unix paths that are listened on: who gets them, what is refused, and what is left behind. The race of many is case 117. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Connection } from '../src/net/endpoint.js';
import { holdFile } from '../src/net/held-file.js';
import type { Transport } from '../src/net/transport.js';
import { electionLock } from '../src/net/unix-claim.js';
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

test('a folder others can write to is refused, one that does not exist too', unix, async () => {
  const folder = freshPath();
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  assert.equal(await refusal(listen({ kind: 'unix', path: join(folder, 's') }, () => null)), 'EPERM');
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

test('an election that somebody holds without listening is an error after a second, and removes nothing', { skip: process.platform === 'linux' ? false : 'the lock is one of Linux' }, async () => {
  const path = freshPath();
  await leaveStale(path);
  const target = join(realpathSync(dirname(path)), basename(path));
  const holder = createServer();
  const name = `\0rfl-lock-${createHash('sha256').update(target).digest('hex').slice(0, 32)}`;
  await new Promise<void>((resolve) => holder.listen({ path: name }, resolve));
  assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'ELOCKED');
  assert.equal(existsSync(path), true);
  holder.close();
  const listener = await listen({ kind: 'unix', path }, () => null);
  listener.close();
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

test('where there are no names that the kernel frees, a file stands for the election, and that of a dead process is taken over', unix, async () => {
  const file = join(dirname(freshPath()), 'election.lock');
  const first = holdFile(file);
  assert.ok(first !== null);
  assert.equal(holdFile(file), null);
  first.release();
  assert.equal(existsSync(file), false);
  const dead = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => dead.once('exit', resolve));
  writeFileSync(file, `${dead.pid} left behind`);
  const lock = await electionLock('', () => Promise.resolve(holdFile(file)));
  assert.ok(lock !== null);
  // Held by another by now: releasing must not take it away.
  writeFileSync(file, `${process.pid} another`);
  lock.release();
  assert.equal(existsSync(file), true);
  assert.equal(await electionLock('', () => Promise.resolve(holdFile(file))), null, 'a living one keeps it');
  assert.deepEqual(readdirSync(dirname(file)).filter((name) => name.startsWith('election.lock.')), []);
});
