/**
 * Backends, brokers and clients that die in the middle: nobody hangs, tokens are over, descriptors come back. `RFL_BROKER_ROUNDS` says how
 * often (default 60; a real process is killed in every twentieth round, in the others all its sockets are dropped at once).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import test, { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Adoption } from '../src/engine/broker/adoption.js';
import { brokerConnect } from '../src/engine/broker/dial.js';
import { BrokerServer } from '../src/engine/broker/server.js';
import { canPassConnections } from '../src/net/descriptor-passing.js';
import { Connection } from '../src/net/endpoint.js';
import { BackendTable } from '../src/wire/broker/directories.js';
import { AckRegistry, TokenStore } from '../src/wire/broker/handoff-tokens.js';
import { freshPath, helloWire, raw } from './support/broker.js';
import type { Json } from './support/broker-vectors.js';
import { until } from './support/engine.js';

const ROUNDS = Number(process.env['RFL_BROKER_ROUNDS'] ?? 60);
const REAL = Math.max(2, Math.round(ROUNDS / 20));
/** Some wait two seconds for an event that does not come. */
const AT_ONCE = 32;
const HELLO = { serviceName: 'mortal', wantedVersion: '1.0.0' };
const descriptors = (): number => readdirSync('/proc/self/fd').length;
const random = (n: number): Uint8Array => randomBytes(n);

