/**
 * Run as a process of its own, in a network of its own: has 16 MiB in flight, takes the link down, gives up when nothing moves, puts
 * the link up again, and says in one line what was sent, what has failed, and what the peer got.
 */
import { execFileSync } from 'node:child_process';
import { inFlight } from './in-flight.js';
import { outside } from './memory.js';

const link = (state: 'up' | 'down'): void => void execFileSync('ip', ['link', 'set', 'lo', state]);

/** Holds nothing of it when it resolves. */
async function scenario(): Promise<object> {
  const { server, connection, listener, peer, total } = await inFlight(process.argv[2] === 'tls' ? 'tls' : 'tcp', (c) => c.hardClose());
  link('down');
  // Nobody tells that a cable was cut: the silence does.
  connection.setIdleTimeout(300);
  peer.stdin!.write('read\n');
  await server.until('send-failed');
  link('up');
  const arrived = await total;
  listener.close();
  return {
    names: server.names(true).slice(-3), sent: server.details('sent'), failed: server.details('send-failed'), cause: server.cause?.code,
    pending: connection.pendingBytes, arrived,
  };
}

link('up');
const before = await outside();
const outcome = await scenario();
process.stdout.write(`${JSON.stringify({ ...outcome, grown: (await outside()) - before })}\n`);
process.exit(0);
