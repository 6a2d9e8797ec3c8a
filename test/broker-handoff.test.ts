/** Connections that a broker passes on: over real sockets, within this process, with peers that keep to the rules and peers that do not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import test, { after, describe } from 'node:test';
import { Adoption, type AdoptionOptions } from '../src/engine/broker/adoption.js';
import { brokerConnect } from '../src/engine/broker/dial.js';
import { canPassConnections } from '../src/net/descriptor-passing.js';
import { Connection } from '../src/net/endpoint.js';
import type { BackendTable } from '../src/wire/broker/directories.js';
import { AckRegistry, TokenStore } from '../src/wire/broker/handoff-tokens.js';
import { all, broker, freshPath, helloWire, raw, replyOf, SERVICE, talk } from './support/broker.js';
import type { Json } from './support/broker-vectors.js';
import { until } from './support/engine.js';

const possible = canPassConnections();
if (!possible) console.error('connections cannot be passed here (koffi, Linux): their tests are SKIPPED');
const random = (n: number): Uint8Array => randomBytes(n);
const registry = (ms?: number): AckRegistry => new AckRegistry(new TokenStore(random), ms);
const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** A backend's ordinary socket: says `dialed` to whoever comes. */
async function pipe(): Promise<string> {
  const path = freshPath();
  const server = createServer((socket) => socket.on('error', () => {}).resume().end('dialed'));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => server.close());
  return path;
}

/** Answers every line of an adopted connection. */
async function adopting(options: Partial<AdoptionOptions> = {}): Promise<Adoption> {
  const adoption = await Adoption.open({
    path: freshPath(), tokens: new TokenStore(random),
    take: ({ transport }) => void Connection.server(transport, { onReceived: (c, data) => void c.send(Buffer.from(`adopted ${Buffer.from(data)}`)), onStartFailure: () => {} }, { log: () => {} }),
    ...options,
  });
  after(() => adoption.close());
  return adoption;
}

async function register(table: BackendTable, handoff: string): Promise<string> {
  const path = await pipe();
  table.register({ ...SERVICE, pipe: path, handoff });
  return path;
}

const walk = (path: string, more: Json = {}): Promise<Json> => brokerConnect({ broker: path, hello: { serviceName: SERVICE.serviceName, wantedVersion: SERVICE.version }, adopt: true, ...more });
/** What a link leads to. */
function answerOf(link: Json): Promise<string> {
  return new Promise((resolve) => {
    const connection = link.attach({ data: (chunk: Uint8Array) => resolve(Buffer.from(chunk).toString()), end: () => connection.close(), closed: () => resolve('closed') });
    connection.write(Buffer.from('hello'));
    after(() => connection.destroy());
  });
}

