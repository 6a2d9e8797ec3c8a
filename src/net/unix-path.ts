/** Which paths a Unix socket can have. */

/** The address structure of the system has room for so many bytes; the runtime cuts longer paths off without a word. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;

export function isUnixPath(path: string): boolean {
  if (process.platform === 'win32') return path.startsWith('\\\\.\\pipe\\') && path.length <= 256;
  return path !== '' && Buffer.byteLength(path) <= LONGEST_PATH;
}
