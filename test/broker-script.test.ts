import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { ARRANGEMENTS, startHost, type TestHost } from './support/engine.js';
import { raw } from './support/broker.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rfls-'));
after(() => rmSync(FOLDER, { recursive: true }));
let sockets = 0;

for (const arrangement of ARRANGEMENTS) {
  const path = join(FOLDER, `${++sockets}.sock`);
  const hosted = (body: (host: TestHost) => Promise<void>) => async (): Promise<void> => {
    const host = await startHost(arrangement);
    try {
      await body(host);
    } finally {
      await host.stop();
    }
  };

  test(`${arrangement}: scripts serve a broker, register versions, and clients are led to them`, hosted(async (host) => {
    assert.equal(await host.evaluate(`(.broker.serve "${path}")`), `"${path}"`);
    for (const version of ['1.0.0', '2.0.0']) {
      assert.equal(await host.evaluate(`(.broker.register {service: "cache" version: "${version}" pipe: "/cache-${version}" min_version: "1.0.0"})`), '"cache"');
    }
    const hello = (want: string, key: string): Promise<string> => host.evaluate(`(at (.broker.hello "unix://${path}" {service: "cache" want: "${want}"}) '${key})`);
    assert.equal(await hello('1.0.0', 'pipe'), '"/cache-1.0.0"');
    assert.equal(await hello('2.0.0', 'pipe'), '"/cache-2.0.0"');
    assert.deepEqual([await hello('2.0.0', 'connection'), await hello('2.0.0', 'keepalive')], ['3', '1800']);
    assert.equal(await host.evaluate('(at (.broker.services) \'version)'), '["1.0.0" "2.0.0"]');
    assert.equal(await host.evaluate('(at (.broker.stats) \'negotiated)'), '[4]');
    assert.equal(await host.evaluate('(.broker.unregister "cache" "2.0.0")'), 'true');
    assert.equal(await hello('2.0.0', 'pipe'), '"/cache-1.0.0"');
    assert.equal(await host.evaluate(`(.broker.stop "${path}")`), 'true');
    assert.equal(await host.evaluate(`(.broker.stop "${path}")`), 'false');
    await assert.rejects(raw(path));
  }));

  test(`${arrangement}: a refusal is an error with a dict, anything else is io`, hosted(async (host) => {
    await host.evaluate(`(.broker.serve "${path}")`);
    await host.evaluate('(.broker.register {service: "cache" version: "2.0.0" pipe: "/c" min_version: "2.0.0"})');
    const failed = (key: string): Promise<string> => host.evaluate(`(try (.broker.hello "${path}" {service: "cache" want: "1.0.0"}) (fn [e] (at e '${key})))`);
    assert.deepEqual([await failed('code'), await failed('name'), await failed('reason'), await failed('retry_after_ms')], ['8', '"VERSION_BLOCKED"', '"wanted_version is below min_version"', '30000']);
    assert.match(await host.evaluate(`(.broker.hello "${path}" {service: "none" want: "1.0.0"})`), /^error refused: .*service is not registered/s);
    assert.match(await host.evaluate('(.broker.hello "/nowhere/x" {service: "none" want: "1.0.0"})'), /^error io/);
    assert.match(await host.evaluate(`(.broker.serve "${path}")`), /^error io: .*already exists/s);
    assert.match(await host.evaluate('(.broker.register {service: "BAD" version: "1.0.0" pipe: "/c"})'), /^error domain/);
    assert.match(await host.evaluate('(.broker.hello "relative" {service: "none" want: "1.0.0"})'), /^error domain/);
    assert.match(await host.evaluate(`(.broker.probe "${path}")`), /^error io/);
  }));

  test(`${arrangement}: the environment can turn brokers off`, async () => {
    for (const word of ['1', 'yes']) {
      process.env['RUNNING_PROCESS_DISABLE'] = word;
      try {
        // A thread has the environment of its start.
        await hosted(async (host) => {
          assert.match(await host.evaluate(`(.broker.hello "${path}" {service: "none" want: "1.0.0"})`), /^error io: .*RUNNING_PROCESS_DISABLE/s);
        })();
      } finally {
        delete process.env['RUNNING_PROCESS_DISABLE'];
      }
    }
  });

  test(`${arrangement}: the broker ends with its host`, async () => {
    const host = await startHost(arrangement);
    await host.evaluate(`(.broker.serve "${path}")`);
    (await raw(path)).destroy();
    await host.stop();
    await assert.rejects(raw(path));
  });
}
