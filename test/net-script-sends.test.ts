/** Sends with tokens, and peers that are behind, as scripts see them, in both thread arrangements. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { ARRANGEMENTS, RawClient, frame, startHost, text, until, type TestHost } from './support/engine.js';
import { RECORD, logOf, logged } from './support/net-script.js';

const MOST = 4 << 20;
/** A message that no packing makes smaller, and its bytes on the wire. */
const BIG = 50_000;
const BIG_BYTES = 16 + 10 + BIG * 8;

for (const arrangement of ARRANGEMENTS) {
  describe(`sends of scripts, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    let client: RawClient;
    before(async () => {
      host = await startHost(arrangement, { limits: { outputPerPeer: MOST } });
      await host.evaluate(`(do (set big (rand ${BIG} 4000000000000000000)) null)`);
    });
    after(() => host.stop(500));

    const entered = async (): Promise<string> => {
      await host.evaluate(RECORD);
      client = await RawClient.open(host.port);
      await logged(host, 'open');
      return host.evaluate('peer');
    };
    /** Sends until it is told to try again; answers the tokens. */
    const flood = async (call = '.net.send peer big'): Promise<string[]> => {
      const tokens: string[] = [];
      for (;;) {
        const answer = await host.evaluate(`(try (${call}) (fn [e] 'refused))`);
        if (answer.includes('refused')) return tokens;
        tokens.push(answer);
        assert.ok(tokens.length < 2000, 'never refused');
      }
    };
    const words = async (): Promise<string[]> => (await logOf(host)).map(([word]) => word).filter((word) => word !== 'open');
    const tokensOf = async (word: string): Promise<string[]> => (await logOf(host)).filter(([first]) => first === word).map(([, , token]) => token);

    test('tokens ascend, and each is called sent once, in their order', async () => {
      const h = await entered();
      const first = Number(await host.evaluate('(.net.send peer "1")'));
      assert.match(await host.evaluate('(list (.net.send peer [1 2 3]) (.net.send peer null))'), new RegExp(`${first + 1} ${first + 2}`));
      await logged(host, 'sent', 3);
      assert.deepEqual((await logOf(host)).slice(1), [0, 1, 2].map((i) => ['sent', h, String(first + i)]));
      assert.deepEqual(await client.take(16 + 11), frame(text('1'), 0));
      client.close();
    });

    test('what was serialized before goes out as it is; what is no message is refused', async () => {
      await entered();
      assert.match(await host.evaluate('(.net.send peer (ser "1"))'), /^\d+$/);
      assert.deepEqual(await client.take(16 + 11), frame(text('1'), 0));
      assert.match(await host.evaluate('(.net.send peer (concat (ser "1") (ser "2")))'), /^\d+$/);
      assert.deepEqual(await client.take(2 * (16 + 11)), Buffer.concat([frame(text('1'), 0), frame(text('2'), 0)]));
      assert.match(await host.evaluate('(.net.send peer (take (ser "1") 5))'), /^error domain/);
      assert.match(await host.evaluate("(.net.send peer (as 'U8 (til 20)))"), /^error domain/);
      assert.match(await host.evaluate('(.net.send 900 1)'), /^error io/);
      assert.match(await host.evaluate("(.net.send 'x 1)"), /^error type/);
      assert.match(await host.evaluate('(.net.send peer (rand 1000000 4000000000000000000))'), /^error limit/, 'more than may wait for one peer');
      client.close();
    });

    test('a peer that does not read: again, and throttled; when it has read unthrottled, and every token was sent, once', async () => {
      await entered();
      client.socket.pause();
      const tokens = await flood();
      assert.match(await host.evaluate('(.net.send peer big)'), /^error again/);
      await logged(host, 'throttled');
      assert.match(await host.evaluate("(at (.net.conns) 'state)"), /throttled/);
      assert.notEqual(await host.evaluate("(sum (at (.net.conns) 'pending))"), '0');
      client.socket.resume();
      await client.take(tokens.length * BIG_BYTES);
      await logged(host, 'sent', tokens.length);
      await logged(host, 'unthrottled');
      assert.deepEqual(await tokensOf('sent'), tokens);
      assert.deepEqual(await tokensOf('failed'), []);
      assert.deepEqual((await words()).filter((word) => word.endsWith('throttled')), ['throttled', 'unthrottled']);
      assert.match(await host.evaluate('(.net.send peer 1)'), /^\d+$/, 'it takes again');
      client.close();
    });

    test('a peer that goes away: a prefix was sent, the rest has failed after the close, each once', async () => {
      await entered();
      client.socket.pause();
      const tokens = await flood();
      client.socket.resetAndDestroy();
      await logged(host, 'close');
      await until(async () => (await tokensOf('sent')).length + (await tokensOf('failed')).length === tokens.length, 'the tokens');
      assert.deepEqual([...await tokensOf('sent'), ...await tokensOf('failed')], tokens);
      assert.ok((await tokensOf('failed')).length > 0);
      const order = await words();
      assert.ok(order.indexOf('close') < order.indexOf('failed'), 'failures come after the close');
      assert.match(await host.evaluate('(.net.send peer 1)'), /^error io/);
    });

    test('a connection the script closes settles its tokens too', async () => {
      await entered();
      client.socket.pause();
      const tokens = await flood();
      await host.evaluate('(.ipc.close peer)');
      await until(async () => (await tokensOf('sent')).length + (await tokensOf('failed')).length === tokens.length, 'the tokens');
      assert.deepEqual([...await tokensOf('sent'), ...await tokensOf('failed')], tokens);
      client.close();
    });

    test('posts beyond the mark are told to try again, and the peer stays; it gets every one that was accepted', async () => {
      await entered();
      client.socket.pause();
      const accepted = await flood('.ipc.post peer big');
      assert.ok(accepted.length * BIG_BYTES >= MOST / 2, 'half of what may wait is for posts');
      assert.match(await host.evaluate('(.ipc.post peer big)'), /^error again/);
      assert.equal(await host.evaluate("(count (at (.net.conns) 'handle))"), '1', 'it is not closed');
      client.socket.resume();
      assert.equal((await client.take(accepted.length * BIG_BYTES)).length, accepted.length * BIG_BYTES);
      await logged(host, 'unthrottled');
      assert.equal(await host.evaluate('(.ipc.post peer 1)'), '');
      assert.match(await host.evaluate('(.ipc.post peer (rand 1000000 4000000000000000000))'), /^error limit/);
      client.close();
    });

    test('whoever is told to try again hears when, even if everything went out meanwhile', async () => {
      await entered();
      // In one evaluation nothing is heard of the kernel: the refusal comes from what lies between the threads.
      const refused = await host.evaluate("(sum (map (fn [i] (try (do (.net.send peer big) 0) (fn [e] 1))) (til 40)))");
      await client.take((40 - Number(refused)) * BIG_BYTES);
      if (Number(refused) > 0) await logged(host, 'unthrottled');
      const order = (await words()).filter((word) => word.endsWith('throttled'));
      order.forEach((word, i) => assert.equal(word, i % 2 === 0 ? 'throttled' : 'unthrottled', 'they alternate'));
      client.close();
    });
  });
}
