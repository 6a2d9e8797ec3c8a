/** Names that one process of the machine holds at a time. The kernel frees them when the holder dies, however it does. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

export interface HeldName { release(): void }

/** `kind` and `subject` together make the name. Null: another has it. Where the system has no such names everybody gets them. */
export function holdName(kind: string, subject: string): Promise<HeldName | null> {
  if (process.platform !== 'linux') return Promise.resolve({ release: () => {} });
  const path = `\0rfl-${kind}-${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`;
  const holder = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    holder.once('error', () => resolve(null));
    holder.listen({ path }, () => {
      // Nobody is expected there: it must not keep the process.
      holder.unref();
      resolve({ release: () => void holder.close() });
    });
  });
}
