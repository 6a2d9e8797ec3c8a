/** The edges of what a connection does, each by itself, on a transport and a clock that do what the test says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, type Clock } from '../src/net/clock.js';
import { Connection, type ServerOptions } from '../src/net/endpoint.js';
import { TlsContext, type TlsDetails } from '../src/net/tls-context.js';
import { CONGESTED, PENDING, type TlsSession, type TransportEvents } from '../src/net/transport.js';
import { listen, ms } from './support/media.js';
import { outside } from './support/memory.js';
import { Puppet } from './support/puppet.js';
import { Recorder } from './support/recorder.js';

const quiet = { log: () => {} };
const MIB = 1 << 20;
const DETAILS: TlsDetails = { protocol: 'TLSv1.3', cipher: 'x', alpn: null, servername: null, peerCertificate: null };

/** A puppet that says what was set on it, and keeps the handshake it was asked for. */
class Watched extends Puppet {
  readonly options: string[] = [];
  handshake: TransportEvents | null = null;
  override setNoDelay(on: boolean): void {
    this.options.push(`no delay ${on}`);
  }
  override setKeepAlive(idleMs: number): void {
    this.options.push(`keep alive ${idleMs}`);
  }
  override secure(_: TlsSession, events: TransportEvents): null {
    this.handshake = events;
    return null;
  }
}
function started(side: Recorder, options: ServerOptions = {}): { clock: ManualClock; puppet: Watched; connection: Connection } {
  const clock = new ManualClock();
  const puppet = new Watched();
  const connection = Connection.server(puppet, side, { clock, ...quiet, ...options });
  clock.advance(1);
  return { clock, puppet, connection };
}
const told = (side: Recorder): string[] => side.events.slice(1).map(({ event, detail }) => (event === 'sent' || event === 'accepted' ? `${event} ${String(detail)}` : event));

/* ── sending ───────────────────────────────────────────────────────────── */

