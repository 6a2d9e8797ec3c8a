/**
 * Run as a process of its own, in a network of its own: has 16 MiB in flight, takes the link down, gives up when nothing moves, puts
 * the link up again, and says in one line what was sent, what has failed, and what the peer got.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { inFlight } from './in-flight.js';
import { ms } from './media.js';
import { outside } from './memory.js';

const link = (state: 'up' | 'down'): void => void execFileSync('ip', ['link', 'set', 'lo', state]);
const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Holds nothing of it when it resolves. */
async function scenario(): Promise<Record<string, unknown> & { readonly held: number }> {
  const { server, connection, listener, peer, total } = await inFlight(process.argv[2] === 'tls' ? 'tls' : 'tcp', (c) => c.hardClose());
  const held = await outside();
  link('down');
  // Nobody tells that a cable was cut: the silence does.
  connection.setIdleTimeout(300);
  peer.stdin!.write('read\n');
  await server.until('send-failed');
  link('up');
  const arrived = await total;
  listener.close();
  while (listener.connections > 0) await ms(5);
  return {
    names: server.names(true).slice(-3), sent: server.details('sent'), failed: server.details('send-failed'), cause: server.cause?.code,
    pending: connection.pendingBytes, arrived, held,
  };
}

link('up');
// Whatever is made once is made before the count.
await scenario();
const before = { memory: await outside(), descriptors: descriptors() };
const outcome = await scenario();
for (let i = 0; i < 200 && descriptors() > before.descriptors; i++) await ms(5);
process.stdout.write(`${JSON.stringify({
  ...outcome, held: outcome.held - before.memory, grown: (await outside()) - before.memory, left: descriptors() - before.descriptors,
})}\n`);
process.exit(0);
