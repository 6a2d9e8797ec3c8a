/**
 * A byte stream to a peer that keeps no queue: what it accepts it hands to the kernel, what the kernel has not taken is the caller's
 * reason to wait. Plain and TLS run the same code. No method throws.
 */
import { connectionOptions, type ClientOptions, type ConnectionOptions, type ServerOptions, type SslClientOptions } from './connection-options.js';
import { ConnectionSending } from './connection-sending.js';
import { ConnectionTimers } from './connection-timers.js';
import { Delivery, type DeliveryHost } from './delivery.js';
import { isDuration } from './durations.js';
import { closeReason, closedMeanwhile, messageOf, systemReason, tlsFailure, tlsReason, type Failure, type Reason, type TlsFailure } from './failures.js';
import type { Bytes, ClientHandler, ConnectionHandler, News, ServerHandler } from './handlers.js';
import { clientRole, tellFailure, tellReady, type ClientRole, type Role } from './roles.js';
import { Settlement, type SettlementHost } from './settlement.js';
import { moveOf, STATES, type Move, type Told } from './states.js';
import type { TlsContext, TlsDetails } from './tls-context.js';
import { initialTls, NO_TLS, type TlsState } from './tls-state.js';
import type { Transport, TransportEvents } from './transport.js';

/** All but `ok` leave the connection as it was; see `startTls`. `session-failed`: nothing can be agreed with this context, or no host was named. */
export type StartTlsResult = 'ok' | 'not-connected' | 'already-tls' | 'not-ready' | 'session-failed';
export type { SendResult } from './connection-sending.js';
export type { BufferResult, DurationResult, TimerResult } from './connection-controls.js';
export type { ClientOptions, ServerOptions, SslClientOptions } from './connection-options.js';

/**
 * One connection, over TCP or a Unix socket, plain or with TLS: made by one of `client`, `sslClient`, `server` and `sslServer`, which begin
 * in a later turn. Its handler hears of everything, in the order the table of states gives.
 */
export class Connection extends ConnectionSending {
  protected readonly timers: ConnectionTimers;
  protected readonly settlement: Settlement;
  protected readonly delivery: Delivery;
  readonly #role: Role;
  protected readonly handler: ConnectionHandler;
  #dial: { abort(): void } | null = null;
  #finished = false;
  readonly #events: TransportEvents;
  #cause: Reason = CLOSED;

