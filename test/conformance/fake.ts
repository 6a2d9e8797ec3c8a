/** Sending on a kernel that does what the test says; on sockets as far as they can be brought to do the same. */
import assert from 'node:assert/strict';
import { CONGESTED } from '../../src/net/transport.js';
import { started } from '../support/puppet.js';
import { Recorder } from '../support/recorder.js';
import { ms, turns, withPair } from '../support/media.js';
import { ALL, FAKE, type Case } from './case.js';
import { assertSettled, pattern } from './settled.js';

export const FAKED: readonly Case<'fake'>[] = [
  {
    d: [48], name: 'three sends have three tokens, sent in order', media: FAKE,
    run: () => {
      const side = new Recorder();
      const { connection } = started(side);
      for (const text of ['a', 'b', 'c']) assert.equal(connection.send(Buffer.from(text)), 'accepted');
      assert.deepEqual(side.names().slice(1), ['accepted', 'sent', 'accepted', 'sent', 'accepted', 'sent']);
      assert.deepEqual(side.details('accepted'), [1, 2, 3]);
      assert.deepEqual(side.details('sent'), [1, 2, 3]);
    },
  },
  {
    d: [49], name: 'a write error: accepted, closed, then failed', media: FAKE,
    run: () => {
      const side = new Recorder();
      const { clock, puppet, connection } = started(side);
      puppet.fails = Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
      assert.equal(connection.send(Buffer.from('x')), 'accepted');
      assert.deepEqual(side.names().slice(1), ['accepted', 'closed']);
      clock.advance(1);
      assert.deepEqual(side.names().slice(1), ['accepted', 'closed', 'send-failed']);
      assert.equal(side.cause?.code, 'EPIPE');
    },
  },
  {
    d: [50], name: 'the kernel refuses, then a hard close: closed first, failed in a later turn', media: FAKE,
    run: () => {
      const side = new Recorder();
      const { clock, puppet, connection } = started(side);
      puppet.outcome = CONGESTED;
      connection.send(Buffer.from('x'));
      connection.hardClose();
      assert.deepEqual(side.names().slice(1), ['accepted', 'throttled', 'closed']);
      clock.advance(1);
      assert.deepEqual(side.names().slice(1), ['accepted', 'throttled', 'closed', 'send-failed']);
      assert.deepEqual(side.details('send-failed'), [1]);
    },
  },
  {
    d: [51], name: 'close after a finished send: the next one is not connected', media: FAKE,
    run: () => {
      const side = new Recorder();
      const { puppet, connection } = started(side);
      connection.send(Buffer.from('x'));
      connection.close();
      assert.equal(connection.send(Buffer.from('y')), 'not-connected');
      assert.deepEqual(side.names().slice(1), ['accepted', 'sent']);
      assert.deepEqual([puppet.writes, puppet.calls], [[1], ['end']]);
    },
  },
];

export const UNFAKED: readonly Case[] = [
  {
    d: [48], name: 'three sends have three tokens, sent in order', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        for (const text of ['a', 'b', 'c']) assert.equal(pair.client.send(Buffer.from(text)), 'accepted');
        await server.until(() => server.text === 'abc');
        await client.until('sent', 3);
        await turns(3);
        assert.deepEqual([client.details('accepted'), client.details('sent')], [[1, 2, 3], [1, 2, 3]]);
      });
    },
  },
  {
    d: [49], name: 'a write error: accepted, closed, then failed', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        pair.client.mute();
        // Muted it does not hear that the peer has gone; only a write can tell.
        pair.server.hardClose();
        await ms(20);
        assert.equal(client.count('closed'), 0);
        for (let i = 0; i < 100 && client.count('closed') === 0; i++) {
          if (pair.client.isWriteable) assert.equal(pair.client.send(pattern(100_000)), 'accepted');
          await turns(1);
        }
        await client.until('send-failed');
        await turns(3);
        const last = client.names().slice(client.names().lastIndexOf('accepted')).filter((name) => name !== 'throttled');
        assert.deepEqual(last.filter((name, i) => name !== last[i - 1]), ['accepted', 'closed', 'send-failed']);
        assert.match(client.cause!.code, /^(EPIPE|ECONNRESET)$/);
        assertSettled(client);
      });
    },
  },
  {
    d: [50], name: 'the kernel refuses, then a hard close: closed first, failed in a later turn', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium, client, new Recorder({ started: (c) => c.mute() }), async (pair) => {
        pair.client.send(pattern(12 << 20));
        await client.until('throttled');
        pair.client.hardClose();
        assert.deepEqual(client.names().slice(-3), ['accepted', 'throttled', 'closed']);
        await turns(3);
        assert.deepEqual(client.names().slice(-2), ['closed', 'send-failed']);
        assert.deepEqual(client.details('send-failed'), [1]);
      });
    },
  },
  {
    d: [51], name: 'close after a finished send: the next one is not connected', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.from('x'));
        await client.until('sent');
        pair.client.close();
        assert.equal(pair.client.send(Buffer.from('y')), 'not-connected');
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.equal(server.text, 'x');
        assert.deepEqual(client.names().slice(-3), ['accepted', 'sent', 'closed']);
      });
    },
  },
];
