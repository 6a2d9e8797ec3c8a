/** The thread of `exe-hash`: reads the file named, answers its hashes or null. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { hasher } from '../../wire/broker/hash.js';
import type { ExeHashes } from './exe-hash.js';

const CHUNK = 1 << 20;

function hashes(path: string): ExeHashes | null {
  try {
    const file = openSync(path, 'r');
    try {
      const blake3 = hasher();
      const sha256 = createHash('sha256');
      const chunk = Buffer.alloc(CHUNK);
      for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) {
        blake3.update(chunk.subarray(0, n));
        sha256.update(chunk.subarray(0, n));
      }
      return { blake3: blake3.digest(), sha256: Uint8Array.from(sha256.digest()) };
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

parentPort!.postMessage(hashes(workerData as string));
