/** Delivery: muting, yielding, framing, half open streams, the order of an end. */
import assert from 'node:assert/strict';
import { ms, startPair, turns, withPair } from '../support/media.js';
import { Recorder } from '../support/recorder.js';
import { ALL, TLS, type Case } from './case.js';
import { pattern } from './settled.js';

const MIB = 1 << 20;

/** A server that frames by `size` and does `act` with the nth message. */
const framed = (size: number, act: (c: Parameters<NonNullable<Recorder['onReceived']>>[0], nth: number) => unknown = () => {}): Recorder =>
  new Recorder({ started: (c) => c.bufferUntil(size), received: (c, _, nth) => act(c, nth) });

export const FLOW: readonly Case[] = [
  {
    d: [93], name: 'ping and pong', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ received: (c) => void c.send(Buffer.from('pong')) });
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('ping'));
        await client.until(() => client.text === 'pong');
        assert.equal(server.text, 'ping');
        assert.equal(pair.client.bytesIn, 4);
        assert.equal(pair.client.bytesOut, 4);
      });
    },
  },
  {
    d: [52, 53], name: 'muted from the start nothing is delivered; unmuted it all is', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('held back'));
        await client.until('sent');
        await ms(500);
        assert.equal(server.count('received'), 0);
        pair.server.unmute();
        assert.equal(server.count('received'), 0, 'not before the next turn');
        await server.until('received');
        assert.equal(server.text, 'held back');
      });
    },
  },
  {
    d: [55], name: 'mute inside received holds the remaining messages of the same read, which come later in order', media: ALL,
    run: async (medium) => {
      const server = framed(4, (c, nth) => {
        if (nth === 1 || nth === 2 || nth === 5) c.mute();
        if (nth > 1) setTimeout(() => c.unmute(), 5);
      });
      const client = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('1aaa2bbb3ccc4ddd5eee'));
        await server.until('received');
        await turns(3);
        assert.equal(server.count('received'), 1);
        pair.server.unmute();
        await server.until('received', 5);
        assert.deepEqual(server.received.map(String), ['1aaa', '2bbb', '3ccc', '4ddd', '5eee']);
        assert.equal(pair.server.muted, true);
        pair.client.send(Buffer.from('PING'));
        await server.until('received', 6);
        assert.equal(server.received[5].toString(), 'PING');
        pair.server.send(Buffer.from('PONG'));
        await client.until(() => client.text === 'PONG');
      });
    },
  },
  {
    d: [54], name: 'mute with a full read buffer keeps the connection and every byte', media: ALL,
    run: async (medium) => {
      const server = framed(64, (c, nth) => { if (nth === 1) c.mute(); });
      await withPair(medium, new Recorder(), server, async (pair) => {
        const bytes = Buffer.from(Uint8Array.from({ length: 1024 }, (_, i) => i & 255));
        pair.client.send(bytes);
        await server.until('received');
        await ms(20);
        assert.deepEqual(server.names(), ['started', 'received']);
        pair.server.unmute();
        await server.until('received', 16);
        assert.ok(server.bytes.equals(bytes));
        assert.equal(server.count('closed'), 0);
      }, { server: { readBufferMinimum: 1024, readBufferSize: 1024 } });
    },
  },
  {
    d: [58], name: 'a muted connection does not hold its own writes back', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ throttled: (c) => c.mute() });
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        const big = pattern(12 * MIB);
        pair.client.send(big);
        await client.until('throttled');
        pair.server.unmute();
        await client.until('sent');
        await server.until(() => server.size === big.length);
        assert.ok(server.bytes.equals(big));
        pair.server.send(Buffer.from('x'));
        await ms(20);
        assert.equal(client.count('received'), 0);
        pair.client.unmute();
        await client.until('received');
      });
    },
  },
  {
    name: 'muted, the end of the peer is invisible until it is unmuted', media: ALL,
    run: async (medium) => {
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('before the end'));
        pair.client.close();
        await ms(50);
        assert.equal(server.count('closed'), 0);
        pair.server.unmute();
        await server.until('closed');
        assert.equal(server.text, 'before the end');
      });
    },
  },
  {
    d: [56], name: 'closing while muted drops it at once, with what was held', media: ALL,
    run: async (medium) => {
      const server = framed(4, (c) => c.mute());
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbb'));
        await server.until('received');
        pair.server.close();
        assert.equal(server.count('closed'), 1);
        await turns(5);
        assert.deepEqual(server.names(), ['started', 'received', 'closed']);
        assert.equal(server.text, 'aaaa');
      });
    },
  },
  {
    d: [61, 62], name: 'a hard close inside received stops the read loop', media: ALL,
    run: async (medium) => {
      const server = framed(4, (c) => c.hardClose());
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbbcccc'));
        await server.until('closed');
        await turns(5);
        assert.deepEqual(server.names(), ['started', 'received', 'closed']);
        assert.equal(server.text, 'aaaa');
      });
    },
  },
  {
    d: [10], name: 'a graceful close inside received still delivers the rest of the read', media: ALL,
    run: async (medium) => {
      const server = framed(4, (c, nth) => { if (nth === 1) c.close(); });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbbcccc'));
        await server.until('closed');
        assert.deepEqual(server.names(), ['started', 'received', 'received', 'received', 'closed']);
        assert.deepEqual(server.received.map(String), ['aaaa', 'bbbb', 'cccc']);
        assert.equal(server.cause?.code, 'closed');
      });
    },
  },
  {
    d: [63, 64], name: 'yield after every one of 20 messages of a read, or of a TLS record, lets others run before the last', media: ALL,
    run: async (medium) => {
      let elsewhere = -1;
      const server = framed(5, (_, nth) => {
        if (nth === 1) setImmediate(() => setImmediate(() => { elsewhere = server.count('received'); }));
        return 'yield';
      });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('x'.repeat(100)));
        await server.until('received', 20);
        await turns(3);
        assert.ok(elsewhere >= 1 && elsewhere < 20, `ran after ${elsewhere} messages`);
      });
    },
  },
  {
    name: 'many small messages of one read are delivered over several turns', media: ALL,
    run: async (medium) => {
      let elsewhere = -1;
      const server = framed(1, (_, nth) => { if (nth === 1) setImmediate(() => { elsewhere = server.count('received'); }); });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.alloc(4000));
        await server.until('received', 4000);
        assert.ok(elsewhere < 4000, `ran after ${elsewhere} messages`);
      }, { server: { messagesPerTurn: 100 } });
    },
  },
  {
    d: [11], name: '100 000 bytes framed by 1000 arrive whole and in order', media: ALL,
    run: async (medium) => {
      const server = framed(1000);
      const client = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        const bytes = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
        for (let i = 0; i < bytes.length; i += 777) {
          // The kernel may refuse on the way; what is refused is sent again once it takes more.
          while (pair.client.send(bytes.subarray(i, i + 777)) !== 'accepted') await client.until('unthrottled', client.count('throttled'));
        }
        await server.until('received', 100);
        assert.deepEqual([...new Set(server.details('received'))], [1000]);
        assert.ok(server.bytes.equals(bytes));
      });
    },
  },
  {
    name: 'framing changed inside received is that of the very next message', media: ALL,
    run: async (medium) => {
      const server = framed(2, (c, nth) => {
        const last = server.received.at(-1)!;
        c.bufferUntil(nth % 2 === 1 ? Number(last.toString()) : 2);
      });
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('03abc05vwxyz01q'));
        await server.until('received', 6);
        assert.deepEqual(server.received.map(String), ['03', 'abc', '05', 'vwxyz', '01', 'q']);
      });
    },
  },
  {
    d: [105], name: 'ten bytes framed by four are two messages, and two bytes stay until they are complete', media: ALL,
    run: async (medium) => {
      const server = framed(4);
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbbcc'));
        await server.until('received', 2);
        await ms(20);
        assert.equal(server.count('received'), 2);
        pair.client.send(Buffer.from('cc'));
        await server.until('received', 3);
        assert.equal(server.received[2].toString(), 'cccc');
      });
    },
  },
  {
    d: [106, 107], name: 'message sizes and buffer sizes hold each other', media: ALL,
    run: async (medium) => {
      await withPair(medium, new Recorder(), new Recorder(), ({ client }) => {
        assert.equal(client.bufferUntil(100), 'ok');
        assert.equal(client.bufferUntil(101), 'above-minimum');
        assert.equal(client.bufferUntil(0), 'out-of-range');
        assert.equal(client.bufferUntil(1.5), 'out-of-range');
        assert.equal(client.setReadBufferMinimum(99), 'below-framing');
        assert.equal(client.resizeReadBuffer(99), 'below-framing');
        assert.equal(client.setReadBufferMinimum(200), 'ok');
        assert.equal(client.bufferUntil(200), 'ok');
        assert.equal(client.bufferUntil(50), 'ok');
        assert.equal(client.resizeReadBuffer(60), 'ok');
        assert.equal(client.bufferUntil(61), 'above-minimum', 'the minimum was lowered along');
        assert.equal(client.bufferUntil('streaming'), 'ok');
      }, { client: { readBufferMinimum: 100 } });
    },
  },
  {
    name: 'both sides know when the other closes, each exactly once', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.close();
        pair.client.close();
        await Promise.all([client.until('closed'), server.until('closed')]);
        pair.client.hardClose();
        await turns(5);
        assert.equal(client.count('closed'), 1);
        assert.equal(server.count('closed'), 1);
        assert.equal(client.cause?.code, 'closed');
        assert.equal(server.cause?.code, 'peer-closed');
      });
    },
  },
  {
    name: 'a close the peer does not answer ends after the deadline', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        pair.client.close();
        await client.until('closed');
        assert.equal(client.cause?.code, 'close-timeout');
      }, { client: { closeTimeoutMs: 30 } });
    },
  },
  {
    d: [108], name: 'socket options can be set while it is open, not before, not while it closes, and not after', media: ALL,
    run: async (medium) => {
      const early: string[] = [];
      const { pair, ready } = await startPair(medium, new Recorder(), new Recorder());
      early.push(pair().client.setNoDelay(true), pair().client.setKeepAlive(1000));
      await ready;
      assert.deepEqual(early, ['not-open', 'not-open']);
      pair().client.close();
      assert.equal(pair().client.setNoDelay(true), 'not-open', 'while it closes');
      pair().listener.close();
      await withPair(medium, new Recorder(), new Recorder(), ({ client }) => {
        assert.equal(client.setNoDelay(false), 'ok');
        assert.equal(client.setKeepAlive(1000), 'ok');
        client.hardClose();
        assert.equal(client.setNoDelay(true), 'not-open');
        assert.equal(client.setKeepAlive(0), 'not-open');
      });
    },
  },
  {
    name: 'half open, the end of the peer is told and replies still reach it', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({
        'peer-end': (c) => {
          c.send(Buffer.from('reply'));
          c.close();
        },
      });
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('request'));
        pair.client.close();
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.equal(client.text, 'reply', 'data is delivered while closing');
        assert.equal(client.cause?.code, 'closed');
        assert.equal(server.cause?.code, 'closed');
      }, { server: { halfOpen: true } });
    },
  },
  {
    d: [7], name: 'a hard close inside received, with a second decrypted message waiting: that one is not delivered', media: TLS, because: 'on plain streams nothing is decrypted: there it is 62',
    run: async (medium) => {
      const server = framed(4, (c) => c.hardClose());
      await withPair(medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('aaaabbbb'));
        await server.until('closed');
        await turns(5);
        assert.deepEqual(server.names().slice(1), ['received', 'closed']);
      });
    },
  },
  {
    d: [57], name: 'mute called from sent, of a send made in started, holds for the whole window', media: ALL,
    run: async (medium) => {
      const server = new Recorder({ started: (c) => void c.send(Buffer.from('greeting')), sent: (c) => c.mute() });
      const client = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        await server.until('sent');
        pair.client.send(Buffer.from('not now'));
        await client.until('sent');
        await ms(60);
        assert.equal(server.count('received'), 0);
        pair.server.unmute();
        await server.until(() => server.text === 'not now');
      });
    },
  },
  {
    d: [59], name: 'a big write that was refused drains without any muting here, and afterwards a ping is still received', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        const big = pattern(12 * MIB);
        pair.client.send(big);
        await client.until('throttled');
        pair.server.unmute();
        await client.until('unthrottled');
        assert.deepEqual(client.details('sent'), [1]);
        await server.until(() => server.size === big.length);
        assert.ok(server.bytes.equals(big));
        pair.server.send(Buffer.from('ping'));
        await client.until(() => client.text === 'ping');
      });
    },
  },
  {
    d: [60], name: 'something to read while the kernel refuses, then mute: writes still drain', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ received: (c) => c.mute() });
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        const big = pattern(12 * MIB);
        pair.client.send(big);
        await client.until('throttled');
        pair.server.send(Buffer.from('readable'));
        await client.until('received');
        assert.equal(client.count('sent'), 0);
        pair.server.unmute();
        await client.until('unthrottled');
        assert.equal(pair.client.muted, true);
        assert.deepEqual(client.details('sent'), [1]);
        await server.until(() => server.size === big.length);
        assert.ok(server.bytes.equals(big));
      });
    },
  },
];
