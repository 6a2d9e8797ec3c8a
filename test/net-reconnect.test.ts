import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../src/net/clock.js';
import { Connection } from '../src/net/endpoint.js';
import { fakeDialer, fakePair, type FakeTransport } from '../src/net/fake-transport.js';
import { Reconnector, type ReconnectOptions } from '../src/net/reconnect.js';
import { Recorder } from './support/recorder.js';

const target = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const quiet = { log: () => {} };

interface World {
  readonly clock: ManualClock;
  readonly client: Recorder;
  readonly reconnector: Reconnector;
  readonly waits: number[];
  /** The peers' ends, in order. */
  readonly peers: FakeTransport[];
  up: boolean;
  dials: number;
}

function world(client: Recorder, options: Partial<ReconnectOptions> = {}): World {
  const clock = new ManualClock();
  const made = { clock, client, waits: [] as number[], peers: [] as FakeTransport[], up: true, dials: 0 };
  const gaveUp = (): void => void made.waits.push(-1);
  const reconnector = new Reconnector((handler) => {
    made.dials++;
    const [near, far] = fakePair({ clock, random: () => 0.5, capacity: 1000, latencyMs: 2, mostBytes: 1000 });
    if (made.up) made.peers.push(far);
    if (made.up) Connection.server(far, new Recorder(), { clock, ...quiet });
    return Connection.client({ clock, ...quiet, target, dialer: fakeDialer(clock, 1, made.up ? { transport: near } : { reason: 'tcp' }) }, handler);
  }, client, { onWaiting: (ms) => void made.waits.push(ms), onGaveUp: gaveUp }, { clock, random: () => 0, ...options });
  return Object.assign(made, { reconnector });
}

test('a lost connection is made again, and the pending sends of the old one fail and are not repeated', () => {
  const client = new Recorder();
  const made = world(client);
  made.clock.advance(10);
  const first = made.reconnector.connection!;
  first.send(Buffer.alloc(5000));
  made.peers[0].reset();
  made.clock.advance(50);
  assert.equal(client.count('send-failed'), 1);
  assert.equal(made.reconnector.waiting, true);
  made.clock.advance(200);
  assert.equal(client.count('connected'), 2);
  assert.notEqual(made.reconnector.connection, first);
  assert.equal(made.reconnector.connection!.bytesOut, 0);
});

test('the waits double up to the limit, and start over after success', () => {
  const made = world(new Recorder(), { mostMs: 1000 });
  made.up = false;
  made.clock.advance(5);
  made.peers[0].reset();
  made.clock.advance(6000);
  assert.deepEqual(made.waits.slice(0, 7), [100, 200, 400, 800, 1000, 1000, 1000]);
  made.up = true;
  made.clock.advance(3000);
  made.waits.length = 0;
  made.peers.at(-1)!.reset();
  made.clock.advance(50);
  assert.deepEqual(made.waits, [100]);
});

test('jitter takes away at most its share', () => {
  for (const [random, wait] of [[0, 100], [0.999999, 50], [0.5, 75]] as const) {
    const made = world(new Recorder(), { random: () => random });
    made.clock.advance(5);
    made.peers[0].reset();
    made.clock.advance(20);
    assert.equal(Math.round(made.waits[0]), wait);
  }
});

test('only one attempt is in flight, whatever happens', () => {
  const made = world(new Recorder());
  made.up = false;
  made.clock.advance(5);
  made.peers[0].reset();
  made.clock.advance(1000);
  assert.equal(made.dials, 1 + made.waits.length - (made.reconnector.waiting ? 1 : 0));
});

test('it gives up after as many failures as it was told', () => {
  const client = new Recorder();
  const made = world(client, { attempts: 3 });
  made.up = false;
  made.clock.advance(5);
  made.peers[0].reset();
  made.clock.advance(60_000);
  assert.deepEqual(made.waits, [100, 200, 400, -1]);
  assert.equal(client.count('connect-failed'), 3);
});

test('what this side closes stays closed, while connected, while connecting and while waiting', () => {
  for (const how of ['close', 'hardClose'] as const) {
    const connected = world(new Recorder());
    connected.clock.advance(10);
    connected.reconnector[how]();
    connected.clock.advance(60_000);
    assert.equal(connected.dials, 1);
    const early = world(new Recorder());
    early.reconnector[how]();
    early.clock.advance(60_000);
    assert.equal(early.dials, 1);
    const waiting = world(new Recorder());
    waiting.clock.advance(10);
    waiting.peers[0].reset();
    waiting.clock.advance(20);
    assert.equal(waiting.reconnector.waiting, true);
    waiting.reconnector[how]();
    waiting.clock.advance(60_000);
    assert.equal(waiting.dials, 1);
  }
});

