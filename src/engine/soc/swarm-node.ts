/** A member of a swarm on the I/O side: its facts, whom it knows, and its exchanges over sockets. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Connection } from '../../net/endpoint.js';
import type { ClientHandler } from '../../net/handlers.js';
import { Listener } from '../../net/stream-listener.js';
import { FactStore, type Fact } from '../../wire/soc/facts.js';
import { SWARM_MS, SwarmDialer, SwarmListener, type PeerSeen, type SwarmOptions } from '../../wire/soc/swarm.js';
import { PipeError, socketPath } from './paths.js';
import type { CredentialOptions, FactRow, SwarmSelf, SyncReport } from './calls.js';

/** Exchanges that others may have with us at once. Default 16: each holds a page of facts at most. */
const INBOUND = 16;
const CONNECT_MS = 2000;
/** How often it is looked whether the socket is still ours. */
const RECHECK_MS = 30_000;
const PEERS = 1024;

export interface PeerRecord extends PeerSeen { readonly seen: number; readonly facts: number }

export class SwarmNode {
  readonly facts = new FactStore();
  readonly peers = new Map<string, PeerRecord>();
  #listener: Listener | null = null;
  #recheck: NodeJS.Timeout | null = null;
  readonly #late = new Map<Side, NodeJS.Timeout>();

  constructor(private readonly wall: () => number, private readonly synced: (report: SyncReport) => void, private readonly log: (message: string) => void) {}

  get listening(): boolean {
    return this.#listener?.isListening === true;
  }

  /** True: this is the one that listens; false: another is. Rejects with PipeError. */
  async listen(dir: string, self: SwarmSelf, options: CredentialOptions): Promise<boolean> {
    if (this.listening) return true;
    const path = socketPath(join(dir, 'swarm.sock'));
    const won = await new Promise<boolean>((resolve, reject) => {
      this.#listener = Listener.open({ kind: 'unix', path }, {
        onListening: () => resolve(true),
        onListenFailure: (_, { code, message }) => (code === 'EADDRINUSE' ? resolve(false) : reject(new PipeError('io', message))),
        onAccept: (_, accepted) => this.#serve(accepted, self),
      }, { credentials: options, maxConnections: INBOUND, log: ({ message }) => this.log(message) });
    });
    if (!won) this.#listener = null;
    else {
      this.#recheck = setInterval(() => {
        if (!this.listening) this.stepDown('somebody else has taken the socket');
      }, RECHECK_MS);
      this.#recheck.unref();
    }
    return won;
  }

  /** Ends listening. */
  stepDown(reason: string): void {
    if (this.#listener === null) return;
    if (this.#recheck !== null) clearInterval(this.#recheck);
    this.#recheck = null;
    this.#listener.close();
    this.#listener = null;
    if (reason !== '') this.log(`swarm: ${reason}`);
  }

  /** One exchange with whoever listens. */
  dial(dir: string, self: SwarmSelf): Promise<SyncReport> {
    const path = socketPath(join(dir, 'swarm.sock'));
    const side = new SwarmDialer(this.#options(self), randomBytes(16).toString('hex'));
    return new Promise((resolve) => {
      const connection = Connection.client({ target: { kind: 'unix', path }, connectTimeoutMs: CONNECT_MS }, {
        ...this.#handler(side, () => resolve(this.#done(side, connection))),
        onConnected: () => {
          side.connected();
          pump(side, connection);
        },
        onConnectionFailure: () => {
          clearTimeout(this.#late.get(side));
          this.#late.delete(side);
          resolve({ outcome: 'no-peer', peer: '', node: '', sent: 0, left: 0, skipped: 0, imported: [] });
        },
      });
      this.#late.set(side, setTimeout(() => this.#expire(side, connection), SWARM_MS + CONNECT_MS));
    });
  }

  #serve(accepted: Parameters<typeof Connection.server>[0], self: SwarmSelf): Connection {
    const side = new SwarmListener(this.#options(self));
    const connection: Connection = Connection.server(accepted, {
      ...this.#handler(side, () => {
        const report = this.#done(side, connection);
        // One that says nothing has only looked whether somebody is here.
        if (report.peer !== '') this.synced(report);
      }),
      onStartFailure: () => {},
    });
    this.#late.set(side, setTimeout(() => this.#expire(side, connection), SWARM_MS));
    return connection;
  }

  #options(self: SwarmSelf): SwarmOptions {
    return { self, store: this.facts, seconds: () => Math.floor(this.wall() / 1000), oldPeers: self.oldPeers };
  }

  #handler(side: Side, done: () => void): Pick<ClientHandler, 'onReceived' | 'onUnthrottled' | 'onClosed'> {
    return {
      onReceived: (connection, data) => {
        side.receive(data);
        pump(side, connection);
      },
      onUnthrottled: (connection) => pump(side, connection),
      onClosed: () => {
        if (!side.over) side.ended();
        done();
      },
    };
  }

  #expire(side: Side, connection: Connection): void {
    if (!side.over) side.expired();
    connection.hardClose();
  }

  #done(side: Side, connection: Connection): SyncReport {
    clearTimeout(this.#late.get(side));
    this.#late.delete(side);
    connection.hardClose();
    const { peer } = side;
    if (peer !== null) this.#note(peer, side.imported.length);
    return {
      outcome: side.outcome!, peer: peer?.id ?? '', node: peer?.node ?? '', sent: side.sent, left: side.left, skipped: side.skipped,
      imported: side.imported.map(factRow),
    };
  }

  #note(peer: PeerSeen, imported: number): void {
    const facts = (this.peers.get(peer.id)?.facts ?? 0) + imported;
    this.peers.delete(peer.id);
    if (this.peers.size >= PEERS) this.peers.delete(this.peers.keys().next().value!);
    this.peers.set(peer.id, { ...peer, seen: this.wall(), facts });
  }
}

type Side = SwarmDialer | SwarmListener;

/** Sends what the side has to say, and takes leave when it has come to its end. */
function pump(side: Side, connection: Connection): void {
  while (side.out.length > 0 && connection.isWriteable) connection.send(Buffer.from(side.out.shift()!, 'latin1'));
  if (side.over && side.out.length === 0) connection.close();
}

export const factRow = (f: Fact): FactRow => [f.id, f.content, f.level, f.domain, f.module, f.isGene, f.source, f.createdAt];
export const rowFact = ([id, content, level, domain, module, isGene, source, createdAt]: FactRow): Fact =>
  ({ id, content, level, domain, module, isGene, source, createdAt });