describe('handoff', { skip: !possible && 'connections cannot be passed here' }, () => {
  test('a client goes on with the backend on the connection of its Hello, and tokens are used up', async () => {
    const acks = registry();
    const { server, table } = await broker({ handoff: acks });
    const seen: Json[] = [];
    const adoption = await adopting({ narrow: (offer, client) => (seen.push([offer.serviceName, offer.correlationId, client.pid]), null) });
    const endpoint = await register(table, adoption.path);
    const link = await walk(server.path);
    assert.deepEqual([link.route, link.endpoint], ['HandlePassed', endpoint]);
    assert.equal(await answerOf(link), 'adopted hello');
    assert.deepEqual(seen, [[SERVICE.serviceName, 1n, process.pid]]);
    assert.deepEqual([acks.pending, acks.tokens.pending, adoption.taken, server.figures.handedOff], [0, 0, 1, 1]);
    await until(() => server.connections === 0, 'the broker to let go');
    assert.equal(await answerOf(await walk(server.path)), 'adopted hello');
  });

  test('bit 0 is advertised where it can be kept: with a way, to a client that has it, for a backend that takes connections', async () => {
    const asked = async (handoff: AckRegistry | null, path: string | undefined, clientCapabilities: bigint): Promise<Json> => {
      const { server, table } = await broker({ handoff });
      table.register({ ...SERVICE, capabilities: 1n, handoff: path });
      const socket = await raw(server.path);
      socket.write(helloWire({ clientCapabilities }));
      const wire = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
      socket.destroy();
      const { serverCapabilities, handlePassedToken } = replyOf(wire).negotiated!;
      return [serverCapabilities, handlePassedToken.length];
    };
    assert.deepEqual(await asked(null, '/nowhere', 1n), [0n, 0]);
    assert.deepEqual(await asked(registry(), undefined, 1n), [0n, 0]);
    assert.deepEqual(await asked(registry(), '/nowhere', 0n), [0n, 0]);
    assert.deepEqual(await asked(registry(), '/nowhere', 1n), [1n, 16]);
  });

  test('a client that does not want to be handed over is not', async () => {
    const { server, table } = await broker({ handoff: registry() });
    const adoption = await adopting();
    await register(table, adoption.path);
    const link = await walk(server.path, { adopt: false });
    assert.equal(link.route, 'BrokerNegotiated');
    assert.equal(await answerOf(link), 'dialed');
    assert.equal(adoption.taken, 0);
  });

  /* ── backends that fail ──────────────────────────────────────────────── */

  /** A handoff socket that treats brokers as it likes. */
  async function unruly(serve: (socket: Socket) => void): Promise<string> {
    const path = freshPath();
    const server = createServer((socket) => serve(socket.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    after(() => server.close());
    return path;
  }
  const nothing = async (): Promise<string> => '/nowhere/handoff.sock';
  const FAILING: Record<string, () => Promise<string>> = {
    'is not there': nothing,
    'hangs up at once': () => unruly((socket) => socket.destroy()),
    'hangs up after the offer': () => unruly((socket) => socket.once('data', () => socket.destroy())),
    'answers with garbage': () => unruly((socket) => socket.once('data', () => socket.write('garbage'))),
    'never answers': () => unruly((socket) => void socket.resume()),
    'says no': async () => (await adopting({ narrow: () => Promise.resolve('full') })).path,
    'fails while it is asked': async () => (await adopting({ narrow: () => Promise.reject(new Error('x')) })).path,
  };
  for (const [what, make] of Object.entries(FAILING)) {
    test(`a backend that ${what}: the client dials its pipe, the token is over, no descriptor is left`, async () => {
      const acks = registry(100);
      const { server, table } = await broker({ handoff: acks });
      await register(table, await make());
      const base = descriptors();
      const link = await walk(server.path);
      assert.equal(link.route, 'BrokerNegotiated');
      assert.equal(await answerOf(link), 'dialed');
      await until(() => acks.pending === 0 && server.connections === 0, 'the end of the handoff');
      assert.deepEqual([acks.tokens.pending, server.figures.fallbacks], [0, 1]);
      await until(() => descriptors() <= base + 1, 'descriptors to come back');
    });
  }

  test('a backend that has failed eight times is left alone', async () => {
    const { server, table } = await broker({ handoff: registry() });
    await register(table, '/nowhere/handoff.sock');
    const tokenBytes = async (): Promise<number> => {
      const link = await walk(server.path);
      await answerOf(link);
      return link.negotiated.handlePassedToken.length;
    };
    for (let i = 0; i < 8; i++) assert.equal(await tokenBytes(), 16);
    assert.equal(await tokenBytes(), 0);
  });

  test('a hundred at once: whoever finds no place goes the other way, and each has a backend', async () => {
    const acks = registry();
    const { server, table } = await broker({ handoff: acks });
    await register(table, (await adopting()).path);
    const answers = await Promise.all(Array.from({ length: 100 }, async () => answerOf(await walk(server.path))));
    assert.deepEqual([...new Set(answers)].filter((a) => a !== 'adopted hello' && a !== 'dialed'), []);
    assert.ok(answers.includes('adopted hello'));
    await until(() => server.connections === 0, 'the broker to let go of all');
    assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
  });

  /* ── brokers and clients that fail ───────────────────────────────────── */

  test('a client that is gone before its handoff, or in it, costs nothing that stays', async () => {
    const acks = registry(200);
    const { server, table } = await broker({ handoff: acks });
    let adopted = 0;
    let ended = 0;
    const adoption = await adopting({
      take: ({ transport }) => {
        adopted++;
        Connection.server(transport, { onStartFailure: () => ended++, onClosed: () => ended++ }, { log: () => {} });
      },
    });
    await register(table, adoption.path);
    const base = descriptors();
    for (let i = 0; i < 20; i++) {
      const socket = await raw(server.path);
      socket.on('error', () => {});
      socket.write(helloWire({ clientCapabilities: 1n }));
      if (i % 2 === 0) await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    }
    await until(() => server.connections === 0 && acks.pending === 0 && ended === adopted, 'all of them to be over');
    assert.equal(acks.tokens.pending, 0);
    await until(() => descriptors() <= base, 'descriptors to come back');
  });

  test('a broker that sends no descriptor, no offer, or another token is dropped with what it passed', async () => {
    const adoption = await adopting({ timeoutMs: 100 });
    const base = descriptors();
    assert.equal((await talk(adoption.path, Buffer.alloc(16, 7))).length, 0);
    assert.equal((await talk(adoption.path, Buffer.alloc(3))).length, 0);
    const silent = await raw(adoption.path);
    assert.equal((await all(silent)).length, 0);
    assert.equal(adoption.taken, 0);
    await until(() => descriptors() <= base, 'descriptors to come back');
  });

  test('a broker that ends while it passes a connection on: the client has a backend all the same', async () => {
    const acks = registry();
    const { server, table } = await broker({ handoff: acks });
    await register(table, await unruly((socket) => void socket.resume()));
    const walking = walk(server.path);
    await until(() => server.figures.negotiated === 1, 'the answer');
    await server.shutdown(0);
    const link = await walking;
    assert.equal(await answerOf(link), 'dialed');
    assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
  });
});
