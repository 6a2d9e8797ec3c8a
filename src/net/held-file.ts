/** Files that one process holds at a time, for systems without names that the kernel frees. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import type { HeldName } from './held-name.js';

/**
 * The file says who holds it; that of a dead process is moved out of the way by whoever notices. A process that has the number of a
 * dead holder holds it for ever. null: another has it. Throws what the file system says, except that the file is there.
 */
export function holdFile(file: string): HeldName | null {
  const mine = `${process.pid} ${suffix()}`;
  const own = `${file}.${suffix()}`;
  writeFileSync(own, mine, { mode: 0o600, flag: 'wx' });
  try {
    return take(own, file, mine) ?? (removeDead(file) ? take(own, file, mine) : null);
  } finally {
    unlinkSync(own);
  }
}

/** Linked and not created: whoever reads it reads all of it. */
function take(own: string, file: string, mine: string): HeldName | null {
  try {
    linkSync(own, file);
    return { release: () => remove(file, mine) };
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw e;
  }
}

/** True: it was that of a dead process. */
function removeDead(file: string): boolean {
  const holder = textOf(file);
  if (holder === null || lives(Number(holder.split(' ')[0]))) return false;
  remove(file, holder);
  return true;
}

/** Removes the file if it is still the one that says `text`; one that another has put there meanwhile is put back. */
function remove(file: string, text: string): void {
  const aside = `${file}.${suffix()}`;
  try {
    renameSync(file, aside);
  } catch {
    // Another was quicker.
    return;
  }
  try {
    if (textOf(aside) !== text) linkSync(aside, file);
  } catch {
    // A third one has put its own there: that stays.
  } finally {
    unlinkSync(aside);
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}
function suffix(): string {
  return randomBytes(6).toString('hex');
}