test('sends that answer sends are reported in one turn up to the limit, the rest in the next one, all of them', () => {
  const side = new Recorder({ sent: (c, token) => { if ((token as number) < 10) c.send(Buffer.from('x')); } });
  const { clock, connection } = started(side, { chainedSends: 3 });
  connection.send(Buffer.from('x'));
  assert.deepEqual(side.details('sent'), [1, 2, 3, 4]);
  assert.equal(side.count('accepted'), 5);
  // One at a time: each turn has the first for free.
  clock.step();
  assert.deepEqual(side.details('sent'), [1, 2, 3, 4, 5, 6, 7, 8]);
  clock.advance(1);
  assert.deepEqual(side.details('sent'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('what was sent is reported before what is received later, also when the report was put off', () => {
  const side = new Recorder({ sent: (c, token) => { if ((token as number) < 3) c.send(Buffer.from('x')); } });
  const { puppet, connection } = started(side, { chainedSends: 1 });
  connection.send(Buffer.from('x'));
  assert.deepEqual(told(side), ['accepted 1', 'sent 1', 'accepted 2', 'sent 2', 'accepted 3']);
  puppet.events!.data(Buffer.from('y'));
  assert.deepEqual(told(side).slice(5), ['sent 3', 'received']);
});

test('collected sends leave with one look at the end of the turn; what fills the buffer exactly is collected, one byte more is not', () => {
  const inner = new ManualClock();
  let looks = 0;
  const clock: Clock = { now: () => inner.now(), after: (wait, run) => inner.after(wait, run), soon: (run) => inner.soon(run), afterThis: (run) => { looks++; inner.afterThis(run); } };
  const puppet = new Puppet();
  const connection = Connection.server(puppet, new Recorder(), { clock, coalesceBytes: 10, ...quiet });
  inner.advance(1);
  for (let i = 0; i < 5; i++) connection.send(Buffer.from('ab'));
  assert.deepEqual([puppet.writes, looks], [[], 1]);
  connection.send(Buffer.from('c'));
  assert.deepEqual(puppet.writes, [11]);
  inner.advance(1);
  connection.send(Buffer.alloc(10));
  assert.deepEqual([puppet.writes, looks], [[11], 2]);
  inner.advance(1);
  connection.send(Buffer.alloc(11));
  assert.deepEqual([puppet.writes, looks], [[11, 10, 11], 2]);
});

test('a plain peer that ends while this side still sends: closed by the peer, and what is pending fails', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  connection.close();
  puppet.events!.ended();
  assert.equal(side.cause?.code, 'peer-closed');
  clock.advance(1);
  assert.deepEqual(told(side), ['accepted 1', 'throttled', 'closed', 'send-failed']);
});

test('a closed connection that somebody keeps holds no bytes, neither collected, nor refused, nor undelivered ones', async () => {
  const kept: Connection[] = [];
  const before = await outside();
  const filled = (): void => {
    const side = new Recorder();
    const { puppet, connection } = started(side, { coalesceBytes: 2 * MIB });
    connection.mute();
    connection.send(Buffer.alloc(MIB));
    puppet.events!.data(Buffer.alloc(MIB));
    kept.push(connection);
  };
  for (let i = 0; i < 8; i++) filled();
  assert.ok((await outside()) - before > 15 * MIB, 'they do while they are open');
  for (const connection of kept) connection.hardClose();
  assert.ok((await outside()) - before < MIB);
  assert.ok(kept.every((connection) => connection.state === 'closed'));
});

test('where the runtime does not tell how much it has handed over, its reports count, and sent still never lies', async () => {
  const server = new Recorder({ accepted: (c, detail) => { if ((detail as { token: number }).token < 3) c.send(Buffer.alloc(6 * MIB)); } });
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => {
    const { _handle: handle } = (transport as unknown as { readonly socket: { readonly _handle: object } }).socket;
    for (const name of ['bytesWritten', 'writeQueueSize']) Object.defineProperty(handle, name, { value: undefined });
    return Connection.server(transport, server, quiet);
  });
  const client = new Recorder({ connected: (c) => c.mute() });
  const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, ...quiet }, client);
  await Promise.all([client.until('connected'), server.until('started')]);
  const serving = server.connection!;
  serving.send(Buffer.alloc(6 * MIB));
  await server.until('throttled');
  assert.ok(serving.pendingBytes > 0 && serving.pendingBytes <= 18 * MIB, `${serving.pendingBytes}`);
  connection.unmute();
  await server.until('unthrottled');
  assert.deepEqual([server.details('sent'), serving.pendingBytes], [[1, 2, 3], 0]);
  await client.until(() => client.size === 18 * MIB);
  connection.mute();
  serving.send(Buffer.alloc(12 * MIB));
  await server.until('throttled', 2);
  serving.hardClose();
  await server.until('send-failed');
  assert.deepEqual([server.details('sent'), server.details('send-failed')], [[1, 2, 3], [4]]);
  connection.hardClose();
  listener.close();
});

/* ── receiving ─────────────────────────────────────────────────────────── */

test('the transport is paused once for each mute, and resumed once for each unmute, in the next turn', () => {
  const { clock, puppet, connection } = started(new Recorder());
  for (let i = 1; i <= 2; i++) {
    connection.mute();
    connection.mute();
    connection.unmute();
    connection.unmute();
    assert.equal(puppet.calls.length, 2 * i - 1);
    clock.advance(1);
  }
  assert.deepEqual(puppet.calls, ['pause', 'resume', 'pause', 'resume']);
});

test('muted before it is ready, and muted while TLS is agreed on, the stream is not read from when that is over', () => {
  const clock = new ManualClock();
  const early = new Watched();
  const side = new Recorder();
  const connection = Connection.server(early, side, { clock, ...quiet });
  connection.mute();
  assert.deepEqual(early.calls, []);
  clock.advance(1);
  assert.deepEqual([side.names(), early.calls], [['started'], ['pause']]);

  const { puppet, connection: upgrading } = started(new Recorder());
  assert.equal(upgrading.startTls(new TlsContext({})), 'ok');
  upgrading.mute();
  const secured = new Puppet();
  puppet.handshake!.secured(secured, DETAILS);
  assert.deepEqual([puppet.calls, secured.calls], [[], ['pause']]);
});

test('TLS that starts between an unmute and its turn is read from, and can be muted again', () => {
  const { clock, puppet, connection } = started(new Recorder());
  connection.mute();
  connection.unmute();
  assert.equal(connection.startTls(new TlsContext({})), 'ok');
  clock.advance(1);
  const secured = new Puppet();
  puppet.handshake!.secured(secured, DETAILS);
  connection.mute();
  connection.unmute();
  clock.advance(1);
  assert.deepEqual([puppet.calls, secured.calls], [['pause'], ['pause', 'resume']]);
});

