/** What a test with sockets cannot bring about at will. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../src/net/clock.js';
import { Connection } from '../src/net/endpoint.js';
import { fakeDialer } from '../src/net/fake-transport.js';
import type { TlsFailure } from '../src/net/failures.js';
import { CONGESTED, PENDING, TAKEN, type Transport, type TransportEvents, type WriteOutcome } from '../src/net/transport.js';
import { Recorder } from './support/recorder.js';

const target = { kind: 'tcp', host: 'somewhere', port: 1 } as const;

/** A kernel that does what the test says. */
class Puppet implements Transport {
  readonly peer = { kind: 'tcp', name: 'puppet', port: 0, localPort: 0, credentials: null } as const;
  events: TransportEvents | null = null;
  readonly writes: number[] = [];
  readonly calls: string[] = [];
  taken_ = 0;
  outcome: WriteOutcome = TAKEN;
  fails: Error | null = null;
  busy = false;
  readonly descriptor = -1;
  readonly tls = null;
  open(events: TransportEvents): void { this.events = events; }
  write(_: readonly Uint8Array[], bytes: number): WriteOutcome {
    this.writes.push(bytes);
    if (this.fails !== null) {
      this.events?.failed(this.fails);
      return PENDING;
    }
    if (this.outcome === TAKEN) this.taken_ += bytes;
    return this.outcome;
  }
  taken(): number { return this.taken_; }
  end(): void { this.calls.push('end'); }
  pause(): void { this.calls.push('pause'); }
  resume(): void { this.calls.push('resume'); }
  destroy(): void { this.calls.push('destroy'); }
  unread(): void {}
  secure(): TlsFailure | null { return null; }
  setNoDelay(): void {}
  setKeepAlive(): void {}
}

function started(recorder: Recorder): { clock: ManualClock; puppet: Puppet; connection: Connection } {
  const clock = new ManualClock();
  const puppet = new Puppet();
  const connection = Connection.server(puppet, recorder, { clock, log: () => {} });
  clock.advance(1);
  return { clock, puppet, connection };
}

test('three sends have three tokens, sent in order', () => {
  const side = new Recorder();
  const { connection } = started(side);
  for (const text of ['a', 'b', 'c']) assert.equal(connection.send(Buffer.from(text)), 'accepted');
  assert.deepEqual(side.names().slice(1), ['accepted', 'sent', 'accepted', 'sent', 'accepted', 'sent']);
  assert.deepEqual(side.details('sent'), [1, 2, 3]);
});

test('a write error: accepted, closed, then failed', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.fails = Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
  assert.equal(connection.send(Buffer.from('x')), 'accepted');
  assert.deepEqual(side.names().slice(1), ['accepted', 'closed']);
  clock.advance(1);
  assert.deepEqual(side.names().slice(1), ['accepted', 'closed', 'send-failed']);
  assert.equal(side.cause?.code, 'EPIPE');
});

test('the kernel refuses, then a hard close: closed first, failed in a later turn', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.from('x'));
  connection.hardClose();
  assert.deepEqual(side.names().slice(1), ['accepted', 'throttled', 'closed']);
  clock.advance(1);
  assert.deepEqual(side.details('send-failed'), [1]);
});

test('close after a finished send: the next one is not connected', () => {
  const { connection } = started(new Recorder());
  connection.send(Buffer.from('x'));
  connection.close();
  assert.equal(connection.send(Buffer.from('y')), 'not-connected');
});

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

test('a read error closes without delivering anything', () => {
  const side = new Recorder();
  const { puppet } = started(side);
  puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  assert.deepEqual(side.names(), ['started', 'closed']);
  assert.equal(side.cause?.code, 'ECONNRESET');
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

test('a name without addresses is a failure of the look-up; refused addresses are one to connect', () => {
  for (const reason of ['dns', 'tcp'] as const) {
    const side = new Recorder();
    const clock = new ManualClock();
    Connection.client({ target, clock, dialer: fakeDialer(clock, 10, { reason }) }, side);
    clock.advance(20);
    assert.equal(side.failure?.reason, reason);
    assert.deepEqual(side.names(), reason === 'dns' ? ['connect-failed'] : ['connecting', 'connect-failed']);
  }
});

test('connecting reports the number of attempts in flight, again when one fails', () => {
  const side = new Recorder();
  const clock = new ManualClock();
  Connection.client({ target, clock, dialer: fakeDialer(clock, 10, { transport: new Puppet() }, [2, 1]) }, side);
  clock.advance(20);
  assert.deepEqual(side.details('connecting'), [2, 1]);
  assert.equal(side.count('connected'), 1);
});

test('sending while connecting, and after closing while connecting, is not connected', () => {
  const side = new Recorder();
  const clock = new ManualClock();
  const connection = Connection.client({ target, clock, dialer: fakeDialer(clock, 10, { transport: new Puppet() }) }, side);
  assert.equal(connection.send(Buffer.from('x')), 'not-connected');
  clock.advance(2);
  assert.equal(connection.send(Buffer.from('x')), 'not-connected');
  connection.close();
  assert.equal(connection.send(Buffer.from('x')), 'not-connected');
  assert.equal(side.count('accepted'), 0);
});

test('an attempt that connects after the connection was dropped is destroyed, and nobody is told twice', () => {
  const side = new Recorder();
  const clock = new ManualClock();
  const puppet = new Puppet();
  const connection = Connection.client({ target, clock, dialer: fakeDialer(clock, 10, { transport: puppet }) }, side);
  clock.advance(2);
  connection.close();
  clock.advance(20);
  assert.deepEqual(puppet.calls, ['destroy']);
  assert.equal(side.count('connect-failed'), 1);
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
