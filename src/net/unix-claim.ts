/** Taking a path for a listener such that of any number of contenders exactly one has it, and nobody loses a file that is in use. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmdirSync, unlinkSync, type BigIntStats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { electionLock } from './election-lock.js';
import { pathFault } from './unix-path.js';

/** `lost`: somebody listens there. */
export type Claim =
  | { readonly kind: 'won'; readonly release: () => void; readonly stillOurs: () => boolean }
  | { readonly kind: 'lost' }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** How long one that listens may take to accept. */
const PROBE_MS = 500;
const PROBE_STEP_MS = 50;
const WRITABLE_BY_OTHERS = 0o022n;
const OPEN_TO_OTHERS = 0o077n;
const STICKY = 0o1000n;

/** Listens with `server` on `path`, which gets the permission bits `mode` before anybody can connect. Never rejects. */
export async function claimUnixPath(server: Server, path: string, mode: number, backlog: number, platform: NodeJS.Platform = process.platform): Promise<Claim> {
  try {
    const fault = pathFault(path, platform);
    if (fault !== null) return { kind: 'error', ...fault };
    return await (platform === 'win32' ? claimPipe(server, path, backlog) : claimFile(server, path, mode, backlog, platform));
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    return error(code ?? 'io', message);
  }
}

/** A pipe is no file, and goes with its process. That nobody else can listen is the system's to see to: it is asked for the first instance. */
async function claimPipe(server: Server, path: string, backlog: number): Promise<Claim> {
  const found = await probe(path);
  if (found === 'alive') return { kind: 'lost' };
  return found === 'free' ? listenThere(server, path, backlog) : error(found, `cannot listen on '${path}'`);
}

async function claimFile(server: Server, path: string, mode: number, backlog: number, platform: NodeJS.Platform): Promise<Claim> {
  const real = realpathSync(dirname(path));
  const folder = lstatSync(real, { bigint: true });
  const refusal = folderFault(folder);
  if (refusal !== null) return error('EPERM', `${refusal}: '${dirname(path)}'`);
  const target = join(real, basename(path));
  const room = new PrivateRoom(real, target);
  // The real paths can be longer than the one that was given.
  const fault = pathFault(target, platform) ?? pathFault(room.socket, platform);
  if (fault !== null) return { kind: 'error', ...fault };
  const lock = await electionLock(target, (folder.mode & OPEN_TO_OTHERS) === 0n ? real : null, platform);
  if (lock === null) {
    return (await probe(target)) === 'alive' ? { kind: 'lost' } : error('ELOCKED', `the election for '${path}' is held by somebody who does not listen`);
  }
  try {
    const before = entry(target);
    const taken = await probePatiently(target, platform);
    if (taken === 'alive') return { kind: 'lost' };
    if (taken !== 'stale' && taken !== 'free') return error(taken, `cannot listen on '${path}'`);
    if (!removeStale(target, before)) return (await probe(target)) === 'alive' ? { kind: 'lost' } : error('EEXIST', `not a socket of ours: '${path}'`);
    return await bind(server, room, target, mode, backlog);
  } finally {
    lock.release();
  }
}

/**
 * Binding in a folder nobody else can enter and linking it from there: the path appears at once with its mode, whatever files are made
 * with, and closing the server removes the private name.
 */
async function bind(server: Server, room: PrivateRoom, target: string, mode: number, backlog: number): Promise<Claim> {
  room.open();
  try {
    const bound = await listenThere(server, room.socket, backlog);
    if (bound.kind !== 'won') return bound;
    chmodSync(room.socket, mode);
    linkSync(room.socket, target);
    const mine = lstatSync(target, { bigint: true });
    const stillOurs = (): boolean => isSame(entry(target), mine);
    return { kind: 'won', stillOurs, release: () => release(target, stillOurs) };
  } catch (e) {
    server.close();
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return { kind: 'lost' };
    throw e;
  } finally {
    room.close();
  }
}

/** The path stays where its folder cannot be written to any more: the next one finds it stale. */
function release(target: string, stillOurs: () => boolean): void {
  try {
    if (stillOurs()) unlinkSync(target);
  } catch {
    // The listener closes all the same.
  }
}