test('new framing of an idle stream keeps nobody waiting', () => {
  const side = new Recorder();
  const { puppet, connection } = started(side);
  connection.bufferUntil(4);
  puppet.events!.data(Buffer.from('abcd'));
  assert.equal(side.text, 'abcd');
});

test('after a hard close inside received nothing is asked of the stream any more, though it was paused', () => {
  const side = new Recorder({ received: (c, _, nth) => {
    if (nth === 2) c.hardClose();
    return 'yield';
  } });
  const { clock, puppet, connection } = started(side);
  connection.bufferUntil(1);
  puppet.events!.data(Buffer.from('abc'));
  clock.advance(10);
  assert.deepEqual(puppet.calls, ['pause', 'destroy']);
  assert.equal(side.text, 'ab');
});

test('the read buffer shrinks to what is held and no further', () => {
  const { puppet, connection } = started(new Recorder());
  connection.bufferUntil(4);
  connection.mute();
  puppet.events!.data(Buffer.alloc(6));
  assert.equal(connection.resizeReadBuffer(5), 'below-used');
  assert.equal(connection.resizeReadBuffer(6), 'ok');
  assert.equal(connection.bufferUntil(7), 'above-minimum');
  assert.equal(connection.bufferUntil(6), 'ok');
});

test('a stream that was looked into and given back brings everything once, to whoever opens it next', async () => {
  const server = new Recorder();
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => {
    const unexpected = (): never => assert.fail('nothing comes after it was given back');
    transport.open({
      data: (chunk) => {
        transport.unread(chunk);
        setImmediate(() => Connection.server(transport, server, quiet));
      },
      ended: unexpected, failed: unexpected, secured: unexpected, refused: unexpected, progress: unexpected, congested: unexpected, drained: unexpected,
      finished: unexpected, released: () => {},
    });
    return {} as Connection;
  });
  const client = new Recorder({ connected: (c) => {
    c.send(Buffer.from('first '));
  } });
  const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, ...quiet }, client);
  await server.until(() => server.text === 'first ');
  connection.send(Buffer.from('second'));
  await server.until(() => server.size >= 12);
  connection.close();
  await server.until('closed');
  await ms(5);
  assert.equal(server.text, 'first second');
  assert.deepEqual(server.names(), ['started', 'received', 'received', 'closed']);
  listener.close();
});

/* ── getting ready, and TLS ────────────────────────────────────────────── */

test('an attempt that has ended is not stopped any more', () => {
  for (const how of ['connected', 'failed'] as const) {
    const clock = new ManualClock();
    let stopped = 0;
    const connection = Connection.client({
      target: { kind: 'tcp', host: 'somewhere', port: 1 }, clock, ...quiet,
      dialer: { dial: (_, events) => {
        clock.after(5, () => (how === 'connected' ? events.connected(new Puppet()) : events.failed('tcp', new Error('as asked for'))));
        return { abort: () => { stopped++; } };
      } },
    }, new Recorder());
    clock.advance(10);
    connection.hardClose();
    assert.equal(stopped, 0, how);
  }
});

test('what a context has failed for is what its connections fail with', () => {
  const context = new TlsContext({ cert: 'no certificate', key: 'no key' });
  const side = new Recorder();
  const clock = new ManualClock();
  const puppet = new Watched();
  Connection.sslServer(puppet, context, side, { clock, ...quiet });
  clock.advance(1);
  assert.deepEqual([side.names(), side.failure?.message, puppet.calls], [['start-failed'], context.failure?.message, ['destroy']]);
});

test('a handshake that comes about after a hard close is dropped, and nobody is told', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  assert.equal(connection.startTls(new TlsContext({})), 'ok');
  connection.hardClose();
  const late = new Puppet();
  puppet.handshake!.secured(late, DETAILS);
  clock.advance(100);
  assert.deepEqual(late.calls, ['destroy']);
  assert.deepEqual(told(side), ['tls-failed', 'closed']);
});

