/** What a server answers, byte by byte, in both thread arrangements. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { List, name as nameValue } from '../src/lang/value.js';
import { ARRANGEMENTS, RawClient, frame, hex, int, startHost, text, until, type TestHost } from './support/engine.js';

const NULL = '7e';
const error = (code: string): string => `7f${Buffer.from(code.padEnd(8, '\0'), 'latin1').toString('hex')}`;
const i64 = (n: number): string => int(n).toString('hex');

for (const arrangement of ARRANGEMENTS) {
  describe(`a server, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement);
    });
    after(() => host.stop());

    const answer = async (payload: Uint8Array, flags = 0): Promise<string> => {
      const client = await RawClient.open(host.port);
      client.write(frame(payload, 1, flags));
      const reply = await client.reply();
      client.close();
      return reply.toString('hex');
    };
    const list = (...items: Uint8Array[]): Buffer => {
      const head = hex('0000 0000000000000000');
      head[2] = items.length;
      return Buffer.concat([head, ...items]);
    };
    const nameOf = (n: string): Buffer => Buffer.concat([hex('f400'), Buffer.from(`${n}\0`)]);
    const quoted = (n: string): Buffer => Buffer.concat([hex('f420'), Buffer.from(`${n}\0`)]);
    const builtin = (tag: string, n: string): Buffer => Buffer.concat([hex(tag), Buffer.from(`${n}\0`)]);

    test('the recorded exchanges, to the byte', async () => {
      const client = await RawClient.open(host.port, false);
      client.write(hex('0300'));
      assert.equal((await client.take(2)).toString('hex'), '0300');
      client.write(hex('fadeface030000011100000000000000f3000700000000000000282b20312032 29'));
      assert.equal((await client.take(26)).toString('hex'), 'fadeface030000020a00000000000000fb000300000000000000');
      client.write(hex('fadeface030000011200000000000000f3000800000000000000282b2031202761 29'));
      assert.equal((await client.take(25)).toString('hex'), 'fadeface0300000209000000000000007f7479706500000000');
      client.close();
    });

    const strings: [string, string][] = [
      ['(+ 1 2)', i64(3)], ['(set served 5) (+ served 1)', i64(6)], ['null', NULL], ['', NULL], ['   ', error('parse')], ['(+ 1', error('parse')],
      ['(+ 1 2)\0(garbage', i64(3)], ['nosuchname', error('name')], ['(raise "x")', error('domain')], ['(< 0 (.ipc.handle 1 2))', 'ff0001'],
    ];
    for (const [source, reply] of strings) test(`the text ${JSON.stringify(source)}`, async () => assert.equal(await answer(text(source)), reply));

    test('values that are no text are evaluated: they are themselves, names are looked up, lists are applied', async () => {
      assert.equal(await answer(int(42)), i64(42));
      assert.equal(await answer(list()), list().toString('hex'));
      assert.equal(await answer(nameOf('nosuch')), error('name'));
      assert.equal(await answer(list(builtin('66', '+'), int(1), int(2))), i64(3));
      assert.equal(await answer(list(nameOf('+'), int(1), int(2))), i64(3));
      assert.equal(await answer(list(quoted('+'), int(1), int(2))), i64(3));
      assert.equal(await answer(list(int(1), int(2))), error('type'));
    });

    test('a list in argument position that cannot be called is data', async () => {
      const inner = list(int(7), int(8));
      assert.equal(await answer(list(builtin('65', 'count'), inner)), i64(2));
      assert.equal(await answer(list(builtin('65', 'count'), list(nameOf('nosuchname'), int(8), int(9)))), i64(3));
      assert.equal(await answer(list(builtin('65', 'count'), list(builtin('67', 'list'), int(7)))), i64(1));
    });

    test('a request that is no value, or an error, is answered with null and the connection lives', async () => {
      for (const payload of [hex('20'), hex('7f74797065000000 00'), hex('f300ff00000000000000')]) assert.equal(await answer(payload), NULL);
      assert.equal(await answer(hex('0a0000'), 1), NULL, 'bytes that do not inflate');
      const client = await RawClient.open(host.port);
      client.write(Buffer.concat([frame(hex('20')), frame(text('(+ 2 2)'))]));
      assert.equal((await client.reply()).toString('hex'), NULL);
      assert.equal((await client.reply()).toString('hex'), i64(4));
      client.close();
    });

    test('null as a request is answered', async () => assert.equal(await answer(hex('7e')), NULL));

    test('a result that cannot be serialized is an error reply', async () => {
      assert.equal(await answer(text('(fold (fn [acc x] (list acc)) 0 (til 600))')), error('type'));
    });

    test('a packed request is inflated, a long reply is packed', async () => {
      assert.equal(await answer(hex('0a000000 fc fb0501ff 0600'), 1), i64(1));
      const client = await RawClient.open(host.port);
      client.write(frame(text('(take 7 300)')));
      assert.equal((await client.take(16)).toString('hex'), 'fadeface03010002e805000000000000');
      client.close();
    });

    test('a verbose request is answered with what it printed and its result', async () => {
      const captured = (printed: string, result: string): string => `00000200000000000000${text(printed).toString('hex')}${result}`;
      assert.equal(await answer(text('(println "hi" 1)'), 4), captured('hi 1\n', NULL));
      assert.equal(await answer(text('(+ 1 2)'), 4), captured('', i64(3)));
      assert.equal(await answer(text("(+ 1 'a)"), 4), captured('', error('type')));
      assert.ok(!host.output().includes('hi 1'));
    });

    test('flags that only this process uses mean nothing from a peer', async () => {
      for (const flag of [0x40, 0x80, 0xc0, 0xf8]) {
        assert.equal(await answer(text('(list 1 2)'), flag), await answer(text('(list 1 2)')), `flag ${flag}`);
        assert.equal(await answer(text('(nope)'), flag), hex('7f 6e616d65 00000000').toString('hex'), `flag ${flag}`);
        assert.equal(await answer(int(5), flag), int(5).toString('hex'), `flag ${flag}`);
      }
    });

    test('replies come in the order of requests, whatever the segments', async () => {
      const client = await RawClient.open(host.port, false);
      const all = Buffer.concat([hex('0300'), ...Array.from({ length: 50 }, (_, i) => frame(text(`(* 2 ${i})`)))]);
      for (let at = 0; at < all.length; at += 7) client.write(all.subarray(at, at + 7));
      await client.take(2);
      for (let i = 0; i < 50; i++) assert.equal((await client.reply()).toString('hex'), i64(2 * i));
      client.close();
    });

    test('asynchronous messages, and message types from 3 up, are evaluated in order and not answered', async () => {
      const client = await RawClient.open(host.port);
      client.write(Buffer.concat([frame(text('(set order 1)'), 0), frame(text('(set order (+ order 10))'), 7), frame(text("(+ 1 'a)"), 0), frame(text('order'))]));
      assert.equal((await client.reply()).toString('hex'), i64(11));
      assert.equal(client.received.length, 0);
      client.close();
    });

    test('a response that nobody waits for is dropped with a word in the log', async () => {
      const client = await RawClient.open(host.port);
      client.write(Buffer.concat([frame(int(1), 2), frame(text('(.ipc.handle)'))]));
      const handle = (await client.reply()).readUInt8(2);
      assert.deepEqual(host.logs.filter((r) => r.event === 'unexpected-response').map((r) => r.message), [`ipc: dropping unexpected response frame (handle=${handle})`]);
      client.close();
    });

    test('requests sent before the client closes its side are answered', async () => {
      const client = await RawClient.open(host.port, false);
      client.socket.end(Buffer.concat([hex('0300'), frame(text('(+ 20 3)'))]));
      await client.take(2);
      assert.equal((await client.reply()).toString('hex'), i64(23));
      await client.closed();
    });

    test('large values go through in both directions', async () => {
      const client = await connect(`127.0.0.1:${host.port}`);
      assert.equal(await client.send('(count (rand 300000 1000000000))'), 300_000);
      const big = await client.send('(set kept (rand 300000 9000000000000))');
      assert.equal(await client.send(new List([nameValue('min'), new List([nameValue('=='), big, nameValue('kept')])])), true);
      client.close();
    });

    test('the lowest free number is given to the next connection, after its close was noted', async () => {
      // A number is free again when the close was noted, a moment after the connection is gone.
      const free = async (n: number): Promise<void> => until(async () => {
        await until(() => host.connections().length < n, 'connections to go');
        const probe = await RawClient.open(host.port);
        const handle = (await probe.ask('(.ipc.handle)'))[2];
        probe.close();
        await until(() => host.connections().length < n, 'the probe to go');
        return handle === n;
      }, `number ${n} to be free`);
      await free(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const [a, b] = [await RawClient.open(host.port), await RawClient.open(host.port)];
      assert.deepEqual([(await a.ask('(.ipc.handle)'))[2], (await b.ask('(.ipc.handle)'))[2]], [1, 2]);
      a.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const c = await RawClient.open(host.port);
      assert.equal((await c.ask('(.ipc.handle)'))[2], 1);
      assert.equal(await host.evaluate('(.ipc.handle)'), '-1');
      b.close();
      c.close();
    });
  });
}