/** One for each path; what a killed contender has left in it goes with the next election. */
class PrivateRoom {
  readonly socket: string;
  readonly #folder: string;

  constructor(folder: string, target: string) {
    this.#folder = join(folder, `.${createHash('sha256').update(target).digest('hex').slice(0, 8)}`);
    // A name of its own: the server that holds the path still removes the one it was bound to, when it closes.
    this.socket = join(this.#folder, randomBytes(3).toString('hex'));
  }

  open(): void {
    try {
      mkdirSync(this.#folder, { mode: 0o700 });
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      const stats = lstatSync(this.#folder, { bigint: true });
      if (!stats.isDirectory() || stats.uid !== ourUser()) throw Object.assign(new Error(`not a folder of ours: '${this.#folder}'`), { code: 'EEXIST' });
    }
    chmodSync(this.#folder, 0o700);
    for (const left of readdirSync(this.#folder)) unlinkSync(join(this.#folder, left));
  }
  close(): void {
    try {
      if (entry(this.socket) !== null) unlinkSync(this.socket);
      rmdirSync(this.#folder);
    } catch {
      // Whoever elects next clears it.
    }
  }
}

function listenThere(server: Server, path: string, backlog: number): Promise<Claim> {
  return new Promise((resolve) => {
    const failed = (e: NodeJS.ErrnoException): void => resolve(e.code === 'EADDRINUSE' ? { kind: 'lost' } : error(e.code ?? 'io', e.message));
    server.once('error', failed);
    server.listen({ path, backlog }, () => {
      server.off('error', failed);
      resolve({ kind: 'won', release: () => {}, stillOurs: () => true });
    });
  });
}

/** It has to be ours or the system's, and nobody else may be able to replace what lies in it. */
function folderFault({ uid, mode }: BigIntStats): string | null {
  if (uid !== ourUser() && uid !== 0n) return 'the folder belongs to somebody else';
  return (mode & WRITABLE_BY_OTHERS) !== 0n && (mode & STICKY) === 0n ? 'others can write to the folder' : null;
}

type Probed = 'free' | 'stale' | 'alive' | string;

/** Other systems than Linux also refuse where the queue of a living owner is full for the moment: there it is asked again. */
async function probePatiently(path: string, platform: NodeJS.Platform): Promise<Probed> {
  let answer = await probe(path);
  for (let waited = 0; platform !== 'linux' && answer === 'stale' && waited < PROBE_MS; waited += PROBE_STEP_MS) {
    await new Promise((resolve) => setTimeout(resolve, PROBE_STEP_MS));
    answer = await probe(path);
  }
  return answer;
}

function probe(path: string): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    // Whoever does not accept in time has a full queue, and so is alive.
    const timer = setTimeout(() => done('alive'), PROBE_MS);
    const done = (answer: string): void => {
      clearTimeout(timer);
      socket.on('error', () => {});
      socket.destroy();
      // It has ended before it could accept: what it leaves is seen the next time.
      resolve(answer === 'ECONNRESET' ? probe(path) : answer);
    };
    socket.once('connect', () => done('alive'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(PROBED.get(code ?? '') ?? code ?? 'io'));
  });
}
const PROBED = new Map([['ENOENT', 'free'], ['ECONNREFUSED', 'stale'], ['EAGAIN', 'alive']]);

/** False: something lies there that is no dead socket of ours, or not the one that was looked at `before` it was asked. */
function removeStale(path: string, before: BigIntStats | null): boolean {
  const stats = entry(path);
  if (stats === null) return true;
  if (!stats.isSocket() || stats.uid !== ourUser() || !isSame(stats, before) || stats.ctimeNs !== before?.ctimeNs) return false;
  unlinkSync(path);
  return true;
}

/** The files a process makes belong to its effective user. */
function ourUser(): bigint {
  return BigInt(process.geteuid!());
}
/** As long as a server is bound to it, a file's number is not given to another. */
function isSame(a: BigIntStats | null, b: BigIntStats | null): boolean {
  return a !== null && b !== null && a.ino === b.ino && a.dev === b.dev;
}
function entry(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return null;
  }
}
function error(code: string, message: string): Claim {
  return { kind: 'error', code, message };
}
