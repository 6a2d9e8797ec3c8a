/** Sending on a kernel that does what the test says. */
import assert from 'node:assert/strict';
import { CONGESTED } from '../../src/net/transport.js';
import { started } from '../support/puppet.js';
import { Recorder } from '../support/recorder.js';
import { FAKE, type Case } from './case.js';

const because = 'sockets do not do it at will';

export const FAKED: readonly Case<'fake'>[] = [
  {
    d: [48], name: 'three sends have three tokens, sent in order', media: FAKE, because,
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
    d: [49], name: 'a write error: accepted, closed, then failed', media: FAKE, because,
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
    d: [50], name: 'the kernel refuses, then a hard close: closed first, failed in a later turn', media: FAKE, because,
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
    d: [51], name: 'close after a finished send: the next one is not connected', media: FAKE, because,
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
