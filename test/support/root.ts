import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's folder as a file URL, from wherever the tests were compiled to. */
export const ROOT: URL = (() => {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(fileURLToPath(new URL('grammar/rfl.ohm', folder)))) {
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error('no folder above holds grammar/rfl.ohm');
    folder = above;
  }
  return folder;
})();
