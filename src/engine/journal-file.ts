/** Journal files: appended to, read from the start, cut. Errors: those of the file system. */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../builtins/files.js';
import type { Frame } from '../wire/rayforce/frames.js';
import { JournalReader } from '../wire/rayforce/journal.js';

const CHUNK = 2 ** 20;

/** A file that only grows, by whole records. */
export class AppendFile {
  readonly #fd: number;
  #size: number;
  /** Why half a record may stand at the end: nothing can be appended behind it. */
  #damaged: unknown = null;

  /** `durable`: every append lasts before it returns. */
  constructor(path: string, private readonly durable: boolean) {
    this.#fd = openSync(path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
    if (durable) syncFolder(dirname(path));
  }

  /** All of the parts, or none of them. */
  append(parts: readonly Uint8Array[]): void {
    if (this.#damaged !== null) throw this.#damaged;
    try {
      let rest = parts.filter((p) => p.length > 0);
      while (rest.length > 0) rest = behind(rest, writevSync(this.#fd, rest));
      if (this.durable) fdatasyncSync(this.#fd);
    } catch (e) {
      this.#damaged = e;
      ftruncateSync(this.#fd, this.#size);
      this.#damaged = null;
      throw e;
    }
    for (const p of parts) this.#size += p.length;
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** What is left of the parts after their first `n` bytes. */
function behind(parts: readonly Uint8Array[], n: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const part of parts) {
    if (n < part.length) out.push(part.subarray(n));
    n = Math.max(0, n - part.length);
  }
  return out;
}

/** Reads a journal and hands over each record; answers the reader, which knows how much was whole. */
export function scanJournal(path: string, each: (frame: Frame, index: number) => void = () => {}): JournalReader {
  const reader = new JournalReader();
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const n = readSync(fd, chunk, 0, CHUNK, null);
      if (n === 0 || reader.broken) return reader;
      reader.push(chunk.subarray(0, n));
      for (let frame = reader.next(); frame !== null; frame = reader.next()) each(frame, reader.records - 1);
    }
  } finally {
    closeSync(fd);
  }
}

/** Cuts a file at an offset, for good. */
export function cutFile(path: string, size: number): void {
  const fd = openSync(path, 'r+');
  try {
    ftruncateSync(fd, size);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
