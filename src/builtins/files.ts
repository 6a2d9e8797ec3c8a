/** Paths of scripts, and files that are replaced whole. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';

export function pathOf(what: string, path: Value): string {
  if (typeof path !== 'string') fail('type', `${what}: path must be str, got ${typeName(path)}`);
  if (path.includes('\0')) fail('io', 'a path holds no NUL byte');
  return path;
}

/** Runs `body` with the path as the system takes it; its errors become `io`. */
export function attempt<R>(path: string, body: (file: string) => R): R {
  try {
    return body(fromBytes(path));
  } catch (e) {
    throw ioError(e, path);
  }
}

export function ioError(e: unknown, path: string): unknown {
  const { code } = e as NodeJS.ErrnoException;
  return code === undefined || e instanceof RayError ? e : new RayError('io', `${path}: ${toBytes(REASONS.get(code) ?? code)}`);
}
const REASONS = new Map([
  ['ENOENT', 'No such file or directory'], ['EACCES', 'Permission denied'], ['EISDIR', 'Is a directory'], ['ENOTDIR', 'Not a directory'],
  ['ENOSPC', 'No space left on device'], ['EROFS', 'Read-only file system'],
  ['ERR_STRING_TOO_LONG', 'File too large'], ['ERR_FS_FILE_TOO_LARGE', 'File too large'],
]);

/**
 * Writes pieces (bytes, or byte strings) beside the file and puts them in its place: a reader, and a crash, see the old file or the
 * new one. `mode`: permissions of a new file, less the umask. Errors: `io`, and what the pieces raise.
 */
export function replaceFile(path: string, pieces: Iterable<string | Uint8Array>, mode = 0o666): void {
  attempt(path, (file) => {
    const beside = `${file}.tmp`;
    const fd = openSync(beside, 'w', mode);
    try {
      for (const piece of pieces) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
      }
      fsyncSync(fd);
    } catch (e) {
      closeSync(fd);
      rmSync(beside, { force: true });
      throw e;
    }
    closeSync(fd);
    renameSync(beside, file);
    syncFolder(dirname(file));
  });
}

/** Makes a folder, and those above it that are missing. Errors: `io`. */
export function makeFolder(path: string): void {
  // Not the recursive mode of mkdir: it never ends where a file system refuses with ENOENT, as /proc does.
  attempt(path, (folder) => {
    const above = dirname(folder);
    if (above !== folder && !existsSync(above)) makeFolder(toBytes(above));
    if (!existsSync(folder)) mkdirSync(folder);
    else if (!statSync(folder).isDirectory()) fail('io', `${path}: Not a directory`);
  });
}

/** Makes names made or changed in a folder last. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
