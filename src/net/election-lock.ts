/** One contender for a path at a time. */
import { closeSync, openSync } from 'node:fs';
import { cLibrary, type CLibrary } from './c-library.js';
import { holdName, type HeldName } from './held-name.js';

/** How long another contender may take with the election. */
const LOCK_MS = 1000;
const LOCK_STEP_MS = 20;

/**
 * null: somebody has held it for a second. `folder`: that of the path if nobody else can enter it, null otherwise; a lock on it cannot be
 * taken by strangers, as a name can, and holds across containers. Rejects with what the system says.
 */
export async function electionLock(
  target: string, folder: string | null, platform: NodeJS.Platform = process.platform, libraryOf: () => CLibrary | null = cLibrary,
): Promise<HeldName | null> {
  const library = folder === null ? null : libraryOf();
  for (let waited = 0; waited <= LOCK_MS; waited += LOCK_STEP_MS) {
    const locked = folder === null || library === null ? 'impossible' : lockFolder(folder, library);
    const held = locked === 'impossible' ? await holdName('lock', target, platform) : locked;
    if (held !== null) return held;
    await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
  }
  return null;
}

/** The kernel frees it with the descriptor. `impossible`: it cannot be opened, or the file system does not lock folders. */
function lockFolder(folder: string, library: CLibrary): HeldName | null | 'impossible' {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch {
    return 'impossible';
  }
  const answer = library.lock(fd);
  if (answer === 'locked') return { release: () => closeSync(fd) };
  closeSync(fd);
  return answer === 'EAGAIN' ? null : 'impossible';
}
