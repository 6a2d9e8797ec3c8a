/** Connecting, listening, limits and buffers where the network is what the test says. */
import assert from 'node:assert/strict';
import { ManualClock } from '../../src/net/clock.js';
import { Connection } from '../../src/net/endpoint.js';
import { fakeDialer } from '../../src/net/fake-transport.js';
import { Listener } from '../../src/net/stream-listener.js';
import type { DialTarget } from '../../src/net/transport.js';
import { turns } from '../support/media.js';
import { Puppet, PuppetAcceptor, started } from '../support/puppet.js';
import { Recorder } from '../support/recorder.js';
import { FAKE, type Case } from './case.js';

const quiet = { log: () => {} };
const somewhere = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const AT_WILL = 'how many addresses are tried, and what comes after it was given up, sockets do not show at will';

export const CONNECT_FAKED: readonly Case<'fake'>[] = [
  {
    d: [97], name: 'a name without addresses is a failure of the look-up, without any attempt', media: FAKE,
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
    d: [99], name: 'sending while connecting, and after closing while connecting: not connected', media: FAKE,
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
    d: [100], name: 'closed while connecting, it drains and then reports; a hard close cuts that short', media: FAKE,
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
    d: [104], name: 'a read error: closed, and nothing was received', media: FAKE,
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
