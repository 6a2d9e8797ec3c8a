/** Which paths a listener can have: those of Unix sockets, and on Windows names of pipes. */

export interface PathFault { readonly code: 'EINVAL' | 'ENAMETOOLONG'; readonly message: string }

/** The address structure of a system has room for so many bytes and a NUL; the runtime cuts longer paths off without a word. */
const LONGEST_PATH = new Map<NodeJS.Platform, number>([['linux', 107], ['android', 107]]);
/** That of the BSDs, macOS among them: the smallest one. */
const SHORT_PATH = 103;
/** In characters, with the prefix. */
const LONGEST_PIPE = 256;

/** Both prefixes lead to the same pipes. */
const PIPE = /^\\\\[.?]\\pipe\\(.*)$/is;

/** Whether it is written as the name of a pipe, whatever the system. */
export function isPipeName(path: string): boolean {
  return PIPE.test(path);
}

/** Why nothing can be listened on at `path`, nor connected to; null: it can be a path. */
export function pathFault(path: string, platform: NodeJS.Platform = process.platform): PathFault | null {
  if (path.includes('\0')) return invalid('a path holds no NUL byte');
  if (platform === 'win32') return pipeFault(path);
  if (isPipeName(path)) return invalid(`names of pipes are for Windows: '${path}'`);
  // A socket is the last part itself; these would be taken for the folder's name.
  if (/(^|\/)\.{0,2}$/.test(path)) return invalid(`no path of a socket: '${path}'`);
  const longest = LONGEST_PATH.get(platform) ?? SHORT_PATH;
  const bytes = Buffer.byteLength(path);
  return bytes <= longest ? null : { code: 'ENAMETOOLONG', message: `the path of a socket is too long: '${path}' has ${bytes} bytes, at most ${longest} are possible` };
}

function pipeFault(path: string): PathFault | null {
  const name = PIPE.exec(path)?.[1];
  if (name === undefined) return invalid(`not the name of a pipe, \\\\.\\pipe\\NAME: '${path}'`);
  // The system would make another name of these.
  if (/^\.{0,2}$|[\\/]/.test(name)) return invalid(`no name of a pipe: '${path}'`);
  return path.length <= LONGEST_PIPE ? null : { code: 'ENAMETOOLONG', message: `the name of a pipe has ${path.length} characters, at most ${LONGEST_PIPE} are possible` };
}

function invalid(message: string): PathFault {
  return { code: 'EINVAL', message };
}
