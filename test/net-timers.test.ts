/** Everything that takes time, on a clock the test owns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, systemClock } from '../src/net/clock.js';
import { Connection, type ClientOptions } from '../src/net/endpoint.js';
import { fakeDialer, fakePair, type FakeTransport } from '../src/net/fake-transport.js';
import { tlsFailure } from '../src/net/failures.js';
import { TlsContext } from '../src/net/tls-context.js';
import { Recorder } from './support/recorder.js';

const target = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const quiet = { log: () => {} };

interface World {
  readonly clock: ManualClock;
  readonly client: Connection;
  readonly server: Connection;
  readonly near: FakeTransport;
  readonly far: FakeTransport;
}

/** Two connected ends on one clock; `tls`: from the first byte. */
function world(client: Recorder, server: Recorder, options: Partial<ClientOptions> & { tls?: boolean; dialMs?: number } = {}): World {
  const clock = new ManualClock();
  const [near, far] = fakePair({ clock, random: () => 0.5, capacity: 1000, latencyMs: 2, mostBytes: 1000 });
  const all = { clock, ...quiet, ...options };
  const dialer = fakeDialer(clock, options.dialMs ?? 5, { transport: near });
  const context = new TlsContext({});
  const ends = options.tls === true
    ? { client: Connection.sslClient({ ...all, target, dialer, context }, client), server: Connection.sslServer(far, context, server, all) }
    : { client: Connection.client({ ...all, target, dialer }, client), server: Connection.server(far, server, all) };
  return { clock, near, far, ...ends };
}
function opened(client: Recorder, server: Recorder, options: Parameters<typeof world>[2] = {}): World {
  const made = world(client, server, options);
  made.clock.advance(20);
  assert.equal(client.count('connected'), 1);
  assert.equal(server.count('started'), 1);
  return made;
}

test('idle timeout: fires when nothing moves, and again after as long', () => {
  const client = new Recorder();
  const { clock, client: connection } = opened(client, new Recorder());
  assert.equal(connection.setIdleTimeout(5000), 'ok');
  clock.advance(4999);
  assert.equal(client.count('idle'), 0);
  clock.advance(1);
  assert.equal(client.count('idle'), 1);
  clock.advance(5000);
  assert.equal(client.count('idle'), 2);
});

test('idle timeout: what is read and what is written both put it off', () => {
  for (const writer of ['client', 'server'] as const) {
    const client = new Recorder();
    const made = opened(client, new Recorder());
    made.client.setIdleTimeout(5000);
    for (let i = 0; i < 5; i++) {
      made.clock.advance(2000);
      made[writer].send(Buffer.from('x'));
    }
    made.clock.advance(4990);
    assert.equal(client.count('idle'), 0, writer);
    made.clock.advance(20);
    assert.equal(client.count('idle'), 1, writer);
  }
});

test('idle timeout: a background drain puts it off', () => {
  const client = new Recorder();
  const server = new Recorder({ started: (c) => c.mute() });
  const made = opened(client, server);
  made.client.setIdleTimeout(1000);
  made.client.send(Buffer.alloc(3000));
  made.clock.advance(900);
  made.server.unmute();
  made.clock.advance(900);
  assert.equal(client.count('idle'), 0);
});

test('idle timeout: turned off right away it never fires; out of range it is refused', () => {
  const client = new Recorder();
  const { clock, client: connection } = opened(client, new Recorder());
  connection.setIdleTimeout(100);
  connection.setIdleTimeout(null);
  clock.advance(10_000);
  assert.equal(client.count('idle'), 0);
  for (const bad of [0, -1, Number.NaN, Infinity, 18_446_744_073_710]) assert.equal(connection.setIdleTimeout(bad), 'out-of-range');
  assert.equal(connection.setIdleTimeout(18_446_744_073_709), 'ok');
});

test('idle timeout: set before connecting it is armed when the connection is ready, with TLS after the handshake', () => {
  for (const tls of [false, true]) {
    const client = new Recorder();
    const made = world(client, new Recorder(), { tls });
    made.client.setIdleTimeout(100);
    made.clock.advance(50);
    assert.equal(client.count('connected'), 1);
    made.clock.advance(100);
    assert.equal(client.count('idle'), 1);
  }
});

