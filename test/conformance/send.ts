/** Sending: tokens, what the kernel refuses, and how sends are settled when the connection ends. */
import assert from 'node:assert/strict';
import type { Connection } from '../../src/net/endpoint.js';
import { turns, withPair } from '../support/media.js';
import { Recorder } from '../support/recorder.js';
import { ALL, PLAIN, TLS, type Case } from './case.js';
import { assertSettled, pattern } from './settled.js';

const MIB = 1 << 20;
const muted = (): Recorder => new Recorder({ started: (c) => c.mute() });
const WITHIN_THE_CALL = 'TLS encrypts in the background: nothing is settled within the call that sends';

export const SEND: readonly Case[] = [
  {
    d: [23], name: 'an accepted send delivers a token, and sent carries the same one', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        assert.equal(pair.client.send(Buffer.from('ping')), 'accepted');
        await server.until(() => server.text === 'ping');
        await client.until('sent');
        assert.deepEqual(client.details('accepted'), [1]);
        assert.deepEqual(client.details('sent'), [1]);
      });
    },
  },
  {
    d: [24], name: 'after close nothing is accepted and no token is spent', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium, client, new Recorder(), async (pair) => {
        pair.client.close();
        assert.equal(pair.client.send(Buffer.from('x')), 'not-connected');
        await client.until('closed');
        assert.equal(pair.client.send(Buffer.from('x')), 'not-connected');
        assert.equal(client.count('accepted'), 0);
      });
    },
  },
  {
    d: [25, 27], name: 'a list arrives as one contiguous stream with one token', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send([Buffer.from('Hello'), Buffer.alloc(0), Buffer.from('world')]);
        const big = [pattern(9000), pattern(9000), pattern(9000)];
        pair.client.send(big);
        await server.until(() => server.size === 10 + 27000);
        await client.until('sent', 2);
        assert.ok(server.bytes.equals(Buffer.concat([Buffer.from('Helloworld'), ...big])));
        assert.deepEqual(client.details('sent'), [1, 2]);
      });
    },
  },
  {
    d: [26], name: 'an empty list is accepted and sent', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium, client, new Recorder(), (pair) => {
        assert.equal(pair.client.send([]), 'accepted');
        assert.equal(pair.client.send(Buffer.alloc(0)), 'accepted');
        assert.deepEqual(client.details('sent'), [1, 2]);
      });
    },
  },
  {
    d: [39], name: 'the accepting callback comes before sent and carries the very data', media: ALL,
    run: async (medium) => {
      const passed: unknown[] = [];
      const client = new Recorder({ accepted: (_, detail) => void passed.push((detail as { data: unknown }).data) });
      await withPair(medium, client, new Recorder(), async (pair) => {
        const one = Buffer.from('one');
        const list = [Buffer.from('two'), Buffer.from('three')];
        pair.client.send(one);
        pair.client.send(list);
        await client.until('sent', 2);
        assert.equal(passed[0], one);
        assert.equal(passed[1], list);
        const order = client.events.filter(({ event }) => event === 'accepted' || event === 'sent')
          .map(({ event, detail }) => `${event} ${event === 'accepted' ? (detail as { token: number }).token : String(detail)}`);
        for (const token of [1, 2]) assert.ok(order.indexOf(`accepted ${token}`) < order.indexOf(`sent ${token}`), order.join(', '));
        assert.equal(order.length, 4);
      });
    },
  },
  {
    d: [30], name: 'a payload beyond what the kernel takes throttles, is sent once the peer reads, and arrives whole', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      /** What had not been taken, and how much was reported, whenever the peer got something. */
      const steps: { pending: number; sent: number }[] = [];
      const server = new Recorder({
        started: (c) => c.mute(),
        received: () => void steps.push({ pending: client.connection!.pendingBytes, sent: client.count('sent') }),
      });
      await withPair(medium, client, server, async (pair) => {
        const big = pattern(16 * MIB);
        assert.equal(pair.client.send(big), 'accepted');
        await client.until('throttled');
        assert.equal(pair.client.isWriteable, false);
        assert.equal(pair.client.send(Buffer.from('x')), 'not-writeable');
        assert.equal(client.count('accepted'), 1);
        assert.equal(client.count('sent'), 0);
        assert.ok(pair.client.pendingBytes > 0);
        pair.server.unmute();
        await client.until('unthrottled');
        assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connected', 'accepted', 'throttled', 'sent', 'unthrottled']);
        const draining = steps.filter(({ sent }) => sent === 0);
        assert.ok(draining.length > 1, 'it drains over several events');
        if (medium !== 'tls') assert.ok(new Set(draining.map(({ pending }) => pending)).size > 1, 'what is pending becomes less on the way');
        assert.equal(pair.client.send(Buffer.from('tail')), 'accepted');
        await server.until(() => server.size === big.length + 4);
        assert.ok(server.bytes.subarray(0, big.length).equals(big));
      });
    },
  },
  {
    d: [28, 29], name: 'overlapping sends under backpressure are each sent exactly once, in order', media: ALL,
    run: async (medium) => {
      const client = new Recorder({
        accepted: (c, detail) => {
          const { token } = detail as { token: number };
          if (token < 3) c.send(parts[token]);
        },
      });
      const server = muted();
      const parts = [5, 6, 7].map((size) => pattern(size * MIB));
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(parts[0]);
        await client.until('throttled');
        assert.equal(client.count('accepted'), 3);
        assert.equal(client.count('sent') < 3, true);
        pair.server.unmute();
        await client.until('sent', 3);
        const whole = Buffer.concat(parts);
        await server.until(() => server.size === whole.length);
        assert.ok(server.bytes.equals(whole));
        await turns(3);
        assert.deepEqual(client.details('sent'), [1, 2, 3]);
        assert.deepEqual([client.count('throttled'), client.count('unthrottled')], [1, 1]);
      });
    },
  },
  {
    d: [31, 32], name: 'a hard close splits what is pending into a sent prefix and a failed suffix, and sent never lies', media: ALL,
    run: async (medium) => {
      const client = new Recorder({
        accepted: (c, detail) => { if ((detail as { token: number }).token < 4) c.send(pattern(3 * MIB)); },
      });
      const server = muted();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('first'));
        await client.until('throttled');
        pair.client.hardClose();
        assert.equal(client.names().at(-1), 'closed');
        await turns(3);
        assertSettled(client);
        assert.ok(client.count('send-failed') > 0);
        if (medium !== 'tls') assert.ok(client.count('sent') > 0, 'the first five bytes were taken at once');
        const sentBytes = client.count('sent') === 0 ? 0 : 5 + (client.count('sent') - 1) * 3 * MIB;
        pair.server.unmute();
        await server.until('closed');
        assert.ok(server.size >= sentBytes, `${server.size} of ${sentBytes} bytes that were reported as sent`);
        assert.ok(server.size < 5 + 9 * MIB);
        assert.equal(client.names().filter((n) => n === 'sent' || n === 'send-failed').length, 4);
        assert.ok(client.names().lastIndexOf('sent') < client.names().indexOf('closed'));
      });
    },
  },
  {
    d: [33, 34], name: 'a graceful close sends everything that was accepted', media: ALL,
    run: async (medium) => {
      const parts = [pattern(7 * MIB), pattern(5 * MIB)];
      const client = new Recorder({ accepted: (c, detail) => { if ((detail as { token: number }).token === 1) c.send(parts[1]); } });
      const server = muted();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(parts[0]);
        await client.until('throttled');
        pair.client.close();
        assert.equal(pair.client.isClosed, true);
        assert.equal(pair.client.send(Buffer.from('x')), 'not-connected');
        pair.server.unmute();
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.ok(server.bytes.equals(Buffer.concat(parts)));
        await turns(3);
        assert.deepEqual(client.details('sent'), [1, 2]);
        assert.equal(client.names().at(-1), 'closed');
        assert.equal(client.cause?.code, 'closed');
        assert.equal(server.cause?.code, 'peer-closed');
        assert.equal(client.count('send-failed'), 0);
      });
    },
  },
  {
    d: [35], name: 'close inside throttled lets the send finish', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ throttled: (c) => c.close() });
      const server = muted();
      await withPair(medium, client, server, async (pair) => {
        const big = pattern(12 * MIB);
        assert.equal(pair.client.send(big), 'accepted');
        assert.deepEqual([client.count('throttled'), pair.client.state], [1, 'closing'], 'within the send');
        pair.server.unmute();
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.deepEqual(client.names().filter((n) => n !== 'connecting' && n !== 'unthrottled'), ['connected', 'accepted', 'throttled', 'sent', 'closed']);
        assert.equal(client.cause?.code, 'closed');
        assert.ok(server.bytes.equals(big));
      });
    },
  },
  {
    d: [36, 37], name: 'a hard close inside throttled fails the send after closed', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ throttled: (c) => c.hardClose() });
      await withPair(medium, client, muted(), async (pair) => {
        assert.equal(pair.client.send(pattern(12 * MIB)), 'accepted');
        assert.deepEqual(client.names().slice(-2), ['throttled', 'closed'], 'within the send');
        await client.until('send-failed');
        await turns(3);
        assert.deepEqual(client.names().slice(-4), ['accepted', 'throttled', 'closed', 'send-failed']);
        assertSettled(client);
      });
    },
  },
  {
    d: [40], name: 'close inside the accepting callback still flushes and says goodbye', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ accepted: (c) => c.close() });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        assert.equal(pair.client.send(Buffer.from('last words')), 'accepted');
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.equal(server.text, 'last words');
        assert.deepEqual(client.names().slice(-3), ['accepted', 'sent', 'closed']);
        assert.equal(client.cause?.code, 'closed');
        assert.equal(server.cause?.code, 'peer-closed');
      });
    },
  },
  {
    d: [41], name: 'close inside sent still says goodbye', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ sent: (c) => c.close() });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('bye'));
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.equal(server.text, 'bye');
        assert.deepEqual(client.names().slice(-3), ['accepted', 'sent', 'closed']);
        assert.equal(client.cause?.code, 'closed');
        assert.equal(server.cause?.code, 'peer-closed');
      });
    },
  },
  {
    d: [42], name: 'a hard close inside the accepting callback fails the token though the send was accepted', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ accepted: (c) => c.hardClose() });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        assert.equal(pair.client.send(Buffer.from('never')), 'accepted');
        await client.until('send-failed');
        assert.deepEqual(client.names().slice(-3), ['accepted', 'closed', 'send-failed']);
        await server.until('closed');
        assert.equal(server.text, '');
      });
    },
  },
  {
    d: [43], name: 'five sends chained from sent complete as 1 to 5', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ sent: (c, token) => { if ((token as number) < 5) c.send(Buffer.from(String(token))); } });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('0'));
        await client.until('sent', 5);
        await server.until(() => server.text === '01234');
        assert.deepEqual(client.details('sent'), [1, 2, 3, 4, 5]);
      });
    },
  },
  {
    d: [47], name: 'a reply sent from received is reported as sent before the next message of the same read', media: PLAIN, because: WITHIN_THE_CALL,
    run: async (medium) => {
      const server = new Recorder({ started: (c) => c.bufferUntil(4), received: (c) => void c.send(Buffer.from('ok')) });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbb'));
        await server.until('received', 2);
        assert.deepEqual(server.names().slice(1), ['received', 'accepted', 'sent', 'received', 'accepted', 'sent']);
      });
    },
  },
  {
    d: [46], name: 'two sends in one write: a hard close from the first sent still reports the second', media: ALL,
    run: async (medium) => {
      const client = new Recorder({
        accepted: (c, detail) => { if ((detail as { token: number }).token === 1) c.send(Buffer.from('b')); },
        sent: (c, token) => { if (token === 1) c.hardClose(); },
      });
      await withPair(medium, client, new Recorder(), async (pair) => {
        pair.client.send(Buffer.from('a'));
        await client.until('closed');
        await turns(3);
        assert.deepEqual(client.names().slice(-5), ['accepted', 'accepted', 'sent', 'sent', 'closed']);
        assert.deepEqual(client.details('sent'), [1, 2]);
      });
    },
  },
  {
    d: [44, 45], name: 'sent of a finished send precedes throttled, and closed of a hard close made there; a hard close made in sent suppresses throttled', media: PLAIN, because: WITHIN_THE_CALL,
    run: async (medium) => {
      const stories = [
        [null, ['sent', 'throttled']],
        ['throttled', ['sent', 'throttled', 'closed', 'send-failed']],
        ['sent', ['sent', 'closed', 'send-failed']],
      ] as const;
      for (const [dropsIn, story] of stories) {
        const drop = (c: Connection): void => c.hardClose();
        const client = new Recorder({
          accepted: (c, detail) => { if ((detail as { token: number }).token === 1) c.send(pattern(12 * MIB)); },
          ...(dropsIn === null ? {} : { [dropsIn]: drop }),
        });
        await withPair(medium, client, muted(), async (pair) => {
          pair.client.send(Buffer.from('a'));
          await turns(3);
          assert.deepEqual(client.names().slice(client.names().lastIndexOf('accepted') + 1), story);
        });
      }
    },
  },
  {
    d: [2], name: 'pieces of one send arrive as one contiguous stream over TLS, too', media: TLS, because: 'on plain streams nothing is encrypted: there it is 25',
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        const parts = Array.from({ length: 40 }, (_, i) => pattern(1000 + i));
        pair.client.send(parts);
        await server.until(() => server.size === 40 * 1000 + 780);
        assert.ok(server.bytes.equals(Buffer.concat(parts)));
        await client.until('sent');
        assert.deepEqual(client.details('sent'), [1]);
      });
    },
  },
  {
    d: [38], name: 'a hard close inside throttled never fails a send whose bytes the peer has received', media: PLAIN,
    because: 'that TLS bytes have left, the runtime tells a turn later: a hard close within the call fails sends that the peer may get, and none the other way round (32)',
    run: async (medium) => {
      const sizes = [5, 3 * MIB, 9 * MIB];
      const client = new Recorder({
        accepted: (c, detail) => {
          const { token } = detail as { token: number };
          if (token < sizes.length) c.send(pattern(sizes[token]));
        },
        throttled: (c) => c.hardClose(),
      });
      const server = muted();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(pattern(sizes[0]));
        await client.until('send-failed');
        await turns(3);
        pair.server.unmute();
        await server.until('closed');
        assertSettled(client);
        const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
        for (const token of client.details('send-failed') as number[]) assert.ok(ends[token - 1] > server.size, `send ${token} failed, and the peer has all ${server.size} bytes of it`);
        for (const token of client.details('sent') as number[]) assert.ok(ends[token - 1] <= server.size, `send ${token} was sent, and the peer has only ${server.size} bytes`);
      });
    },
  },
];
