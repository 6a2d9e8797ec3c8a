/** Hashes of executables. One of 100 MB takes seconds: they are counted in a thread of their own, and remembered. */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { hex } from '../../wire/broker/secrets.js';

export interface ExeHashes { readonly blake3: Uint8Array; readonly sha256: Uint8Array }

/** `counted`: what `hashes` resolved to. */
interface Known { readonly stamp: string; readonly hashes: Promise<ExeHashes | null>; counted: ExeHashes | null }

const known = new Map<string, Known>();

/** The hashes of a file as it is now; null where it cannot be read. */
export function exeHashes(path: string): Promise<ExeHashes | null> {
  const stamp = stampOf(path);
  if (stamp === null) return Promise.resolve(null);
  const found = known.get(path);
  if (found?.stamp === stamp) return found.hashes;
  const entry: Known = { stamp, hashes: count(path), counted: null };
  known.set(path, entry);
  void entry.hashes.then((hashes) => { entry.counted = hashes; });
  return entry.hashes;
}

/** The BLAKE3 of a file in hex, where it has been counted since the file changed; otherwise null. */
export function knownHash(path: string): string | null {
  const found = known.get(path);
  return found !== undefined && found.counted !== null && found.stamp === stampOf(path) ? hex(found.counted.blake3) : null;
}

function count(path: string): Promise<ExeHashes | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./exe-hash-thread.js', import.meta.url), { workerData: path });
    worker.once('message', (hashes: ExeHashes | null) => resolve(hashes));
    worker.once('error', () => resolve(null));
    worker.once('exit', () => resolve(null));
  });
}

function stampOf(path: string): string | null {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return null;
  }
}
