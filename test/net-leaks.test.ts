/** However a connect ends, on both sides, over every medium: no descriptor stays behind. RFL_CONNECTS=10000 for the full count. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect as rawConnect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { Connection } from '../src/net/endpoint.js';
import type { Listener, ListenerOptions } from '../src/net/stream-listener.js';
import { TlsContext } from '../src/net/tls-context.js';
import type { DialTarget, Transport } from '../src/net/transport.js';
import { certificate } from './support/certificates.js';
import { contexts, freshPath, listen, MEDIA, ms, turns, type Medium } from './support/media.js';
import { Recorder } from './support/recorder.js';

const CONNECTS = Number(process.env['RFL_CONNECTS'] ?? 120);
const quiet = { log: () => {} };
const linux = { skip: process.platform === 'linux' ? false : 'descriptors are counted in /proc' };
const descriptors = (): number => readdirSync('/proc/self/fd').length;
async function until(met: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 2000 && !met(); i++) await ms(5);
  assert.ok(met(), what());
}

/** Where connects go, over one medium. */
interface Place {
  readonly medium: Medium;
  readonly listener: Listener;
  /** Lets nobody in. */
  readonly closed: Listener;
  readonly nowhere: DialTarget;
  /** Answers whatever it gets with what is no TLS. */
  readonly garbage: DialTarget;
  readonly stop: () => void;
  /** What becomes of the next stream that is accepted. */
  next: Recorder;
  accepted: number;
}

async function place(medium: Medium): Promise<Place> {
  const at = (): Parameters<typeof listen>[0] => (medium === 'unix' ? { kind: 'unix', path: freshPath() } : { kind: 'tcp', host: '127.0.0.1', port: 0 });
  const accept = (transport: Transport): Connection => {
    made.accepted++;
    return medium === 'tls' ? Connection.sslServer(transport, contexts().server, made.next, quiet) : Connection.server(transport, made.next, quiet);
  };
  const refusing: Partial<ListenerOptions> = { credentials: { policy: 'require', uids: [] } };
  const garbled: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('this is not TLS at all, is it?\r\n\r\n'));
  });
  const [listener, closed, gone] = [await listen(at(), accept), await listen(at(), () => assert.fail('let in'), refusing), await listen(at(), () => null)];
  const garbagePath = freshPath();
  await new Promise<void>((resolve) => (medium === 'unix' ? garbled.listen(garbagePath, resolve) : garbled.listen(0, '127.0.0.1', resolve)));
  const garbage = garbled.address();
  const nowhere = targetOf(gone);
  gone.close();
  const made: Place = {
    medium, listener, closed, nowhere, garbage: typeof garbage === 'object' ? { kind: 'tcp', host: '127.0.0.1', port: garbage!.port } : { kind: 'unix', path: garbagePath },
    stop: () => { for (const one of [listener, closed, garbled]) one.close(); }, next: new Recorder(), accepted: 0,
  };
  return made;
}

function targetOf(listener: Listener): DialTarget {
  return listener.target.kind === 'unix' ? listener.target : { kind: 'tcp', host: '127.0.0.1', port: listener.port };
}
function dial({ medium }: Place, target: DialTarget, client: Recorder, context: TlsContext = contexts().client): Connection {
  return medium === 'tls' ? Connection.sslClient({ target, servername: 'localhost', context, ...quiet }, client) : Connection.client({ target, ...quiet }, client);
}
const raw = (target: DialTarget): Socket => (target.kind === 'unix' ? rawConnect(target.path) : rawConnect(target.port, target.host)).on('error', () => {});
const over = (side: Recorder): Promise<void> => side.until(() => side.count('closed') + side.count('connect-failed') + side.count('start-failed') === 1);

/** Each answers the sides that were told of an end. */
type Ending = (at: Place) => Promise<Recorder[]>;

