/** Peers that are killed and cables that are cut with 16 MiB in flight: every token is settled, and nothing stays behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../src/net/endpoint.js';
import { ENDS, inFlight } from './support/in-flight.js';
import { MEDIA, ms, turns, type Medium } from './support/media.js';
import { outside } from './support/memory.js';

const MIB = 1 << 20;
/** 16 MiB each: if they were kept, it would show. */
const ROUNDS = 5;
const linux = { skip: process.platform !== 'linux' };
const descriptors = (): number => readdirSync('/proc/self/fd').length;
async function until(met: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 1000 && !met(); i++) await ms(5);
  assert.ok(met(), what());
}

/** Kills the peer, waits until everything is settled and free. Answers how much was held outside of the heap meanwhile, and the closed connection. */
async function killed(medium: Medium): Promise<{ held: number; connection: Connection }> {
  const { server, connection, listener, peer } = await inFlight(medium);
  const held = await outside();
  assert.deepEqual([connection.pendingSends > 0, connection.bytesOut], [true, 16 * MIB]);
  peer.kill('SIGKILL');
  await server.until('closed');
  await server.until(() => server.count('sent') + server.count('send-failed') === 3);
  const sent = server.details('sent') as number[];
  const failed = server.details('send-failed') as number[];
  assert.deepEqual([...sent, ...failed], [1, 2, 3], 'a prefix was sent, a suffix has failed');
  assert.ok(failed.length > 0);
  const after = server.names().slice(server.names().indexOf('closed') + 1);
  assert.deepEqual(after, failed.map(() => 'send-failed'));
  assert.equal(server.count('closed'), 1);
  assert.ok(['peer-closed', 'ECONNRESET', 'EPIPE'].includes(server.cause!.code), server.cause!.code);
  assert.deepEqual([connection.pendingBytes, connection.pendingSends], [0, 0]);
  await turns(10);
  assert.equal(server.count('sent') + server.count('send-failed'), 3, 'each once');
  listener.close();
  await until(() => listener.connections === 0, () => 'the descriptor is not free');
  // They hold what was accepted.
  server.events.length = 0;
  return { held, connection };
}

for (const medium of MEDIA) {
  test(`${medium}: a peer that is killed with 16 MiB in flight: each token is settled once, the descriptor and the memory come back`, linux, async () => {
    // Whatever is made once is made before the count.
    await killed(medium);
    await outside();
    const before = { ...process.memoryUsage(), descriptors: descriptors() };
    const { held, connection } = await killed(medium);
    assert.ok(held - before.arrayBuffers > 15 * MIB, `only ${held - before.arrayBuffers} bytes were in flight`);
    const left = (await outside()) - before.arrayBuffers;
    assert.ok(left < MIB / 4, `${left} bytes more than before, with a connection that is ${connection.state}`);
    for (let i = 0; i < ROUNDS; i++) await killed(medium);
    await outside();
    const { arrayBuffers, external, heapUsed, rss } = process.memoryUsage();
    // What TLS and the system hold for a socket is in neither of the first three.
    const more = { arrayBuffers: arrayBuffers - before.arrayBuffers, external: external - before.external, heapUsed: heapUsed - before.heapUsed, rss: rss - before.rss };
    assert.ok(more.arrayBuffers < MIB / 4 && more.external < MIB / 4 && more.heapUsed < 2 * MIB && more.rss < 40 * MIB, `more than before: ${JSON.stringify(more)}`);
    await until(() => descriptors() <= before.descriptors, () => `${descriptors()} descriptors, ${before.descriptors} before`);
  });
}

/** A network of its own needs the right to make one. */
const UNSHARE = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
const mayCut = process.platform === 'linux' && spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
if (!mayCut) console.error('no network namespace can be made here: cut cables are NOT tested');

interface Cut {
  names: string[]; sent: number[]; failed: number[]; cause: string; pending: number; arrived: number;
  /** In bytes outside of the heap: while in flight and afterwards, more than before; then descriptors. */
  held: number; grown: number; left: number;
}

// A Unix socket has no cable.
for (const medium of MEDIA.filter((m) => m !== 'unix')) {
  test(`${medium}: a cable that is cut with 16 MiB in flight: the silence is noticed, each token is settled once, what was sent arrives`, { skip: mayCut ? false : 'no network namespace can be made' }, () => {
    const scenario = fileURLToPath(new URL('./support/cable-process.js', import.meta.url));
    const { stdout, stderr, status } = spawnSync('unshare', [...UNSHARE, process.execPath, scenario, medium], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, stderr);
    const { names, sent, failed, cause, pending, arrived, held, grown, left } = JSON.parse(stdout) as Cut;
    assert.deepEqual(names, ['idle', 'closed', 'send-failed']);
    assert.equal(cause, 'hard-close');
    assert.deepEqual([...sent, ...failed], [1, 2, 3]);
    assert.equal(pending, 0);
    const end = sent.length === 0 ? 0 : ENDS[sent.length - 1];
    assert.ok(arrived >= end, `${arrived} bytes arrived of ${end} that were reported as sent`);
    assert.ok(arrived < ENDS[ENDS.length - 1]);
    assert.ok(held > 15 * MIB, `only ${held} bytes were in flight`);
    assert.ok(grown < MIB / 4, `${grown} bytes more than before`);
    assert.ok(left <= 0, `${left} descriptors more than before`);
  });
}
