/** Listeners with a users file of their own, in both thread arrangements. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { startNode } from '../src/engine/node.js';
import { ARRANGEMENTS, RawClient, startHost, until, type TestHost } from './support/engine.js';
import { freePort } from './support/programs-as-peers.js';
import { Running } from './support/rfl.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-net-users-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};
const ask = async (address: string, source = '(+ 1 2)'): Promise<unknown> => {
  const client = await connect(address);
  return client.send(source).finally(() => client.close());
};
const ACCESS = { code: 'access' };

for (const arrangement of ARRANGEMENTS) {
  describe(`listeners with users, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement);
    });
    after(() => host.stop(500));
    const listen = async (address: string, options: string): Promise<number> => {
      assert.match(await host.evaluate(`(.net.listen "${address}" ${options})`), /^\d+$/);
      return Number(/listening on (?:port )?(\d+)?/.exec(host.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1]);
    };

    test('one listener asks for the users of its file, the others for nobody', async () => {
      await host.evaluate(`(set people "${file('people', 'bob:secret\nann:word:restricted\n')}")`);
      const port = await listen('127.0.0.1:0', '{users: people}');
      assert.equal(await ask(`127.0.0.1:${port}:bob:secret`, '(set mark 3)'), 3);
      await assert.rejects(ask(`127.0.0.1:${port}:ann:word`, '(set mark 4)'), ACCESS, 'restricted, as her line says');
      assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
      await assert.rejects(ask(`127.0.0.1:${port}:bob:wrong`), ACCESS);
      await assert.rejects(ask(`127.0.0.1:${port}`), ACCESS);
      assert.equal(await ask(`127.0.0.1:${host.port}`), 3, 'the other listener asks for nothing');
    });

    test('a Unix socket with users lets in no frames and no lines, and asks the wire for a password', async () => {
      const path = join(folder, `${arrangement}.sock`);
      await host.evaluate(`(.net.listen "unix://${path}" {users: "${file('few', 'bob:secret\n')}"})`);
      await assert.rejects(ask(`unix://${path}`), ACCESS);
      assert.equal(await ask(`unix://bob:secret@${path}`), 3);
      await assert.rejects(ask(`frame+unix://${path}`));
      await until(() => host.logs.some(({ message }) => /frames carry no password/.test(message)), 'the refusal');
    });

    test('a file that is missing or that must not be used is an error that names it, and nothing listens', async () => {
      const port = await freePort();
      for (const [path, why] of [
        [join(folder, 'nowhere'), /nowhere: cannot read the users file \(ENOENT\)/], [file('broken', 'bob:secret\nnonsense\n'), /broken:2: expected name:secret/],
        [file('empty', '# nobody\n'), /empty: no users in this file/], [file('open', 'bob:secret\n', 0o644), /open:1: a plain secret in a file that others may read/],
      ] as const) {
        const answer = await host.evaluate(`(.net.listen "127.0.0.1:${port}" {users: "${path}"})`);
        assert.match(answer, /^error io/);
        assert.match(answer, why);
        assert.doesNotMatch(answer, /secret\n|nonsense/, 'secrets are not shown');
        await assert.rejects(RawClient.open(port));
      }
      assert.match(await host.evaluate(`(.net.listen "127.0.0.1:${port}" {users: 7})`), /^error type.*users must be a str/);
    });

    test('a file of its own stands instead of the users of all', async () => {
      const guarded = await startHost(arrangement, { serving: { users: file('all', 'ann:word\n') } });
      assert.match(await guarded.evaluate(`(.net.listen "127.0.0.1:0" {users: "${file('own', 'bob:secret\n')}"})`), /^\d+$/);
      const port = /port (\d+)/.exec(guarded.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1];
      assert.equal(await ask(`127.0.0.1:${port}:bob:secret`), 3);
      await assert.rejects(ask(`127.0.0.1:${port}:ann:word`), ACCESS);
      assert.equal(await ask(`127.0.0.1:${guarded.port}:ann:word`), 3);
      await assert.rejects(ask(`127.0.0.1:${guarded.port}:bob:secret`), ACCESS);
      await guarded.stop(500);
    });
  });
}

test('users files are read again on request: who is connected stays, and what cannot be used changes nothing', { timeout: 60_000 }, async () => {
  const path = file('live', 'bob:secret\n');
  const node = await startNode({ serving: { users: path } });
  try {
    const { port } = await node.listen('127.0.0.1:0');
    const bob = await connect(`127.0.0.1:${port}:bob:secret`);
    file('live', 'ann:word\n');
    await assert.rejects(ask(`127.0.0.1:${port}:ann:word`), ACCESS, 'not by itself');
    assert.equal(node.reloadFiles(), true);
    assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
    await assert.rejects(ask(`127.0.0.1:${port}:bob:secret`), ACCESS);
    assert.equal(await bob.send('(+ 1 2)'), 3);
    for (const text of ['nonsense\n', '', '# nobody\n']) {
      file('live', text);
      assert.throws(() => node.reloadFiles(), { code: 'io', message: /live/ });
      await assert.rejects(ask(`127.0.0.1:${port}`), ACCESS, 'never open');
      assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
    }
    rmSync(path);
    assert.throws(() => node.reloadFiles(), { code: 'io', message: /ENOENT/ });
    await assert.rejects(ask(`127.0.0.1:${port}`), ACCESS);
    bob.close();
  } finally {
    await node.shutdown(500);
  }
  const plain = await startNode();
  assert.equal(plain.reloadFiles(), false, 'where there is nothing to read');
  await plain.shutdown(500);
});

test('a listener that begins reads its file as it is then, and one that is over asks for none', { timeout: 60_000 }, async () => {
  const node = await startNode();
  try {
    const path = file('later', 'bob:secret\n');
    const { port } = await node.listen('127.0.0.1:0', { users: path });
    const { text: id } = await node.evaluate(`(.net.listen "unix://${join(folder, 'later.sock')}" {users: "${file('over', 'bob:secret\n')}"})`);
    file('later', 'ann:word\n');
    const second = await node.listen('127.0.0.1:0', { users: path });
    assert.equal(await ask(`127.0.0.1:${second.port}:ann:word`), 3);
    assert.equal(await ask(`127.0.0.1:${port}:bob:secret`), 3);
    rmSync(join(folder, 'over'));
    assert.throws(() => node.reloadFiles(), { code: 'io', message: /over/ });
    await node.evaluate(`(.net.unlisten ${id})`);
    assert.equal(node.reloadFiles(), true);
    assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
  } finally {
    await node.shutdown(500);
  }
});

test('SIGHUP reads the users of -u and of listeners again, and ends a program that has nothing to read', { skip: process.platform === 'win32', timeout: 60_000 }, async () => {
  const [all, own] = [file('flag', 'bob:secret\n'), file('own-flag', 'cid:secret\n')];
  const [port, other] = [await freePort(), await freePort()];
  const program = file('server.rfl', `(.net.listen "127.0.0.1:${other}" {users: "${own}"})`);
  const server = new Running(['-p', String(port), '-u', all, program]);
  try {
    await server.see('err', new RegExp(`listening on port ${other}`));
    assert.equal(await ask(`127.0.0.1:${port}:bob:secret`), 3);
    file('flag', 'ann:word\n');
    file('own-flag', 'dan:word\n');
    server.process.kill('SIGHUP');
    await server.see('err', /users read again/);
    assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
    assert.equal(await ask(`127.0.0.1:${other}:dan:word`), 3);
    await assert.rejects(ask(`127.0.0.1:${port}:bob:secret`), ACCESS);
    file('flag', 'nonsense\n');
    server.process.kill('SIGHUP');
    await server.see('err', /users kept: .*flag:1/);
    assert.equal(await ask(`127.0.0.1:${port}:ann:word`), 3);
  } finally {
    server.process.kill('SIGTERM');
    await server.ended;
  }
  const none = new Running(['-p', String(await freePort())]);
  await none.see('err', /listening/);
  none.process.kill('SIGHUP');
  await none.ended;
  assert.equal(none.process.signalCode, 'SIGHUP');
});
