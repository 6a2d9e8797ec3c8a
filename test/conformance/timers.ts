/** Everything that takes time, over real sockets and a time that the test moves. */
import assert from 'node:assert/strict';
import { connect as rawConnect } from 'node:net';
import { Connection, type ClientOptions } from '../../src/net/endpoint.js';
import { fakeDialer } from '../../src/net/fake-transport.js';
import { ManualClock } from '../../src/net/clock.js';
import { socketDialer } from '../../src/net/socket-dialer.js';
import type { DialTarget } from '../../src/net/transport.js';
import { contexts, listen, startPair, turns, withPair, type Medium, type Pair } from '../support/media.js';
import { rawServer } from '../support/raw-server.js';
import { Recorder } from '../support/recorder.js';
import { SteppedClock } from '../support/stepped-clock.js';
import { ALL, FAKE, PLAIN, TLS, type Case, type Place } from './case.js';
import { endless, hasEndless } from './endless.js';

const quiet = { log: () => {} };
const somewhere = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const ENDLESS = 'an attempt on a Unix socket never lasts: it is answered, or refused, within the call';
const SECURE = 'it is about TLS';

/** A pair whose client lives on a clock of its own. */
async function timed(medium: Medium, client: Recorder, server: Recorder, body: (pair: Pair, clock: SteppedClock) => Promise<void> | void, options: Partial<ClientOptions> = {}): Promise<void> {
  const clock = new SteppedClock();
  await withPair(medium, client, server, (pair) => body(pair, clock), { client: { clock, ...options } });
}
/** A TLS client whose peer accepts and says nothing. */
async function silent(client: Recorder, body: (connection: Connection, clock: SteppedClock) => void, options: Partial<ClientOptions> = {}): Promise<void> {
  const { server, port } = await rawServer(() => {});
  const clock = new SteppedClock();
  const connection = Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port }, servername: 'localhost', context: contexts().client, clock, ...quiet, ...options }, client);
  while (connection.state !== 'handshaking') await turns(1);
  body(connection, clock);
  connection.hardClose();
  server.close();
}
const firesWhenIdle = async (medium: Medium): Promise<void> => {
  const client = new Recorder();
  await timed(medium, client, new Recorder(), (pair, clock) => {
    assert.equal(pair.client.setIdleTimeout(5000), 'ok');
    clock.advance(4999);
    assert.equal(client.count('idle'), 0);
    clock.advance(1);
    assert.equal(client.count('idle'), 1);
  });
};
const staysConnected = async (medium: Medium): Promise<void> => {
  await timed(medium, new Recorder(), new Recorder(), (pair, clock) => {
    clock.advance(10_000);
    assert.equal(pair.client.state, 'open');
  }, { connectTimeoutMs: 100 });
};

