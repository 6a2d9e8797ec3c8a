/** The folder of a broker's socket: a real one, this user's, that nobody else can enter. */
import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/** The broker cannot be served. `code`: the system's name of the error, or `policy`. */
export class BrokerError extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/**
 * Checks that a broker may put its socket at `path`. Its folder is made where only the last part is missing, and never repaired; a
 * socket that is there already belongs to somebody. Errors: BrokerError.
 */
export function checkSocketPlace(path: string): void {
  const folder = dirname(path);
  const found = entry(folder);
  if (found === null) make(folder);
  else checkFolder(folder, found);
  if (entry(path) !== null) throw new BrokerError('EADDRINUSE', `broker local socket path already exists: '${path}'`);
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (e) {
    throw new BrokerError((e as NodeJS.ErrnoException).code ?? 'io', `${folder}: ${(e as Error).message}`);
  }
  checkFolder(folder, lstatSync(folder));
}

function checkFolder(folder: string, stats: Stats): void {
  if (!stats.isDirectory()) throw new BrokerError('policy', `not a folder: '${folder}'`);
  if (process.platform === 'win32') return;
  if (stats.uid !== process.geteuid!()) throw new BrokerError('policy', `the folder belongs to somebody else: '${folder}'`);
  const mode = stats.mode & 0o777;
  if (mode !== 0o700) throw new BrokerError('policy', `the folder has mode ${mode.toString(8)}, not 700: '${folder}'`);
}

function entry(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}
