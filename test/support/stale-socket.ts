/** What a killed owner of a Unix path leaves behind. */
import { renameSync } from 'node:fs';
import { createServer } from 'node:net';

/** A file without a listener. */
export async function leaveStale(path: string): Promise<void> {
  const owner = createServer();
  await new Promise<void>((resolve) => owner.listen(path, resolve));
  renameSync(path, `${path}.kept`);
  await new Promise((resolve) => owner.close(resolve));
  renameSync(`${path}.kept`, path);
}