test('TLS starts only when nothing waits: not while muted, with held bytes, after the end of the peer, with pending sends, or with bytes in the stream', () => {
  const context = new TlsContext({});
  const reasons: Record<string, (puppet: Watched, connection: Connection) => void> = {
    muted: (_, connection) => connection.mute(),
    held: (puppet, connection) => {
      connection.bufferUntil(4);
      puppet.events!.data(Buffer.from('abc'));
    },
    ended: (puppet) => puppet.events!.ended(),
    pending: (puppet, connection) => {
      puppet.outcome = PENDING;
      connection.send(Buffer.from('x'));
    },
    busy: (puppet) => { puppet.busy = true; },
  };
  for (const [reason, make] of Object.entries(reasons)) {
    const { puppet, connection } = started(new Recorder(), { halfOpen: true });
    make(puppet, connection);
    assert.equal(connection.startTls(context), 'not-ready', reason);
    assert.deepEqual([connection.state, connection.tls.kind, puppet.handshake], ['open', 'none', null], reason);
  }
  const { connection } = started(new Recorder(), { halfOpen: true });
  assert.equal(connection.startTls(context), 'ok');
});

/* ── timers and options ────────────────────────────────────────────────── */

test('the idle timeout is counted from the last byte, to the millisecond', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  connection.setIdleTimeout(100);
  clock.advance(1);
  puppet.events!.data(Buffer.from('x'));
  clock.advance(99);
  assert.equal(side.count('idle'), 0);
  clock.advance(1);
  assert.equal(side.count('idle'), 1);
  clock.advance(100);
  assert.equal(side.count('idle'), 2);
});

test('the idle timeout is put off by every bit of a pending send that is taken', () => {
  const side = new Recorder();
  const { clock, puppet, connection } = started(side);
  puppet.outcome = CONGESTED;
  connection.send(Buffer.alloc(10));
  connection.setIdleTimeout(100);
  for (const report of ['progress', 'drained'] as const) {
    clock.advance(60);
    puppet.taken_ += 5;
    puppet.events![report]();
  }
  clock.advance(99);
  assert.equal(side.count('idle'), 0);
  clock.advance(1);
  assert.equal(side.count('idle'), 1);
});

test('a timer that comes to a connection which a report closes before it is not told', () => {
  const side = new Recorder({ sent: (c, token) => {
    if (token === 3) c.hardClose();
    else c.send(Buffer.from('x'));
  } });
  const { clock, connection } = started(side, { chainedSends: 1 });
  clock.after(1, () => void connection.send(Buffer.from('x')));
  connection.setTimer(1);
  clock.advance(10);
  assert.deepEqual(told(side), ['accepted 1', 'sent 1', 'accepted 2', 'sent 2', 'accepted 3', 'sent 3', 'closed']);
});

test('a close tells whose it was', () => {
  const rows: [string, boolean, (connection: Connection, puppet: Puppet, clock: ManualClock) => void][] = [
    ['closed', true, (connection, puppet) => { connection.close(); puppet.events!.finished(); puppet.events!.ended(); }],
    ['close-timeout', true, (connection, _, clock) => { connection.close(); clock.advance(5000); }],
    ['ECONNRESET', true, (connection, puppet) => { connection.close(); puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' })); }],
    ['hard-close', true, (connection) => connection.hardClose()],
    ['handler-error', true, (_, puppet) => puppet.events!.data(Buffer.from('throw'))],
    ['peer-closed', false, (_, puppet) => puppet.events!.ended()],
    ['ECONNRESET', false, (_, puppet) => puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
  ];
  for (const [code, ours, end] of rows) {
    const side = new Recorder({ received: () => { throw new Error('as asked for'); } });
    const { clock, puppet, connection } = started(side);
    end(connection, puppet, clock);
    assert.deepEqual([side.cause?.code, side.cause?.ours], [code, ours]);
  }
});

test('socket options reach the stream: those of the start, and those that are set later', () => {
  const { puppet, connection } = started(new Recorder(), { noDelay: false, keepAliveMs: 500 });
  connection.setNoDelay(true);
  connection.setKeepAlive(0);
  assert.deepEqual(puppet.options, ['no delay false', 'keep alive 500', 'no delay true', 'keep alive 0']);
  assert.deepEqual(started(new Recorder()).puppet.options, ['no delay true']);
});
