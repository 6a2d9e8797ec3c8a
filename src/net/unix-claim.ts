/** Taking a path for a listener such that of any number of contenders exactly one has it, and nobody loses a file that is in use. */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, realpathSync, unlinkSync, type Stats } from 'node:fs';
import { connect, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { holdFile } from './held-file.js';
import { holdName, type HeldName } from './held-name.js';
import { isUnixPath } from './unix-path.js';

/** `lost`: somebody listens there. */
export type Claim =
  | { readonly kind: 'won'; readonly release: () => void; readonly stillOurs: () => boolean }
  | { readonly kind: 'lost' }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** How long another contender may take with the election. */
const LOCK_MS = 1000;
const LOCK_STEP_MS = 20;
/** How long one that listens may take to accept. */
const PROBE_MS = 500;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** Listens with `server` on `path`, which gets the permission bits `mode` before anybody can connect. */
export async function claimUnixPath(server: Server, path: string, mode: number, backlog: number): Promise<Claim> {
  if (!isUnixPath(`${path}.${suffix()}`)) return error('ENAMETOOLONG', `the path of a socket is too long: '${path}'`);
  if (process.platform === 'win32') return listenThere(server, path, backlog);
  const folder = checkFolder(dirname(path));
  if (typeof folder !== 'string') return folder;
  const target = join(folder, basename(path));
  const lock = await electionLock(target);
  if (lock === null) return error('ELOCKED', `the election for '${path}' is held by somebody who does not listen`);
  try {
    const taken = await probe(target);
    if (taken === 'alive') return { kind: 'lost' };
    if (taken === 'stale' && !removeStale(target)) return error('EEXIST', `not a socket of ours: '${path}'`);
    if (taken !== 'stale' && taken !== 'free') return error(taken, `cannot listen on '${path}'`);
    return await bind(server, target, mode, backlog);
  } finally {
    lock.release();
  }
}

/** Binding to a private name and linking it: the path appears at once with its mode, and closing the server removes the private name. */
async function bind(server: Server, target: string, mode: number, backlog: number): Promise<Claim> {
  const name = `${target}.${suffix()}`;
  const bound = await listenThere(server, name, backlog);
  if (bound.kind !== 'won') return bound;
  try {
    chmodSync(name, mode);
    linkSync(name, target);
    const { ino } = lstatSync(target);
    unlinkSync(name);
    const stillOurs = (): boolean => entry(target)?.ino === ino;
    return { kind: 'won', stillOurs, release: () => { if (stillOurs()) unlinkSync(target); } };
  } catch (e) {
    server.close();
    const { code, message } = e as NodeJS.ErrnoException;
    return code === 'EEXIST' ? { kind: 'lost' } : error(code ?? 'io', message);
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

/** Answers the real folder. It has to be ours or the system's, and nobody else may be able to replace what lies in it. */
function checkFolder(folder: string): string | Claim {
  try {
    const real = realpathSync(folder === '' ? '.' : folder);
    const { uid, mode } = lstatSync(real);
    if (uid !== process.getuid!() && uid !== 0) return error('EPERM', `the folder belongs to somebody else: '${folder}'`);
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) return error('EPERM', `others can write to the folder: '${folder}'`);
    return real;
  } catch (e) {
    return error((e as NodeJS.ErrnoException).code ?? 'io', (e as Error).message);
  }
}

function probe(path: string): Promise<'free' | 'stale' | 'alive' | string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    // Whoever does not accept in time has a full queue, and so is alive.
    const timer = setTimeout(() => done('alive'), PROBE_MS);
    const done = (answer: string): void => {
      clearTimeout(timer);
      socket.on('error', () => {});
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done('alive'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(PROBED[code ?? ''] ?? code ?? 'io'));
  });
}
const PROBED: Record<string, string> = { ENOENT: 'free', ECONNREFUSED: 'stale', EAGAIN: 'alive' };

function removeStale(path: string): boolean {
  const stats = entry(path);
  if (stats === null) return true;
  if (!stats.isSocket() || stats.uid !== process.getuid!()) return false;
  unlinkSync(path);
  return true;
}

/** null: somebody has held it for a second. `hold`: with what, on systems that are not this one. */
export async function electionLock(target: string, hold: (target: string) => Promise<HeldName | null> = HOLD): Promise<HeldName | null> {
  for (let waited = 0; waited <= LOCK_MS; waited += LOCK_STEP_MS) {
    const held = await hold(target);
    if (held !== null) return held;
    await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
  }
  return null;
}

/** Abstract names where there are some; elsewhere a file beside the path. */
const HOLD = process.platform === 'linux' ? (target: string) => holdName('lock', target) : (target: string) => Promise.resolve(holdFile(`${target}.lock`));

function entry(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}
function suffix(): string {
  return randomBytes(6).toString('hex');
}
function error(code: string, message: string): Claim {
  return { kind: 'error', code, message };
}