  private constructor(role: Role, options: Partial<ConnectionOptions>, tls: TlsState, transport: Transport | null) {
    super(tls, transport, connectionOptions(options));
    this.#role = role;
    this.handler = role.handler;
    const { clock, chainedSends } = this.options;
    this.timers = new ConnectionTimers(clock);
    this.#events = new Connection.#Events(this);
    const host = new Connection.#Host(this);
    this.settlement = new Settlement(host, clock, chainedSends);
    this.delivery = new Delivery(host, clock, this.options);
    clock.soon(() => this.#start());
  }

  /** Connects, plain. */
  static client(options: ClientOptions, handler: ClientHandler): Connection {
    return new Connection(clientRole(options, handler), options, NO_TLS, null);
  }
  /** Connects and agrees on TLS; never falls back to plain. What the server is verified by is `servername`, or the host of the target. */
  static sslClient(options: SslClientOptions, handler: ClientHandler): Connection {
    const host = options.servername ?? (options.target.kind === 'tcp' ? options.target.host : '');
    return new Connection(clientRole(options, handler), options, initialTls(options.context, host, true), null);
  }
  /** Takes over what a listener has accepted, and perhaps secured. */
  static server(accepted: Transport, handler: ServerHandler, options: ServerOptions = {}): Connection {
    return new Connection({ side: 'server', handler }, options, accepted.tls === null ? NO_TLS : { kind: 'live', details: accepted.tls }, accepted);
  }
  /** As `server`, and begins with a handshake. */
  static sslServer(accepted: Transport, context: TlsContext, handler: ServerHandler, options: ServerOptions = {}): Connection {
    return new Connection({ side: 'server', handler }, options, initialTls(context, '', false), accepted);
  }

  /* ── ending, and going on with TLS ─────────────────────────────────── */

  /** Sends what was accepted, takes leave, delivers what still comes until the peer has closed too; then `onClosed`. Muted: drops it at once. */
  close(): void {
    switch (STATES[this.phase].close) {
      case 'silent':
      case 'hard': return this.hardClose();
      case 'drain':
        this.#move('close');
        return this.timers.setDeadline(this.options.closeTimeoutMs, () => this.hardClose());
      case 'graceful': return this.#closeGracefully(closeReason('closed'));
      case 'ignore':
    }
  }

  /** Drops the stream, what was not taken and what was not delivered. `onClosed` comes before it returns. */
  hardClose(): void {
    this.#drop(closeReason('hard-close'));
  }

  /**
   * Continues with TLS. A client names the host the certificate has to be for. `not-ready`: muted, or bytes are waiting in either
   * direction; plaintext that came along with the request to start would otherwise pass as secured.
   */
  startTls(context: TlsContext, host = ''): StartTlsResult {
    const may = STATES[this.phase].startTls;
    if (may !== 'try') return may;
    if (this.security.kind !== 'none') return 'already-tls';
    // Throttled with nothing pending it is about to say that it is not any more.
    if (this.delivery.muted || this.throttled || !this.atRest) return 'not-ready';
    const raw = this.transport!;
    if (context.failure !== null || (this.#role.side === 'client' && host === '')) return 'session-failed';
    if (raw.secure({ role: this.#role.side, context, host }, this.#events) !== null) return 'session-failed';
    this.#move('upgrade');
    this.security = { kind: 'upgrading', context, host };
    this.timers.setDeadline(this.options.handshakeTimeoutMs, () => this.#refused(tlsFailure('handshake-timeout')));
    return 'ok';
  }

  /* ── getting ready ─────────────────────────────────────────────────── */

  #start(): void {
    if (this.phase !== 'none') return;
    const { connectTimeoutMs } = this.options;
    if (this.#role.side === 'server') return this.#connected(this.transport!);
    this.#move('dial');
    if (this.security.kind === 'failed') return this.#drop(this.#cause, tlsReason(this.security.failure));
    if (connectTimeoutMs !== null) {
      if (!isDuration(connectTimeoutMs)) return this.#drop(this.#cause, { reason: 'timer', code: 'out-of-range', message: `no duration: ${connectTimeoutMs}` });
      this.timers.setDeadline(connectTimeoutMs, () => {
        this.#drop(this.#cause, { reason: 'timeout', code: 'connect-timeout', message: `not connected within ${connectTimeoutMs} ms` });
      });
    }
    this.#dialOut(this.#role);
  }

  #dialOut(role: ClientRole): void {
    this.#dial = role.dialer.dial(role.target, {
      attempting: (inFlight) => {
        if (this.phase === 'connecting') this.#guard(() => role.handler.onConnecting?.(this, inFlight));
      },
      connected: (transport) => {
        this.#dial = null;
        if (this.phase === 'connecting') return this.#connected(transport);
        transport.destroy();
        this.#drop(this.#cause);
      },
      failed: (reason, error) => {
        this.#dial = null;
        this.#drop(this.#cause, this.phase === 'connecting' ? { reason, ...systemReason(error) } : null);
      },
    });
  }

  #connected(transport: Transport): void {
    this.transport = transport;
    if (this.security.kind === 'none') return this.#ready(null);
    if (this.security.kind === 'live') return this.#ready(this.security.details);
    this.#move('handshake');
    if (this.security.kind !== 'handshaking') return this.#refused(this.security.kind === 'failed' ? this.security.failure : tlsFailure('session-failed'));
    const { context, host } = this.security;
    const failure = transport.secure({ role: this.#role.side, context, host }, this.#events);
    if (failure !== null) return this.#refused(failure);
    const { connectTimeoutMs, handshakeTimeoutMs } = this.options;
    if (this.#role.side === 'client' && connectTimeoutMs !== null) return;
    this.timers.setDeadline(handshakeTimeoutMs, () => {
      this.#drop(this.#cause, { reason: 'timeout', code: 'handshake-timeout', message: `no handshake within ${handshakeTimeoutMs} ms` });
    });
  }

  #ready(details: TlsDetails | null): void {
    const transport = this.transport!;
    const secured = this.phase === 'handshaking';
    const move = this.#move(secured ? 'secured' : 'stream');
    if (move === null) return;
    const { noDelay, keepAliveMs } = this.options;
    this.timers.clearDeadline();
    if (details !== null) this.security = { kind: 'live', details };
    transport.setNoDelay(noDelay);
    if (keepAliveMs > 0) transport.setKeepAlive(keepAliveMs);
    this.armIdle();
    this.delivery.begin();
    this.#tell(move, { details });
    if (!secured && this.transport === transport && this.flows()) transport.open(this.#events);
  }

  #secured(transport: Transport, details: TlsDetails): void {
    if (moveOf('secured', this.phase) === null) return transport.destroy();
    this.before = this.settlement.ledger.accepted;
    this.transport = transport;
    this.delivery.replaced();
    if (this.phase === 'handshaking') return this.#ready(details);
    const move = this.#move('secured');
    this.timers.clearDeadline();
    this.security = { kind: 'live', details };
    this.delivery.begin();
    if (move !== null) this.#tell(move, { details });
  }

  #refused(failure: TlsFailure): void {
    if (this.phase === 'closed') return;
    const upgrade = this.phase === 'tls-upgrading';
    this.security = { kind: 'failed', failure };
    this.#drop(failure, upgrade ? null : tlsReason(failure), failure);
  }

  /* ── what the transport reports ────────────────────────────────────── */

  // Classes, not closures for each connection: those would make up a fifth of an idle one.
  static readonly #Events = class implements TransportEvents {
    constructor(private readonly c: Connection) {}
    data(chunk: Uint8Array): void {
      const { c } = this;
      c.bytesRead += chunk.length;
      c.timers.touch();
      c.delivery.received(chunk);
    }
    ended(): void {
      this.c.delivery.ended();
    }
    progress(): void {
      this.c.timers.touch();
      this.c.settlement.settle();
    }
    congested(): void {
      this.c.throttle();
    }
    drained(): void {
      this.c.drained();
    }
    finished(): void {
      this.c.#finished = true;
      if (this.c.delivery.endHandled) this.c.#drop(this.c.#cause);
    }
    failed(error: Error): void {
      this.c.#drop(systemReason(error));
    }
    secured(transport: Transport, details: TlsDetails): void {
      this.c.#secured(transport, details);
    }
    refused(failure: TlsFailure): void {
      this.c.#refused(failure);
    }
    released(): void {}
  };

  static readonly #Host = class implements DeliveryHost, SettlementHost {
    constructor(private readonly c: Connection) {}
    get delivers(): boolean {
      return STATES[this.c.phase].delivers;
    }
    catchUp(): void {
      this.c.settlement.catchUp();
    }
    deliver(message: Uint8Array): void | 'yield' {
      const { c } = this;
      try {
        const answer = c.handler.onReceived?.(c, message);
        if (answer === 'yield') return answer;
        c.#watch(answer);
      } catch (e) {
        c.#thrown(e);
      }
    }
    pause(): void {
      this.c.transport?.pause();
    }
    resume(): void {
      this.c.transport?.resume();
    }
    peerEnd(): void {
      this.c.#peerEnd();
    }
    taken(): number {
      return this.c.taken();
    }
    get over(): boolean {
      return this.c.frozen >= 0;
    }
    sent(token: number): void {
      const { c } = this;
      if (c.handler.onSent !== undefined) c.#guard(() => c.handler.onSent!(c, token));
    }
    failed(token: number): void {
      const { c } = this;
      c.#guard(() => c.handler.onSendFailed?.(c, token));
    }
  };

  /** Over plain TCP the end of the peer's bytes is the end of the peer; TLS says goodbye, and is answered. */
  #peerEnd(): void {
    const { halfOpen } = this.options;
    const answers = this.security.kind === 'live' || halfOpen;
    if (this.phase === 'closing') {
      if (this.#finished || (!answers && this.settlement.ledger.pending === 0)) this.#drop(this.#cause);
      else if (!answers) this.#drop(closeReason('peer-closed'));
    } else if (!answers) this.#drop(closeReason('peer-closed'));
    else if (halfOpen) this.#guard(() => this.handler.onPeerEnd?.(this));
    else this.#closeGracefully(closeReason('peer-closed'));
  }

  /* ── the end ───────────────────────────────────────────────────────── */

  #closeGracefully(cause: Reason): void {
    if (this.delivery.muted) return this.hardClose();
    this.#cause = cause;
    this.#move('close');
    this.timers.clearIdle();
    if (this.outbound.bytes > 0) this.flush();
    if (!this.flows()) return;
    this.timers.setDeadline(this.options.closeTimeoutMs, () => this.#drop(closeReason('close-timeout')));
    this.transport!.end();
  }

  /** `failure`: the reason to report if the connection was never ready; null: this side has closed it. */
  #drop(cause: Reason, failure: Failure | null = null, upgrade: TlsFailure | null = null): void {
    const handshaking = this.phase === 'handshaking';
    const ours = OURS.has(cause.code) || (this.phase === 'closing' && OURS.has(this.#cause.code));
    const taken = this.taken();
    const move = this.#move('drop');
    if (move === null) return;
    this.frozen = taken;
    this.timers.clear();
    this.#dial?.abort();
    this.#dial = null;
    this.transport?.destroy();
    this.delivery.drop();
    this.outbound.drop();
    if (this.security.kind !== 'none' && this.security.kind !== 'failed') this.security = { kind: 'disposed' };
    this.#tell(move, { cause: { code: cause.code, message: cause.message, ours }, failure: failure ?? closedMeanwhile(handshaking), upgrade: upgrade ?? tlsFailure('closed-by-us') });
  }

  /* ── from state to state ───────────────────────────────────────────── */

  #move(event: Move['event']): Move | null {
    const move = moveOf(event, this.phase);
    if (move !== null) this.phase = move.to;
    return move;
  }
  #tell({ tells }: Move, news: News): void {
    for (const told of tells) Connection.#TELLS[told](this, news);
  }
  static readonly #TELLS: Record<Told, (c: Connection, news: News) => void> = {
    'onConnected | onStarted': (c, { details = null }) => c.#guard(() => tellReady(c.#role, c, details)),
    'onConnectionFailure | onStartFailure': (c, { failure }) => c.#guard(() => tellFailure(c.#role, c, failure!)),
    onTlsReady: (c, { details }) => c.#guard(() => c.handler.onTlsReady?.(c, details!)),
    onTlsFailure: (c, { upgrade }) => c.#guard(() => c.handler.onTlsFailure?.(c, upgrade!)),
    onSent: (c) => c.settlement.settle(),
    onClosed: (c, { cause }) => c.#guard(() => c.handler.onClosed?.(c, cause!)),
    onSendFailed: (c) => {
      if (c.settlement.ledger.pending > 0) c.options.clock.soon(() => c.settlement.failPending());
    },
  };

