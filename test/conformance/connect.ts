/** Connecting, listening, limits and buffers. */
import assert from 'node:assert/strict';
import { connect as rawConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Connection, type ClientOptions } from '../../src/net/endpoint.js';
import { socketDialer } from '../../src/net/socket-dialer.js';
import { Listener } from '../../src/net/stream-listener.js';
import type { Dialer, DialTarget, Transport } from '../../src/net/transport.js';
import { contexts, freshPath, listen, ms, turns, type Medium } from '../support/media.js';
import { Recorder } from '../support/recorder.js';
import { ALL, PLAIN, TLS, type Case } from './case.js';

const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
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
/** A listener and what it is told, until it is told the first. */
async function watched(place: Parameters<typeof listen>[0]): Promise<{ listener: Listener; told: string[] }> {
  const told: string[] = [];
  const listener = Listener.open(place, {
    onListening: ({ isListening }) => told.push(`listening ${isListening}`), onListenFailure: (_, { code }) => told.push(code),
    onAccept: () => null, onClosed: () => told.push('closed'),
  }, quiet);
  assert.deepEqual([told, listener.isListening], [[], false], 'not before the next turn');
  await until(() => told.length > 0);
  return { listener, told };
}
/** The sockets of the system; `act` comes when the attempt has begun and cannot have ended. */
const whileConnecting = (act: () => void): Dialer => ({
  dial(target, events) {
    queueMicrotask(act);
    return socketDialer.dial(target, events);
  },
});
async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !met(); i++) await ms(5);
  assert.ok(met(), 'waited in vain');
}

export const CONNECT: readonly Case[] = [
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
      assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', medium === 'unix' ? 'ENOENT' : 'ECONNREFUSED']);
      assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connect-failed']);
    },
  },
  {
    d: [94], name: 'a listener reports that it listens, once, and its end, once', media: PLAIN, because: BEFORE_TLS,
    run: async (medium) => {
      const { listener, told } = await watched(placeOf(medium));
      assert.equal(listener.isListening, true);
      listener.close();
      listener.close();
      assert.equal(listener.isListening, false);
      await turns(5);
      assert.deepEqual(told, ['listening true', 'closed']);
    },
  },
  {
    d: [95], name: 'port 0 is given a real port', media: ['tcp'], because: 'only TCP has ports',
    run: async () => {
      const server = new Recorder();
      const listener = await listen(local, serve('tcp', server));
      assert.ok(listener.port > 0);
      const client = new Recorder();
      const connection = dial('tcp', targetOf(listener), client);
      await Promise.all([client.until('connected'), server.until('started')]);
      assert.deepEqual([connection.peer?.port, server.connection?.peer?.localPort], [listener.port, listener.port]);
      connection.hardClose();
      listener.close();
    },
  },
  {
    d: [97], name: 'a name without addresses is a failure of the look-up, without any attempt', media: ['tcp', 'tls'], because: 'a path is not looked up',
    run: async (medium) => {
      const client = new Recorder();
      dial(medium, { kind: 'tcp', host: 'no-such-host.invalid', port: 1 }, client);
      await client.until('connect-failed');
      await turns(3);
      assert.equal(client.failure?.reason, 'dns');
      assert.deepEqual(client.names(), ['connect-failed']);
    },
  },
  {
    d: [100], name: 'closed while connecting, a hard close cuts the waiting short', media: ALL,
    run: async (medium) => {
      const server = new Recorder();
      const listener = await listen(placeOf(medium), serve(medium, server));
      const client = new Recorder();
      const connection = dial(medium, targetOf(listener), client, { dialer: whileConnecting(() => {
        connection.close();
        assert.deepEqual([connection.state, client.count('connect-failed')], ['unconnected-closing', 0]);
        connection.hardClose();
        assert.deepEqual([connection.state, client.count('connect-failed')], ['closed', 1]);
      }) });
      await client.until('connect-failed');
      await ms(20);
      assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', 'closed-by-us']);
      assert.equal(client.count('connect-failed'), 1);
      listener.close();
    },
  },
  ...(['close', 'hardClose'] as const).map((how): Case => ({
    d: [96, 99], name: `${how} while connecting is a failure, and it never goes live; nothing is sent before it nor after it`, media: ALL,
    run: async (medium) => {
      const server = new Recorder();
      const listener = await listen(placeOf(medium), serve(medium, server));
      const client = new Recorder();
      const refused: string[] = [];
      const send = (): void => void refused.push(`${connection.state} ${connection.send(Buffer.from('x'))}`);
      const connection = dial(medium, targetOf(listener), client, { dialer: whileConnecting(() => {
        send();
        connection[how]();
        send();
        assert.equal(connection.isClosed, true);
        assert.equal(client.count('connect-failed'), how === 'close' ? 0 : 1, 'a close waits for the attempt, a hard one does not');
      }) });
      send();
      await client.until('connect-failed');
      await ms(20);
      assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', 'closed-by-us']);
      assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connect-failed']);
      assert.deepEqual(refused, ['none', 'connecting', how === 'close' ? 'unconnected-closing' : 'closed'].map((state) => `${state} not-connected`));
      listener.close();
    },
  })),
  {
    d: [101], name: 'what cannot be listened on is told, and nothing follows', media: PLAIN, because: BEFORE_TLS,
    run: async (medium) => {
      const first = await listen(placeOf(medium), () => null);
      const taken = first.target.kind === 'tcp' ? { ...first.target, port: first.port } : first.target;
      const rows = [[taken, 'EADDRINUSE'], ...(medium === 'tcp' ? [[{ ...local, port: 70_000 }, 'ERR_SOCKET_BAD_PORT'] as const] : [])] as const;
      for (const [place, code] of rows) {
        const { listener, told } = await watched(place);
        listener.close();
        await turns(5);
        assert.deepEqual([told, listener.isListening], [[code], false]);
      }
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
    d: [102], name: 'a limit counts those that shake hands, too', media: TLS,
    run: async (medium) => {
      const servers: Recorder[] = [];
      const listener = await listen(local, (accepted) => {
        servers.push(new Recorder());
        return serve(medium, servers.at(-1)!)(accepted);
      }, { maxConnections: 1 });
      const silent = rawConnect(listener.port, '127.0.0.1');
      silent.on('error', () => {});
      await until(() => servers.length === 1);
      const client = new Recorder();
      const connection = dial(medium, targetOf(listener), client);
      while (connection.state !== 'handshaking') await turns(1);
      await ms(30);
      assert.deepEqual([servers.length, listener.connections], [1, 1]);
      silent.destroy();
      await client.until('connected');
      assert.deepEqual(servers[0].names(), ['start-failed']);
      connection.hardClose();
      listener.close();
    },
  },
  {
    d: [104], name: 'a read error: closed, and nothing was received', media: ALL,
    run: async (medium) => {
      const server = new Recorder({ started: (c) => void c.send(Buffer.from('left unread')) });
      const listener = await listen(placeOf(medium), serve(medium, server));
      const { target } = listener;
      const raw = target.kind === 'unix' ? rawConnect(target.path) : rawConnect(listener.port, '127.0.0.1');
      raw.on('error', () => {});
      if (medium === 'tls') tlsConnect({ socket: raw, rejectUnauthorized: false }).on('error', () => {});
      await server.until('sent');
      // What is closed over unread bytes, a Unix socket reports to its peer as a reset.
      if (medium === 'unix') raw.destroy();
      else raw.resetAndDestroy();
      await server.until('closed');
      await turns(3);
      assert.deepEqual(server.names(), ['started', 'accepted', 'sent', 'closed']);
      assert.equal(server.cause?.code, 'ECONNRESET');
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