test('a connection that this side closes by itself is no loss, however its close ends', () => {
  const ends = { 'closed': () => {}, 'close-timeout': (peer: FakeTransport) => peer.pause(), 'ECONNRESET': (peer: FakeTransport) => peer.reset() };
  for (const [code, end] of Object.entries(ends)) {
    const client = new Recorder();
    const made = world(client);
    made.clock.advance(10);
    end(made.peers[0]);
    made.reconnector.connection!.close();
    made.clock.advance(60_000);
    assert.equal(client.cause?.code, code);
    assert.equal(made.dials, 1, code);
  }
});

test('a peer that accepts and drops at once is not back: the waits go on growing until a connection lives for longer than its wait', () => {
  const client = new Recorder();
  const made = world(client);
  for (let i = 0; i < 5; i++) {
    while (client.count('connected') === i) made.clock.advance(1);
    made.peers.at(-1)!.reset();
    made.clock.advance(5);
  }
  assert.deepEqual(made.waits, [100, 200, 400, 800, 1600]);
  while (client.count('connected') === 5) made.clock.advance(1);
  made.clock.advance(1700);
  made.peers.at(-1)!.reset();
  made.clock.advance(5);
  assert.deepEqual(made.waits.slice(5), [100]);
});

test('no wait is longer than the longest, after however many failures', () => {
  const made = world(new Recorder(), { firstMs: 1, mostMs: 50 });
  made.up = false;
  made.clock.advance(5);
  made.peers[0].reset();
  made.clock.advance(100_000);
  assert.ok(made.waits.length > 1100, 'more doublings than a number holds');
  assert.ok(made.waits.every((wait) => wait > 0 && wait <= 50));
});

test('closed from inside of its callbacks it does not come back', () => {
  for (const how of ['close', 'hardClose', 'stop'] as const) {
    for (const event of ['connect-failed', 'closed'] as const) {
      const world_: { made?: World } = {};
      const client: Recorder = new Recorder({ [event]: () => world_.made!.reconnector[how]() });
      const made = (world_.made = world(client));
      made.up = event === 'closed';
      made.clock.advance(5);
      made.peers[0].reset();
      made.clock.advance(60_000);
      assert.equal(client.count(event), 1, `${how} in ${event}`);
      assert.equal(made.reconnector.waiting, false);
      assert.equal(made.dials, event === 'closed' ? 1 : 2);
    }
    const told: number[] = [];
    const clock = new ManualClock();
    const reconnector: Reconnector = new Reconnector(
      (handler) => Connection.client({ clock, ...quiet, target, dialer: fakeDialer(clock, 1, { reason: 'tcp' }) }, handler), new Recorder(),
      { onWaiting: (_, attempt) => { told.push(attempt); reconnector[how](); } }, { clock },
    );
    clock.advance(60_000);
    assert.deepEqual(told, [1], `${how} in onWaiting`);
  }
});

test('closed while an attempt is under way: its failure is told, once, and no other attempt follows', () => {
  for (const how of ['close', 'hardClose'] as const) {
    const client = new Recorder();
    const clock = new ManualClock();
    let dials = 0;
    const reconnector = new Reconnector((handler) => {
      dials++;
      return Connection.client({ clock, ...quiet, target, dialer: fakeDialer(clock, 1000, { reason: 'tcp' }) }, handler);
    }, client, {}, { clock });
    clock.advance(10);
    assert.equal(reconnector.connection!.state, 'connecting');
    reconnector[how]();
    clock.advance(60_000);
    assert.deepEqual(client.details('connect-failed').length, 1);
    assert.equal(client.failure?.code, 'closed-by-us');
    assert.equal(dials, 1);
  }
});

test('handlers and events that throw do not stop it from coming back, nor dial twice', () => {
  const log: string[] = [];
  const clock = new ManualClock();
  let dials = 0;
  const client = new Recorder({ 'connect-failed': () => { throw new Error('handler'); } });
  const broken = (): never => { throw new Error('event'); };
  const reconnector = new Reconnector((handler) => {
    dials++;
    return Connection.client({ clock, log: ({ message }) => void log.push(message), target, dialer: fakeDialer(clock, 1, { reason: 'tcp' }) }, handler);
  }, client, { onWaiting: broken, onGaveUp: broken }, { clock, attempts: 3, jitter: 0 });
  clock.advance(60_000);
  assert.equal(dials, 4);
  assert.equal(reconnector.waiting, false);
  assert.ok(log.length >= 4);
});

test('a handler that throws does not make it dial for ever', () => {
  const made = world(new Recorder({ connected: () => { throw new Error('as asked for'); } }));
  made.clock.advance(60_000);
  assert.equal(made.dials, 1);
});
