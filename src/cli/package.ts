/** Where the installed package lies, and its version. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostServices } from '../lang/runtime.js';
import type { Options } from './options.js';

/** The package's folder: the nearest one above this file that has a package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const libraryFolder = (): string => join(packageRoot(), 'lib');

export const version = (): string => (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;

/** What `.sys.args` and `.sys.build` tell about the start; `port` is the first one served on. */
export const programInfo = (options: Options): NonNullable<HostServices['program']> => ({
  version: version(),
  file: options.file ?? '',
  port: Number(/\d+$/.exec(options.listen[0] ?? '0')?.[0] ?? 0),
  interactive: options.interactive,
});
