/** A publisher and a subscriber that does not read. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import test, { describe } from 'node:test';
import { ARRANGEMENTS, RawClient, frame, startHost, text, until } from './support/engine.js';
import { ROOT } from './support/root.js';

const LIBRARY = fileURLToPath(new URL('lib/pubsub.rfl', ROOT));

for (const arrangement of ARRANGEMENTS) {
  describe(`publishing, interpreter in the ${arrangement} thread`, { timeout: 60_000 }, () => {
    test('a subscriber that does not read is left behind, and its connection ends; the others get everything', async () => {
      const host = await startHost(arrangement, { limits: { outputPerPeer: 4 << 20 } });
      await host.evaluate(`(do (load "${LIBRARY}") (set rows (rand 25000 9000000000000000000)) null)`);
      const [slow, good] = [await RawClient.open(host.port), await RawClient.open(host.port)];
      for (const client of [slow, good]) {
        client.write(frame(text("(subscribe 'rows)")));
        await client.reply();
      }
      slow.socket.pause();
      let published = 0;
      await until(async () => (published++, (await host.evaluate("(publish 'rows rows)")) === '1'), 'the slow one to be left behind');
      for (let i = 0; i < published; i++) assert.ok((await good.reply()).length > 200_000);
      await until(() => host.connections().length === 1, 'its end');
      slow.close();
      good.close();
      await host.stop(500);
    });
  });
}
