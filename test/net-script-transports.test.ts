/** The slots of connections are called alike, whatever the transport is, whoever has connected, and in both thread arrangements. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { ARRANGEMENTS, peerNode, startHost, until, type TestHost } from './support/engine.js';
import { RECORD, logOf, logged } from './support/net-script.js';
import { freePort } from './support/programs-as-peers.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-transports-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
/** Longer than what the kernels hold, and short enough for a frame of numbers. */
const LONG = '(til 2000000)';

for (const arrangement of ARRANGEMENTS) {
  describe(`slots over every transport, interpreter in the ${arrangement} thread`, { skip: hasOpenssl ? false : 'no openssl', timeout: 240_000 }, () => {
    let host: TestHost;
    let peer: { port: number; stop(): Promise<void> };
    let files = '';
    const ports = { host: 0, peer: 0 };
    const path = (side: string): string => join(folder, `${arrangement}-${side}.sock`);
    /** Where each side is reached. */
    const ways: readonly { readonly name: string; at(side: 'host' | 'peer'): string }[] = [
      { name: 'TCP', at: (side) => `{address: "127.0.0.1:${side === 'host' ? host.port : peer.port}" idle: pause}` },
      { name: 'TLS', at: (side) => `{address: "tls://127.0.0.1:${ports[side]}" tls: {ca: ca} idle: pause}` },
      { name: 'a Unix socket', at: (side) => `{address: "unix://${path(side)}" idle: pause}` },
      { name: 'a Unix socket in frames', at: (side) => `{address: "frame+unix://${path(side)}" idle: pause}` },
    ];

    before(async () => {
      const [ca, server] = [authority('authority').certFile, certificate('server', 'authority')];
      files = `(set cert "${server.certFile}") (set key "${server.keyFile}") (set ca "${ca}") (set pause 0)`;
      ports.host = await freePort();
      ports.peer = await freePort();
      host = await startHost(arrangement, { serving: { idleMs: 400 } });
      await host.evaluate(`(do ${files} (set pause 400) ${listens('host')} null)`);
    });
    after(() => host.stop(500));
    const listens = (side: 'host' | 'peer'): string => `(.net.listen "tls://127.0.0.1:${ports[side]}" {tls: {cert: cert key: key} idle: pause}) (.net.listen "unix://${path(side)}" {idle: pause})`;
    /** Another process, as far as the host can tell: it goes with whatever it has not read. */
    const newPeer = (): Promise<typeof peer> => peerNode(`(do ${files} ${listens('peer')}
      (set stall (fn [h ms] (do (set stalled h) (.net.mute h) (if (> ms 0) (.time.timer.set ms 1 (fn [t] (.net.unmute stalled)))) 0))) null)`);

    for (const side of ['dialed', 'accepted'] as const) {
      test(`${side} connections`, async () => {
        for (const { name, at } of ways) {
          peer = await newPeer();
          await host.evaluate(RECORD);
          await host.evaluate(`(set control (.ipc.open "127.0.0.1:${peer.port}"))`);
          /** Evaluated at the other end, about the connection there. */
          const there = (call: string): string => (side === 'dialed' ? `(.ipc.send h "(${call.replace('H', '(.ipc.handle)')})")` : `(.ipc.send control "(${call.replace('H', 'far')})")`);
          const shown = async (source: string): Promise<string> => {
            const answer = await host.evaluate(source);
            assert.doesNotMatch(answer, /^error/, `${name}: ${source}: ${answer}`);
            return answer;
          };
          if (side === 'dialed') await shown(`(set h (.ipc.open ${at('peer')}))`);
          else {
            // Who speaks frames is known by the first one.
            await shown(`(.ipc.send control "(.ipc.post (set far (.ipc.open ${at('host').replaceAll('"', '\\"')})) 1)")`);
            await logged(host, 'open');
            await shown('(set h peer)');
          }
          await logged(host, 'idle');
          await shown(there('stall H 300'));
          await shown(`(set token (.net.send h ${LONG}))`);
          await logged(host, 'throttled');
          assert.match(await host.evaluate('(.net.send h 1)'), /^error again/, name);
          await logged(host, 'unthrottled');
          await logged(host, 'sent');
          await shown(there('stall H 0'));
          await shown(`(.net.send h ${LONG})`);
          await logged(host, 'throttled', 2);
          await peer.stop();
          await logged(host, 'failed');
          assert.match(await host.evaluate('(.net.send h 1)'), /^error io/, name);
          const log = (await logOf(host)).map(([word]) => word).filter((word, i, all) => word !== all[i - 1] && word !== 'idle');
          const tail = side === 'dialed' ? ['failed'] : ['close', 'failed'];
          const wanted = [...(side === 'dialed' ? [] : ['open']), 'throttled', ...sentAnd(log), 'throttled', ...tail];
          assert.deepEqual(log, wanted, `${side} over ${name}`);
          const tokens = (await logOf(host)).filter(([word]) => word === 'sent' || word === 'failed').map(([, , token]) => Number(token));
          assert.deepEqual(tokens, tokens.toSorted((a, b) => a - b), `tokens over ${name}`);
          assert.equal(new Set(tokens).size, tokens.length);
          await until(() => host.connections().length === 0, `the end of ${name}`);
        }
      });
    }

    test('in frames a message that fits none is refused where it is sent', async () => {
      peer = await newPeer();
      await host.evaluate(`(set h (.ipc.open "frame+unix://${path('peer')}"))`);
      assert.equal(await host.evaluate('(.ipc.send h "(do (set got (list)) (set .ipc.on.async (fn [m] (set got (concat got (count m))))) 7)")'), '7');
      for (const call of ['(.net.send h (til 3000000))', '(.ipc.post h (til 3000000))', '(.ipc.send h (til 3000000))', '(.net.send h (ser (til 3000000)))']) {
        assert.match(await host.evaluate(call), /^error limit.*more than a frame may carry/, call);
      }
      assert.match(await host.evaluate('(.net.send h (do (let b (ser (take 7 5000))) (concat (concat (take b 5) [0x01]) (take b (- 6 (count b))))))'), /^error domain/, 'packed, and no message');
      assert.match(await host.evaluate('(.net.start-tls h {ca: ca})'), /^error state.*frames are secured from their first byte/);
      for (const call of ['(.net.send h (til 3000))', '(.ipc.post h (til 4000))', '(.net.send h (ser (take 7 5000)))']) assert.doesNotMatch(await host.evaluate(call), /^error/, call);
      assert.equal(await host.evaluate('(.ipc.send h "got")'), '(3000 4000 5000)');
      await peer.stop();
      await until(() => host.connections().length === 0, 'its end');
    });

    /** The two are told in either order: the last byte of a send is what ends the congestion. */
    const sentAnd = (log: readonly string[]): string[] => (log.indexOf('sent') < log.indexOf('unthrottled') ? ['sent', 'unthrottled'] : ['unthrottled', 'sent']);
  });
}
