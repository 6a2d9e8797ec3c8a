/** The example as a user runs it: a broker, two versions of a service, a client; each a process of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { rfl, Running, withFiles } from './support/rfl.js';
import { ROOT } from './support/root.js';

test('a client is led to the version of the service it wants', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rfle-'));
  const script = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(new URL(`examples/broker/${name}`, ROOT), 'utf8').replaceAll('/tmp/rfl-demo-broker', folder));
    return path;
  };
  const listening = (socket: string, name: string, ...args: string[]): Running => new Running(['--listen', `unix://${join(folder, socket)}`, script(name), ...args]);
  const processes = [listening('control.sock', 'broker.rfl'), listening('cache-1.sock', 'backend.rfl', '--', '1.4.0', join(folder, 'cache-1.sock')), listening('cache-2.sock', 'backend.rfl', '--', '2.0.0', join(folder, 'cache-2.sock'))];
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

test('the library: a backend offers itself to a broker, clients keep their connections, and are led elsewhere when it withdraws', async () => {
  await withFiles({
    'broker.rfl': '(.broker.serve (concat (.os.getenv "RFL_FOLDER") "/broker.sock"))\n(println "ready")\n',
    'backend.rfl': `(load "broker")
(set folder (.os.getenv "RFL_FOLDER"))
(set control (.ipc.open (format "unix://%/control.sock" folder)))
(set hits 0)
(set hit (fn [] (do (set hits (+ hits 1)) hits)))
(println (offer-service control "cache" "1.4.0" (concat folder "/cache.sock")))
`,
    'client.rfl': `(load "broker")
(set folder (.os.getenv "RFL_FOLDER"))
(set broker-path (concat folder "/broker.sock"))
(println "% %" (ask-service "cache" "1.4.0" "(hit)") (ask-service "cache" "1.4.0" "(hit)"))
(println "%" (== (service-handle "cache" "1.4.0") (service-handle "cache" "1.4.0")))
(println "% %" (leave-service "cache" "1.4.0") (leave-service "cache" "1.4.0"))
(println "%" (ask-service "cache" "1.4.0" "(hit)"))
(leave-service "cache" "1.4.0")
(println "%" (withdraw-service (.ipc.open (format "unix://%/control.sock" folder)) "cache" "1.4.0"))
(println (try (ask-service "cache" "1.4.0" "(hit)") (fn [e] (at e 'reason))))
`,
  }, async (folder) => {
    process.env['RFL_FOLDER'] = folder;
    const broker = new Running(['--listen', `unix://${folder}/control.sock`, join(folder, 'broker.rfl')]);
    await broker.see('out', /ready/);
    const backend = new Running(['--listen', `unix://${folder}/cache.sock`, join(folder, 'backend.rfl')]);
    try {
      await backend.see('out', /cache/);
      assert.equal(rfl([join(folder, 'client.rfl')]).out, '1 2\ntrue\ntrue false\n3\ntrue\nservice is not registered\n');
    } finally {
      delete process.env['RFL_FOLDER'];
      for (const p of [broker, backend]) p.process.kill();
      await Promise.all([broker.ended, backend.ended]);
    }
  });
});
