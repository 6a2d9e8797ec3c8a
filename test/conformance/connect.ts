/** Connecting, listening, limits and buffers. */
import assert from 'node:assert/strict';
import { ManualClock } from '../../src/net/clock.js';
import { Connection, type ClientOptions } from '../../src/net/endpoint.js';
import { fakeDialer } from '../../src/net/fake-transport.js';
import { Listener } from '../../src/net/stream-listener.js';
import type { DialTarget, Transport } from '../../src/net/transport.js';
import { contexts, freshPath, listen, ms, turns, type Medium } from '../support/media.js';
import { Puppet, PuppetAcceptor, started } from '../support/puppet.js';
import { Recorder } from '../support/recorder.js';
import { ALL, FAKE, PLAIN, type Case, type Place } from './case.js';

const quiet = { log: () => {} };
const somewhere = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const AT_WILL = 'sockets do not do it at will';
const BEFORE_TLS = 'it is over before TLS begins';

function dial(medium: Medium, target: DialTarget, client: Recorder, options: Partial<ClientOptions> = {}): Connection {
  return medium === 'tls'
    ? Connection.sslClient({ target, servername: 'localhost', context: contexts().client, ...quiet, ...options }, client)
    : Connection.client({ target, ...quiet, ...options }, client);
}
const serve = (medium: Medium, recorder: Recorder) => (accepted: Transport): Connection =>
  medium === 'tls' ? Connection.sslServer(accepted, contexts().server, recorder, quiet) : Connection.server(accepted, recorder, quiet);
const placeOf = (medium: Medium): Parameters<typeof listen>[0] => (medium === 'unix' ? { kind: 'unix', path: freshPath() } : local);
const targetOf = (listener: Listener): DialTarget => {
  const { target } = listener;
  if (target.kind === 'unix') return target;
  return { kind: 'tcp', host: target.kind === 'tcp' ? target.host : '127.0.0.1', port: listener.port };
};
const codeOf = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !met(); i++) await ms(5);
  assert.ok(met(), 'waited in vain');
}

const SOCKETS: readonly Case[] = [
  {
    d: [92], name: 'a refused connect is one failure, and nothing follows', media: ALL,
    run: async (medium) => {
      const gone = await listen(placeOf(medium), () => null);
      gone.close();
      await turns(3);
      const client = new Recorder();
      dial(medium, targetOf(gone), client);
      await client.until('connect-failed');
      await turns(5);
      assert.equal(client.failure?.reason, 'tcp');
      assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connect-failed']);
    },
  },
  {
    d: [94], name: 'a listener reports that it listens, once, and its end, once', media: PLAIN, because: BEFORE_TLS,
    run: async (medium) => {
      const listener = await listen(placeOf(medium), () => null);
      assert.equal(listener.isListening, true);
      listener.close();
      listener.close();
      assert.equal(listener.isListening, false);
    },
  },
  {
    d: [95], name: 'port 0 is given a real port', media: ['tcp'], because: 'only TCP has ports',
    run: async () => {
      const listener = await listen(local, () => null);
      assert.ok(listener.port > 0);
      listener.close();
    },
  },
  ...(['close', 'hardClose'] as const).map((how): Case => ({
    d: [96], name: `${how} while connecting is a failure, and it never goes live`, media: ALL,
    run: async (medium) => {
      const server = new Recorder();
      const listener = await listen(placeOf(medium), serve(medium, server));
      const client = new Recorder();
      const connection = dial(medium, targetOf(listener), client);
      while (connection.state === 'none') await turns(1);
      connection[how]();
      assert.equal(connection.isClosed, true);
      await client.until('connect-failed');
      await ms(20);
      assert.equal(client.failure?.code, 'closed-by-us');
      assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connect-failed']);
      listener.close();
    },
  })),
  {
    d: [101], name: 'what cannot be listened on is told, and nothing follows', media: PLAIN, because: BEFORE_TLS,
    run: async (medium) => {
      const place = placeOf(medium);
      const first = await listen(place, () => null);
      const taken = first.target.kind === 'tcp' ? { ...first.target, port: first.port } : first.target;
      assert.equal(await codeOf(listen(taken, () => null)), 'EADDRINUSE');
      if (medium === 'tcp') assert.equal(await codeOf(listen({ ...local, port: 70_000 }, () => null)), 'ERR_SOCKET_BAD_PORT');
      first.close();
    },
  },
  {
    d: [102], name: 'a limit of 2: the third waits, unread, and closing one resumes', media: ALL,
    run: async (medium) => {
      const servers: Recorder[] = [];
      const listener = await listen(placeOf(medium), (accepted) => {
        const server = new Recorder({ received: (c) => void c.send(Buffer.from('served')) });
        servers.push(server);
        return serve(medium, server)(accepted);
      }, { maxConnections: 2 });
      const clients = [0, 1, 2].map(() => {
        const recorder = new Recorder({ connected: (c) => void c.send(Buffer.from('hello')) });
        return { recorder, connection: dial(medium, targetOf(listener), recorder) };
      });
      await until(() => clients.filter(({ recorder }) => recorder.text === 'served').length === 2);
      await ms(30);
      assert.equal(servers.length, 2);
      assert.equal(listener.connections, 2);
      clients.find(({ recorder }) => recorder.text === 'served')!.connection.close();
      await until(() => clients.every(({ recorder }) => recorder.text === 'served'));
      for (const { connection } of clients) connection.hardClose();
      listener.close();
    },
  },
  {
    d: [103], name: 'IPv4 only and IPv6 only work', media: ['tcp', 'tls'], because: 'Unix paths have no address',
    run: async (medium) => {
      for (const [host, family] of [['127.0.0.1', 4], ['::1', 6]] as const) {
        const listener = await listen({ kind: 'tcp', host, port: 0, ipv6Only: family === 6 }, serve(medium, new Recorder())).catch(() => null);
        if (listener === null) {
          console.error(`no IPv${family} here: not tested`);
          continue;
        }
        const client = new Recorder();
        const connection = dial(medium, { kind: 'tcp', host, port: listener.port, family }, client);
        await client.until('connected');
        assert.match(connection.peer!.name, family === 4 ? /^127/ : /^\[::1\]/);
        connection.hardClose();
        listener.close();
      }
    },
  },
  {
    d: [110], name: 'dropped before its first turn it leaves nothing behind, and nobody is told', media: ALL,
    run: async (medium) => {
      const server = new Recorder();
      let accepted = 0;
      const listener = await listen(placeOf(medium), (transport) => {
        accepted++;
        const connection = serve(medium, server)(transport);
        connection.hardClose();
        return connection;
      });
      const unborn = new Recorder();
      dial(medium, targetOf(listener), unborn).hardClose();
      const client = new Recorder();
      dial(medium, targetOf(listener), client);
      await client.until(() => client.count('closed') + client.count('connect-failed') > 0);
      await until(() => listener.connections === 0);
      assert.equal(accepted, 1, 'the unborn one never connected');
      assert.deepEqual([unborn.names(), server.names()], [[], []]);
      listener.close();
    },
  },
];