const pair = (end: (client: Connection, server: Connection) => void): Ending => async (at) => {
  const [client, server] = [new Recorder(), new Recorder()];
  at.next = server;
  const connection = dial(at, targetOf(at.listener), client);
  await Promise.all([client.until('connected'), server.until('started')]);
  end(connection, server.connection!);
  await Promise.all([over(client), over(server)]);
  return [client, server];
};
/** Ended while it connects, or shakes hands: the other side may have heard of it. */
const early = (when: (connection: Connection) => boolean): Ending => async (at) => {
  const client = new Recorder();
  at.next = new Recorder();
  const connection = dial(at, targetOf(at.listener), client);
  while (!when(connection)) await turns(1);
  connection.hardClose();
  await turns(2);
  return [];
};
const failing = (target: (at: Place) => DialTarget): Ending => async (at) => {
  const client = new Recorder();
  dial(at, target(at), client);
  await over(client);
  return [client];
};
/** The peer breaks off: over bytes it has not read on Unix, with a reset elsewhere. */
const reset: Ending = async (at) => {
  const server = new Recorder({ started: (c) => void c.send(Buffer.from('left unread')) });
  at.next = server;
  const peer = raw(targetOf(at.listener));
  if (at.medium === 'tls') tlsConnect({ socket: peer, rejectUnauthorized: false }).on('error', () => {});
  await server.until('sent');
  if (at.medium === 'unix') peer.destroy();
  else peer.resetAndDestroy();
  await over(server);
  assert.equal(server.cause?.code, 'ECONNRESET');
  return [server];
};
const upgrade = (host: string, code: string | undefined): Ending => async (at) => {
  const [client, server] = [new Recorder(), new Recorder()];
  at.next = server;
  const connection = dial(at, targetOf(at.listener), client);
  await Promise.all([client.until('connected'), server.until('started')]);
  server.connection!.startTls(contexts().server);
  connection.startTls(contexts().client, host);
  await client.until(() => client.count('tls-ready') + client.count('tls-failed') === 1);
  assert.equal(client.tlsFailure?.code, code);
  connection.hardClose();
  await Promise.all([over(client), over(server)]);
  return [client, server];
};
const distrusts: Ending = async (at) => {
  const [client, server] = [new Recorder(), new Recorder()];
  at.next = server;
  const { cert } = certificate('server', 'authority');
  dial(at, targetOf(at.listener), client, new TlsContext({ ca: cert }));
  await Promise.all([over(client), over(server)]);
  assert.equal(client.failure?.reason, 'tls');
  return [client, server];
};
const rubbish: Ending = async (at) => {
  const server = new Recorder();
  at.next = server;
  const peer = raw(targetOf(at.listener));
  peer.write('GET / HTTP/1.1\r\n\r\n');
  await over(server);
  assert.equal(server.failure?.code, 'not-tls');
  return [server];
};

const ALWAYS: Record<string, Ending> = {
  'closed by the client': pair((client) => client.close()),
  'closed by the server': pair((_, server) => server.close()),
  'dropped by the client': pair((client) => client.hardClose()),
  'dropped by the server': pair((_, server) => server.hardClose()),
  'dropped with bytes in flight': pair((client, server) => {
    server.mute();
    client.send(Buffer.alloc(1 << 20));
    client.hardClose();
    server.hardClose();
  }),
  'dropped before its first turn': early(() => true),
  'dropped while it connects': early(({ state }) => state !== 'none'),
  'refused': failing(({ nowhere }) => nowhere),
  'not let in': failing(({ closed }) => targetOf(closed)),
  'reset': reset,
};
const ENDINGS: Record<Medium, Record<string, Ending>> = {
  tcp: { ...ALWAYS, 'upgraded': upgrade('localhost', undefined), 'upgrade to another name': upgrade('elsewhere.example', 'certificate-wrong-host') },
  unix: { ...ALWAYS, 'upgraded': upgrade('localhost', undefined), 'upgrade to another name': upgrade('elsewhere.example', 'certificate-wrong-host') },
  tls: {
    ...ALWAYS, 'dropped while it shakes hands': early(({ state }) => state === 'handshaking' || state === 'open' || state === 'closed'),
    'the client distrusts the server': distrusts, 'the server speaks no TLS': failing(({ garbage }) => garbage), 'the client speaks no TLS': rubbish,
  },
};

for (const medium of MEDIA) {
  test(`${medium}: no descriptor is left after ${CONNECTS} connects, on neither side, however they end`, linux, async () => {
    const endings = Object.entries(ENDINGS[medium]).filter(([name]) => MEDIA.includes('tls') || !name.startsWith('upgrade'));
    const at = await place(medium);
    const round = async (i: number): Promise<void> => {
      const [name, ending] = endings[i % endings.length];
      for (const side of await ending(at)) {
        const ends = side.names().filter((event) => event === 'closed' || event.endsWith('-failed') && event !== 'send-failed' && event !== 'tls-failed');
        assert.equal(ends.length, 1, `${name}: ${side.names().join(' ')}`);
      }
    };
    const settled = (): Promise<void> => until(() => at.listener.connections + at.closed.connections === 0, () => `${at.listener.connections} accepted are still open`);
    // Whatever is made once is made before the count.
    for (let i = 0; i < endings.length; i++) await round(i);
    await settled();
    await ms(20);
    const before = descriptors();
    at.accepted = 0;
    let most = 0;
    for (let i = 0; i < CONNECTS; i++) {
      await round(i);
      if (i % 16 === 0) most = Math.max(most, descriptors());
    }
    await settled();
    await until(() => descriptors() <= before, () => `${descriptors()} descriptors, ${before} before`);
    assert.ok(at.accepted > CONNECTS / 2, `${at.accepted} of ${CONNECTS} were accepted`);
    assert.ok(most < before + 100, `${most} at a time`);
    at.stop();
  });
}
