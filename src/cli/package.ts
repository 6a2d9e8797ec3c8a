/** Where the installed package lies, and its version. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostServices } from '../lang/runtime.js';
import type { Options } from './options.js';

/** The package's folder: the nearest one above this file whose package.json has a version; others only say how modules are loaded. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (versionIn(folder) === undefined) folder = dirname(folder);
  return folder;
}

function versionIn(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string }).version;
  } catch {
    // Above the root there is nothing to find: an installation without package.json is its own root.
    return folder === dirname(folder) ? '' : undefined;
  }
}

export const libraryFolder = (): string => join(packageRoot(), 'lib');

export const version = (): string => versionIn(packageRoot()) ?? '';

/** What `.sys.args` and `.sys.build` tell about the start; `port` is the first one served on. */
export const programInfo = (options: Options): NonNullable<HostServices['program']> => ({
  version: version(),
  file: options.file ?? '',
  port: Number(/\d+$/.exec(options.listen[0] ?? '0')?.[0] ?? 0),
  interactive: options.interactive,
});