const FAKED: readonly Case<Place>[] = [
  {
    d: [97], name: 'a name without addresses is a failure of the look-up, without any attempt', media: FAKE, because: AT_WILL,
    run: () => {
      const side = new Recorder();
      const clock = new ManualClock();
      Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 10, { reason: 'dns' }) }, side);
      clock.advance(20);
      assert.equal(side.failure?.reason, 'dns');
      assert.deepEqual(side.names(), ['connect-failed']);
    },
  },
  {
    d: [98], name: 'connecting reports how many attempts are in flight, again when one fails, and never none', media: FAKE, because: AT_WILL,
    run: () => {
      const side = new Recorder();
      const clock = new ManualClock();
      Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 10, { transport: new Puppet() }, [2, 1]) }, side);
      clock.advance(20);
      assert.deepEqual(side.details('connecting'), [2, 1]);
      assert.equal(side.count('connected'), 1);
    },
  },
  {
    d: [99], name: 'sending while connecting, and after closing while connecting: not connected', media: FAKE, because: AT_WILL,
    run: () => {
      const side = new Recorder();
      const clock = new ManualClock();
      const connection = Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 10, { transport: new Puppet() }) }, side);
      assert.equal(connection.send(Buffer.from('x')), 'not-connected');
      clock.advance(2);
      assert.equal(connection.state, 'connecting');
      assert.equal(connection.send(Buffer.from('x')), 'not-connected');
      connection.close();
      assert.equal(connection.state, 'unconnected-closing');
      assert.equal(connection.send(Buffer.from('x')), 'not-connected');
      assert.equal(side.count('accepted'), 0);
    },
  },
  {
    d: [100], name: 'closed while connecting, it drains and then reports; a hard close cuts that short', media: FAKE, because: AT_WILL,
    run: () => {
      for (const short of [false, true]) {
        const side = new Recorder();
        const clock = new ManualClock();
        const puppet = new Puppet();
        const connection = Connection.client({ target: somewhere, clock, dialer: fakeDialer(clock, 1000, { transport: puppet }) }, side);
        clock.advance(10);
        connection.close();
        assert.equal(side.count('connect-failed'), 0);
        if (short) connection.hardClose();
        else clock.advance(1000);
        assert.equal(side.failure?.reason, 'tcp');
        clock.advance(5000);
        assert.equal(side.count('connect-failed'), 1);
        assert.deepEqual(puppet.calls, short ? [] : ['destroy']);
      }
    },
  },
  {
    d: [101], name: 'what cannot be listened on is told, and nothing follows', media: FAKE,
    run: async () => {
      const told: string[] = [];
      const acceptor = new PuppetAcceptor({ code: 'EADDRINUSE', message: 'as asked for' });
      const listener = Listener.open(local, {
        onListening: () => told.push('listening'), onListenFailure: (_, { code }) => told.push(code), onAccept: () => null, onClosed: () => told.push('closed'),
      }, { acceptor, ...quiet });
      await turns(2);
      listener.close();
      assert.deepEqual(told, ['EADDRINUSE']);
      assert.equal(listener.isListening, false);
    },
  },
  {
    d: [102], name: 'a limit of 2: the third waits, unread, and closing one resumes', media: FAKE,
    run: async () => {
      const acceptor = new PuppetAcceptor({ port: 7 });
      const clock = new ManualClock();
      const servers: Recorder[] = [];
      const listener = Listener.open(local, {
        onListenFailure: () => assert.fail(), onAccept: (_, accepted) => {
          servers.push(new Recorder());
          return Connection.server(accepted, servers.at(-1)!, { clock, ...quiet });
        },
      }, { acceptor, maxConnections: 2, waiting: 1, ...quiet });
      await turns(2);
      assert.equal(listener.port, 7);
      const puppets = Array.from({ length: 4 }, () => new Puppet());
      for (const puppet of puppets) acceptor.arrive(puppet);
      clock.advance(1);
      assert.deepEqual([servers.length, listener.connections], [2, 2]);
      assert.equal(puppets[2].events, null, 'the third is not read from');
      assert.deepEqual(puppets[3].calls, ['reset'], 'more than may wait is dropped');
      puppets[0].events!.ended();
      clock.advance(1);
      assert.deepEqual([servers.length, listener.connections], [3, 2]);
      assert.notEqual(puppets[2].events, null);
      listener.close();
      assert.equal(acceptor.closed, true);
    },
  },
  {
    d: [103], name: 'IPv4 only and IPv6 only reach the dialer', media: FAKE,
    run: () => {
      for (const family of [4, 6] as const) {
        const clock = new ManualClock();
        const asked: DialTarget[] = [];
        const inner = fakeDialer(clock, 1, { transport: new Puppet() });
        const client = new Recorder();
        Connection.client({ target: { ...somewhere, family }, clock, dialer: { dial: (target, events) => { asked.push(target); return inner.dial(target, events); } }, ...quiet }, client);
        clock.advance(5);
        assert.equal(client.count('connected'), 1);
        assert.deepEqual(asked, [{ ...somewhere, family }]);
      }
    },
  },
  {
    d: [104], name: 'a read error: closed, and nothing was received', media: FAKE, because: AT_WILL,
    run: () => {
      const side = new Recorder();
      const { puppet } = started(side);
      puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
      assert.deepEqual(side.names(), ['started', 'closed']);
      assert.equal(side.cause?.code, 'ECONNRESET');
    },
  },
  {
    d: [105], name: 'ten bytes framed by four: two deliveries, two bytes are kept', media: FAKE,
    run: () => {
      const side = new Recorder({ started: (c) => c.bufferUntil(4) });
      const { puppet } = started(side);
      puppet.events!.data(Buffer.from('aaaabbbbcc'));
      assert.deepEqual(side.received.map(String), ['aaaa', 'bbbb']);
      puppet.events!.data(Buffer.from('cc'));
      assert.deepEqual(side.received.map(String), ['aaaa', 'bbbb', 'cccc']);
    },
  },
  {
    d: [109], name: 'an attempt that connects after it was abandoned is cleaned up once', media: FAKE, because: AT_WILL,
    run: () => {
      for (const how of ['close', 'hardClose'] as const) {
        const side = new Recorder();
        const clock = new ManualClock();
        const puppet = new Puppet();
        // A dialer that cannot be stopped: its report comes whatever was asked.
        const connection = Connection.client({
          target: somewhere, clock, dialer: { dial: (_, events) => { clock.after(10, () => events.connected(puppet)); return { abort: () => {} }; } },
        }, side);
        clock.advance(2);
        connection[how]();
        clock.advance(20);
        assert.deepEqual(puppet.calls, ['destroy'], how);
        assert.equal(side.count('connect-failed'), 1, how);
      }
    },
  },
];

export const CONNECT: readonly Case<Place>[] = [...(SOCKETS as readonly Case<Place>[]), ...FAKED];
