/** Hashes of executables. One of 100 MB takes seconds: they are counted in a thread of their own, and remembered. */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

export interface ExeHashes { readonly blake3: Uint8Array; readonly sha256: Uint8Array }

const known = new Map<string, { stamp: string; hashes: Promise<ExeHashes | null> }>();

/** The hashes of a file as it is now; null where it cannot be read. */
export function exeHashes(path: string): Promise<ExeHashes | null> {
  const stamp = stampOf(path);
  if (stamp === null) return Promise.resolve(null);
  const found = known.get(path);
  if (found?.stamp === stamp) return found.hashes;
  const hashes = count(path);
  known.set(path, { stamp, hashes });
  return hashes;
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
