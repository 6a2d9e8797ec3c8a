/** Peers that are killed and cables that are cut with 16 MiB in flight: every token is settled, and nothing stays behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENDS, inFlight } from './support/in-flight.js';
import { MEDIA, ms, startPair } from './support/media.js';
import { outside } from './support/memory.js';
import { Recorder } from './support/recorder.js';

const MIB = 1 << 20;
const linux = { skip: process.platform !== 'linux' };
const descriptors = (): number => readdirSync('/proc/self/fd').length;
async function until(met: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 1000 && !met(); i++) await ms(5);
  assert.ok(met(), what());
}

for (const medium of MEDIA) {
  test(`${medium}: a peer that is killed with 16 MiB in flight: each token is settled once, the descriptor and the memory come back`, linux, async () => {
    // Whatever is made once is made before the count.
    const first = await inFlight(medium);
    first.peer.kill('SIGKILL');
    await first.server.until('closed');
    first.listener.close();
    await until(() => first.listener.connections === 0, () => 'the descriptor is not free');
    const before = { memory: await outside(), descriptors: descriptors() };

    await (async () => {
      const { server, connection, listener, peer } = await inFlight(medium);
      peer.kill('SIGKILL');
      await server.until('closed');
      await server.until(() => server.count('sent') + server.count('send-failed') === 3);
      const sent = server.details('sent') as number[];
      const failed = server.details('send-failed') as number[];
      assert.deepEqual([...sent, ...failed], [1, 2, 3], 'a prefix was sent, a suffix has failed');
      assert.ok(failed.length > 0);
      const after = server.names().slice(server.names().indexOf('closed') + 1);
      assert.ok(after.every((name) => name === 'send-failed'), after.join(' '));
      assert.equal(connection.pendingBytes, 0);
      listener.close();
      await until(() => listener.connections === 0, () => 'the descriptor is not free');
    })();
    const memory = await outside();
    assert.ok(memory - before.memory < 2 * MIB, `${memory - before.memory} bytes more than before`);
    await until(() => descriptors() <= before.descriptors, () => `${descriptors()} descriptors, ${before.descriptors} before`);
  });
}

/** A network of its own needs the right to make one. */
const UNSHARE = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
const mayCut = process.platform === 'linux' && spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
if (!mayCut) console.error('no network namespace can be made here: cut cables are NOT tested');

for (const medium of MEDIA.filter((m) => m !== 'unix')) {
  test(`${medium}: a cable that is cut with 16 MiB in flight: the silence is noticed, each token is settled once, what was sent arrives`, { skip: mayCut ? false : 'no network namespace can be made' }, () => {
    const scenario = fileURLToPath(new URL('./support/cable-process.js', import.meta.url));
    const { stdout, stderr, status } = spawnSync('unshare', [...UNSHARE, process.execPath, scenario, medium], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, stderr);
    const { names, sent, failed, cause, pending, arrived, grown } = JSON.parse(stdout) as { names: string[]; sent: number[]; failed: number[]; cause: string; pending: number; arrived: number; grown: number };
    assert.deepEqual(names, ['idle', 'closed', 'send-failed']);
    assert.equal(cause, 'hard-close');
    assert.deepEqual([...sent, ...failed], [1, 2, 3]);
    assert.equal(pending, 0);
    const end = sent.length === 0 ? 0 : ENDS[sent.length - 1];
    assert.ok(arrived >= end, `${arrived} bytes arrived of ${end} that were reported as sent`);
    assert.ok(arrived < ENDS[ENDS.length - 1]);
    assert.ok(grown < 4 * MIB, `${grown} bytes more than before`);
  });
}

/** RFL_CONNECTS=10000 for the full count. */
const CONNECTS = Number(process.env['RFL_CONNECTS'] ?? 300);
test(`no descriptor is left after ${CONNECTS} connects, over every medium, however they end`, linux, async () => {
  const before = descriptors();
  for (const medium of MEDIA) {
    for (let i = 0; i < CONNECTS / MEDIA.length; i++) {
      const client = new Recorder();
      const server = new Recorder();
      const { pair, ready } = await startPair(medium, client, server);
      if (i % 4 !== 3) await ready;
      if (i % 4 === 0) pair().client.close();
      else pair().client.hardClose();
      pair().server.hardClose();
      pair().listener.close();
    }
  }
  await until(() => descriptors() <= before + 2, () => `${descriptors()} descriptors, ${before} before`);
});
