/**
 * A backend's half of handoffs: a socket where brokers of this user pass clients' connections on, each with a token. What is taken is
 * served like a connection that came by itself.
 */
import type { Clock, Timer } from '../../net/clock.js';
import { systemClock } from '../../net/clock.js';
import { canPassConnections, takeConnection, type Taken } from '../../net/descriptor-passing.js';
import { Connection } from '../../net/endpoint.js';
import type { Log } from '../../net/handlers.js';
import { Listener } from '../../net/stream-listener.js';
import type { Transport } from '../../net/transport.js';
import { BodyReader, FramingError } from '../../wire/broker/frame.js';
import { ackWire, HandoffError, readOffer, type ReceivedOffer } from '../../wire/broker/handoff.js';
import { ACK_DEADLINE_MS, acceptHandedOff, adoptionText, TOKEN_BYTES, type TokenStore } from '../../wire/broker/handoff-tokens.js';
import type { Peer } from '../../wire/broker/hello.js';
import type { HandoffOffer } from '../../wire/broker/messages.generated.js';
import { admits, ownUser, peerOf } from './peers.js';
import { BrokerError, checkSocketPlace } from './socket-folder.js';

/** Where a backend takes connections from brokers, and what becomes of them. */
export interface AdoptionOptions {
  /** The socket for brokers. Its folder is this user's alone. */
  readonly path: string;
  readonly tokens: TokenStore;
  /** A connection is ours from now on. Its client speaks first. */
  readonly take: (client: TakenClient, offer: HandoffOffer) => void;
  /** Asked before a connection is taken: why not, or null; an exception is a no. Null instead of a promise: nobody is to be asked. */
  readonly narrow?: (offer: HandoffOffer, client: Peer) => Promise<string | null> | null;
  /** For all of a handoff, in ms. Default: what brokers wait. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A connection that was passed on. */
export type TakenClient = Pick<Extract<Taken, { kind: 'taken' }>, 'transport' | 'onReleased'>;

/** The side of a handoff that takes the connection. */
export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #clock: Clock;
  readonly #arrivals = new Set<Arrival>();
  #listener: Listener | null = null;
  #taken = 0;

  /** Rejects with BrokerError: where the socket cannot be had, and where the system cannot pass connections. */
  static async open(options: AdoptionOptions): Promise<Adoption> {
    if (!canPassConnections()) throw new BrokerError('unavailable', 'this system cannot pass connections');
    checkSocketPlace(options.path);
    const adoption = new Adoption(options);
    await adoption.#listen();
    return adoption;
  }

  private constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get path(): string {
    return this.#options.path;
  }
  /** Connections so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes nothing more; what was taken lives on. */
  close(): void {
    this.#listener?.close();
    for (const arrival of [...this.#arrivals]) arrival.drop();
  }

  #listen(): Promise<void> {
    const { path, log = () => {} } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener = Listener.open({ kind: 'unix', path, mode: 0o600 }, {
        onListening: () => resolve(),
        onListenFailure: (_, { code, message }) => reject(new BrokerError(code, message)),
        onAccept: (_, transport) => this.#accept(transport),
      }, { credentials: { policy: 'if-available' }, maxConnections: null, log });
    });
  }

  #accept(transport: Transport): Connection | null {
    if (!admits(ownUser(), transport)) return null;
    const { tokens, narrow, take, timeoutMs = ACK_DEADLINE_MS } = this.#options;
    const arrival: Arrival = new Arrival(transport, this.#clock, timeoutMs, {
      judge: (token, { offer }, client) => {
        const now = this.#clock.now();
        // What the broker says beside the descriptor is what is expected of its offer.
        tokens.expect(token, now);
        const fault = acceptHandedOff(tokens, token, offer.token, now);
        if (fault !== null) tokens.revoke(token);
        if (fault !== null) return Promise.resolve(adoptionText(fault));
        return narrow?.(offer, peerOf(client.transport)) ?? null;
      },
      take: (client, offer) => {
        this.#taken++;
        take(client, offer);
      },
      over: () => void this.#arrivals.delete(arrival),
    });
    this.#arrivals.add(arrival);
    return arrival.connection;
  }
}

interface ArrivalEvents {
  /** Why not, or null; null instead of a promise: at once. */
  judge(token: Uint8Array, offer: ReceivedOffer, client: TakenClient): Promise<string | null> | null;
  take(client: TakenClient, offer: HandoffOffer): void;
  over(): void;
}

/** A broker that passes a connection on. */
class Arrival {
  readonly connection: Connection;
  readonly #reader = new BodyReader();
  readonly #deadline: Timer;
  #token: Uint8Array = NO_TOKEN;
  #client: TakenClient | null = null;
  #asked = false;

  constructor(transport: Transport, clock: Clock, private readonly timeoutMs: number, private readonly events: ArrivalEvents) {
    this.#deadline = clock.after(timeoutMs, () => this.drop());
    this.connection = Connection.server(transport, {
      onStarted: (c) => {
        // Read as plain bytes the descriptor would be lost.
        c.mute();
        void this.#receive(c, clock);
      },
      onStartFailure: () => this.#end(),
      onReceived: (c, data) => this.#offered(c, data),
      onClosed: () => this.#end(),
    }, { clock, log: () => {} });
  }

  drop(): void {
    this.connection.hardClose();
  }

  async #receive(connection: Connection, clock: Clock): Promise<void> {
    const taken = await takeConnection(connection, TOKEN_BYTES, this.timeoutMs, { clock });
    if (taken.kind === 'refused') return this.drop();
    this.#token = taken.payload;
    this.#client = taken;
    if (connection.isClosed) return this.#end();
    connection.unmute();
  }

  #offered(connection: Connection, data: Uint8Array): void {
    if (this.#asked) return;
    this.#reader.push(data);
    let offer: ReceivedOffer;
    try {
      const body = this.#reader.next();
      if (body === null) return;
      offer = readOffer(body);
    } catch (e) {
      if (e instanceof FramingError || e instanceof HandoffError) return this.drop();
      throw e;
    }
    this.#asked = true;
    const client = this.#client!;
    const asked = this.events.judge(this.#token, offer, client);
    if (asked === null) return this.#answer(connection, client, offer, null);
    void asked.catch(() => 'refused by the backend').then((fault) => this.#answer(connection, client, offer, fault));
  }

  #answer(connection: Connection, client: TakenClient, offer: ReceivedOffer, fault: string | null): void {
    // The broker is gone, or has given up: the client has, too.
    if (this.#client === null || connection.send(ackWire(offer, fault)) !== 'accepted') return this.drop();
    if (fault === null) {
      this.#client = null;
      this.events.take(client, offer.offer);
    }
    connection.close();
  }

  #end(): void {
    this.#deadline.cancel();
    this.#client?.transport.destroy();
    this.#client = null;
    this.events.over();
  }
}

const NO_TOKEN = new Uint8Array(0);