test('idle timeout: not during a first handshake that stalls; the connection timeout ends that', () => {
  const client = new Recorder();
  const clock = new ManualClock();
  const [near] = fakePair({ clock, random: () => 0.5, capacity: 1000, latencyMs: 2, mostBytes: 1000 });
  const connection = Connection.sslClient({ clock, ...quiet, target, context: new TlsContext({}), dialer: fakeDialer(clock, 5, { transport: near }), connectTimeoutMs: 3000 }, client);
  connection.setIdleTimeout(100);
  clock.advance(2999);
  assert.equal(connection.state, 'handshaking');
  clock.advance(2);
  assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
  assert.equal(client.failure?.reason, 'timeout');
});

test('idle timeout: goes on during an upgrade that stalls', () => {
  const client = new Recorder();
  const made = opened(client, new Recorder(), { handshakeTimeoutMs: 10_000 });
  made.client.setIdleTimeout(100);
  assert.equal(made.client.startTls(new TlsContext({}), 'somewhere'), 'ok');
  made.clock.advance(1050);
  assert.equal(client.count('idle'), 10);
});

test('idle timeout: close inside of it is the last of it', () => {
  const client = new Recorder({ idle: (c) => c.close() });
  const made = opened(client, new Recorder());
  made.client.setIdleTimeout(100);
  made.clock.advance(1000);
  assert.equal(client.count('idle'), 1);
  assert.equal(client.count('closed'), 1);
});

test('connection timeout: covers the look-up and the connecting', () => {
  const client = new Recorder();
  const clock = new ManualClock();
  Connection.client({ clock, ...quiet, target, connectTimeoutMs: 3000, dialer: fakeDialer(clock, 1e9, { reason: 'dns' }) }, client);
  clock.advance(2999);
  assert.equal(client.count('connect-failed'), 0);
  clock.advance(2);
  assert.deepEqual(client.names(), ['connect-failed']);
  assert.deepEqual([client.failure?.reason, client.failure?.code], ['timeout', 'connect-timeout']);
});

test('connection timeout: cancelled by a connect and by a finished handshake', () => {
  for (const tls of [false, true]) {
    const client = new Recorder();
    const made = opened(client, new Recorder(), { connectTimeoutMs: 100, tls });
    made.clock.advance(10_000);
    assert.equal(made.client.state, 'open');
  }
});

test('connection timeout: zero is refused as a timer, the least one is taken', () => {
  for (const [ms, reason] of [[0, 'timer'], [1, 'timeout'], [18_446_744_073_710, 'timer']] as const) {
    const client = new Recorder();
    const clock = new ManualClock();
    Connection.client({ clock, ...quiet, target, connectTimeoutMs: ms, dialer: fakeDialer(clock, 1000, { reason: 'tcp' }) }, client);
    clock.advance(500);
    assert.equal(client.failure?.reason, reason);
  }
});

test('closing while connecting is a failure to connect, not a timeout, for both ways to close', () => {
  for (const how of ['close', 'hardClose'] as const) {
    const client = new Recorder();
    const made = world(client, new Recorder(), { connectTimeoutMs: 1000, dialMs: 50 });
    made.clock.advance(10);
    made.client[how]();
    assert.equal(made.client.isClosed, true);
    assert.equal(made.client.send(Buffer.from('x')), 'not-connected');
    if (how === 'close') {
      assert.equal(made.client.state, 'unconnected-closing');
      assert.equal(client.count('connect-failed'), 0, 'reported when the attempt has drained');
      made.clock.advance(100);
    }
    assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', 'closed-by-us']);
    made.clock.advance(5000);
    assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
  }
});

test('a hard close cuts the draining of attempts short', () => {
  const client = new Recorder();
  const made = world(client, new Recorder(), { dialMs: 1000 });
  made.clock.advance(10);
  made.client.close();
  made.client.hardClose();
  assert.equal(client.failure?.reason, 'tcp');
  made.clock.advance(5000);
  assert.equal(client.count('connect-failed'), 1);
});

test('handshake timeout: a silent peer does not hold a server, nor an upgrade', () => {
  const clock = new ManualClock();
  const server = new Recorder();
  const [, far] = fakePair({ clock, random: () => 0.5, capacity: 1000, latencyMs: 2, mostBytes: 1000 });
  Connection.sslServer(far, new TlsContext({}), server, { clock, ...quiet });
  clock.advance(9_999);
  assert.equal(server.count('start-failed'), 0);
  clock.advance(2);
  assert.deepEqual(server.names(), ['start-failed']);
  assert.deepEqual([server.failure?.reason, server.failure?.code], ['timeout', 'handshake-timeout']);

  const client = new Recorder();
  const made = opened(client, new Recorder());
  made.client.startTls(new TlsContext({}), 'somewhere');
  made.clock.advance(10_001);
  assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
  assert.equal(client.tlsFailure?.code, 'handshake-timeout');
});

