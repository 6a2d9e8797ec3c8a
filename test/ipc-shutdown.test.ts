/** The orderly end: nothing new, everything accepted is answered, every open connection sees its close. */
import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { startNode } from '../src/engine/node.js';
import { ARRANGEMENTS, ENDLESS, RawClient, frame, int, startHost, text, until } from './support/engine.js';

for (const arrangement of ARRANGEMENTS) {
  describe(`shutting down, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    test('what was accepted is answered, close hooks run, and nobody is let in any more', async () => {
      const host = await startHost(arrangement);
      await host.evaluate('(set .ipc.on.close (fn [h] (println "closed" h)))');
      const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(host.port)));
      for (const client of clients) client.write(Buffer.concat(Array.from({ length: 200 }, (_, i) => frame(text(`(+ ${i} 1)`)))));
      // Accepted: in the hands of the engine. One answer each shows that their requests are.
      for (const client of clients) assert.equal((await client.reply()).toString('hex'), int(1).toString('hex'));
      await host.stop();
      for (const client of clients) {
        for (let i = 1; i < 200; i++) assert.equal((await client.reply()).toString('hex'), int(i + 1).toString('hex'));
        await client.closed();
      }
      assert.equal(host.output().match(/closed/g)?.length, 5);
      await assert.rejects(RawClient.open(host.port));
    });
  });
}

describe('a node', { timeout: 60_000 }, () => {
  test('that evaluates without end is stopped all the same', async () => {
    const node = await startNode();
    const endless = node.evaluate(ENDLESS);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await node.shutdown(100);
    assert.equal((await endless.catch(() => ({ code: 'cancel' }))).code, 'cancel');
    await assert.rejects(node.evaluate('1'), { code: 'state' });
  });

  test('with a peer that reads nothing ends at its time', async () => {
    const node = await startNode();
    const { port } = await node.listen('127.0.0.1:0');
    const slow = await RawClient.open(port);
    slow.socket.pause();
    for (let i = 0; i < 20; i++) slow.write(frame(text('(rand 200000 9000000000000000000)')));
    await until(() => node.connections().some((c) => c.held > 0), 'bytes to be held');
    await node.shutdown(300);
    slow.close();
  });
});
