/** What a test with sockets cannot bring about at will. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../src/net/clock.js';
import { Connection } from '../src/net/endpoint.js';
import { CONGESTED, PENDING } from '../src/net/transport.js';
import { Puppet, started } from './support/puppet.js';
import { Recorder } from './support/recorder.js';

test('part of what was pending is taken before a hard close: exactly that much is sent', () => {
  const side = new Recorder({ accepted: (c, detail) => { if ((detail as { token: number }).token < 3) c.send(Buffer.alloc(10)); } });
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  assert.deepEqual(puppet.writes, [30], 'nested sends leave with the first');
  puppet.taken_ = 25;
  connection.hardClose();
  clock.advance(1);
  assert.deepEqual(side.details('sent'), [1, 2]);
  assert.deepEqual(side.details('send-failed'), [3]);
});

test('nothing the transport says after a hard close turns a failure into a success', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  connection.hardClose();
  puppet.taken_ = 10;
  puppet.events!.progress();
  puppet.events!.drained();
  puppet.events!.data(Buffer.from('late'));
  puppet.events!.ended();
  clock.advance(1);
  assert.deepEqual(side.names().slice(1), ['accepted', 'throttled', 'closed', 'send-failed']);
});

test('throttled and unthrottled alternate, whatever the transport repeats', () => {
  const side = new Recorder();
  const { puppet, connection } = started(side);
  puppet.outcome = PENDING;
  connection.send(Buffer.alloc(10));
  puppet.events!.congested();
  puppet.events!.congested();
  puppet.taken_ = 10;
  puppet.events!.drained();
  puppet.events!.drained();
  assert.deepEqual(side.names().slice(2), ['throttled', 'sent', 'unthrottled']);
});

test('the end of a plain peer fails what is pending', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  puppet.events!.ended();
  clock.advance(1);
  assert.deepEqual(side.names().slice(2), ['throttled', 'closed', 'send-failed']);
});

test('dropped before its first turn: no callback, and the stream is released', () => {
  for (const how of ['close', 'hardClose'] as const) {
    const side = new Recorder();
    const clock = new ManualClock();
    const puppet = new Puppet();
    const connection = Connection.server(puppet, side, { clock });
    connection[how]();
    clock.advance(100);
    assert.deepEqual(side.names(), []);
    assert.deepEqual(puppet.calls, ['destroy']);
    assert.equal(connection.state, 'closed');
  }
});

test('every callback may close: what follows is what has to follow, and nothing throws', () => {
  for (const event of ['started', 'accepted', 'sent', 'throttled', 'unthrottled', 'received', 'closed', 'timer', 'idle'] as const) {
    for (const how of ['close', 'hardClose', 'throw'] as const) {
      const side = new Recorder({ [event]: (c: Connection) => {
        if (how === 'throw') throw new Error('as asked for');
        c[how]();
      } });
      const { clock, puppet, connection } = started(side);
      connection.setIdleTimeout(10);
      connection.setTimer(5);
      connection.send(Buffer.from('x'));
      puppet.outcome = CONGESTED;
      connection.send(Buffer.from('y'));
      puppet.events?.data(Buffer.from('z'));
      puppet.taken_ += 1;
      puppet.events?.drained();
      clock.advance(50);
      puppet.events?.ended();
      clock.advance(10_000);
      assert.equal(connection.state, 'closed', `${event} ${how}`);
      assert.equal(side.count('closed'), 1, `${event} ${how}`);
      assert.equal(side.count('accepted'), side.count('sent') + side.count('send-failed'), `${event} ${how}`);
      const after = side.names().slice(side.names().indexOf('closed') + 1);
      assert.ok(after.every((name) => name === 'send-failed'), `${event} ${how}: ${after.join(' ')}`);
    }
  }
});