const IDLE: readonly Case[] = [
  { d: [65], name: 'idle timeout: fires when nothing moves', media: PLAIN, because: 'with TLS it is 68', run: firesWhenIdle },
  { d: [68], name: 'idle timeout: fires when nothing moves, with TLS', media: TLS, because: SECURE, run: firesWhenIdle },
  {
    d: [66], name: 'idle timeout: data every 2 s against a limit of 5 s, it fires 5 s after the last', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder(), async (pair, clock) => {
        pair.client.setIdleTimeout(5000);
        for (let i = 1; i <= 4; i++) {
          clock.advance(2000);
          pair.server.send(Buffer.from('x'));
          await client.until(() => client.size === i);
        }
        clock.advance(4999);
        assert.equal(client.count('idle'), 0);
        clock.advance(1);
        assert.equal(client.count('idle'), 1);
      });
    },
  },
  {
    d: [67], name: 'idle timeout: disabled right away it never fires', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder(), (pair, clock) => {
        pair.client.setIdleTimeout(100);
        pair.client.setIdleTimeout(null);
        clock.advance(100_000);
        assert.equal(client.count('idle'), 0);
      });
    },
  },
  {
    d: [69], name: 'idle timeout: set before a handshake that stalls it does not fire, the connection timeout does', media: TLS, because: SECURE,
    run: async () => {
      const client = new Recorder();
      await silent(client, (connection, clock) => {
        connection.setIdleTimeout(100);
        clock.advance(2999);
        assert.equal(client.count('idle') + client.count('connect-failed'), 0);
        clock.advance(1);
        assert.equal(client.count('idle'), 0);
        assert.deepEqual([client.failure?.reason, client.failure?.code], ['timeout', 'connect-timeout']);
      }, { connectTimeoutMs: 3000 });
    },
  },
  {
    d: [70], name: 'idle timeout: set before connecting it is armed when the connection is ready, and fires', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const clock = new SteppedClock();
      const { pair, ready } = await startPair(medium, client, new Recorder({ started: (c) => c.mute() }), { client: { clock } });
      const { client: connection, listener } = pair();
      assert.equal(connection.state, 'none');
      assert.equal(connection.setIdleTimeout(100), 'ok');
      clock.advance(1000);
      await ready;
      assert.equal(client.count('idle'), 0, 'not while it connects');
      clock.advance(99);
      assert.equal(client.count('idle'), 0);
      clock.advance(1);
      assert.equal(client.count('idle'), 1);
      connection.hardClose();
      listener.close();
    },
  },
  {
    d: [71], name: 'idle timeout: fires again without being set again', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder(), (pair, clock) => {
        pair.client.setIdleTimeout(100);
        clock.advance(350);
        assert.equal(client.count('idle'), 3);
      });
    },
  },
  {
    d: [72], name: 'idle timeout: close inside of it is the last of it', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ idle: (c) => c.close() });
      await timed(medium, client, new Recorder({ started: (c) => c.mute() }), (pair, clock) => {
        pair.client.setIdleTimeout(100);
        clock.advance(1000);
        assert.equal(client.count('idle'), 1);
        assert.equal(pair.client.state, 'closing');
      });
    },
  },
  {
    d: [73], name: 'idle timeout: goes on during an upgrade that stalls', media: PLAIN, because: 'an upgrade begins on a plain stream',
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder({ started: (c) => c.mute() }), (pair, clock) => {
        pair.client.setIdleTimeout(100);
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'ok');
        clock.advance(1050);
        assert.equal(client.count('idle'), 10);
      });
    },
  },
];

/** A client whose attempt to connect gets no answer: a place on the network, or a dialer that takes as long. */
async function attempting(place: Place, client: Recorder, connectTimeoutMs: number, body: (connection: Connection, clock: ManualClock | SteppedClock) => void): Promise<void> {
  if (place === 'fake') {
    const clock = new ManualClock();
    const connection = Connection.client({ clock, ...quiet, target: somewhere, connectTimeoutMs, dialer: fakeDialer(clock, 1e9, { reason: 'tcp' }) }, client);
    clock.advance(0);
    return body(connection, clock);
  }
  await endless(async (target: DialTarget) => {
    const clock = new SteppedClock();
    const options = { target, clock, connectTimeoutMs, ...quiet };
    const connection = place === 'tls' ? Connection.sslClient({ ...options, servername: 'localhost', context: contexts().client }, client) : Connection.client(options, client);
    await client.until('connecting');
    await turns(5);
    body(connection, clock);
    connection.hardClose();
  });
}
const LASTING = { media: ['tcp', 'tls', 'fake'], because: ENDLESS, skip: hasEndless ? false : 'a full queue refuses here' } as const;

