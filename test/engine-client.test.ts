/** The client for programs without an interpreter, against peers that speak in bytes. */
import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { format } from '../src/lang/format.js';
import { List, name, type Value } from '../src/lang/value.js';
import type { Client, Incoming } from '../src/engine/api.js';
import { frame, hex, int, rawServer, startHost, text, until } from './support/engine.js';

const reply = (payload: Uint8Array, flags = 0): string => frame(payload, 2, flags).toString('hex');

async function withPeer(replies: readonly string[], body: (client: Client, received: () => Promise<string>) => Promise<void>, hello = '0300'): Promise<void> {
  const server = await rawServer(hello, replies);
  const client = await connect(`127.0.0.1:${server.port}`);
  try {
    await body(client, server.received);
  } finally {
    client.close();
    await server.stop();
  }
}

describe('a client', { timeout: 60_000 }, () => {
  test('matches replies to requests in order', () => withPeer([reply(int(1)), reply(int(2)), reply(int(3))], async (client) => {
    assert.deepEqual(await Promise.all([client.send('a'), client.send('b'), client.send('c')]), [1, 2, 3]);
  }));

  test('writes what the wire says', () => withPeer(['silent', reply(int(1))], async (client, received) => {
    client.post(7);
    await client.send('(+ 1 2)');
    assert.equal(await received(), frame(int(7), 0).toString('hex') + frame(text('(+ 1 2)')).toString('hex'));
  }));

  test('rejects with what the peer raised, and goes on', () => withPeer([reply(hex('7f 7479706500000000')), reply(hex('20')), reply(hex('0a000000 05'), 1), reply(int(5))], async (client) => {
    await assert.rejects(client.send(1), { code: 'type' });
    await assert.rejects(client.send(1), { code: 'type' });
    await assert.rejects(client.send(1), { code: 'io', message: 'ipc bad response' });
    assert.equal(await client.send(1), 5);
  }));

  test('rejects everything that waits when the peer closes, and what comes later at once', () => withPeer(['silent', 'close'], async (client) => {
    const closed = new Promise<string>((resolve) => client.on('close', resolve));
    const waiting = [client.send(1), client.send(2)];
    for (const w of waiting) await assert.rejects(w, { code: 'io' });
    await closed;
    assert.equal(client.closed, true);
    await assert.rejects(client.send(1), { code: 'io', message: 'connection closed' });
    assert.throws(() => client.post(1), { code: 'io' });
  }));

  test('gives up at a deadline, and closes: a late reply would be taken for the next', () => withPeer(['silent'], async (client) => {
    await assert.rejects(client.send(1, { deadlineMs: 30 }), { code: 'io', message: 'no reply within 30 ms' });
    assert.equal(client.closed, true);
  }));

  test('hands over what the peer sends on its own, also what came before anybody listened, and answers', () => withPeer([`${frame(int(9), 0).toString('hex')}${frame(text('q'), 1).toString('hex')}${reply(int(1))}`], async (client, received) => {
    assert.equal(await client.send(1), 1);
    const got: Incoming[] = [];
    client.on('message', (m) => got.push(m));
    assert.deepEqual(got.map((m) => [m.kind, m.value]), [['async', 9], ['sync', 'q']]);
    got[0].reply(5);
    got[1].reply(6);
    await until(async () => (await received()).endsWith(frame(int(6), 2).toString('hex')), 'the answer');
    assert.ok(!(await received()).includes(frame(int(5), 2).toString('hex')), 'an async message is not answered');
  }));

  test('refuses what cannot be sent before anything is written', () => withPeer([], async (client, received) => {
    let deep: Value = 1;
    for (let i = 0; i < 600; i++) deep = new List([deep]);
    await assert.rejects(client.send(deep), { code: 'type', message: 'message not serializable' });
    assert.equal(await received(), '');
  }));

  test('a frame that is none closes the connection', () => withPeer(['deadbeef030000020100000000000000'], async (client) => {
    await assert.rejects(client.send(1), { code: 'io' });
    assert.equal(client.closed, true);
  }));

  const refused: [string, string, object][] = [
    ['hangs up', 'close', { code: 'io' }], ['speaks another version', '0400', { code: 'io' }], ['wants credentials', '0301', { code: 'access' }], ['says nothing', 'silent', { code: 'io' }],
  ];
  for (const [what, hello, error] of refused) {
    test(`is not connected to a peer that ${what}`, async () => {
      const server = await rawServer(hello);
      await assert.rejects(connect(`127.0.0.1:${server.port}`, { timeoutMs: 150 }), error);
      await server.stop();
    });
  }
  test('is not connected where nobody listens, or to no address', async () => {
    await assert.rejects(connect('127.0.0.1:1'), { code: 'io', message: 'connection refused: 127.0.0.1:1' });
    await assert.rejects(connect('nowhere'), { code: 'domain' });
  });

  test('finds out the dialect and follows it', async () => {
    for (const dialect of ['2512', '216'] as const) {
      const host = await startHost('worker', { dialect });
      const client = await connect(`127.0.0.1:${host.port}`);
      assert.equal(await client.probeDialect(), dialect);
      await client.send('(set there 4)');
      assert.equal(await client.send(new List([name('+'), name('there'), 1])), 5);
      client.close();
      await host.stop();
    }
  });

  test('verbose requests bring the output', async () => {
    const host = await startHost('worker');
    const client = await connect(`127.0.0.1:${host.port}`);
    assert.equal(format(await client.send('(do (println "x") 2)', { verbose: true }), 1), '("x\n" 2)');
    client.close();
    await host.stop();
  });
});
