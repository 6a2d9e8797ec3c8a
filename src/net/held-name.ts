/** Names that one process of the machine holds at a time. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { holdFile } from './held-file.js';

export interface HeldName { release(): void }

/**
 * `kind` and `subject`, a path, together make the name. null: another has it. On Linux the kernel frees it when the holder dies, however
 * it does; elsewhere a file beside the subject stands for it. Rejects with what the system says.
 */
export async function holdName(kind: string, subject: string, platform: NodeJS.Platform = process.platform): Promise<HeldName | null> {
  return platform === 'linux' ? holdAbstract(`\0rfl-${kind}-${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`) : holdFile(`${subject}.${kind}`);
}

function holdAbstract(path: string): Promise<HeldName | null> {
  const holder = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    holder.once('error', (e: NodeJS.ErrnoException) => (e.code === 'EADDRINUSE' ? resolve(null) : reject(e)));
    holder.listen({ path }, () => {
      // Nobody is expected there: it must not keep the process.
      holder.unref();
      resolve({ release: () => void holder.close() });
    });
  });
}