test('close deadline: a peer that never agrees is dropped after it', () => {
  const client = new Recorder();
  const made = opened(client, new Recorder({ started: (c) => c.mute() }));
  made.client.close();
  made.clock.advance(4_900);
  assert.equal(made.client.state, 'closing');
  made.clock.advance(200);
  assert.equal(client.cause?.code, 'close-timeout');
});

test('user timer: fires once with its token, traffic does not move it', () => {
  const client = new Recorder();
  const made = opened(client, new Recorder());
  const set = made.client.setTimer(1000);
  assert.ok(typeof set === 'object');
  for (let i = 0; i < 4; i++) {
    made.clock.advance(240);
    made.client.send(Buffer.from('x'));
    made.server.send(Buffer.from('x'));
  }
  assert.equal(client.count('timer'), 0);
  made.clock.advance(100);
  made.clock.advance(10_000);
  assert.deepEqual(client.details('timer'), [set.token]);
});

test('user timer: one at a time; cancelling frees the place, twice harmlessly; an old token cancels nothing', () => {
  const client = new Recorder();
  const made = opened(client, new Recorder());
  const first = made.client.setTimer(100);
  assert.ok(typeof first === 'object');
  assert.equal(made.client.setTimer(100), 'already-active');
  made.client.cancelTimer(first.token);
  made.client.cancelTimer(first.token);
  const second = made.client.setTimer(100);
  assert.ok(typeof second === 'object');
  made.client.cancelTimer(first.token);
  made.clock.advance(200);
  assert.deepEqual(client.details('timer'), [second.token]);
  assert.equal(made.client.setTimer(0), 'out-of-range');
});

test('user timer: can be set again inside of its own callback', () => {
  const client = new Recorder({ timer: (c, _, nth) => { if (nth < 3) assert.ok(typeof c.setTimer(100) === 'object'); } });
  const made = opened(client, new Recorder());
  made.client.setTimer(100);
  made.clock.advance(1000);
  assert.deepEqual(client.details('timer'), [1, 2, 3]);
});

test('user timer: only while the connection is open', () => {
  const client = new Recorder();
  const made = world(client, new Recorder(), { tls: true });
  assert.equal(made.client.setTimer(100), 'not-open');
  made.clock.advance(5.5);
  assert.equal(made.client.state, 'handshaking');
  assert.equal(made.client.setTimer(100), 'not-open');
  assert.equal(made.server.setTimer(100), 'not-open');
  made.clock.advance(20);
  made.client.close();
  assert.equal(made.client.setTimer(100), 'not-open');
});

test('user timer: survives a graceful close, not a hard one', () => {
  for (const how of ['close', 'hardClose'] as const) {
    const client = new Recorder();
    const made = opened(client, new Recorder({ started: (c) => c.mute() }));
    made.client.setTimer(1000);
    made.client[how]();
    made.clock.advance(2000);
    assert.equal(client.count('timer'), how === 'close' ? 1 : 0);
  }
});

test('user timer: works in the callback of a finished upgrade', () => {
  const client = new Recorder({ 'tls-ready': (c) => c.setTimer(100) });
  const made = opened(client, new Recorder());
  assert.equal(made.client.startTls(new TlsContext({}), 'somewhere'), 'ok');
  assert.equal(made.server.startTls(new TlsContext({})), 'ok');
  made.clock.advance(200);
  assert.deepEqual(client.names().slice(-2), ['tls-ready', 'timer']);
});

test('an upgrade that fails reports so, then closed', () => {
  const client = new Recorder();
  const made = opened(client, new Recorder());
  made.near.refuseHandshakes(tlsFailure('certificate-wrong-host'));
  made.client.startTls(new TlsContext({}), 'somewhere');
  made.server.startTls(new TlsContext({}));
  made.clock.advance(200);
  assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
  assert.equal(client.tlsFailure?.kind, 'auth');
  assert.equal(made.client.tls.kind, 'failed');
});

test('the clock of the system takes waits longer than its timers can', async () => {
  let fired = false;
  const timer = systemClock.after(2 ** 31 + 5, () => { fired = true; });
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  assert.equal(fired, false);
});
