/**
 * A broker on its control socket: one exchange for each connection, a deadline for all of it, and nothing that one client does
 * or leaves undone stops another. Runs on the thread of the sockets.
 */
import type { Clock, Timer } from '../../net/clock.js';
import { systemClock } from '../../net/clock.js';
import { Connection } from '../../net/endpoint.js';
import type { Log } from '../../net/handlers.js';
import { Listener } from '../../net/stream-listener.js';
import type { Transport } from '../../net/transport.js';
import { AdminError, answerAdmin, type BackendState, type BrokerState, type Setting } from '../../wire/broker/admin.js';
import { allows, Exchange, HELLO_TIMEOUT_MS, type Demand, type PeerPolicy } from '../../wire/broker/exchange.js';
import { frameWire } from '../../wire/broker/frame.js';
import type { AckRegistry } from '../../wire/broker/handoff-tokens.js';
import { HelloHandler, isRefusal, type Directory, type Peer } from '../../wire/broker/hello.js';
import { HELLO_RATE, type Rate } from '../../wire/broker/limits.js';
import { AdminVerb, type AdminRequest, type Frame, type Hello, type HelloReply } from '../../wire/broker/messages.generated.js';
import { refusedReply, REFUSALS, replyFrame, type Refusal } from '../../wire/broker/refusal.js';
import type { SessionTokens } from '../../wire/broker/session-tokens.js';
import { Descriptors } from './descriptors.js';
import { BrokerError, checkSocketPlace } from './socket-folder.js';

export interface BrokerServerOptions {
  /** The socket. Its folder is this user's alone. */
  readonly path: string;
  readonly directory: Directory;
  readonly rate?: Rate;
  readonly handoff?: AckRegistry | null;
  readonly sessions?: SessionTokens | null;
  /** For a client's request and for taking its reply together, in ms. Default 30 000. */
  readonly helloTimeoutMs?: number;
  /** Which broker this is. Default `shared`. */
  readonly instance?: string;
  /** Who is talked to. Default: this user. Where the system does not tell who somebody is, the folder's mode decides alone. */
  readonly policy?: PeerPolicy;
  /** Asked once a Hello is in order; a refusal stands, and so does an exception. It cannot allow what the broker does not. */
  readonly narrow?: (hello: Hello, peer: Peer) => Promise<Refusal | null>;
  readonly backends?: () => readonly BackendState[];
  readonly clock?: Clock;
  readonly descriptors?: Descriptors;
  readonly log?: Log;
}

/** How long clients that are being answered may take when the broker ends, in ms. */
const DRAIN_MS = 10_000;

export class BrokerServer {
  readonly #options: BrokerServerOptions;
  readonly #clock: Clock;
  readonly #handler: HelloHandler;
  readonly #descriptors: Descriptors;
  readonly #open = new Set<Client>();
  readonly #started: number;
  readonly #helloTimeoutMs: number;
  #listener: Listener | null = null;
  #draining = false;
  #drainTimer: Timer | null = null;
  #sweep: Timer | null = null;
  #over: (() => void) | null = null;
  #negotiated = 0;
  #refused = 0;
  readonly closed: Promise<void>;

  /** Rejects with BrokerError where the socket cannot be had. */
  static async open(options: BrokerServerOptions): Promise<BrokerServer> {
    checkSocketPlace(options.path);
    const server = new BrokerServer(options);
    await server.#listen();
    return server;
  }

  private constructor(options: BrokerServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#descriptors = options.descriptors ?? new Descriptors(this.#clock);
    this.#helloTimeoutMs = options.helloTimeoutMs ?? HELLO_TIMEOUT_MS;
    this.#started = this.#clock.now();
    const { directory, rate, handoff, sessions } = options;
    this.#handler = new HelloHandler({ directory, rate, handoff, sessions, clock: () => this.#clock.now() });
    this.closed = new Promise((resolve) => { this.#over = resolve; });
  }

  get path(): string {
    return this.#options.path;
  }
  get connections(): number {
    return this.#open.size;
  }
  /** Answers so far. */
  get figures(): { readonly negotiated: number; readonly refused: number } {
    return { negotiated: this.#negotiated, refused: this.#refused };
  }

  /** Accepts nothing more; who is being answered gets his answer, within `ms`. */
  shutdown(ms = DRAIN_MS): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#listener?.close();
      this.#sweep?.cancel();
      this.#drainTimer = this.#clock.after(ms, () => {
        for (const client of this.#open) client.drop();
      });
      this.#settle();
    }
    return this.closed;
  }

  /* ── accepting ─────────────────────────────────────────────────────── */

