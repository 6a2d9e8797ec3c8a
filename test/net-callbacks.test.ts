/** Callbacks that go through somebody else, and handlers that break: who is told, and who writes it down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Acceptor, AcceptorEvents } from '../src/net/acceptor.js';
import { ManualClock } from '../src/net/clock.js';
import { Connection } from '../src/net/endpoint.js';
import { fakeDialer } from '../src/net/fake-transport.js';
import type { ClientHandler } from '../src/net/handlers.js';
import { Reconnector } from '../src/net/reconnect.js';
import { Listener, type ListenerHandler } from '../src/net/stream-listener.js';
import { rawServer } from './support/raw-server.js';
import { contexts, MEDIA, turns } from './support/media.js';
import { Recorder } from './support/recorder.js';

const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const somewhere = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const quiet = { log: () => {} };

const CALLBACKS = [
  'onConnecting', 'onConnected', 'onConnectionFailure', 'onReceived', 'onSendAccepted', 'onSent', 'onSendFailed', 'onThrottled', 'onUnthrottled',
  'onTlsReady', 'onTlsFailure', 'onPeerEnd', 'onIdleTimeout', 'onTimer', 'onClosed',
] as const satisfies readonly (keyof ClientHandler)[];

test('one that connects again hands every callback on as it comes, with what it answers', () => {
  const told: [string, unknown[]][] = [];
  const inner = Object.fromEntries(CALLBACKS.map((name) => [name, (...args: unknown[]): string => {
    told.push([name, args]);
    return `answer of ${name}`;
  }])) as unknown as ClientHandler;
  const clock = new ManualClock();
  const handlers: ClientHandler[] = [];
  const reconnector = new Reconnector((handler) => {
    handlers.push(handler);
    return Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 1e6, { reason: 'tcp' }), ...quiet }, new Recorder());
  }, inner, {}, { clock });
  const ending = { code: 'hard-close', message: '', ours: true, reason: 'tcp' };
  for (const name of CALLBACKS) {
    const args = [reconnector.connection, ending, 3];
    const answer: unknown = (handlers[0][name] as (...all: unknown[]) => unknown)(...args);
    if (name === 'onReceived') assert.equal(answer, 'answer of onReceived');
    const given = name === 'onConnected' || name === 'onConnectionFailure' || name === 'onClosed' ? args.slice(0, 2) : args;
    assert.deepEqual(told.pop(), [name, given]);
  }
  const silent = new Reconnector((handler) => {
    handlers.push(handler);
    return reconnector.connection!;
  }, { onConnectionFailure: () => {} }, {}, { clock });
  // What nobody listens to costs nothing.
  assert.equal(handlers[1].onSendAccepted, undefined);
  assert.equal(handlers[1].onSent, undefined);
  silent.stop();
});

test('one that connects again waits for nothing once it is stopped', () => {
  const clock = new ManualClock();
  let dials = 0;
  const reconnector = new Reconnector((handler) => {
    dials++;
    return Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 1, { reason: 'tcp' }), ...quiet }, handler);
  }, new Recorder(), {}, { clock });
  clock.advance(2);
  assert.equal(reconnector.waiting, true);
  reconnector.stop();
  assert.equal(reconnector.waiting, false);
  clock.advance(1e6);
  assert.equal(dials, 1);
});

/** Listens nowhere. */
class Silent implements Acceptor {
  readonly reachable = true;
  events: AcceptorEvents | null = null;
  open(_: unknown, __: number, events: AcceptorEvents): Promise<{ readonly port: number }> {
    this.events = events;
    return Promise.resolve({ port: 1 });
  }
  close(): void {}
  ref(): void {}
  unref(): void {}
}

test('a listener writes down what its handlers throw, at once or later, and what accepting failed for; it goes on', async () => {
  const log: string[] = [];
  const acceptor = new Silent();
  const handler: ListenerHandler = {
    onListening: (async () => {
      await turns(1);
      throw new Error('later');
    }) as unknown as () => void,
    onListenFailure: () => assert.fail(), onAccept: () => null,
    onClosed: () => { throw new Error('at once'); },
  };
  const listener = Listener.open(local, handler, { acceptor, log: ({ event, message }) => void log.push(`${event}: ${message}`) });
  await turns(4);
  acceptor.events!.failed(new Error('too many open files'));
  assert.equal(listener.isListening, true);
  listener.close();
  assert.deepEqual(log, ['handler-error: later', 'accept-error: too many open files', 'handler-error: at once']);
});

test('a peer that goes during the handshake is one failure, however it goes', { skip: MEDIA.includes('tls') ? false : 'no openssl' }, async () => {
  for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const { server, port } = await rawServer((socket) => socket.once('data', () => socket[how]()));
    const client = new Recorder();
    Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context: contexts().client, ...quiet }, client);
    await client.until('connect-failed');
    await turns(5);
    assert.deepEqual([client.names(), client.failure?.reason, client.failure?.code], [['connecting', 'connect-failed'], 'tls', 'peer-closed'], how);
    server.close();
  }
});
