/** Where the sockets of pipes lie: in a folder that nobody else can enter, made and checked here. On Windows they have a name and no folder. */
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pathFault } from '../../net/unix-path.js';

/** A pipe cannot be had. `code` is one of the language's catalogue. */
export class PipeError extends Error {
  constructor(readonly code: 'io' | 'domain', message: string) {
    super(message);
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FOLDER = 'sentinel-soc';

/** The path of a pipe's socket. Errors (PipeError): a name or path that is none, a folder that is not ours alone. */
export function pipePath(name: string, base: string = process.env['XDG_RUNTIME_DIR'] || tmpdir(), platform: NodeJS.Platform = process.platform): string {
  if (!NAME.test(name)) throw new PipeError('domain', `no name of a pipe: '${name}'`);
  if (platform === 'win32') return `\\\\.\\pipe\\${FOLDER}-${name}`;
  const folder = join(base, FOLDER);
  privateFolder(folder);
  return socketPath(join(folder, `${name}.sock`));
}

/** The path of a pipe's socket, for a name or an absolute path. Errors (PipeError): those of `pipePath`. */
export const pipeOrPath = (pipe: string): string => (isAbsolute(pipe) ? socketPath(pipe) : pipePath(pipe));

/** The path itself, if a socket can have it. */
export function socketPath(path: string): string {
  const fault = pathFault(path);
  if (fault !== null) throw new PipeError('domain', fault.message);
  return path;
}

/** Makes the folder if it is not there. Another's, or one that others can enter, is refused: they could put a socket of theirs into it. */
export function privateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw new PipeError('io', `${folder}: ${(e as Error).message}`);
  }
  if (process.platform === 'win32') return;
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) throw new PipeError('io', `not a folder: '${folder}'`);
  if (stats.uid !== process.geteuid!()) throw new PipeError('io', `the folder belongs to somebody else: '${folder}'`);
  if ((stats.mode & 0o077) !== 0) throw new PipeError('io', `others can enter the folder: '${folder}'`);
}
