/** What functions in slots do: they fail, take their time, end their own connection, set slots, and send. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { ARRANGEMENTS, RawClient, frame, startHost, text, until, type TestHost } from './support/engine.js';
import { RECORD, logOf, logged } from './support/net-script.js';
import { freePort } from './support/programs-as-peers.js';

for (const arrangement of ARRANGEMENTS) {
  describe(`functions in slots, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement, { serving: { idleMs: 300 } });
    });
    after(() => host.stop(500));
    const entered = async (): Promise<RawClient> => {
      const client = await RawClient.open(host.port);
      await logged(host, 'open');
      return client;
    };
    const gone = (): Promise<void> => until(() => host.connections().length === 0, 'its end');
    const complaint = (slot: string): boolean => host.logs.some(({ event, message }) => event === 'hook-error' && message.includes(slot));

    test('one that fails is logged by its name, and neither its connection nor what follows suffers', async () => {
      await host.evaluate(RECORD);
      await host.evaluate("(do (set fails (fn [x] (+ 1 'on-purpose))) (set .net.on.sent (fn [h t] (fails h))) (set .net.on.throttled fails) (set .net.on.unthrottled fails) (set .net.on.idle fails) (set .net.on.send-failed (fn [h t w] (fails h))) (set .net.on.connect-failed (fn [h w c] (fails h))))");
      const client = await entered();
      client.socket.pause();
      await host.evaluate('(.net.send peer (til 2000000))');
      await until(() => complaint('.net.on.throttled'), 'throttled');
      client.socket.resume();
      for (const slot of ['.net.on.sent', '.net.on.unthrottled', '.net.on.idle']) await until(() => complaint(slot), slot);
      client.write(frame(text('(set heard 1)'), 0));
      await until(async () => (await host.evaluate('(resolve (quote heard))')) === '1', 'the connection is there');
      client.socket.pause();
      await host.evaluate('(.net.send peer (til 4000000))');
      client.close();
      await until(() => complaint('.net.on.send-failed'), 'send-failed');
      await host.evaluate(`(try (.ipc.open "127.0.0.1:${await freePort()}" 300) (fn [e] 0))`);
      await until(() => complaint('.net.on.connect-failed'), 'connect-failed');
      await logged(host, 'close');
      await gone();
    });

    test('one that closes its own connection: each token is settled once, and the close hook is called once', async () => {
      await host.evaluate(RECORD);
      await host.evaluate("(set .net.on.throttled (fn [h] (do (set log (concat log (list (list 'throttled h)))) (.ipc.close h))))");
      const client = await entered();
      client.socket.pause();
      await host.evaluate('(do (.net.send peer 1) (.net.send peer (til 4000000)) null)');
      await logged(host, 'close');
      client.close();
      await until(async () => (await logOf(host)).filter(([word]) => word === 'sent' || word === 'failed').length >= 2, 'both tokens');
      const log = await logOf(host);
      assert.equal(log.filter(([word]) => word === 'close').length, 1);
      const tokens = log.filter(([word]) => word === 'sent' || word === 'failed').map(([, , token]) => token);
      assert.equal(new Set(tokens).size, tokens.length, String(tokens));
      await gone();
    });

    test('one that closes in idle: it is told of once', async () => {
      await host.evaluate(RECORD);
      await host.evaluate("(set .net.on.idle (fn [h] (do (set log (concat log (list (list 'idle h)))) (.ipc.close h))))");
      const client = await entered();
      await client.closed();
      await logged(host, 'close');
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.deepEqual((await logOf(host)).map(([word]) => word), ['open', 'idle', 'close']);
      await gone();
    });

    test('one that sets slots: what it sets is in force at once, also for itself', async () => {
      await host.evaluate(RECORD);
      await host.evaluate("(set .net.on.sent (fn [h t] (do (set log (concat log (list (list 'first t)))) (set .net.on.sent (fn [h t] (set log (concat log (list (list 'second t)))))))))");
      const client = await entered();
      await host.evaluate('(do (.net.send peer 1) (.net.send peer 2) (.net.send peer 3) null)');
      await logged(host, 'second', 2);
      assert.deepEqual((await logOf(host)).map(([word]) => word).filter((word) => word === 'first' || word === 'second'), ['first', 'second', 'second']);
      await host.evaluate('(set .net.on.sent 0)');
      client.close();
      await gone();
    });

    test('one that sends from where it is told of a send: as long as it likes', async () => {
      await host.evaluate(RECORD);
      await host.evaluate('(do (set left 2000) (set .net.on.sent (fn [h t] (if (> left 0) (do (set left (- left 1)) (.net.send h left))))))');
      const client = await entered();
      await host.evaluate('(.net.send peer 0)');
      await until(async () => (await host.evaluate('left')) === '0', 'all of them');
      client.close();
      await gone();
    });

    test('one that dials again where an attempt has failed', async () => {
      await host.evaluate(RECORD);
      const port = await freePort();
      await host.evaluate("(do (set tries 0) (set .net.on.connect-failed (fn [h where code] (if (< tries 3) (do (set tries (+ tries 1)) (try (.ipc.open {address: where timeout: 300}) (fn [e] 0)))))))");
      assert.match(await host.evaluate(`(.ipc.open "127.0.0.1:${port}" 300)`), /^error io/);
      await until(async () => (await host.evaluate('tries')) === '3', 'three more');
    });
  });
}

test('while a function in a slot takes its time, others are let in, and are served when it is done', { timeout: 60_000 }, async () => {
  const host = await startHost('worker');
  await host.evaluate(RECORD);
  await host.evaluate("(set .net.on.sent (fn [h t] (do (set busy 1) (fold (fn [a x] (+ a x)) 0 (til 3000000)) (set busy 2))))");
  const first = await RawClient.open(host.port);
  await logged(host, 'open');
  await host.evaluate('(do (set busy 0) (.net.send peer 1))');
  const others = await Promise.all(Array.from({ length: 20 }, () => connect(`127.0.0.1:${host.port}`)));
  const answers = await Promise.all(others.map((client) => client.send('busy')));
  assert.ok(answers.every((busy) => busy === 2), 'served behind it, not inside of it');
  for (const client of others) client.close();
  first.close();
  await host.stop(1000);
});
