/** Starting a node as the command line asks, and ending it in order. */
import { startNode } from '../engine/node.js';
import { UsersFileError, loadUsers } from '../engine/users.js';
import type { NodeOptions, RflNode, UserEntry } from '../engine/api.js';
import { CliError, EXIT } from './exit-codes.js';
import { logTo } from './log.js';
import { libraryFolder, programInfo } from './package.js';
import type { Options } from './options.js';

/** The engine's options. Errors: `CliError` 77 for a users file that must stop the start. */
export function nodeOptions(options: Options, log: NodeOptions['log'] = logTo(options.log)): NodeOptions {
  return {
    listen: options.listen,
    users: options.usersFile === undefined ? [] : users(options.usersFile),
    restricted: options.restricted,
    dialect: options.dialect,
    limits: options.limits,
    ...(options.sendTimeoutMs === undefined ? {} : { sendTimeoutMs: options.sendTimeoutMs }),
    log,
    host: { args: options.args, libraries: [libraryFolder()], program: programInfo(options) },
  };
}

/** Starts the node. Errors: `CliError` 69 when an address cannot be listened on. */
export async function start(options: NodeOptions): Promise<RflNode> {
  try {
    return await startNode(options);
  } catch (e) {
    const { code, message } = e as { code?: string; message?: string };
    if (code !== 'io' && code !== 'domain') throw e;
    throw new CliError(EXIT.connect, `rfl: ${message ?? code}`);
  }
}

/**
 * Resolves at the first SIGTERM or SIGINT. From then on a second one ends the process at once, so that an operator is never
 * kept waiting by a peer.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT.interrupted);
        asked = true;
        resolve();
      });
    }
  });
}

function users(file: string): UserEntry[] {
  try {
    return loadUsers(file);
  } catch (e) {
    if (!(e instanceof UsersFileError)) throw e;
    throw new CliError(EXIT.auth, `rfl: ${e.message}`);
  }
}
