/** Starting a node, and ending it in order. */
import { startNode } from '../engine/node.js';
import type { NodeOptions, RflNode } from '../engine/api.js';
import { CliError, EXIT } from './exit-codes.js';
import { reloadOnHangup } from './hangup.js';

/** Starts the node. Errors: `CliError` 69 when an address cannot be listened on, 74 when the journal cannot be recovered. */
export async function start(options: NodeOptions): Promise<RflNode> {
  try {
    const node = await startNode(options);
    reloadOnHangup(node, options);
    return node;
  } catch (e) {
    const { code, message } = e as { code?: string; message?: string };
    if (code === 'journal') throw new CliError(EXIT.journal, `rfl: ${message ?? code}`);
    if (code !== 'io' && code !== 'domain') throw e;
    throw new CliError(EXIT.connect, `rfl: ${message ?? code}`);
  }
}
