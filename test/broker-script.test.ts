import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { canPassConnections } from '../src/net/descriptor-passing.js';
import { ARRANGEMENTS, peerNode, startHost, until, type TestHost } from './support/engine.js';
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

  test(`${arrangement}: with a folder of definitions they decide, as they are at the time; registrations say where`, hosted(async (host) => {
    const folder = join(FOLDER, `services-${arrangement}`);
    await host.evaluate(`(.broker.serve "${path}" {services: "${folder}"})`);
    await host.evaluate('(.broker.register {service: "cache" version: "1.0.0" pipe: "/c-1"})');
    await host.evaluate('(.broker.register {service: "cache" version: "2.0.0" pipe: "/c-2"})');
    const hello = (want: string, service = 'cache'): Promise<string> => host.evaluate(`(try (at (.broker.hello "${path}" {service: "${service}" want: "${want}"}) 'pipe) (fn [e] (at e 'reason)))`);
    assert.equal(await hello('1.0.0'), '"service definition was not found"');
    const define = (more: string): Promise<string> => host.evaluate(`(.broker.define "${folder}" {service: "cache" binary: "/bin/true" ${more}})`);
    assert.equal(await define(''), `"${folder}/cache.servicedef"`);
    assert.deepEqual([await hello('1.0.0'), await hello('3.0.0')], ['"/c-1"', '"backend is not registered"']);
    await define('min_version: "2.0.0"');
    assert.deepEqual([await hello('1.0.0'), await hello('2.0.0')], ['"wanted_version is below min_version"', '"/c-2"']);
    await define('allow: ["1.0.0"]');
    assert.deepEqual([await hello('1.0.0'), await hello('2.0.0')], ['"/c-1"', '"wanted_version is not in version_allow_list"']);
    chmodSync(folder, 0o755);
    assert.match(await hello('1.0.0'), /service definition could not be loaded/);
    assert.match(await host.evaluate(`(.broker.define "${folder}" {service: "cache" binary: "relative"})`), /^error domain: .*must be absolute/s);
    assert.match(await host.evaluate(`(.broker.define "${folder}" {service: "cache" binary: "/x" isolation: "odd"})`), /^error domain/);
  }));

  test(`${arrangement}: session tokens: asked for where they are on, over with a new registration`, hosted(async (host) => {
    await host.evaluate(`(.broker.serve "${path}" {tokens: true})`);
    await host.evaluate('(.broker.register {service: "cache" version: "1.0.0" pipe: "/c-1"})');
    const hello = (token: string): Promise<string> => host.evaluate(`(try (at (.broker.hello "${path}" (dict ['service 'want 'token] (list "cache" "1.0.0" ${token}))) 'pipe) (fn [e] (at e 'reason)))`);
    assert.equal(await host.evaluate('(count (set token (.broker.token "cache")))'), '64');
    assert.deepEqual([await hello('token'), await hello('""')], ['"/c-1"', '"session token malformed: wrong byte length"']);
    await host.evaluate('(.broker.register {service: "cache" version: "1.0.0" pipe: "/c-1"})');
    assert.equal(await hello('token'), '"session invalidated: daemon was restarted since this token was issued"');
    assert.equal(await hello('(.broker.token "cache")'), '"/c-1"');
    await host.evaluate('(.broker.unregister "cache")');
    assert.match(await host.evaluate('(.broker.token "cache")'), /^error domain/);
    assert.match(await host.evaluate(`(.broker.hello "${path}" {service: "cache" want: "1.0.0" token: "xy"})`), /^error domain: .*hex/s);
  }));

  test(`${arrangement}: the admin lane, from scripts`, hosted(async (host) => {
    await host.evaluate(`(.broker.serve "${path}" {instance: "mine"})`);
    await host.evaluate('(.broker.register {service: "cache" version: "1.0.0" pipe: "/c-1"})');
    await host.evaluate(`(.broker.hello "${path}" {service: "cache" want: "1.0.0"})`);
    const ask = (verb: string, more = ''): Promise<string> => host.evaluate(`(at (.broker.admin "${path}" ${verb} {${more}}) 'body)`);
    assert.equal(await ask("'healthz"), '"ok\n"');
    assert.equal(await ask("'status"), '"broker_instance: mine\naccepting_hello: true\n"');
    assert.match(await ask("'metrics"), /hello_total\{service=\\?"cache\\?",version=\\?"1.0.0\\?",outcome=\\?"negotiated\\?"\} 1/);
    const health = (): Promise<string> => host.evaluate(`(at (.json.parse (at (.broker.admin "${path}" 'backend-health {service: "cache"}) 'body)) 'state)`);
    assert.match(await health(), /stale/);
    writeFileSync(`${path}.pipe`, '');
    await host.evaluate(`(.broker.register {service: "cache" version: "1.0.0" pipe: "${path}.pipe"})`);
    assert.match(await health(), /running/);
    assert.equal(await host.evaluate(`(at (.broker.admin "${path}" 99) 'exit)`), '2');
    assert.match(await host.evaluate(`(.broker.admin "${path}" 'dance)`), /^error domain: .*healthz/s);
    assert.equal(await ask("'shutdown"), '"broker shutting down\n"');
    await assert.rejects(raw(path));
    assert.match(await host.evaluate(`(.broker.admin "${path}" 'healthz)`), /^error io/);
  }));

  test(`${arrangement}: a sidecar is whole or not there, and an endpoint can be held against it`, hosted(async (host) => {
    const pipe = join(FOLDER, `${arrangement}-pipe.sock`);
    const file = `${pipe}.json`;
    await host.evaluate(`(.net.listen "unix://${pipe}")`);
    assert.equal(await host.evaluate(`(.broker.sidecar "${file}" "${pipe}")`), `"${file}"`);
    assert.deepEqual(readdirSync(FOLDER).filter((n) => n.includes('.tmp')), []);
    const sidecar = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([sidecar.pid, sidecar.ipc_endpoint.path, sidecar.exe_hash.length], [process.pid, pipe, 32]);
    await until(async () => (await host.evaluate(`(at (.broker.probe "${pipe}" {expect: "${file}"}) 'pid)`)) === String(process.pid), 'a probe with the hash');
    writeFileSync(file, JSON.stringify({ ...sidecar, pid: 1 }));
    assert.match(await host.evaluate(`(.broker.probe "${pipe}" {expect: "${file}"})`), /^error io: .*VerifyPid ExePathMismatch/s);
    writeFileSync(file, '{}');
    assert.match(await host.evaluate(`(.broker.probe "${pipe}" {expect: "${file}"})`), /^error io/);
    const own = `${path}.json`;
    await host.evaluate(`(.broker.serve "${path}" {sidecar: "${own}"})`);
    assert.equal(JSON.parse(readFileSync(own, 'utf8')).ipc_endpoint.path, path);
    assert.match(await host.evaluate(`(.broker.sidecar "${FOLDER}/none/x.json" "${pipe}")`), /^error io/);
  }));

  test(`${arrangement}: the names under which programs of this user look for brokers`, hosted(async (host) => {
    const of = (which: string): Promise<string> => host.evaluate(`(.broker.path ${which})`);
    assert.match(await of('{}'), /\/running-process[-\d]*\/broker\/rpb-v1-[0-9a-f]{16}-shared\.sock"$/);
    assert.match(await of('{service: "cache"}'), /-svc-cache\.sock"$/);
    assert.match(await of('{instance: "mine"}'), /-inst-mine\.sock"$/);
    assert.match(await of('{backend: true}'), /-be-[0-9a-f]{32}\.sock"$/);
    assert.match(await of('{service: "BAD"}'), /^error domain/);
  }));

  test(`${arrangement}: a connection goes to the backend: by its pipe, on the connection of the Hello, or without asking`, { skip: !canPassConnections() && 'connections cannot be passed here' }, async () => {
    const at = join(FOLDER, `${arrangement}-broker.sock`);
    const pipe = join(FOLDER, `${arrangement}-backend.sock`);
    const control = join(FOLDER, `${arrangement}-control.sock`);
    const backend = await peerNode(`(.net.listen "unix://${pipe}") (.broker.adopt "${pipe}") (set hits 0) (set hit (fn [] (do (set hits (+ hits 1)) hits)))`);
    const broker = await peerNode(`(.net.listen "unix://${control}") (.broker.serve "${at}") (.broker.register {service: "cache" version: "1.0.0" pipe: "${pipe}" handoff: true})`);
    try {
      await hosted(async (host) => {
        const hit = (more: string): Promise<string> => host.evaluate(`(do (set h (.broker.connect "${at}" {service: "cache" want: "1.0.0" ${more}})) (set r (.ipc.send h "(hit)")) (.ipc.close h) r)`);
        const stats = (): Promise<string> => host.evaluate(`(do (set h (.ipc.open "unix://${control}")) (set r (.ipc.send h "(map (fn [c] (first (at (.broker.stats) c))) ['negotiated 'handed_off 'fallbacks])")) (.ipc.close h) r)`);
        assert.equal(await hit(''), '1');
        assert.equal(await stats(), '(1 0 0)');
        assert.equal(await hit('handoff: true'), '2');
        assert.equal(await stats(), '(2 1 0)');
        assert.equal(await hit(`self: "1.0.0" cached: "${pipe}"`), '3');
        assert.equal(await stats(), '(2 1 0)');
        const strict = `${at}.strict`;
        await host.evaluate(`(do (.broker.serve "${strict}" {handoff: false}) (.broker.register {service: "cache" version: "1.0.0" pipe: "${pipe}" handoff: true}))`);
        assert.equal(await host.evaluate(`(do (set h (.broker.connect "${strict}" {service: "cache" want: "1.0.0" handoff: true})) (.ipc.close h) (first (at (.broker.stats) 'handed_off)))`), '0', 'a broker that is not to');
        assert.match(await host.evaluate(`(.broker.connect "${at}" {service: "none" want: "1.0.0"})`), /^error refused/);
        assert.equal(await host.evaluate(`(do (set j (.ipc.open "unix://${pipe}")) (.ipc.send j "(.broker.stop \\"${pipe}.handoff\\")"))`), 'true');
        assert.equal(await hit('handoff: true'), '4');
        assert.equal(await stats(), '(3 1 1)');
      })();
    } finally {
      await backend.stop();
      await broker.stop();
    }
  });

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
