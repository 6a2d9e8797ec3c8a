/** What scripts do with connections: open, send, post, close; every way it fails, and both directions at once. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { startNode } from '../src/engine/node.js';
import { ARRANGEMENTS, frame, hex, int, peerNode, rawServer, startHost, text, until, type TestHost } from './support/engine.js';

const header = (size: string, { magic = 'fadeface', version = '03' } = {}): string => `${magic}${version}000002${size}`;
const reply = (payload: Uint8Array, flags = 0): string => frame(payload, 2, flags).toString('hex');

for (const arrangement of ARRANGEMENTS) {
  describe(`a script's connections, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    let peer: { port: number; stop(): Promise<void> };
    before(async () => {
      host = await startHost(arrangement);
      peer = await peerNode('(set square (fn [x] (* x x)))');
    });
    after(async () => {
      await host.stop();
      await peer.stop();
    });
    const run = (source: string): Promise<string> => host.evaluate(source.replaceAll('PEER', `127.0.0.1:${peer.port}`));

    describe('opening', () => {
      const rows: [string, RegExp][] = [
        ['(.ipc.open 5)', /^error type: .*expects a string "host:port\[:user:password\]", got I64|^error type/i],
        ['(.ipc.open)', /^error rank/], ['(.ipc.open "a:1" 2 3)', /^error rank/],
        ['(.ipc.open "localhost")', /^error domain[^]*missing port/], ['(.ipc.open "h:0")', /^error domain[^]*port must be in 1\.\.65535, got 0/],
        ['(.ipc.open "h:65536")', /^error domain/], ['(.ipc.open "h:abc")', /^error domain/], ['(.ipc.open "h:123456789")', /^error domain[^]*too long/],
        [`(.ipc.open "${'h'.repeat(256)}:1")`, /^error domain[^]*host too long/], ['(.ipc.open "h:1" -1)', /^error domain/], ['(.ipc.open "h:1" "x")', /^error type/],
        ['(.ipc.open "127.0.0.1:1")', /^error io[^]*connection refused: 127\.0\.0\.1:1/],
      ];
      for (const [source, expected] of rows) test(source.slice(0, 40), async () => assert.match(await run(source), expected));

      const servers: [string, string, RegExp][] = [
        ['a peer of another version', '0400', /^error io[^]*connection refused: 127/], ['a peer that hangs up', 'close', /^error io[^]*connection refused: 127/],
        ['a peer that answers nonsense', '0307', /^error io[^]*connection refused: 127/], ['a peer that wants credentials', '0301', /^error access[^]*server requires authentication/],
      ];
      for (const [what, hello, expected] of servers) {
        test(what, async () => {
          const server = await rawServer(hello);
          assert.match(await run(`(.ipc.open "127.0.0.1:${server.port}")`), expected);
          await server.stop();
        });
      }
      test('a silent peer is given up after the time given', async () => {
        const server = await rawServer('silent');
        assert.match(await run(`(.ipc.open "127.0.0.1:${server.port}" 100)`), /^error io[^]*connection refused: 127/);
        await server.stop();
      });
      // The guarded host's sockets live in this thread: only an interpreter elsewhere can wait for them.
      if (arrangement === 'worker') test('wrong credentials', async () => {
        const guarded = await startHost('worker', { users: [{ name: '', secret: 'sesame', restricted: false }] });
        assert.match(await run(`(.ipc.open "127.0.0.1:${guarded.port}:bob:nope")`), /^error access[^]*authentication failed/);
        assert.equal(await run(`(.ipc.send (.ipc.open "127.0.0.1:${guarded.port}:bob:sesame") "(+ 1 2)")`), '3');
        await guarded.stop();
      });
    });

    test('a call and its answer, values both ways, errors with the code of the peer', async () => {
      assert.equal(await run('(set h (.ipc.open "PEER")) (.ipc.send h "(+ 1 2)")'), '3');
      assert.equal(await run('(.ipc.send h (list \'square 12))'), '144');
      assert.equal(await run('(.ipc.send h [1 2 3])'), '[1 2 3]');
      assert.equal(await run('(.ipc.send h (list + 1 2))'), '3');
      assert.equal(await run('(.ipc.send h null)'), '');
      assert.match(await run('(.ipc.send h "(+ 1 \'a)")'), /^error type/);
      assert.equal(await run('(.ipc.send (as \'I32 h) "1")'), '1');
      assert.equal(await run('(.ipc.close h)'), '');
      assert.match(await run('(.ipc.send h "1")'), /^error io[^]*connection closed/);
      assert.match(await run('(.ipc.post h "1")'), /^error io[^]*ipc async send failed/);
    });

    test('posted messages arrive before a following send, and answer null at once', async () => {
      await run('(set h (.ipc.open "PEER"))');
      assert.equal(await run('(.ipc.post h "(set posted 1)")'), '');
      assert.equal(await run('(.ipc.post h (list \'set \'posted 2))'), '');
      assert.equal(await run('(.ipc.send h "posted")'), '2');
      await run('(.ipc.close h)');
    });

    test('handles and messages are checked before anything is sent', async () => {
      assert.match(await run('(.ipc.send "x" 1)'), /^error type/);
      assert.match(await run('(.ipc.post 1.5 1)'), /^error type/);
      assert.match(await run("(.ipc.close 'a)"), /^error type/);
      assert.equal(await run('(.ipc.close 123456)'), '');
      assert.equal(await run('(.ipc.close -1)'), '');
      assert.match(await run('(.ipc.send 123456 1)'), /^error io[^]*connection closed/);
      const nested = '(fold (fn [acc x] (list acc)) 0 (til 600))';
      assert.match(await run(`(.ipc.send 123456 ${nested})`), /^error type[^]*message not serializable/);
      assert.match(await run(`(.ipc.post 123456 ${nested})`), /^error type[^]*message not serializable/);
    });

    describe('a peer that answers wrongly', () => {
      const rows: [string, string, RegExp][] = [
        ['closes', 'close', /^error io[^]*connection closed/], ['bad magic', header('0100000000000000', { magic: 'deadbeef' }), /^error io[^]*connection closed/],
        ['size 0', header('0000000000000000'), /^error io[^]*connection closed/], ['a negative size', header('ffffffffffffffff'), /^error io[^]*connection closed/],
        ['a size of 2^61', header('0000000000000020'), /^error io[^]*connection closed/], ['a size over 256 MiB', header('0100001000000000'), /^error io[^]*connection closed/],
        ['another version', header('0100000000000000', { version: '02' }), /^error io[^]*connection closed/],
        ['what does not inflate', reply(hex('0a000000 05'), 1), /^error io[^]*ipc bad response/], ['an unknown tag', reply(hex('20')), /^error type/],
        ['the value in two segments', `${reply(int(5)).slice(0, 30)}+${reply(int(5)).slice(30)}`, /^5$/],
      ];
      for (const [what, bytes, expected] of rows) {
        test(what, async () => {
          const server = await rawServer('0300', [bytes]);
          assert.match(await run(`(set b (.ipc.open "127.0.0.1:${server.port}")) (.ipc.send b "1")`), expected);
          await run('(.ipc.close b)');
          await server.stop();
        });
      }
      test('after an answer that is no value the connection is usable', async () => {
        const server = await rawServer('0300', [reply(hex('20')), reply(int(6))]);
        await run(`(set b (.ipc.open "127.0.0.1:${server.port}")) (try (.ipc.send b "1") (fn [e] 0))`);
        assert.equal(await run('(.ipc.send b "1")'), '6');
        await run('(.ipc.close b)');
        await server.stop();
      });
    });

    test('a deadline ends the wait and the connection', async () => {
      const server = await rawServer('0300', ['silent', reply(int(1))]);
      await run(`(set b (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.match(await run('(.ipc.send b "1" 50)'), /^error io[^]*no reply within 50 ms/);
      assert.match(await run('(.ipc.send b "1")'), /^error io[^]*connection closed/);
      assert.match(await run('(.ipc.send b "1" -1)'), /^error domain/);
      await server.stop();
    });

    test('a default deadline can be set, and each send can have its own', async () => {
      const impatient = await startHost(arrangement, { sendTimeoutMs: 40 });
      const server = await rawServer('0300');
      await impatient.evaluate(`(set a (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.match(await impatient.evaluate('(.ipc.send a "1")'), /no reply within 40 ms/);
      await impatient.evaluate(`(set a (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.match(await impatient.evaluate('(.ipc.send a "1" 20)'), /no reply within 20 ms/);
      await impatient.stop();
      await server.stop();
    });

    test('while a send waits, what the peer sends is served: pushes run, requests are answered', async () => {
      const server = await rawServer('0300', [`${frame(text('(set pushed 7)'), 0).toString('hex')}${frame(text('(+ pushed 1)'), 1).toString('hex')}${reply(int(5))}`, 'silent']);
      await run(`(set b (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.equal(await run('(list (.ipc.send b "ask") pushed)'), '(5 7)');
      await until(async () => (await server.received()).endsWith(frame(int(8), 2).toString('hex')), 'the answer to the request');
      await run('(.ipc.close b)');
      await server.stop();
    });

    test('a second send on a connection that waits is refused', async () => {
      const nested = frame(text('(set inner (try (.ipc.send b "inner") (fn [e] (quote busy))))'), 0).toString('hex');
      const server = await rawServer('0300', [`${nested}${reply(int(5))}`]);
      await run(`(set inner 0) (set b (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.equal(await run('(list (.ipc.send b "outer") inner)'), '(5 busy)');
      await run('(.ipc.close b)');
      await server.stop();
    });

    test('what follows the awaited response in one segment is served afterwards', async () => {
      const server = await rawServer('0300', [`${reply(int(5))}${frame(text('(set later 1)'), 0).toString('hex')}`]);
      await run(`(set later 0) (set b (.ipc.open "127.0.0.1:${server.port}"))`);
      assert.equal(await run('(list (.ipc.send b "1") later)'), '(5 0)');
      await until(async () => (await run('later')) === '1', 'the push to be served');
      await run('(.ipc.close b)');
      await server.stop();
    });

    test('a peer pushes through its inbound handle, and asks back while it is asked', async () => {
      await run('(set h (.ipc.open "PEER")) (set told 0)');
      assert.equal(await run('(.ipc.send h "(do (.ipc.post (.ipc.handle) \\"(set told 11)\\") (.ipc.send (.ipc.handle) \\"(+ told 1)\\"))")'), '12');
      await run('(.ipc.close h)');
    });

    test('an interpreter can ask itself, hooks and all', async () => {
      await run(`(set opened 0) (set .ipc.on.open (fn [h] (set opened (+ opened 1)))) (set self (.ipc.open "127.0.0.1:${host.port}"))`);
      assert.equal(await run('(list (.ipc.send self "(+ 1 2)") (.ipc.send self "(.ipc.send (.ipc.handle) \\"(+ 3 4)\\")") opened)'), '(3 7 1)');
      await run('(set .ipc.on.open 0) (.ipc.close self)');
    });

    test('names are sent as names, and resolved by the peer', async () => {
      await run('(set h (.ipc.open "PEER")) (.ipc.send h "(set theirs 4)")');
      assert.equal(await run('(.ipc.send h (quote (+ theirs 1)))'), '5');
      await run('(.ipc.close h)');
    });
  });
}

test('the late answer to a send that was given up is not taken for the answer to the next', { timeout: 60_000 }, async (t) => {
  const node = await startNode();
  t.after(() => node.shutdown());
  const server = await rawServer('0300', ['silent', `${reply(int(1))}${reply(int(2))}`]);
  t.after(() => server.stop());
  await node.evaluate(`(set b (.ipc.open "127.0.0.1:${server.port}"))`);
  assert.equal((await node.evaluate('(.ipc.send b "first")', { deadlineMs: 60 })).code, 'cancel');
  assert.equal((await node.evaluate('(.ipc.send b "second")')).text, '2');
});
