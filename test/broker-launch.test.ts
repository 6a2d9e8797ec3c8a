/** Backends that do not run are started by their definitions, with what a backend has to know in its environment. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { startNode } from '../src/engine/node.js';
import { MAIN } from './support/rfl.js';
import { until } from './support/engine.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rfll-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const ENV = 'RUNNING_PROCESS_BROKER_V1_';

function executable(name: string, text: string): string {
  const path = join(FOLDER, 'bin', name);
  mkdirSync(join(FOLDER, 'bin'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o700);
  return path;
}

test('a service is started when it is first asked for, again when it has died, and not without end where it fails', { skip: process.platform !== 'linux' && 'looks into /proc' }, async () => {
  const script = join(FOLDER, 'backend.rfl');
  const names = ['SERVICE_NAME', 'SERVICE_VERSION', 'INSTANCE', 'SESSION_TOKEN', 'TRACEPARENT'];
  writeFileSync(script, `(set environment (map (fn [name] (try (.os.getenv (concat "${ENV}" name)) (fn [e] ""))) [${names.map((n) => `"${n}"`).join(' ')}]))\n`);
  const good = executable('good', `exec '${process.execPath}' '${MAIN}' --listen "unix://$${ENV}BACKEND_PIPE" '${script}'`);
  const bad = executable('bad', 'exit 3');
  const node = await startNode();
  const evaluate = async (source: string): Promise<string> => {
    const { ok, text, code } = await node.evaluate(source);
    return ok ? text : `error ${code}: ${text}`;
  };
  const path = join(FOLDER, 'broker.sock');
  const pids: number[] = [];
  try {
    assert.match(await evaluate(`(.broker.serve "${path}" {launch: true})`), /^error domain/);
    assert.equal(await evaluate(`(.broker.serve "${path}" {services: "${FOLDER}/services" launch: true})`), `"${path}"`);
    const define = (service: string, binary: string, more = `versions: "${FOLDER}/bin"`): Promise<string> => evaluate(`(.broker.define "${FOLDER}/services" {service: "${service}" binary: "${binary}" ${more}})`);
    for (const [service, binary] of [['good', good], ['bad', bad]]) assert.match(await define(service, binary), /servicedef/);
    await define('unplaced', good, '');
    const ask = (service: string, what: string): Promise<string> => evaluate(`(try (do (set h (.broker.connect "${path}" {service: "${service}" want: "1.2.3"})) (set r (.ipc.send h "${what}")) (.ipc.close h) r) (fn [e] (at e 'reason)))`);
    const pid = async (): Promise<number> => Number(await evaluate(`(first (at (at (.json.parse (at (.broker.admin "${path}" 'status {json: true}) 'body)) 'backends) 'pid))`));
    const environment = await ask('good', 'environment');
    const first = await pid();
    pids.push(first);
    assert.equal(environment, '("good" "1.2.3" "private:good" "" "")');
    assert.match(readFileSync(`/proc/${first}/cmdline`, 'utf8'), /backend\.rfl/);
    await ask('good', '1');
    assert.equal(await pid(), first, 'it is not started twice');
    process.kill(first, 'SIGKILL');
    await until(() => {
      try {
        process.kill(first, 0);
        return false;
      } catch {
        return true;
      }
    }, 'its end');
    assert.equal(await ask('good', '(+ 1 2)'), '3');
    const second = await pid();
    pids.push(second);
    assert.notEqual(second, first);
    for (let i = 0; i < 3; i++) assert.match(await ask('bad', '1'), /backend spawn failed: it ended at once \(3\)/);
    assert.equal(await ask('bad', '1'), '"backend spawn budget exhausted"');
    const metrics = await evaluate(`(at (.broker.admin "${path}" 'metrics) 'body)`);
    for (const sample of ['spawn_attempts_total{service="good",version="1.2.3",outcome="success"} 2', 'spawn_attempts_total{service="bad",version="",outcome="failure"} 3', 'spawn_budget_remaining{service="bad",version="1.2.3"} 0']) {
      assert.ok(metrics.replaceAll('\\"', '"').includes(sample), `${sample} in ${metrics}`);
    }
    assert.match(await ask('unplaced', '1'), /no per_version_binary_dir/);
    assert.equal(await ask('unknown', '1'), '"service definition was not found"');
  } finally {
    for (const p of pids) {
      try {
        process.kill(p, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await node.shutdown(0);
  }
});
