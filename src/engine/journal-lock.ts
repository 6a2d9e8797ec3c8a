/**
 * Who writes a journal: `BASE.lock` names its process, host and moment of birth. A lock whose process is gone, or whose number another
 * process has by now, counts for nothing: after a crash the next start goes on by itself.
 */
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { attempt } from '../builtins/files.js';
import { fail } from '../lang/errors.js';
import { toBytes } from '../lang/text.js';

export class JournalLock {
  private constructor(private readonly file: string) {}

  /** Takes the lock of a base (byte string). Errors: `state` another process, or another journal of this one, has it; `io`. */
  static take(base: string): JournalLock {
    const path = `${base}.lock`;
    return attempt(path, (file) => {
      for (let tries = 0; tries < 3; tries++) {
        if (create(file)) return new JournalLock(file);
        const holder = read(file);
        if (holder === null) continue;
        if (isAlive(holder)) fail('state', `journal ${base} is in use by ${toBytes(describe(holder))} (${path})`);
        removeStale(file, holder);
      }
      return fail('state', `journal ${base} is being opened by another process (${path})`);
    });
  }

  /** Removes the lock of a journal whose interpreter, in this process, is no more; that of another process stays. */
  static free(base: string): void {
    const path = `${base}.lock`;
    attempt(path, (file) => {
      const holder = read(file);
      if (holder !== null && holder.pid === process.pid && holder.host === hostname()) rmSync(file, { force: true });
    });
  }

  release(): void {
    attempt(toBytes(this.file), () => rmSync(this.file, { force: true }));
  }
}

interface Holder { readonly text: string; readonly pid: number; readonly host: string; readonly born: string }

/** False: somebody has it. */
function create(file: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw e;
  }
  try {
    writeSync(fd, `${process.pid} ${hostname()} ${bornAt(process.pid)}\n`);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** Null: it is gone meanwhile. */
function read(file: string): Holder | null {
  try {
    const text = readFileSync(file, 'utf8');
    const [pid, host, born] = text.trim().split(' ');
    return { text, pid: Number(pid), host: host ?? '', born: born ?? '' };
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw e;
  }
}

/** Of another host nobody can tell: it counts as alive. */
function isAlive({ pid, host, born }: Holder): boolean {
  // A crash between making the file and writing it: nobody holds a lock without a number.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = bornAt(pid);
  return now !== DEAD && (now === '-' || born === '-' || born === now);
}

/** Killed, and its parent has not asked for its status yet. */
const DEAD = 'dead';

/** When a process began, in ticks since the machine did; '-' where the system does not tell. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? DEAD : (fields[19] ?? '-');
  } catch {
    return '-';
  }
}

/** Of several who find the same stale lock one removes it; a lock that came in its place meanwhile is put back. */
function removeStale(file: string, stale: Holder): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw e;
  }
  try {
    if (readFileSync(aside, 'utf8') !== stale.text) linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
}

const describe = ({ pid, host }: Holder): string =>
  pid === process.pid && host === hostname() ? 'this process' : host === hostname() ? `process ${pid}` : `process ${pid} of ${host}: remove the file if it has ended`;