  #listen(): Promise<void> {
    const { path, log } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener = Listener.open({ kind: 'unix', path, mode: 0o600 }, {
        onListening: () => resolve(),
        onListenFailure: (_, { code, message }) => reject(new BrokerError(code, message)),
        onAccept: (_, transport) => this.#accept(transport),
      }, { credentials: { policy: 'if-available' }, maxConnections: null, ...(log && { log }) });
    });
  }

  #accept(transport: Transport): Connection | null {
    this.#descriptors.accepted();
    const { credentials } = transport.peer;
    const peer: Peer = { pid: credentials?.pid ?? 0, uid: String(credentials?.uid ?? '') };
    if (credentials !== null && !allows(this.#options.policy ?? ownUser(), peer)) return null;
    const client = new Client(peer, () => this.#descriptors.pressure.demoted, {
      answer: (demand) => this.#answer(demand, client),
      gone: () => {
        this.#open.delete(client);
        this.#settle();
      },
    });
    this.#open.add(client);
    return client.start(transport, this.#clock, this.#helloTimeoutMs, this.#options.log);
  }

  /** The last one out turns off the light. */
  #settle(): void {
    if (!this.#draining || this.#open.size > 0) return;
    this.#drainTimer?.cancel();
    this.#over?.();
  }

  /* ── answering ─────────────────────────────────────────────────────── */

  #answer(demand: Demand, client: Client): void {
    if (demand.demand === 'refuse') {
      this.#refused++;
      return client.reply(demand.wire);
    }
    if (demand.demand === 'admin') return this.#admin(demand.frame, client);
    void this.#hello(demand.frame, client.peer).then((reply) => {
      if (reply.refused === null) this.#negotiated++;
      else this.#refused++;
      client.reply(frameWire(replyFrame(demand.frame, reply)));
    }, () => client.drop());
  }

  async #hello(frame: Frame, peer: Peer): Promise<HelloReply> {
    if (this.#draining) return refusedReply(REFUSALS.shuttingDown);
    const { narrow, directory, handoff } = this.#options;
    if (narrow === undefined) {
      const reply = this.#handler.handle(frame, peer);
      if (handoff) this.#scheduleSweep(handoff);
      return reply;
    }
    const hello = this.#handler.admit(frame, peer);
    if (isRefusal(hello)) return refusedReply(hello);
    const backend = directory.route(hello, this.#clock.now());
    if (isRefusal(backend)) return refusedReply(backend);
    const refusal = await narrow(hello, peer).catch((): Refusal => REFUSALS.narrowed);
    if (refusal !== null) return refusedReply(refusal);
    const reply = this.#handler.accept(hello, backend);
    if (handoff) this.#scheduleSweep(handoff);
    return reply;
  }

  #admin(frame: Frame, client: Client): void {
    let request: AdminRequest;
    try {
      const answer = answerAdmin(frame, this.#state());
      request = answer.request;
      client.reply(frameWire(answer.frame));
    } catch (e) {
      if (e instanceof AdminError) return client.drop();
      throw e;
    }
    if (request.verb === AdminVerb.SHUTDOWN) void this.shutdown(request.drainDeadlineMs === 0n ? DRAIN_MS : Math.min(Number(request.drainDeadlineMs), DRAIN_MS));
  }

  #state(): BrokerState {
    return {
      instance: this.#options.instance ?? 'shared',
      pid: process.pid,
      nowUnixMs: Date.now(),
      uptimeSeconds: (this.#clock.now() - this.#started) / 1000,
      acceptingHello: !this.#draining,
      connectionsOpen: this.#open.size,
      fdDemoted: this.#descriptors.pressure.demoted,
      fdUsageRatio: this.#descriptors.ratio,
      backends: this.#options.backends?.() ?? [],
      config: this.#config(),
    };
  }

  #config(): ReadonlyMap<string, Setting> {
    const { rate, sessions, handoff } = this.#options;
    const setting = (value: Setting['value'], given: unknown): Setting => ({ value, source: given === undefined ? 'default' : 'option' });
    return new Map([
      ['socket', setting(this.path, this.path)],
      ['hello_timeout_ms', setting(this.#helloTimeoutMs, this.#options.helloTimeoutMs)],
      ['hello_rate_max', setting((rate ?? HELLO_RATE).max, rate)],
      ['hello_rate_window_ms', setting((rate ?? HELLO_RATE).windowMs, rate)],
      ['session_tokens', setting(Boolean(sessions), sessions ?? undefined)],
      ['handoff', setting(Boolean(handoff), handoff ?? undefined)],
    ]);
  }

  /** Overdue handoffs are ended when they are due, not when somebody happens to ask. */
  #scheduleSweep(acks: AckRegistry): void {
    const { nextDeadline } = acks;
    if (this.#sweep !== null || nextDeadline === null || this.#draining) return;
    this.#sweep = this.#clock.after(Math.max(1, nextDeadline - this.#clock.now()), () => {
      this.#sweep = null;
      acks.expireOverdue(this.#clock.now());
      this.#scheduleSweep(acks);
    });
  }
}

interface ClientEvents {
  answer(demand: Demand): void;
  gone(): void;
}

/** One connection. */
class Client {
  readonly #exchange: Exchange;
  #connection: Connection | null = null;
  #deadline: Timer | null = null;

  constructor(readonly peer: Peer, demoted: () => boolean, private readonly events: ClientEvents) {
    this.#exchange = new Exchange('control-socket', demoted);
  }

  start(transport: Transport, clock: Clock, timeoutMs: number, log?: Log): Connection {
    const gone = (): void => {
      this.#deadline?.cancel();
      this.events.gone();
    };
    this.#connection = Connection.server(transport, {
      onReceived: (_, data) => this.#demand(this.#exchange.receive(data)),
      onPeerEnd: () => this.#demand(this.#exchange.eof()),
      onStartFailure: gone,
      onClosed: gone,
    }, { halfOpen: true, clock, ...(log && { log }) });
    this.#deadline = clock.after(timeoutMs, () => this.drop());
    return this.#connection;
  }

  /** The one reply; the client may be gone by now. */
  reply(wire: Uint8Array): void {
    this.#connection?.send(wire);
    this.#connection?.close();
  }

  drop(): void {
    this.#connection?.hardClose();
  }

  #demand(demand: Demand | null): void {
    if (demand !== null) this.events.answer(demand);
  }
}

function ownUser(): PeerPolicy {
  return { policy: 'OwnerOnly', uid: String(process.geteuid?.() ?? '') };
}