/** A process's worth of sockets, that can be dropped at once. */
class Pipe {
  readonly path = freshPath();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket)));
      socket.resume().end('dialed');
    });
  }
  static async open(): Promise<Pipe> {
    const pipe = new Pipe();
    pipe.#server.listen(pipe.path);
    await once(pipe.#server, 'listening');
    return pipe;
  }
  kill(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

class World {
  readonly acks = new AckRegistry(new TokenStore(random), 1000);
  readonly adopted = new Set<Connection>();
  broker!: BrokerServer;
  pipe!: Pipe;
  adoption: Adoption | null = null;
  /** The backend has an offer, and answers it when told to. */
  readonly offered: Promise<void>;
  #offered!: () => void;
  answer!: (fault: string | null) => void;
  readonly #answered: Promise<string | null>;

  private constructor() {
    this.offered = new Promise((resolve) => { this.#offered = resolve; });
    this.#answered = new Promise((resolve) => { this.answer = resolve; });
  }

  /** `handoff`: of a backend elsewhere. */
  static async make(handoff?: string, path = freshPath()): Promise<World> {
    const world = new World();
    world.pipe = await Pipe.open();
    if (handoff === undefined) {
      world.adoption = await Adoption.open({
        path: freshPath(), tokens: new TokenStore(random),
        narrow: () => {
          world.#offered();
          return world.#answered;
        },
        take: ({ transport }) => void world.adopted.add(Connection.server(transport, {
          onReceived: (c) => void c.send(Buffer.from('adopted')),
          onStartFailure: (c) => void world.adopted.delete(c), onClosed: (c) => void world.adopted.delete(c),
        }, { log: () => {} })),
      });
    }
    const directory = new BackendTable();
    directory.register({ ...HELLO, version: HELLO.wantedVersion, pipe: world.pipe.path, handoff: handoff ?? world.adoption!.path, capabilities: 0n, minVersion: '', allowList: [] });
    world.broker = await BrokerServer.open({ path, directory, handoff: world.acks, rate: { max: 1e9, windowMs: 1000 }, log: () => {} });
    return world;
  }

  walk(path = this.broker.path): Promise<Json> {
    return brokerConnect({ broker: path, hello: HELLO, adopt: true });
  }
  killBackend(): void {
    this.adoption?.close();
    this.pipe.kill();
    for (const c of [...this.adopted]) c.hardClose();
  }
  /** Everything is over, and nothing is left. */
  async end(): Promise<void> {
    await until(() => this.acks.pending === 0 && this.acks.tokens.pending === 0, 'tokens to be over');
    await until(() => this.adopted.size === 0, 'adopted connections to end');
    this.killBackend();
    await this.broker.shutdown(0);
    assert.equal(this.broker.connections, 0);
  }
}

/** What a walk has led to; its connection is dropped. */
async function ending(walk: Promise<Json>): Promise<string> {
  const link = await walk;
  if ('fault' in link) return link.fault.kind;
  return new Promise<string>((resolve) => {
    const over = (answer: string): void => {
      stream.destroy();
      resolve(answer);
    };
    const stream = link.attach({ data: (chunk: Uint8Array) => over(Buffer.from(chunk).toString()), end: () => over('ended'), closed: () => resolve('closed') });
    stream.write(Buffer.from('hello'));
  });
}

const DEATHS: Record<string, () => Promise<void>> = {
  async 'a backend between Hello and connect'() {
    const world = await World.make();
    const socket = await raw(world.broker.path);
    socket.on('error', () => {});
    socket.write(helloWire({ ...HELLO, clientCapabilities: 0n }));
    await once(socket, 'data');
    socket.destroy();
    world.killBackend();
    assert.equal(await ending(world.walk()), 'Io');
    await world.end();
  },
  async 'a backend with an offer in its hands'() {
    const world = await World.make();
    const end = ending(world.walk());
    await world.offered;
    world.killBackend();
    assert.equal(await end, 'Io');
    await world.end();
  },
  async 'a broker with a handoff in flight'() {
    const world = await World.make();
    const end = ending(world.walk());
    await world.offered;
    await world.broker.shutdown(0);
    world.answer(null);
    assert.equal(await end, 'dialed');
    await world.end();
  },
  async 'a client while the ACK is awaited'() {
    const world = await World.make();
    const socket = await raw(world.broker.path);
    socket.on('error', () => {});
    socket.write(helloWire({ ...HELLO, clientCapabilities: 1n }));
    await world.offered;
    socket.destroy();
    world.answer(null);
    await world.end();
  },
  async 'nobody'() {
    const world = await World.make();
    const end = ending(world.walk());
    await world.offered;
    world.answer(null);
    assert.equal(await end, 'adopted');
    await world.end();
  },
};

/* ── processes ─────────────────────────────────────────────────────────── */

const PROCESS = fileURLToPath(new URL('support/broker-process.js', import.meta.url));

/** A process that can be killed; `says` resolves with the line. */
function mortal(...args: string[]): { says(line: string): Promise<void>; kill(): Promise<void> } {
  const child = spawn(process.execPath, [PROCESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => { out += String(chunk); });
  const gone = once(child, 'close');
  return {
    says: (line) => until(() => out.includes(`${line}\n`), `a process to say ${line}`),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const REAL_DEATHS: Record<string, () => Promise<void>> = {
  async 'a backend with an offer in its hands'() {
    const [pipe, handoff] = [freshPath(), freshPath()];
    const backend = mortal('backend', pipe, handoff);
    await backend.says('ready');
    const world = await World.make(handoff);
    const end = ending(world.walk());
    await backend.says('offered');
    await backend.kill();
    assert.equal(await end, 'dialed');
    await world.end();
  },
  async 'a broker with a handoff in flight'() {
    const world = await World.make();
    const path = freshPath();
    const broker = mortal('broker', path, world.pipe.path, world.adoption!.path);
    await broker.says('ready');
    const end = ending(world.walk(path));
    await world.offered;
    await broker.kill();
    world.answer(null);
    assert.equal(await end, 'dialed');
    await world.end();
  },
  async 'a client while the ACK is awaited'() {
    const world = await World.make();
    const client = mortal('client', world.broker.path);
    await client.says('answered');
    await world.offered;
    await client.kill();
    world.answer(null);
    await world.end();
  },
};

async function rounds(count: number, deaths: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) await deaths[next++ % deaths.length]();
  }));
}

describe('deaths', { skip: !canPassConnections() && 'connections cannot be passed here', timeout: 60_000 + ROUNDS * 500 }, () => {
  for (const [who, death] of Object.entries(DEATHS)) test(`${who} dies: nobody hangs, and nothing is left`, death);
  for (const [who, death] of Object.entries(REAL_DEATHS)) test(`the process of ${who} is killed: nobody hangs, and nothing is left`, death);

  test(`${ROUNDS} rounds of them, and ${REAL} with real processes: descriptors come back`, async () => {
    await rounds(2 * AT_ONCE, Object.values(DEATHS), AT_ONCE);
    await rounds(3, Object.values(REAL_DEATHS), 1);
    const base = descriptors();
    await rounds(ROUNDS, Object.values(DEATHS), AT_ONCE);
    await rounds(REAL, Object.values(REAL_DEATHS), 2);
    await until(() => descriptors() <= base, `descriptors to come back to ${base}`);
  });
});
