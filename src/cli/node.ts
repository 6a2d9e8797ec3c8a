/** Starting a node, and ending it in order. */
import { isatty } from 'node:tty';
import { startNode } from '../engine/node.js';
import type { NodeOptions, RflNode } from '../engine/api.js';
import { CliError, EXIT } from './exit-codes.js';

const STDIN = 0;

/** Starts the node. Errors: `CliError` 69 when an address cannot be listened on, 74 when the journal cannot be recovered. */
export async function start(options: NodeOptions): Promise<RflNode> {
  try {
    const node = await startNode(options);
    // From a terminal the signal says that it is gone, and nothing can be done without it.
    if (!isatty(STDIN)) reloadOnHangup(node, options);
    return node;
  } catch (e) {
    const { code, message } = e as { code?: string; message?: string };
    if (code === 'journal') throw new CliError(EXIT.journal, `rfl: ${message ?? code}`);
    if (code !== 'io' && code !== 'domain') throw e;
    throw new CliError(EXIT.connect, `rfl: ${message ?? code}`);
  }
}

/** Certificates and users change while connections live: the signal for reading them again is that of every daemon. */
function reloadOnHangup(node: RflNode, { log }: NodeOptions): void {
  const reload = (): void => {
    try {
      if (node.reloadFiles()) return log?.({ level: 'info', event: 'reloaded', message: 'certificates and users read again' });
    } catch (e) {
      return log?.({ level: 'error', event: 'reload-failed', message: `certificates and users kept: ${(e as Error).message}` });
    }
    // There is nothing to read: the signal means the end, as it does to most programs.
    process.off('SIGHUP', reload);
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', reload);
}
