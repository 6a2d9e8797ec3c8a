/** TLS from the first byte, and TLS that a plain connection goes on with. */
import assert from 'node:assert/strict';
import { connect as rawConnect } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Connection } from '../../src/net/endpoint.js';
import { TlsContext } from '../../src/net/tls-context.js';
import { certificate } from '../support/certificates.js';
import { contexts, freshPath, listen, startPair, turns, withPair, type Contexts, type Medium } from '../support/media.js';
import { started } from '../support/puppet.js';
import { rawServer } from '../support/raw-server.js';
import { Recorder } from '../support/recorder.js';
import { SteppedClock } from '../support/stepped-clock.js';
import { PLAIN, TLS, type Case, type Place } from './case.js';

const quiet = { log: () => {} };
const HANDSHAKE = 'there is no handshake on plain streams';
const UPGRADE = 'an upgrade begins on a plain stream and ends as TLS';
const local = { kind: 'tcp', host: '127.0.0.1' } as const;
const secured = (port: number, client: Recorder, options: object = {}): Connection =>
  Connection.sslClient({ target: { ...local, port }, servername: 'localhost', context: contexts().client, ...quiet, ...options }, client);

/** Both sides of a plain pair go on with TLS; resolves when they have. */
async function upgraded(medium: Medium, client: Recorder, server: Recorder, body: (pair: Parameters<Parameters<typeof withPair>[3]>[0]) => Promise<void> | void, options: Parameters<typeof withPair>[4] = {}): Promise<void> {
  await withPair(medium, client, server, async (pair) => {
    assert.equal(pair.server.startTls(contexts().server), 'ok');
    assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'ok');
    await Promise.all([client.until('tls-ready'), server.until('tls-ready')]);
    await body(pair);
  }, options);
}

