/** Taking leave: what is still on its way arrives, and whoever does not agree is dropped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSettled, pattern } from './conformance/settled.js';
import { MEDIA, turns, withPair } from './support/media.js';
import { Recorder } from './support/recorder.js';

for (const medium of MEDIA) {
  test(`${medium}: closed inside of received it delivers what is still on its way, of this read and of those after it`, async () => {
    const bytes = pattern(150_000);
    for (const when of ['in it', 'a turn later'] as const) {
      const client = new Recorder({ received: (c, _, nth) => {
        if (nth === 1) void (when === 'in it' ? c.close() : setImmediate(() => c.close()));
      } });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.server.send(bytes);
        await client.until('closed');
        assert.ok(client.bytes.equals(bytes), `${when}: ${client.size} of ${bytes.length} bytes`);
        assert.equal(client.cause?.code, 'closed');
        await server.until('closed');
        assert.deepEqual(server.details('sent'), [1]);
      });
    }
  });

  test(`${medium}: a peer that never reads is dropped after the deadline, and what it did not take has failed`, async () => {
    const client = new Recorder({ accepted: (c, detail) => { if ((detail as { token: number }).token === 1) c.send(pattern(16 << 20)); } });
    await withPair(medium, client, new Recorder({ started: (c) => c.mute() }), async (pair) => {
      pair.client.send(pattern(1000));
      assert.equal(client.count('accepted'), 2);
      pair.client.close();
      assert.equal(pair.client.state, 'closing');
      await client.until('closed');
      assert.deepEqual([client.cause?.code, client.cause?.ours], ['close-timeout', true]);
      await client.until('send-failed');
      assertSettled(client);
      assert.deepEqual([client.details('sent'), client.details('send-failed')], [[1], [2]]);
      await turns(3);
      assert.equal(client.names().at(-1), 'send-failed');
      assert.equal(pair.client.pendingBytes, 0);
    }, { client: { closeTimeoutMs: 100 } });
  });

  test(`${medium}: a peer that has stopped sending still gets what was accepted, where it is asked for`, async () => {
    const client = new Recorder({ connected: (c) => c.close() });
    const server = new Recorder({ 'peer-end': (c) => {
      c.send(pattern(50_000));
      c.close();
    } });
    await withPair(medium, client, server, async () => {
      await client.until('closed');
      assert.ok(client.bytes.equals(pattern(50_000)));
      assert.equal(client.cause?.code, 'closed');
      await server.until('closed');
      assert.deepEqual(server.names(), ['started', 'peer-end', 'accepted', 'sent', 'closed']);
    }, { server: { halfOpen: true } });
  });
}
