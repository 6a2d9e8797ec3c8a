/** What a test with sockets cannot bring about at will. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../src/net/clock.js';
import { Connection } from '../src/net/endpoint.js';
import { fakeDialer } from '../src/net/fake-transport.js';
import type { ServerHandler } from '../src/net/handlers.js';
import { Listener } from '../src/net/stream-listener.js';
import { QueuedConnection } from '../src/net/queued-connection.js';
import { tlsFailure } from '../src/net/failures.js';
import { TlsContext } from '../src/net/tls-context.js';
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

/* ── receiving, by turns ───────────────────────────────────────────────── */

test('a smaller size makes messages of what is held, in a later turn; so does taking bytes as they come after the peer has ended', () => {
  const side = new Recorder({ started: (c) => c.bufferUntil(10) });
  const { clock, puppet, connection } = started(side);
  puppet.events!.data(Buffer.from('1234567'));
  connection.bufferUntil(3);
  assert.equal(side.count('received'), 0, 'not inside of the call');
  clock.advance(1);
  assert.deepEqual(side.received.map(String), ['123', '456']);

  const half = new Recorder({ started: (c) => c.bufferUntil(10), 'peer-end': (c) => c.bufferUntil('streaming') });
  const end = started(half, { halfOpen: true });
  end.puppet.events!.data(Buffer.from('rest'));
  end.puppet.events!.ended();
  end.clock.advance(1);
  assert.deepEqual(half.names(), ['started', 'peer-end', 'received']);
  assert.equal(half.text, 'rest');
});

test('muted and unmuted inside of received: the rest of the read comes in a later turn', () => {
  const side = new Recorder({
    started: (c) => c.bufferUntil(1),
    received: (c, _, nth) => {
      if (nth > 1) return;
      c.mute();
      c.unmute();
    },
  });
  const { clock, puppet } = started(side);
  puppet.events!.data(Buffer.from('12345'));
  assert.equal(side.count('received'), 1);
  clock.advance(1);
  assert.equal(side.text, '12345');
});

test('a turn delivers one buffer of bytes, or its number of messages, over however many reads they come', () => {
  for (const [options, chunk, share] of [[{ readBufferSize: 16_384 }, 4096, 4], [{ messagesPerTurn: 3 }, 10, 3]] as const) {
    const side = new Recorder();
    const { clock, puppet } = started(side, options);
    for (let i = 0; i < 10; i++) puppet.events!.data(Buffer.alloc(chunk));
    assert.equal(side.count('received'), share);
    assert.deepEqual(puppet.calls, ['pause'], 'nothing more is asked of the transport');
    clock.step();
    assert.equal(side.count('received'), 2 * share);
    clock.advance(1);
    assert.equal(side.count('received'), 10);
    assert.equal(puppet.calls.at(-1), 'resume');
  }
});

test('whatever follows the last message of a share does not stop the transport unless more comes', () => {
  const side = new Recorder();
  const { clock, puppet } = started(side, { messagesPerTurn: 1 });
  puppet.events!.data(Buffer.from('a'));
  clock.advance(1);
  puppet.events!.data(Buffer.from('b'));
  clock.advance(1);
  assert.equal(side.text, 'ab');
  assert.deepEqual(puppet.calls, []);
});

test('what a long chain of sends has left for later is reported before anything that happens after it', () => {
  const chain = (n: number) => (c: Connection, _: unknown, nth: number): void => { if (nth < n) c.send(Buffer.from('c')); };
  const reported = (side: Recorder, event: 'received' | 'peer-end' | 'timer'): void => {
    const names = side.names();
    const before = names.slice(0, names.lastIndexOf(event));
    // The chain goes on, by one send that the event came behind: all before it are reported.
    const open = before.filter((name) => name === 'accepted').length - before.filter((name) => name === 'sent').length;
    assert.ok(open <= 1, `${event}: ${open} sends are not reported`);
    assert.ok(before.filter((name) => name === 'sent').length > 4, `${event}: the chain has not gone on`);
  };
  const side = new Recorder({ started: (c) => c.bufferUntil(1), received: (c) => void c.send(Buffer.from('r')), sent: chain(20) });
  const { clock, puppet } = started(side, { chainedSends: 3 });
  puppet.events!.data(Buffer.from('12'));
  reported(side, 'received');
  clock.advance(1);

  const half = new Recorder({ sent: chain(20) });
  const ending = started(half, { chainedSends: 3, halfOpen: true });
  ending.connection.send(Buffer.from('x'));
  ending.puppet.events!.ended();
  reported(half, 'peer-end');

  const late = new Recorder({ sent: chain(20) });
  const timed = started(late, { chainedSends: 3 });
  // The timer is older than the turn the chain waits for, and due in the same moment.
  timed.clock.after(5, () => timed.connection.send(Buffer.from('x')));
  timed.connection.setTimer(5);
  timed.clock.advance(5);
  reported(late, 'timer');
});

