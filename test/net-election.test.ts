/** Who may decide about a path: locks of folders, names, and files that stand for elections. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { cLibrary, type CLibrary } from '../src/net/c-library.js';
import { electionLock } from '../src/net/election-lock.js';
import { holdFile } from '../src/net/held-file.js';
import { holdName } from '../src/net/held-name.js';
import { claimUnixPath } from '../src/net/unix-claim.js';
import { freshPath, listen } from './support/media.js';
import { leaveStale } from './support/stale-socket.js';

const unix = { skip: process.platform === 'win32' };
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
const linux = { skip: process.platform === 'linux' ? false : 'the names are those of Linux' };
/** Takes the name that stands for the election of a path, as any program on the machine can. */
async function squat(path: string): Promise<Server> {
  const target = join(realpathSync(dirname(path)), basename(path));
  const holder = createServer();
  const name = `\0rfl-lock-${createHash('sha256').update(target).digest('hex').slice(0, 32)}`;
  await new Promise<void>((resolve) => holder.listen({ path: name }, resolve));
  return holder;
}
/** A folder that others can look into. */
function openFolder(): string {
  const folder = freshPath();
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  return folder;
}

test('an election that somebody holds without listening is an error after a second, and removes nothing', linux, async () => {
  const path = join(openFolder(), 's');
  await leaveStale(path);
  const holder = await squat(path);
  try {
    assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'ELOCKED');
    assert.equal(existsSync(path), true);
  } finally {
    holder.close();
  }
  const listener = await listen({ kind: 'unix', path }, () => null);
  listener.close();
});

test('a path somebody listens on is lost, also while the election is held', linux, async () => {
  const path = join(openFolder(), 's');
  const owner = await listen({ kind: 'unix', path }, () => null);
  const holder = await squat(path);
  try {
    assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'EADDRINUSE');
  } finally {
    holder.close();
    owner.close();
  }
});

test('in a folder of our own the folder is locked: strangers cannot hold up the election, another process of ours can', { skip: linux.skip || (cLibrary() === null ? 'no koffi' : false) }, async () => {
  const path = join(freshPath(), 's');
  mkdirSync(dirname(path), { mode: 0o700 });
  await leaveStale(path);
  const holder = await squat(path);
  try {
    const listener = await listen({ kind: 'unix', path }, () => null);
    listener.close();
    const fd = openSync(dirname(path), 'r');
    assert.equal(cLibrary()!.lock(fd), 'locked');
    assert.equal(await refusal(listen({ kind: 'unix', path }, () => null)), 'ELOCKED');
    closeSync(fd);
    (await listen({ kind: 'unix', path }, () => null)).close();
  } finally {
    holder.close();
  }
});

test('where folders cannot be locked, names stand for the election', linux, async () => {
  const lock = (answer: string): CLibrary => ({ peer: () => null, passing: null, lock: () => answer });
  const folder = dirname(freshPath());
  const first = await electionLock(join(folder, 'e'), folder, 'linux', () => lock('EBADF'));
  assert.ok(first !== null);
  assert.equal(await electionLock(join(folder, 'e'), folder, 'linux', () => null), null);
  first.release();
  assert.equal(await electionLock(join(folder, 'e'), folder, 'linux', () => lock('EAGAIN')), null);
});

test('an owner that ends while it is being asked has left a path that is taken over', { skip: linux.skip || (cLibrary() === null ? 'no koffi' : false) }, async () => {
  const path = join(freshPath(), 's');
  mkdirSync(dirname(path), { mode: 0o700 });
  const owner = createServer();
  await new Promise<void>((resolve) => owner.listen(`${path}.bound`, resolve));
  renameSync(`${path}.bound`, path);
  const server = createServer();
  const claiming = claimUnixPath(server, path, 0o600, 8);
  // Within this turn it has connected, and is not accepted.
  for (let i = 0; i < 50; i++) await Promise.resolve();
  owner.close();
  const claim = await claiming;
  assert.equal(claim.kind, 'won', JSON.stringify(claim));
  if (claim.kind === 'won') claim.release();
  server.close();
});

test('on systems without names that the kernel frees, a name of anything is a file beside it, and its failures are answers', unix, async () => {
  const subject = join(dirname(freshPath()), 'subject');
  const first = await holdName('kind', subject, 'darwin');
  assert.ok(first !== null);
  assert.equal(await holdName('kind', subject, 'darwin'), null);
  assert.notEqual(await holdName('another', subject, 'win32'), null);
  first.release();
  const dead = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => dead.once('exit', resolve));
  writeFileSync(`${subject}.kind`, `${dead.pid} left behind`);
  assert.notEqual(await holdName('kind', subject, 'darwin'), null, 'at the first attempt');
  await assert.rejects(holdName('kind', join(subject, 'none', 'x'), 'darwin'), /ENOENT|ENOTDIR/);
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
  const lock = await electionLock(join(dirname(file), 'election'), null, 'darwin');
  assert.ok(lock !== null);
  // Held by another by now: releasing must not take it away.
  writeFileSync(file, `${process.pid} another`);
  lock.release();
  assert.equal(existsSync(file), true);
  assert.equal(await electionLock(join(dirname(file), 'election'), null, 'darwin'), null, 'a living one keeps it');
  assert.deepEqual(readdirSync(dirname(file)).filter((name) => name.startsWith('election.lock.')), []);
});
