/** The host services of an ordinary process. */
import { writeSync } from 'node:fs';
import type { HostServices } from '../lang/runtime.js';
import { seededRandom } from './random.js';

/** `seed`: `rand` and `guid` answer the same in every run. Output goes to the process's own descriptors, synchronously: it stands before anything the caller prints next. */
export function systemHost({ seed, ...overrides }: Partial<HostServices> & { readonly seed?: number } = {}): HostServices {
  return {
    out: (bytes) => writeAll(1, bytes),
    err: (bytes) => writeAll(2, bytes),
    wall: () => performance.timeOrigin + performance.now(),
    mono: () => performance.now(),
    random: seed === undefined ? Math.random : seededRandom(seed),
    exit: (status) => process.exit(status),
    args: [],
    libraries: [],
    ...overrides,
  };
}

/** Writes a byte string to a descriptor of the process. */
export function writeAll(fd: number, bytes: string): void {
  const buffer = Buffer.from(bytes, 'latin1');
  for (let at = 0; at < buffer.length;) {
    try {
      at += writeSync(fd, buffer, at);
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      // A reader that went away ends the output, not the program; a full pipe is tried again.
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw e;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