test('sizes that are none are refused and change nothing', () => {
  const { connection } = started(new Recorder());
  for (const size of [Number.NaN, Infinity, 1.5]) {
    assert.equal(connection.setReadBufferMinimum(size), 'out-of-range');
    assert.equal(connection.resizeReadBuffer(size), 'out-of-range');
    assert.equal(connection.bufferUntil(size), 'out-of-range');
  }
  assert.equal(connection.bufferUntil(16_385), 'above-minimum');
  assert.equal(connection.bufferUntil(16_384), 'ok');
});

/* ── TLS, as a state ───────────────────────────────────────────────────── */

test('a session the stream cannot begin: refused, and the connection goes on as it was', () => {
  const side = new Recorder();
  const { puppet, connection } = started(side);
  puppet.secure = () => tlsFailure('session-failed');
  assert.equal(connection.startTls(new TlsContext({})), 'session-failed');
  assert.deepEqual([connection.state, connection.tls.kind], ['open', 'none']);
  puppet.events!.data(Buffer.from('still here'));
  assert.equal(side.text, 'still here');
  assert.equal(connection.send(Buffer.from('and here')), 'accepted');
});

test('TLS is not begun between the last sent and unthrottled: the two alternate over an upgrade, too', () => {
  const results: string[] = [];
  const side = new Recorder({
    sent: (c) => void results.push(c.startTls(new TlsContext({}))),
    unthrottled: (c) => void results.push(c.startTls(new TlsContext({}))),
  });
  const { puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  puppet.taken_ = 10;
  puppet.events!.drained();
  assert.deepEqual(results, ['not-ready', 'ok']);
  assert.deepEqual(side.names().slice(1), ['accepted', 'throttled', 'sent', 'unthrottled']);
});

test('what a handshake says after its connection is over changes nothing', () => {
  const side = new Recorder();
  const { puppet, connection } = started(side);
  assert.equal(connection.startTls(new TlsContext({})), 'ok');
  connection.hardClose();
  assert.equal(connection.tls.kind, 'disposed');
  puppet.events!.refused(tlsFailure('peer-closed'));
  assert.equal(connection.tls.kind, 'disposed');
  assert.deepEqual(side.names(), ['started', 'tls-failed', 'closed']);
});

test('an asynchronous handler that throws is one that throws, whichever it is; so is a listener\'s', async () => {
  const log: string[] = [];
  const later = async (): Promise<void> => {
    await Promise.resolve();
    throw new Error('later');
  };
  const ways: [keyof ServerHandler, (world: ReturnType<typeof started>) => void][] = [
    ['onStarted', () => {}],
    ['onReceived', ({ puppet }) => puppet.events!.data(Buffer.from('x'))],
    ['onSendAccepted', ({ connection }) => connection.send(Buffer.from('x'))],
    ['onSent', ({ connection }) => connection.send(Buffer.from('x'))],
    ['onTimer', ({ connection, clock }) => { connection.setTimer(1); clock.advance(1); }],
    ['onIdleTimeout', ({ connection, clock }) => { connection.setIdleTimeout(1); clock.advance(1); }],
  ];
  for (const [name, happens] of ways) {
    const side = new Recorder();
    Object.assign(side, { [name]: later });
    const world = started(side, { log: ({ event, message }) => void log.push(`${event} ${message}`) });
    happens(world);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([side.cause?.code, log.splice(0)], ['handler-error', ['handler-error later']], name);
  }
  Listener.open({ kind: 'fd', fd: -1 }, { onListenFailure: later, onAccept: () => null }, { log: ({ event, message }) => void log.push(`${event} ${message}`) });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(log, ['handler-error later']);
});

/* ── options, and what is said of failures ─────────────────────────────── */

test('an option that is undefined is left out', () => {
  const side = new Recorder();
  const clock = new ManualClock();
  const dialer = fakeDialer(clock, 40_000, { reason: 'tcp' });
  Connection.client({ target: { kind: 'tcp', host: 'somewhere', port: 1 }, dialer, clock, connectTimeoutMs: undefined, maxSendBytes: undefined, log: undefined }, side);
  clock.advance(29_999);
  assert.equal(side.count('connect-failed'), 0);
  clock.advance(2);
  assert.equal(side.failure?.code, 'connect-timeout');
});

test('of several addresses that were tried it is said what each of them came to', () => {
  const side = new Recorder();
  const clock = new ManualClock();
  const failure = Object.assign(new AggregateError([new Error('first'), new Error('second')]), { code: 'ECONNREFUSED' });
  Connection.client({ target: { kind: 'tcp', host: 'somewhere', port: 1 }, clock, dialer: { dial: (_, events) => {
    clock.soon(() => events.failed('tcp', failure));
    return { abort: () => {} };
  } } }, side);
  clock.advance(1);
  assert.deepEqual(side.failure, { reason: 'tcp', code: 'ECONNREFUSED', message: 'first; second' });
});

test('collecting takes a buffer of 1 MiB at most, whatever is asked for', () => {
  for (const coalesceBytes of [Infinity, 2 ** 40]) {
    const side = new Recorder();
    const { clock, puppet, connection } = started(side, { coalesceBytes });
    for (let i = 0; i < 3; i++) assert.equal(connection.send(Buffer.alloc(400 << 10)), 'accepted');
    assert.deepEqual(puppet.writes, [1200 << 10], 'what does not fit any more leaves with what was collected');
    assert.equal(connection.send(Buffer.alloc(1)), 'accepted');
    clock.advance(1);
    assert.deepEqual(side.details('sent'), [1, 2, 3, 4]);
  }
});

/* ── whose end it was ──────────────────────────────────────────────────── */

test('the cause of an end says whether this side has asked for it, whatever the end looked like', () => {
  const ends: [string, boolean, (world: ReturnType<typeof started>) => void][] = [
    ['hard-close', true, ({ connection }) => connection.hardClose()],
    ['closed', true, ({ connection, puppet }) => { connection.close(); puppet.events!.ended(); }],
    ['close-timeout', true, ({ connection, clock }) => { connection.close(); clock.advance(5000); }],
    ['ECONNRESET', true, ({ connection, puppet }) => { connection.close(); puppet.events!.failed(reset()); }],
    ['ECONNRESET', false, ({ puppet }) => puppet.events!.failed(reset())],
    ['peer-closed', false, ({ puppet }) => puppet.events!.ended()],
    ['handler-error', true, ({ puppet }) => puppet.events!.data(Buffer.from('throw'))],
  ];
  for (const [code, ours, end] of ends) {
    const side = new Recorder({ received: () => { throw new Error('as asked for'); } });
    end(started(side));
    assert.deepEqual([side.cause?.code, side.cause?.ours], [code, ours]);
  }
});
const reset = (): Error => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

test('a stream closed while it is being opened has failed, and nothing else is told', async () => {
  for (const how of ['close', 'destroy'] as const) {
    const told: string[] = [];
    const note = (what: string) => (): void => void told.push(what);
    const clock = new ManualClock();
    const options = { clock, target: { kind: 'tcp', host: 'somewhere', port: 1 }, dialer: fakeDialer(clock, 10, { reason: 'tcp' }) } as const;
    const stream = QueuedConnection.open(options, { data: note('data'), end: note('end'), closed: note('closed') }, note('ready'), note('failed'));
    clock.advance(5);
    stream[how]();
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told, ['failed'], how);
  }
});
