/** The sidecar of an endpoint, on disk. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { formatSidecar, parseSidecar, SidecarError, type Sidecar } from '../../wire/broker/sidecar.js';

/** Whoever reads it sees the old one or the new one, whole. */
export function writeSidecar(path: string, sidecar: Sidecar): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(beside, 'wx', 0o600);
    try {
      writeSync(file, formatSidecar(sidecar));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (e) {
    rmSync(beside, { force: true });
    throw e;
  }
}

/** Throws SidecarError, or the system's error. */
export function readSidecar(path: string): Sidecar {
  return parseSidecar(readFileSync(path, 'utf8'));
}

/** Null where there is none that can be read. */
export function findSidecar(path: string): Sidecar | null {
  try {
    return readSidecar(path);
  } catch (e) {
    if (e instanceof SidecarError || (e as NodeJS.ErrnoException).code !== undefined) return null;
    throw e;
  }
}
