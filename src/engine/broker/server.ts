/**
 * A broker on its control socket: one exchange for each connection, a deadline for all of it, and nothing that one client does
 * or leaves undone stops another. Runs on the thread of the sockets.
 */
import type { Clock, Timer } from '../../net/clock.js';
import { systemClock } from '../../net/clock.js';
import type { Connection } from '../../net/endpoint.js';
import type { Log } from '../../net/handlers.js';
import { Listener } from '../../net/stream-listener.js';
import type { Transport } from '../../net/transport.js';
import { AdminError, answerAdmin, type BackendState, type BrokerState, type Setting } from '../../wire/broker/admin.js';
import { HELLO_TIMEOUT_MS, type Demand, type PeerPolicy } from '../../wire/broker/exchange.js';
import { frameWire } from '../../wire/broker/frame.js';
import type { AckRegistry } from '../../wire/broker/handoff-tokens.js';
import { HelloHandler, isRefusal, type Backend, type Directory, type Peer } from '../../wire/broker/hello.js';
import { HELLO_RATE, type Rate } from '../../wire/broker/limits.js';
import { AdminVerb, ErrorCode, type AdminRequest, type Frame, type Hello } from '../../wire/broker/messages.generated.js';
import { refusalWire, REFUSALS, replyFrame, spawnFailed, type Refusal } from '../../wire/broker/refusal.js';
import { HelloCounters, type SpawnCounters } from '../../wire/broker/metrics.js';
import type { SessionTokens } from '../../wire/broker/session-tokens.js';
import { Descriptors } from './descriptors.js';
import { Handoffs } from './handoffs.js';
import { admits, ownUser, peerOf } from './peers.js';
import { ServedClient } from './served-client.js';
import { BrokerError, checkSocketPlace } from './socket-folder.js';

/** Where a broker stands and what it leads to; `path` and `directory` are needed. */
export interface BrokerServerOptions {
  /** The socket. Its folder is this user's alone. */
  readonly path: string;
  readonly directory: Directory;
  readonly rate?: Rate;
  /** Where tokens are kept for connections that are passed on; null, and where the system cannot do it: none are. */
  readonly handoff?: AckRegistry | null;
  readonly sessions?: SessionTokens | null;
  /** For a client's request and for taking its reply together, in ms. Default 30 000. */
  readonly helloTimeoutMs?: number;
  /** Which broker this is. Default `shared`. */
  readonly instance?: string;
  /** Who is talked to. Default: this user. Where the system does not tell who somebody is, the folder's mode decides alone. */
  readonly policy?: PeerPolicy;
  /**
   * Asked once a Hello is in order; a refusal stands, and so does an exception. It cannot allow what the broker does not. Null: nobody
   * is to be asked this time.
   */
  readonly narrow?: (hello: Hello, peer: Peer) => Promise<Refusal | null> | null;
  /** Asked where a service has no backend: one that was started for it, or why there is none. */
  readonly launch?: (hello: Hello, frame: Frame) => Promise<Backend | Refusal>;
  readonly spawns?: SpawnCounters;
  readonly backends?: () => readonly BackendState[];
  readonly clock?: Clock;
  readonly descriptors?: Descriptors;
  readonly log?: Log;
}

/** How long clients that are being answered may take when the broker ends, in ms. */
const DRAIN_MS = 10_000;