  /* ── helpers ───────────────────────────────────────────────────────── */

  protected tellAccepted(token: number, data: Bytes): void {
    this.#guard(() => this.handler.onSendAccepted!(this, token, data));
  }
  protected tellThrottled(): void {
    this.#guard(() => this.handler.onThrottled?.(this));
  }
  protected tellUnthrottled(): void {
    this.#guard(() => this.handler.onUnthrottled?.(this));
  }
  protected idled(): void {
    this.#guard(() => this.handler.onIdleTimeout?.(this));
  }
  protected timed(token: number): void {
    this.settlement.catchUp();
    if (this.phase !== 'closed') this.#guard(() => this.handler.onTimer?.(this, token));
  }
  #guard(call: () => unknown): void {
    try {
      this.#watch(call());
    } catch (e) {
      this.#thrown(e);
    }
  }
  /** A handler may be asynchronous, and then throws later. */
  #watch(answer: unknown): void {
    if (answer instanceof Promise) answer.catch((e: unknown) => this.#thrown(e));
  }
  #thrown(e: unknown): void {
    try {
      this.options.log({ event: 'handler-error', message: messageOf(e) });
    } catch {
      // A log that throws must not take the connection's account with it.
    }
    this.#drop(closeReason('handler-error'));
  }
}

/** Of a connection nobody has ended yet. */
const CLOSED = closeReason('closed');
/** Codes that only this side brings about. */
const OURS: ReadonlySet<string> = new Set(['closed', 'hard-close', 'handler-error']);
