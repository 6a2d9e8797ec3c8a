/** Journals and snapshots of the reference are recovered here, and ours there: RFL_REFERENCE and RFL_REFERENCE_216 name the binaries. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient } from './support/engine.js';
import { Running, rfl, withFiles } from './support/rfl.js';

const RELEASES = [['RFL_REFERENCE', '2512'], ['RFL_REFERENCE_216', '216']] as const;
const REQUESTS = ['(set a 40)', '(set a (+ a 2))', "(set t (table [s v] (list ['x 'y] [1 0Nl])))", '(zz)', '(set f (fn [x] (+ x a)))', `(set long "${'ab'.repeat(2000)}")`];
const CHECK = '(list a (count t) (f 1) (count long))';

/** Talks to a server until it is killed; answers once it is. */
async function ask(port: number, requests: readonly string[]): Promise<void> {
  const client = await RawClient.open(port);
  for (const r of requests) await client.ask(r);
  client.close();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function reached(port: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const socket = connect(port, '127.0.0.1');
    const ok = await new Promise((resolve) => socket.on('connect', () => resolve(true)).on('error', () => resolve(false)));
    socket.destroy();
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nobody listens on ${port}`);
}

for (const [variable, dialect] of RELEASES) {
  const binary = process.env[variable];
  const skip = binary === undefined ? `${variable} is not set: journals were NOT exchanged with this reference` : false;

  const theirs = async (base: string, requests: readonly string[]): Promise<void> => {
    const port = await freePort();
    const server = spawn(binary!, ['-p', String(port), '-L', base], { stdio: 'ignore' });
    await reached(port);
    await ask(port, requests);
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  const ours = async (base: string, requests: readonly string[]): Promise<void> => {
    const server = new Running(['-L', base, '--dialect', dialect, '--listen', '127.0.0.1:0']);
    await ask(Number((await server.see('err', /listening on port (\d+)/))[1]), requests);
    server.process.kill('SIGKILL');
    await server.ended;
  };
  const WRITERS = { theirs, ours };

  for (const [writer, write] of Object.entries(WRITERS)) {
    test(`dialect ${dialect}: a journal that is ${writer} brings the same back on both sides`, { skip }, () => withFiles({}, async (folder) => {
      const base = join(folder, 'j');
      await write(base, REQUESTS);
      const here = rfl(['-l', base, '--dialect', dialect, '-e', CHECK]);
      const there = spawnSync(binary!, ['-l', base], { input: `${CHECK}\n`, encoding: 'utf8' });
      assert.match(here.out, /42 2 43 4000/, here.err);
      assert.match(there.stdout, /42 2 43 4000/, there.stderr);
    }));

    test(`dialect ${dialect}: a snapshot that is ${writer} brings the same back on both sides`, { skip }, () => withFiles({}, async (folder) => {
      const base = join(folder, 'j');
      await write(base, [...REQUESTS, '(.log.snapshot)', '(set a 50)']);
      const here = rfl(['-l', base, '--dialect', dialect, '-e', CHECK]);
      const there = spawnSync(binary!, ['-l', base], { input: `${CHECK}\n`, encoding: 'utf8' });
      assert.match(here.out, /50 2 51 4000/, here.err);
      assert.match(there.stdout, /50 2 51 4000/, there.stderr);
    }));
  }

  test(`dialect ${dialect}: both sides write the same journal`, { skip }, () => withFiles({}, async (folder) => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    await theirs(a, REQUESTS);
    await ours(b, REQUESTS);
    assert.deepEqual(readFileSync(`${b}.log`), readFileSync(`${a}.log`));
  }));
}

const both = RELEASES.every(([variable]) => process.env[variable] !== undefined);
test('requests that are text may change the release', { skip: both ? false : 'both references are needed' }, () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const server = new Running(['-L', base, '--listen', '127.0.0.1:0']);
  await ask(Number((await server.see('err', /listening on port (\d+)/))[1]), REQUESTS.slice(0, 2));
  server.process.kill('SIGKILL');
  await server.ended;
  copyFileSync(`${base}.log`, join(folder, 'k.log'));
  assert.match(spawnSync(process.env.RFL_REFERENCE_216!, ['-l', join(folder, 'k')], { input: 'a\n', encoding: 'utf8' }).stdout, /42/);
}));