/** A broker on a socket of its own: answers Hellos until `shutdown`. */
export class BrokerServer {
  readonly #options: BrokerServerOptions;
  readonly #clock: Clock;
  readonly #handler: HelloHandler;
  readonly #descriptors: Descriptors;
  readonly #open = new Set<ServedClient>();
  readonly #handoffs: Handoffs | null;
  readonly #started: number;
  readonly #helloTimeoutMs: number;
  #listener: Listener | null = null;
  #draining = false;
  #drainTimer: Timer | null = null;
  #over: (() => void) | null = null;
  #negotiated = 0;
  #refused = 0;
  readonly #hellos = new HelloCounters();
  /** When a client was last led to a backend, by its pipe. */
  readonly #active = new Map<string, number>();
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
    const { directory, rate, handoff = null, sessions } = options;
    this.#handoffs = handoff === null ? null : new Handoffs(handoff, this.#clock);
    const mayHandOff = (hello: Hello, backend: Backend): boolean => this.#handoffs!.may(hello, backend, this.#descriptors.pressure.demoted);
    this.#handler = new HelloHandler({ directory, rate, handoff, mayHandOff, sessions, clock: () => this.#clock.now() });
    this.closed = new Promise((resolve) => { this.#over = resolve; });
  }

  get path(): string {
    return this.#options.path;
  }
  get connections(): number {
    return this.#open.size;
  }
  /** Answers so far, and what became of connections that were to be passed on. */
  get figures(): { readonly negotiated: number; readonly refused: number; readonly handedOff: number; readonly fallbacks: number } {
    return { negotiated: this.#negotiated, refused: this.#refused, ...(this.#handoffs?.figures ?? { handedOff: 0, fallbacks: 0 }) };
  }

  /** Accepts nothing more; who is being answered gets his answer, within `ms`. */
  shutdown(ms = DRAIN_MS): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#listener?.close();
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
    const peer = peerOf(transport);
    if (!admits(this.#options.policy ?? ownUser(), transport)) return null;
    const client = new ServedClient(peer, () => this.#descriptors.pressure.demoted, {
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
    this.#handoffs?.close();
    this.#over?.();
  }

  /* ── answering ─────────────────────────────────────────────────────── */

  #answer(demand: Demand, client: ServedClient): void {
    switch (demand.demand) {
      case 'refuse': {
        const { code } = demand.refusal;
        this.#refused++;
        this.#hellos.count('', '', outcome(code), 0);
        return client.reply(demand.wire);
      }
      case 'admin': return this.#admin(demand.frame, client);
      case 'hello': return this.#hello({ frame: demand.frame, client, since: this.#clock.now(), service: '' });
    }
  }

  #hello(asked: Asked): void {
    const { frame, client } = asked;
    if (this.#draining) return this.#refuse(asked, REFUSALS.shuttingDown);
    const { launch, directory } = this.#options;
    const hello = this.#handler.admit(frame, client.peer);
    if (isRefusal(hello)) return this.#refuse(asked, hello);
    const backend = directory.route(hello, this.#clock.now());
    if (backend !== REFUSALS.noBackend || launch === undefined) return this.#routed(asked, hello, backend);
    void launch(hello, frame).catch((e: Error): Refusal => spawnFailed(e.message)).then((started) => {
      if (!client.gone) this.#routed(asked, hello, started);
    });
  }

  #routed(asked: Asked, hello: Hello, backend: Backend | Refusal): void {
    const { client } = asked;
    if (!isRefusal(backend) || backend.code !== ErrorCode.SERVICE_UNKNOWN) asked.service = hello.serviceName;
    if (isRefusal(backend)) return this.#refuse(asked, backend);
    const answer = this.#options.narrow?.(hello, client.peer) ?? null;
    if (answer === null) return this.#negotiate(asked, hello, backend);
    void answer.catch((): Refusal => REFUSALS.narrowed).then((refusal) => {
      if (client.gone) return;
      if (refusal !== null) this.#refuse(asked, refusal);
      else this.#negotiate(asked, hello, backend);
    });
  }

  #refuse(asked: Asked, refusal: Refusal): void {
    asked.client.reply(refusalWire(asked.frame, refusal));
    this.#count(asked, '', refusal.code);
  }

  #negotiate(asked: Asked, hello: Hello, backend: Backend): void {
    const { client } = asked;
    const reply = this.#handler.accept(hello, backend);
    const wire = frameWire(replyFrame(asked.frame, reply));
    const { negotiated, refused } = reply;
    const token = negotiated?.handlePassedToken ?? NO_TOKEN;
    if (token.length === 0) client.reply(wire);
    else {
      client.replyAndHold(wire, {
        held: (held) => this.#handoffs!.begin({ client: held, token, correlationId: negotiated!.connectionId, backend }),
        lost: () => this.#handoffs!.abandon(token),
      });
    }
    if (negotiated !== null) this.#active.set(backend.pipe, Date.now());
    this.#count(asked, backend.version, refused?.code ?? null);
  }

  #count({ service, since }: Asked, version: string, refused: number | null): void {
    if (refused === null) this.#negotiated++;
    else this.#refused++;
    this.#hellos.count(service, version, outcome(refused), (this.#clock.now() - since) / 1000);
  }

  #admin(frame: Frame, client: ServedClient): void {
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
      backends: (this.#options.backends?.() ?? []).map((b) => ({ ...b, lastActiveUnixMs: this.#active.get(b.backendPipe) ?? b.lastActiveUnixMs })),
      hellos: this.#hellos,
      ...(this.#options.spawns && { spawns: this.#options.spawns }),
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
}

/** A Hello on its way; `service` once it is one that exists here. */
interface Asked { readonly frame: Frame; readonly client: ServedClient; readonly since: number; service: string }

/** As metrics call it; null: negotiated. */
function outcome(refused: number | null): string {
  return refused === null ? 'negotiated' : (OUTCOMES.get(refused) ?? 'refused');
}
const OUTCOMES = new Map(Object.entries(ErrorCode).map(([name, code]) => [code as number, name.toLowerCase()]));

const NO_TOKEN = new Uint8Array(0);
