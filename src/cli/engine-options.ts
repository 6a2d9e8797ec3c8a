/** What the command line says to the engine. */
import type { NodeOptions } from '../engine/api.js';
import { CliError, EXIT } from './exit-codes.js';
import { logTo } from './log.js';
import { libraryFolder, programInfo } from './package.js';
import type { Options } from './options.js';
import { isTerminal } from './terminal.js';
import { STDERR } from './write.js';

/** Errors: `CliError` 77 for a users file that must stop the start. */
export async function engineOptions(options: Options, log: NodeOptions['log'] = logTo(options.log)): Promise<NodeOptions> {
  return {
    listen: options.listen,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    serving: { ...options.serving, ...(options.usersFile === undefined ? {} : { users: await checked(options.usersFile) }) },
    restricted: options.restricted,
    dialect: options.dialect,
    ...(options.journal === undefined ? {} : { journal: options.journal }),
    limits: options.limits,
    ...(options.heapMb === undefined ? {} : { heapMb: options.heapMb }),
    ...(options.sendTimeoutMs === undefined ? {} : { sendTimeoutMs: options.sendTimeoutMs }),
    log,
    host: { args: options.args, libraries: [libraryFolder()], program: programInfo(options), terminal: isTerminal(STDERR), ...(options.seed === undefined ? {} : { seed: options.seed }) },
  };
}

/** The file, before anything starts. Loaded only where there is one: most programs need no hashing. */
async function checked(file: string): Promise<string> {
  const { UsersFileError, loadUsers } = await import('../engine/users.js');
  try {
    loadUsers(file);
    return file;
  } catch (e) {
    if (!(e instanceof UsersFileError)) throw e;
    throw new CliError(EXIT.auth, `rfl: ${e.message}`);
  }
}
