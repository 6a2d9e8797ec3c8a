/** The five hooks: when they run, with what, with whose rights, and what their values and errors do. */
import assert from 'node:assert/strict';
import test, { after, before, beforeEach, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { format } from '../src/lang/format.js';
import { ARRANGEMENTS, RawClient, frame, hex, int, startHost, text, until, type TestHost } from './support/engine.js';

const USERS = [{ name: '', secret: 'secret', restricted: false }, { name: 'guest', secret: 'guest', restricted: true }];
const SLOTS = ['open', 'close', 'sync', 'async', 'auth'];

/** Waits until the host has noted what was just done to it. */
async function shows(host: TestHost, source: string, value: string): Promise<void> {
  let got = '';
  await until(async () => (got = await host.evaluate(source)) === value, `${source} to be ${value}`).catch(() => assert.equal(got, value));
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

for (const arrangement of ARRANGEMENTS) {
  describe(`hooks, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement);
    });
    beforeEach(async () => {
      await until(() => host.connections().length === 0, 'earlier connections to go');
      for (const slot of SLOTS) await host.evaluate(`(set .ipc.on.${slot} 0)`);
      await host.evaluate('(set log (list))');
      host.logs.length = 0;
    });
    after(() => host.stop());

    test('open and close run once each, with the handle, which .ipc.handle tells as well', async () => {
      await host.evaluate("(set .ipc.on.open (fn [h] (set log (concat log (list (list 'open h (.ipc.handle)))))))");
      await host.evaluate("(set .ipc.on.close (fn [h] (set log (concat log (list (list 'close h (.ipc.handle)))))))");
      const client = await RawClient.open(host.port);
      await client.ask('1');
      client.close();
      await shows(host, 'log', '((open 1 1) (close 1 1))');
    });

    test('open runs before the first request, even one sent with the handshake', async () => {
      await host.evaluate('(set .ipc.on.open (fn [h] (set opened h)))');
      const client = await RawClient.open(host.port, false);
      client.write(Buffer.concat([hex('0300'), frame(text('opened'))]));
      await client.take(2);
      assert.equal((await client.reply()).toString('hex'), int(1).toString('hex'));
      client.close();
    });

    test('close runs for whoever was let in: end, reset, bad header, a close from here; not for who never was', async () => {
      await host.evaluate('(set closed 0)');
      await host.evaluate('(set .ipc.on.close (fn [h] (set closed (+ closed 1))))');
      const ended = await RawClient.open(host.port);
      ended.socket.end();
      const reset = await RawClient.open(host.port);
      reset.socket.resetAndDestroy();
      const bad = await RawClient.open(host.port);
      bad.write(Buffer.alloc(16, 9));
      await bad.closed();
      const kicked = await RawClient.open(host.port);
      kicked.write(frame(text('(.ipc.close (.ipc.handle))')));
      await kicked.closed();
      assert.equal(kicked.received.length, 0, 'no reply to who closed itself');
      const silent = await RawClient.open(host.port, false);
      silent.close();
      const old = await RawClient.open(host.port, false);
      old.write(hex('0200'));
      await old.closed();
      await shows(host, 'closed', '4');
      await settle();
      await shows(host, 'closed', '4');
    });

    test('close runs once, even where it closes its own connection', async () => {
      await host.evaluate('(set closed 0)');
      await host.evaluate('(set .ipc.on.close (fn [h] (do (set closed (+ closed 1)) (.ipc.close h))))');
      const kicked = await RawClient.open(host.port);
      kicked.write(frame(text('(.ipc.close (.ipc.handle))')));
      await kicked.closed();
      await shows(host, 'closed', '1');
    });

    test('sync gets the raw message; its value is the reply, its error too', async () => {
      await host.evaluate('(set .ipc.on.sync (fn [m] (list "got" m)))');
      const client = await connect(`127.0.0.1:${host.port}`);
      assert.equal(format(await client.send('(+ 1 2)'), 1), '("got" "(+ 1 2)")');
      await host.evaluate('(set .ipc.on.sync (fn [m] (+ m \'a)))');
      await assert.rejects(client.send(1), { code: 'type' });
      await host.evaluate('(set .ipc.on.sync (fn [m] (eval (parse m))))');
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
    });

    test('sync sees null; a request that cannot be decoded does not reach it', async () => {
      await host.evaluate('(set seen 0)');
      await host.evaluate('(set .ipc.on.sync (fn [m] (do (set seen (+ seen 1)) 5)))');
      const client = await RawClient.open(host.port);
      client.write(Buffer.concat([frame(hex('7e')), frame(hex('20'))]));
      assert.equal((await client.reply()).toString('hex'), int(5).toString('hex'));
      assert.equal((await client.reply()).toString('hex'), '7e');
      await host.evaluate('(set .ipc.on.sync 0)');
      assert.equal((await client.ask('seen')).toString('hex'), int(1).toString('hex'));
      client.close();
    });

    test('async gets everything that is neither request nor response; its errors are logged, not sent', async () => {
      await host.evaluate('(set .ipc.on.async (fn [m] (do (set got m) (+ m \'a))))');
      const client = await RawClient.open(host.port);
      client.write(Buffer.concat([frame(int(7), 0), frame(text('got'))]));
      assert.equal((await client.reply()).toString('hex'), int(7).toString('hex'));
      assert.equal(host.logs.filter((r) => r.event === 'hook-error' && r.message.startsWith('ipc: .ipc.on.async hook raised an error')).length, 1);
      client.close();
    });

    test('errors of open and close are logged with the handle and stop nothing', async () => {
      await host.evaluate("(set .ipc.on.open (fn [h] (+ h 'a)))");
      await host.evaluate("(set .ipc.on.close (fn [h] (+ h 'a)))");
      const client = await RawClient.open(host.port);
      assert.equal((await client.ask('(+ 1 2)')).toString('hex'), int(3).toString('hex'));
      client.close();
      await until(() => host.logs.filter((r) => r.event === 'hook-error').length === 2, 'two log records');
      const messages = host.logs.filter((r) => r.event === 'hook-error').map((r) => r.message);
      assert.ok(messages[0].startsWith('ipc: .ipc.on.open hook raised an error (handle=1)'));
      assert.ok(messages[1].startsWith('ipc: .ipc.on.close hook raised an error (handle=1)'));
    });

    test('only lambdas count, and hooks are looked up at every event', async () => {
      const client = await RawClient.open(host.port);
      for (const off of ['0', 'null', 'count', '"text"']) {
        await host.evaluate(`(set .ipc.on.sync ${off})`);
        assert.equal((await client.ask('(+ 1 2)')).toString('hex'), int(3).toString('hex'), off);
      }
      await client.ask('(set .ipc.on.sync (fn [m] 99))');
      assert.equal((await client.ask('(+ 1 2)')).toString('hex'), int(99).toString('hex'));
      await host.evaluate('(del .ipc.on.sync)');
      assert.equal((await client.ask('(+ 1 2)')).toString('hex'), int(3).toString('hex'));
      client.close();
    });

    test('.ipc stays a dict of its five entries', async () => {
      assert.equal(await host.evaluate('(count .ipc)'), '5');
    });
  });

  describe(`on.auth, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement, { users: USERS });
    });
    beforeEach(async () => {
      for (const slot of SLOTS) await host.evaluate(`(set .ipc.on.${slot} 0)`);
      host.logs.length = 0;
    });
    after(() => host.stop());
    const address = (user: string, password: string): string => `127.0.0.1:${host.port}:${user}:${password}`;

    test('credentials as recorded, accepted and refused', async () => {
      const cases: [string, string][] = [
        ['0b 626f623a736563726574 00', '00'], ['0a 626f623a736563726574', '00'], ['08 3a736563726574 00', '00'], ['07 736563726574 00', '00'],
        ['09 626f623a6e6f7065 00', '01'], ['0a 626f623a7365637265 00', '01'], ['00', '01'],
      ];
      for (const [creds, answer] of cases) {
        const client = await RawClient.open(host.port, false);
        client.write(hex('0300'));
        assert.equal((await client.take(2)).toString('hex'), '0301');
        client.write(hex(creds));
        assert.equal((await client.take(1)).toString('hex'), answer, creds);
        if (answer === '01') await client.closed();
        client.close();
      }
    });

    test('everything may be sent at once: version, credentials and a frame larger than what is buffered before', async () => {
      await host.evaluate('(set .ipc.on.auth (fn [u p] true))');
      const client = await RawClient.open(host.port, false);
      client.write(Buffer.concat([hex('0300 0b 626f623a736563726574 00'), frame(text(`(count "${'z'.repeat(300_000)}")`))]));
      assert.equal((await client.take(3)).toString('hex'), '030100');
      assert.equal((await client.reply()).toString('hex'), int(300_000).toString('hex'));
      client.close();
    });

    test('is asked with user and password after the secret matched, and narrows', async () => {
      await host.evaluate('(set asked (list))');
      await host.evaluate('(set .ipc.on.auth (fn [u p] (do (set asked (concat asked (list (list u p)))) (!= u "ban"))))');
      (await connect(address('ok', 'secret'))).close();
      await assert.rejects(connect(address('ban', 'secret')), { code: 'access', message: 'authentication failed' });
      await assert.rejects(connect(address('ok', 'wrong')), { code: 'access' });
      await shows(host, 'asked', '(("ok" "secret") ("ban" "secret"))');
    });

    test('an error, null, false or zero rejects with the byte of a wrong password; anything else accepts', async () => {
      for (const [value, accepted] of [["(+ u 'a)", false], ['null', false], ['false', false], ['0', false], ['1', true], ['""', true], ['(list)', true]] as const) {
        await host.evaluate(`(set .ipc.on.auth (fn [u p] ${value}))`);
        const client = await RawClient.open(host.port, false);
        client.write(hex('0300 0b 626f623a736563726574 00'));
        assert.equal((await client.take(3)).toString('hex'), accepted ? '030100' : '030101', value);
        client.close();
      }
      assert.ok(host.logs.some((r) => r.message.startsWith('ipc: .ipc.on.auth hook raised an error — rejecting')));
    });

    test('who was refused is neither opened nor closed', async () => {
      await host.evaluate('(set events 0)');
      await host.evaluate('(set .ipc.on.open (fn [h] (set events (+ events 1))))');
      await host.evaluate('(set .ipc.on.close (fn [h] (set events (+ events 1))))');
      await assert.rejects(connect(address('bob', 'wrong')));
      await settle();
      assert.equal(await host.evaluate('events'), '0');
    });

    test('a server that asks for credentials says so to who has none', async () => {
      await assert.rejects(connect(`127.0.0.1:${host.port}`), { code: 'access', message: 'server requires authentication' });
    });

    test('every hook runs with the rights of its connection', async () => {
      const attempt = "(try (set written 'yes) (fn [e] (list 'refused)))";
      for (const slot of ['open', 'sync', 'async', 'close'] as const) {
        await host.evaluate("(set written 'no)");
        await host.evaluate(`(set .ipc.on.${slot} (fn [m] ${attempt}))`);
        const client = await RawClient.open(host.port, false);
        client.write(Buffer.concat([hex('0300 0c'), Buffer.from('guest:guest\0'), frame(text('1'), 0), frame(text('1'))]));
        await client.take(3);
        await client.reply();
        client.socket.end();
        await client.closed();
        await settle();
        assert.equal(await host.evaluate('written'), 'no', slot);
        await host.evaluate(`(set .ipc.on.${slot} 0)`);
      }
      await host.evaluate(`(set .ipc.on.auth (fn [u p] (do ${attempt} true)))`);
      (await connect(address('guest', 'guest'))).close();
      await settle();
      assert.equal(await host.evaluate('written'), 'no', 'auth');
    });
  });
}

test('two interpreters in one process share no hook, and a new one finds none of an old one', async () => {
  const [a, b] = [await startHost('caller'), await startHost('caller')];
  await a.evaluate('(set .ipc.on.sync (fn [m] 99))');
  assert.equal((await connectAndAsk(a.port, '(+ 1 2)')), 99);
  assert.equal((await connectAndAsk(b.port, '(+ 1 2)')), 3);
  await a.stop();
  await b.stop();
  const c = await startHost('caller');
  assert.equal((await connectAndAsk(c.port, '(+ 1 2)')), 3);
  await c.stop();
});

async function connectAndAsk(port: number, source: string): Promise<unknown> {
  const client = await connect(`127.0.0.1:${port}`);
  try {
    return await client.send(source);
  } finally {
    client.close();
  }
}