const CONNECTING: readonly Case<Place>[] = [
  {
    d: [74], name: 'connection timeout: an address that never answers is a failure in time', ...LASTING,
    run: async (place) => {
      const client = new Recorder();
      await attempting(place, client, 3000, (connection, clock) => {
        assert.equal(connection.state, 'connecting');
        clock.advance(2999);
        assert.equal(client.count('connect-failed'), 0);
        clock.advance(1);
        assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
        assert.deepEqual([client.failure?.reason, client.failure?.code], ['timeout', 'connect-timeout']);
        clock.advance(100_000);
        assert.equal(client.count('connect-failed'), 1);
      });
    },
  },
  { d: [75], name: 'connection timeout: cancelled by a successful connect', media: PLAIN, because: 'with TLS it is 77', run: (medium) => staysConnected(medium as Medium) },
  { d: [77], name: 'connection timeout: cancelled by a finished handshake', media: TLS, because: SECURE, run: (medium) => staysConnected(medium as Medium) },
  {
    d: [76], name: 'connection timeout: a TCP peer that is mute does not hold a TLS client', media: TLS, because: SECURE,
    run: async () => {
      const client = new Recorder();
      await silent(client, (connection, clock) => {
        clock.advance(3000);
        assert.equal(client.failure?.reason, 'timeout');
        assert.equal(connection.state, 'closed');
      }, { connectTimeoutMs: 3000 });
    },
  },
  ...(['close', 'hardClose'] as const).map((how): Case<Place> => ({
    d: [how === 'close' ? 78 : 79], name: `${how} while connecting, with a timeout armed, is a failure to connect and no timeout`, ...LASTING,
    run: async (place) => {
      const client = new Recorder();
      await attempting(place, client, 1000, (connection, clock) => {
        clock.advance(10);
        connection[how]();
        assert.equal(connection.isClosed, true);
        if (how === 'close') {
          assert.equal(connection.state, 'unconnected-closing');
          clock.advance(4999);
          assert.equal(client.count('connect-failed'), 0, 'the attempt is drained, for as long as a close may take');
          clock.advance(1);
        }
        assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', 'closed-by-us']);
        clock.advance(100_000);
        assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
      });
    },
  })),
  {
    d: [80], name: 'connection timeout: zero and more than the longest are refused before anything is tried, both boundaries are taken', media: ALL,
    run: async (medium) => {
      for (const [connectTimeoutMs, taken] of [[0, false], [1, true], [18_446_744_073_709, true], [18_446_744_073_710, false]] as const) {
        const client = new Recorder();
        const server = new Recorder();
        const { pair } = await startPair(medium as Medium, client, server, { client: { clock: new SteppedClock(), connectTimeoutMs } });
        await client.until(taken ? 'connected' : 'connect-failed');
        await turns(3);
        assert.equal(client.failure?.reason, taken ? undefined : 'timer');
        assert.equal(client.count('connecting') > 0, taken);
        if (!taken) assert.deepEqual([client.names(), server.names()], [['connect-failed'], []]);
        pair().client.hardClose();
        pair().listener.close();
      }
    },
  },
  {
    d: [80], name: 'connection timeout: the least one is one', media: FAKE,
    run: () => {
      for (const [ms, reason] of [[0, 'timer'], [1, 'timeout'], [18_446_744_073_709, undefined], [18_446_744_073_710, 'timer']] as const) {
        const client = new Recorder();
        const clock = new ManualClock();
        Connection.client({ clock, ...quiet, target: somewhere, connectTimeoutMs: ms, dialer: fakeDialer(clock, 1000, { reason: 'tcp' }) }, client);
        clock.advance(500);
        assert.equal(client.failure?.reason, reason);
      }
    },
  },
];

