/** Paths of scripts; files read, written and replaced whole, so that it can be interrupted. */
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, opendirSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { runCommand, syncFile } from './errands.js';

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

/** Bytes between two looks: some milliseconds of copying. */
const PIECE = 4 << 20;
/** Longest file: beyond it lies nothing that a text could hold. */
const MAX_FILE = 2 ** 31 - 1;

/** The bytes of a file. What may block, a pipe or a terminal, is read by a command, which can be ended. Errors: of the system, `cancel`. */
export function readBytes(file: string): Buffer {
  const stat = statSync(file);
  if (!stat.isFile() && !stat.isDirectory()) return piped('cat < "$1"', file, null);
  const fd = openSync(file, 'r');
  try {
    // The files of /proc have no size.
    let bytes = Buffer.allocUnsafeSlow(Math.min(fstatSync(fd).size, MAX_FILE) + 1);
    let at = 0;
    for (;;) {
      checkpoint();
      const n = readSync(fd, bytes, at, Math.min(PIECE, bytes.length - at), null);
      at += n;
      if (n === 0) return bytes.subarray(0, at);
      if (at > MAX_FILE) fail('io', `${toBytes(file)}: File too large`);
      if (at === bytes.length) bytes = Buffer.concat([bytes], 2 * at + PIECE);
    }
  } finally {
    closeSync(fd);
  }
}

/** Replaces the bytes of a file; who interrupts it finds a part of them. Errors: of the system, `cancel`. */
export function writeBytes(file: string, content: string): void {
  if (existsSync(file) && !statSync(file).isFile() && !statSync(file).isDirectory()) {
    piped('cat > "$1"', file, Buffer.from(content, 'latin1'));
    return;
  }
  const fd = openSync(file, 'w');
  try {
    for (let at = 0; at < content.length; at += PIECE) {
      checkpoint();
      writeAll(fd, Buffer.from(content.slice(at, at + PIECE), 'latin1'));
    }
  } finally {
    closeSync(fd);
  }
}

function piped(command: string, file: string, input: Uint8Array | null): Buffer {
  const { status, stdout, stderr } = runCommand('/bin/sh', ['-c', command, 'sh', file], input);
  if (status === null) fail('io', `${toBytes(file)}: File too large`);
  if (status !== 0) fail('io', `${toBytes(file)}: ${Buffer.from(stderr).toString('latin1').trim().split(': ').at(-1)}`);
  return Buffer.from(stdout.buffer, stdout.byteOffset, stdout.length);
}

/** Names of the entries of a folder, as byte strings. Errors: of the system, `cancel`. */
export function folderEntries(folder: string): string[] {
  const dir = opendirSync(folder, { encoding: 'latin1' as BufferEncoding, bufferSize: 1024 });
  try {
    const names: string[] = [];
    for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
      if ((names.push(entry.name) & 1023) === 0) checkpoint();
    }
    return names;
  } finally {
    dir.closeSync();
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}

/**
 * Writes pieces (bytes, or byte strings) beside the file and puts them in its place: a reader, and a crash, see the old file or the
 * new one. `mode`: permissions of a new file, less the umask. Errors: `io`, and what the pieces raise.
 */
export function replaceFile(path: string, pieces: Iterable<string | Uint8Array>, mode = 0o666): void {
  attempt(path, (file) => {
    const beside = `${file}.tmp`;
    const fd = openSync(beside, 'w', mode);
    try {
      let written = 0;
      for (const piece of pieces) {
        for (let at = 0; at < piece.length; at += PIECE) {
          checkpoint();
          writeAll(fd, typeof piece === 'string' ? Buffer.from(piece.slice(at, at + PIECE), 'latin1') : piece.subarray(at, at + PIECE));
        }
        written += piece.length;
      }
      // A disk may take seconds for what a page cache took at once.
      if (written > PIECE) syncFile(fd);
      else fsyncSync(fd);
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

/** Makes names made or changed in a folder last. Windows has no way to ask for that. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