export const HANDSHAKES: readonly Case[] = [
  {
    d: [1, 5], name: 'client and server exchange ping and pong; sends are accepted from the moment of being ready', media: TLS, because: HANDSHAKE,
    run: async (medium) => {
      const client = new Recorder({ connected: (c) => assert.equal(c.send(Buffer.from('ping')), 'accepted') });
      const server = new Recorder({ received: (c) => void c.send(Buffer.from('pong')) });
      await withPair(medium, client, server, async () => {
        await client.until(() => client.text === 'pong');
        assert.equal(server.text, 'ping');
        assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connected', 'accepted', 'sent', 'received']);
        await server.until('sent');
        assert.deepEqual(server.names(), ['started', 'received', 'accepted', 'sent']);
      });
    },
  },
  {
    d: [3], name: 'a peer that answers garbage is exactly one failure to connect', media: TLS, because: HANDSHAKE,
    run: async () => {
      const { server, port } = await rawServer((socket) => socket.end('this is not TLS at all, is it?\r\n\r\n'));
      const client = new Recorder();
      secured(port, client);
      await client.until('connect-failed');
      await turns(5);
      assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
      assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'not-tls']);
      server.close();
    },
  },
  {
    d: [4], name: 'a peer that begins with garbage is exactly one failure to start', media: TLS, because: HANDSHAKE,
    run: async () => {
      const serving = new Recorder();
      const listener = await listen({ ...local, port: 0 }, (accepted) => Connection.sslServer(accepted, contexts().server, serving, quiet));
      const raw = rawConnect(listener.port, '127.0.0.1', () => raw.write('GET / HTTP/1.1\r\n\r\n'));
      raw.on('error', () => {});
      await serving.until('start-failed');
      await turns(5);
      assert.deepEqual(serving.names(), ['start-failed']);
      assert.deepEqual([serving.failure?.reason, serving.failure?.code], ['tls', 'not-tls']);
      raw.destroy();
      listener.close();
    },
  },
  {
    d: [6], name: 'neither side is writeable during the first handshake, and sends are refused', media: TLS, because: HANDSHAKE,
    run: async () => {
      const { server, port } = await rawServer(() => {});
      const client = new Recorder();
      const connection = secured(port, client);
      while (connection.state !== 'handshaking') await turns(1);
      assert.equal(connection.isWriteable, false);
      assert.equal(connection.send(Buffer.from('x')), 'not-connected');
      connection.close();
      assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'closed-by-us']);
      assert.deepEqual(client.names(), ['connecting', 'connect-failed']);
      server.close();
      const serving = new Recorder();
      let served: Connection | null = null;
      const listener = await listen({ ...local, port: 0 }, (accepted) => (served = Connection.sslServer(accepted, contexts().server, serving, quiet)));
      const raw = rawConnect(listener.port, '127.0.0.1');
      raw.on('error', () => {});
      while ((served as Connection | null)?.state !== 'handshaking') await turns(1);
      assert.equal(served!.isWriteable, false);
      assert.equal(served!.send(Buffer.from('x')), 'not-connected');
      served!.close();
      assert.deepEqual(serving.names(), ['start-failed']);
      assert.deepEqual([serving.failure?.reason, serving.failure?.code], ['tls', 'closed-by-us']);
      raw.destroy();
      listener.close();
    },
  },
  ...(['connected', 'started'] as const).map((event): Case => ({
    d: [event === 'connected' ? 8 : 9], name: `a hard close in the callback of being ready is safe on the side of ${event}`, media: ['tcp', 'unix', 'tls'],
    run: async (medium) => {
      const client = new Recorder(event === 'connected' ? { connected: (c) => c.hardClose() } : {});
      const server = new Recorder(event === 'started' ? { started: (c) => c.hardClose() } : {});
      const { pair } = await startPair(medium, client, server);
      const over = (side: Recorder): Promise<void> => side.until(() => side.count('closed') + side.count('connect-failed') + side.count('start-failed') > 0);
      await Promise.all([over(client), over(server)]);
      await turns(3);
      const closing = event === 'connected' ? client : server;
      assert.deepEqual(closing.names().filter((n) => n !== 'connecting'), [event, 'closed']);
      pair().listener.close();
    },
  })),
  {
    d: [113], name: 'the name is mandatory: without one there is no handshake and no plain connection either', media: TLS, because: HANDSHAKE,
    run: async () => {
      let accepted = 0;
      const listener = await listen({ kind: 'unix', path: freshPath() }, () => { accepted++; return null; });
      const { target } = listener;
      assert.ok(target.kind === 'unix');
      for (const servername of [undefined, '']) {
        const client = new Recorder();
        Connection.sslClient({ target, context: contexts().client, ...quiet, ...(servername === undefined ? {} : { servername }) }, client);
        await client.until('connect-failed');
        await turns(5);
        assert.deepEqual([client.failure?.reason, client.failure?.code], ['tls', 'session-failed']);
        assert.deepEqual(client.names(), ['connect-failed']);
      }
      assert.equal(accepted, 0);
      listener.close();
      const client = new Recorder();
      await withPair('tcp', client, new Recorder(), (pair) => {
        assert.equal(pair.client.startTls(contexts().client), 'session-failed');
        assert.deepEqual([pair.client.state, pair.client.tls.kind], ['open', 'none']);
      });
    },
  },
  {
    d: [114], name: 'no session is carried over to another name', media: TLS, because: HANDSHAKE,
    run: async (medium) => {
      const made = contexts();
      for (const servername of ['localhost', 'wrong.example', 'localhost']) {
        const client = new Recorder();
        const { pair, ready } = await startPair(medium, client, new Recorder(), { contexts: made, client: { servername } as never });
        await ready;
        assert.equal(client.failure?.code, servername === 'localhost' ? undefined : 'certificate-wrong-host');
        pair().client.hardClose();
        pair().listener.close();
      }
    },
  },
  {
    d: [114], name: 'no session is carried over at all, though the server offers it', media: TLS,
    run: async () => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const { cert, key } = certificate('server', 'authority');
        const reused: boolean[] = [];
        // It speaks first: what it offers comes before.
        const server = createTlsServer({ cert, key, maxVersion }, (socket) => {
          reused.push(socket.isSessionReused());
          socket.on('error', () => {});
          socket.write('hello');
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        for (let i = 0; i < 3; i++) {
          const client = new Recorder();
          const connection = secured((server.address() as { port: number }).port, client);
          await client.until(() => client.text === 'hello');
          connection.hardClose();
        }
        assert.deepEqual(reused, [false, false, false], maxVersion);
        server.close();
      }
    },
  },
  {
    d: [115], name: 'no protocol in common is refused, also when one side offers none', media: TLS, because: HANDSHAKE,
    run: async (medium) => {
      const { cert, key } = certificate('server', 'authority');
      const { ca } = contexts().client.options;
      const rows = [[['one'], ['two']], [['one'], undefined], [undefined, ['two']]] as const;
      for (const [theirs, ours] of rows) {
        const made: Contexts = { server: new TlsContext({ cert, key, ...(theirs && { alpn: theirs }) }), client: new TlsContext({ ca: ca!, ...(ours && { alpn: ours }) }) };
        const client = new Recorder();
        const server = new Recorder();
        const { pair, ready } = await startPair(medium, client, server, { contexts: made });
        await ready;
        const refusing = theirs === undefined ? client : server;
        assert.equal(refusing.failure?.code, 'alpn-mismatch', `${theirs} and ${ours}`);
        const other = refusing === client ? server : client;
        await other.until(() => other.failure !== null || other.cause !== null);
        if (theirs !== undefined && ours !== undefined) assert.equal(other.failure?.code, 'alpn-mismatch');
        assert.equal(client.count('received') + server.count('received'), 0);
        pair().client.hardClose();
        pair().listener.close();
      }
    },
  },
];