const tokenOf = (set: ReturnType<Connection['setTimer']>): number => {
  assert.ok(typeof set === 'object', String(set));
  return set.token;
};
const USER: readonly Case[] = [
  {
    d: [81, 83], name: 'user timer: fires once with its token, and traffic does not move it', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await timed(medium, client, server, async (pair, clock) => {
        const token = tokenOf(pair.client.setTimer(1000));
        for (let i = 1; i <= 4; i++) {
          clock.advance(240);
          pair.client.send(Buffer.from('x'));
          pair.server.send(Buffer.from('x'));
          await Promise.all([client.until(() => client.size === i), server.until(() => server.size === i)]);
        }
        clock.advance(39);
        assert.equal(client.count('timer'), 0);
        clock.advance(1);
        assert.deepEqual(client.details('timer'), [token]);
        clock.advance(100_000);
        assert.equal(client.count('timer'), 1);
      });
    },
  },
  {
    d: [82, 85, 87], name: 'user timer: a second is refused; cancelling prevents it and frees the place, twice harmlessly; an old token cancels nothing', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder(), (pair, clock) => {
        const first = tokenOf(pair.client.setTimer(100));
        assert.equal(pair.client.setTimer(100), 'already-active');
        pair.client.cancelTimer(first);
        pair.client.cancelTimer(first);
        clock.advance(200);
        assert.equal(client.count('timer'), 0);
        const second = tokenOf(pair.client.setTimer(100));
        pair.client.cancelTimer(first);
        clock.advance(100);
        assert.deepEqual(client.details('timer'), [second]);
      });
    },
  },
  {
    d: [84, 89], name: 'user timer: not before it is connected, not while closing, and not after', media: ALL,
    run: async (medium) => {
      const answers: [string, unknown][] = [];
      const ask = (c: Connection): void => void answers.push([c.state, c.setTimer(100)]);
      const client = new Recorder();
      const { pair, ready } = await startPair(medium, client, new Recorder({ started: (c) => c.mute() }), {
        client: { dialer: { dial(target, events) { queueMicrotask(() => ask(pair().client)); return socketDialer.dial(target, events); } } },
      });
      const { client: connection, listener } = pair();
      ask(connection);
      await ready;
      connection.close();
      ask(connection);
      assert.deepEqual(answers, [['none', 'not-open'], ['connecting', 'not-open'], ['closing', 'not-open']]);
      connection.hardClose();
      ask(connection);
      assert.deepEqual(answers[3], ['closed', 'not-open']);
      listener.close();
    },
  },
  {
    d: [86], name: 'user timer: can be set again inside of its own callback', media: ALL,
    run: async (medium) => {
      const client = new Recorder({ timer: (c, _, nth) => { if (nth < 3) tokenOf(c.setTimer(100)); } });
      await timed(medium, client, new Recorder(), (pair, clock) => {
        pair.client.setTimer(100);
        clock.advance(1000);
        assert.deepEqual(client.details('timer'), [1, 2, 3]);
      });
    },
  },
  ...(['hardClose', 'close'] as const).map((how): Case => ({
    d: [how === 'hardClose' ? 88 : 91], name: how === 'close' ? 'user timer: outlives a graceful close' : 'user timer: a hard close cancels it', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await timed(medium, client, new Recorder({ started: (c) => c.mute() }), (pair, clock) => {
        pair.client.setTimer(1000);
        pair.client[how]();
        clock.advance(2000);
        assert.equal(client.count('timer'), how === 'close' ? 1 : 0);
      });
    },
  })),
  {
    d: [90], name: 'user timer: not during the handshake, on either side', media: TLS, because: SECURE,
    run: async () => {
      await silent(new Recorder(), (connection) => assert.equal(connection.setTimer(100), 'not-open'));
      let served: Connection | null = null;
      const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => (served = Connection.sslServer(accepted, contexts().server, new Recorder(), quiet)));
      const raw = rawConnect(listener.port, '127.0.0.1');
      raw.on('error', () => {});
      while ((served as Connection | null)?.state !== 'handshaking') await turns(1);
      assert.equal(served!.setTimer(100), 'not-open');
      served!.hardClose();
      raw.destroy();
      listener.close();
    },
  },
];

export const TIMERS: readonly Case<Place>[] = [...(IDLE as readonly Case<Place>[]), ...CONNECTING, ...(USER as readonly Case<Place>[])];
