/** The example as a user runs it: a broker, two versions of a service, a client; each a process of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { rfl, Running } from './support/rfl.js';
import { ROOT } from './support/root.js';

test('a client is led to the version of the service it wants', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rfle-'));
  const script = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(new URL(`examples/broker/${name}`, ROOT), 'utf8').replaceAll('/tmp/rfl-demo-broker', folder));
    return path;
  };
  const listening = (socket: string, name: string, ...args: string[]): Running => new Running(['--listen', `unix://${join(folder, socket)}`, script(name), ...args]);
  const processes = [listening('control.sock', 'broker.rfl'), listening('cache-1.sock', 'backend.rfl', '--', '1.4.0'), listening('cache-2.sock', 'backend.rfl', '--', '2.0.0')];
  try {
    for (const p of processes) await p.see('err', /listening on/);
    await processes[0].see('out', /2 rows/);
    const client = (version: string): string => rfl([script('client.rfl'), '--', version]).out;
    assert.equal(client('1.4.0'), 'a client is greeted by version 1.4.0\n');
    assert.equal(client('2.0.0'), 'a client is greeted by version 2.0.0\n');
    assert.equal(client('1.0.0'), 'refused: wanted_version is below min_version\n');
  } finally {
    for (const p of processes) p.process.kill();
    await Promise.all(processes.map((p) => p.ended));
    rmSync(folder, { recursive: true, force: true });
  }
});