export const UPGRADES: readonly Case<Place>[] = [
  {
    d: [12], name: 'a negotiation in plain text, then both directions are encrypted', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const server = new Recorder({ received: (c, _, nth) => {
        if (nth === 1) {
          c.send(Buffer.from('go'));
          assert.equal(c.startTls(contexts().server), 'ok');
        } else c.send(Buffer.from('pong'));
      } });
      const client = new Recorder({
        received: (c, _, nth) => { if (nth === 1) assert.equal(c.startTls(contexts().client, 'localhost'), 'ok'); },
        'tls-ready': (c) => void c.send(Buffer.from('ping')),
      });
      await withPair(medium as Medium, client, server, async (pair) => {
        assert.match(pair.client.tls.kind, /none/);
        pair.client.send(Buffer.from('may I'));
        await client.until(() => client.text === 'gopong');
        assert.equal(server.text, 'may Iping');
        assert.equal(pair.client.tls.kind, 'live');
        assert.equal(server.tls?.protocol, 'TLSv1.3');
        assert.deepEqual(client.details('sent'), [1, 2]);
        pair.client.close();
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.equal(pair.client.tls.kind, 'disposed');
      });
    },
  },
  {
    d: [13], name: 'starting TLS on a closed connection: not connected', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium as Medium, client, new Recorder(), async (pair) => {
        pair.client.close();
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-connected');
        await client.until('closed');
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-connected');
      });
    },
  },
  {
    d: [14, 16, 17], name: 'while it goes on it cannot start twice, nothing is sent and no token spent, and it is not writeable', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium as Medium, client, new Recorder(), (pair) => {
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'ok');
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'already-tls');
        assert.equal(pair.client.send(Buffer.from('x')), 'not-connected');
        assert.equal(client.count('accepted'), 0);
        assert.equal(pair.client.isWriteable, false);
        pair.client.hardClose();
        assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
      });
      await withPair('tls', new Recorder(), new Recorder(), (pair) => assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'already-tls'));
    },
  },
  {
    d: [15], name: 'starting TLS while muted: not ready, and the connection goes on', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const server = new Recorder();
      await withPair(medium as Medium, new Recorder(), server, async (pair) => {
        pair.client.mute();
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-ready');
        assert.equal(pair.client.state, 'open');
        pair.client.send(Buffer.from('still plain'));
        await server.until(() => server.text === 'still plain');
      });
    },
  },
  {
    d: [18], name: 'a peer that agrees and then sends garbage: the upgrade has failed, then closed', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ received: (c) => void c.send(Buffer.from('garbage that is long enough to be looked at')) });
      await withPair(medium as Medium, client, server, async (pair) => {
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'ok');
        await client.until('closed');
        await turns(5);
        assert.deepEqual(client.names().filter((n) => n !== 'connecting'), ['connected', 'tls-failed', 'closed']);
        assert.deepEqual([client.tlsFailure?.kind, client.tlsFailure?.code], ['general', 'not-tls']);
        assert.equal(pair.client.tls.kind, 'failed');
      });
    },
  },
  {
    d: [19], name: 'a certificate for another name: the upgrade has failed for who the peer is, then closed', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium as Medium, client, new Recorder(), async (pair) => {
        pair.server.startTls(contexts().server);
        pair.client.startTls(contexts().client, 'elsewhere.example');
        await client.until('closed');
        assert.deepEqual(client.names().slice(-2), ['tls-failed', 'closed']);
        assert.deepEqual([client.tlsFailure?.kind, client.tlsFailure?.code], ['auth', 'certificate-wrong-host']);
      });
    },
  },
  {
    d: [20], name: 'a timer set in the callback of success fires with its token', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const clock = new SteppedClock();
      const tokens: unknown[] = [];
      const client = new Recorder({ 'tls-ready': (c) => void tokens.push((c.setTimer(1000) as { token: number }).token) });
      await upgraded(medium as Medium, client, new Recorder(), () => {
        clock.advance(1000);
        assert.deepEqual(client.details('timer'), tokens);
        assert.equal(tokens.length, 1);
      }, { client: { clock } });
    },
  },
  {
    d: [21], name: 'a hard close in the callback of success is safe', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const client = new Recorder({ 'tls-ready': (c) => c.hardClose() });
      const server = new Recorder();
      await withPair(medium as Medium, client, server, async (pair) => {
        pair.server.startTls(contexts().server);
        pair.client.startTls(contexts().client, 'localhost');
        await Promise.all([client.until('closed'), server.until('closed')]);
        assert.deepEqual(client.names().slice(-2), ['tls-ready', 'closed']);
      });
    },
  },
  {
    d: [22], name: 'plaintext that is left over, or bytes that are unsent: not ready, and the connection goes on', media: PLAIN, because: UPGRADE,
    run: async (medium) => {
      const answers: string[] = [];
      const server = new Recorder({ started: (c) => c.bufferUntil(8), received: (c) => void answers.push(c.startTls(contexts().server)) });
      await withPair(medium as Medium, new Recorder(), server, async (pair) => {
        pair.client.send(Buffer.from('STARTTLSINJECTED and more'));
        await server.until('received', 3);
        assert.deepEqual(answers, ['not-ready', 'not-ready', 'not-ready']);
        assert.equal(pair.server.send(Buffer.from('still here')), 'accepted');
      });
      const client = new Recorder();
      await withPair(medium as Medium, client, new Recorder({ started: (c) => c.mute() }), async (pair) => {
        pair.client.send(Buffer.alloc(12 << 20));
        await client.until('throttled');
        assert.equal(pair.client.startTls(contexts().client, 'localhost'), 'not-ready');
        assert.equal(pair.client.state, 'open');
      });
    },
  },
  {
    d: [22], name: 'plaintext that is left over in the socket: not ready', media: ['fake'], because: 'what a socket holds back, only a fake one shows at will',
    run: () => {
      const { puppet, connection } = started(new Recorder());
      puppet.busy = true;
      assert.equal(connection.startTls(new TlsContext({})), 'not-ready');
      assert.equal(connection.state, 'open');
    },
  },
];
