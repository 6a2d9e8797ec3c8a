/**
 * Live exchange with the reference, both ways, both releases: RFL_REFERENCE and RFL_REFERENCE_216 name the binaries. Sections 8 and 9
 * of the wire reference, as far as a peer can see them.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { startNode } from '../src/engine/node.js';
import { format } from '../src/lang/format.js';
import { T, Vec, type Value } from '../src/lang/value.js';
import type { Client, RflNode } from '../src/engine/api.js';
import { until } from './support/engine.js';

const RELEASES = [['RFL_REFERENCE', '2512'], ['RFL_REFERENCE_216', '216']] as const;

for (const [variable, dialect] of RELEASES) {
  const binary = process.env[variable];
  const skip = binary === undefined ? `${variable} is not set: NOT tested against this reference` : false;
  describe(`with the reference of dialect ${dialect}`, { skip, timeout: 120_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'rfl-reference-'));
    after(() => rmSync(folder, { recursive: true }));

    /** Runs a script in the reference and answers what it printed. */
    const script = (source: string): Promise<string> => {
      const file = join(folder, 'client.rfl');
      writeFileSync(file, source);
      return new Promise((resolve) => {
        const child = spawn(binary!, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
        let out = '';
        child.stdout.on('data', (chunk) => (out += String(chunk)));
        child.stderr.on('data', (chunk) => (out += String(chunk)));
        child.on('close', () => resolve(out));
      });
    };

    describe('as the client of our server', () => {
      let node: RflNode;
      let port: number;
      before(async () => {
        node = await startNode({ dialect });
        ({ port } = await node.listen('127.0.0.1:0'));
      });
      after(() => node.shutdown());
      const ask = async (source: string): Promise<string> => (await script(`(set h (.ipc.open "127.0.0.1:${port}"))\n(println "%" (.ipc.send h ${source}))\n(.ipc.close h)`)).trim();

      const rows: [string, string][] = [
        ['"(+ 1 2)"', '3'], ['(list + 1 2)', '3'], ['[1 2 3]', '[1 2 3]'], ['"(take 7 300)"', '[7 7'], ['42', '42'], ['"(list 1 2.5 \'a)"', '(list 1 2.5 a)'],
        ['"{a: 1 b: 2}"', '{a:1 b:2}'], ['(list sum (til 5000))', '12497500'], ['"(count (til 100000))"', '100000'],
      ];
      for (const [source, expected] of rows) test(source, async () => assert.ok((await ask(source)).startsWith(expected), await ask(source)));

      test('errors arrive with their code', async () => assert.match(await ask('"(+ 1 \'a)"'), /type/));

      test('hooks run once each and see the handle', async () => {
        await node.evaluate('(set seen (list))');
        for (const slot of ['open', 'close']) await node.evaluate(`(set .ipc.on.${slot} (fn [h] (set seen (concat seen (list (list '${slot} (== h (.ipc.handle))))))))`);
        await node.evaluate("(set .ipc.on.sync (fn [m] (eval (parse m))))");
        assert.ok((await ask('"(+ 1 2)"')).startsWith('3'));
        await until(async () => (await node.evaluate('(count seen)')).text === '2', 'the close hook');
        assert.equal((await node.evaluate('seen')).text, '((open true) (close true))');
        for (const slot of ['open', 'close', 'sync']) await node.evaluate(`(set .ipc.on.${slot} 0)`);
      });

      test('credentials: right, wrong, none, narrowed by the hook', async () => {
        const guarded = await startNode({ users: [{ name: '', secret: 'secret', restricted: false }], dialect });
        const { port: p } = await guarded.listen('127.0.0.1:0');
        await guarded.evaluate('(set .ipc.on.auth (fn [u p] (!= u "ban")))');
        const outcome = async (credentials: string): Promise<string> => script(`(println "%" (.ipc.send (.ipc.open "127.0.0.1:${p}${credentials}") "(+ 1 2)"))`);
        assert.match(await outcome(':bob:secret'), /^3/);
        assert.match(await outcome(':bob:nope'), /access/);
        assert.match(await outcome(':ban:secret'), /access/);
        assert.match(await outcome(''), /access/);
        await guarded.shutdown();
      });

      if (dialect === '2512') {
        test('we push to it and ask it back while it waits', async () => {
          const out = await script(`(set told 0)\n(set h (.ipc.open "127.0.0.1:${port}"))\n(println "%" (.ipc.send h "(do (.ipc.post (.ipc.handle) \\"(set told 5)\\") (.ipc.send (.ipc.handle) \\"(+ told 1)\\"))"))\n(println "%" told)`);
          assert.match(out, /^6\s+5/);
        });
        test('a post arrives before the send behind it', async () => {
          assert.match(await script(`(set h (.ipc.open "127.0.0.1:${port}"))\n(.ipc.post h "(set posted 8)")\n(println "%" (.ipc.send h "posted"))`), /^8/);
        });
      }
    });

    describe('as the server', () => {
      let server: ChildProcess;
      let port: number;
      let node: RflNode;
      let client: Client;
      before(async () => {
        port = await freePort();
        server = spawn(binary!, ['-p', String(port)], { stdio: 'ignore' });
        node = await startNode({ dialect });
        await until(async () => (await node.evaluate(`(set h (.ipc.open "127.0.0.1:${port}"))`)).ok, 'the reference to listen');
        client = await connect(`127.0.0.1:${port}`, { dialect });
      });
      after(async () => {
        client.close();
        await node.shutdown();
        server.kill('SIGKILL');
      });

      test('our scripts ask it', async () => {
        const shown = async (source: string): Promise<string> => (await node.evaluate(source)).text;
        assert.equal(await shown('(.ipc.send h "(+ 1 2)")'), '3');
        assert.equal(await shown('(.ipc.send h (list + 1 2))'), '3');
        assert.equal(await shown('(sum (.ipc.send h (til 3000)))'), '4498500');
        assert.equal((await node.evaluate('(.ipc.send h "(+ 1 \'a)")')).code, 'type');
        assert.equal((await node.evaluate('(.ipc.send h "nosuchname")')).code, 'name');
      });

      test('our client sends and receives values, also large ones', async () => {
        const column = new Vec(T.I64, BigInt64Array.from({ length: 100_000 }, (_, i) => BigInt(i) * 7919n));
        const back = (await client.send(column)) as Vec;
        assert.deepEqual(back.data, column.data);
        await assert.rejects(client.send('(raise 5)'), { code: 'domain' });
      });

      test('the dialect is found out', async () => {
        const blind = await connect(`127.0.0.1:${port}`);
        assert.equal(await blind.probeDialect(), dialect);
        blind.close();
      });

      test('verbose requests bring what was printed', async () => {
        assert.equal(format(await client.send('(println "hi" 1)', { verbose: true }), 1), '("hi 1\n" null)');
      });

      if (dialect === '2512') {
        test('it pushes to us, and what it pushed from its open hook is served', async () => {
          await node.evaluate('(.ipc.send h "(set .ipc.on.open (fn [c] (.ipc.post c \\"(set greeted 9)\\")))")');
          await node.evaluate(`(set h2 (.ipc.open "127.0.0.1:${port}"))`);
          await until(async () => (await node.evaluate('greeted')).text === '9', 'the push');
          assert.equal((await node.evaluate('(list (.ipc.send h2 "(do (.ipc.post (.ipc.handle) \\"(set pushed 3)\\") 4)") pushed)')).text, '(4 3)');
          assert.equal((await node.evaluate('(.ipc.send h2 "(.ipc.send (.ipc.handle) \\"(+ pushed 1)\\")")')).text, '4');
          await node.evaluate('(.ipc.send h "(set .ipc.on.open 0)")');
        });
        test('a client without interpreter gets its messages', async () => {
          const got: Value[] = [];
          client.on('message', (m) => got.push(m.value));
          assert.equal(await client.send('(do (.ipc.post (.ipc.handle) 77) 1)'), 1);
          assert.deepEqual(got, [77]);
        });
      }
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
