/**
 * A byte stream to a peer that keeps no queue: what it accepts it hands to the kernel, what the kernel has not taken is the caller's
 * reason to wait. Plain and TLS run the same code. No method throws.
 */
import { connectionOptions, type ConnectionOptions } from './connection-options.js';
import { ConnectionTimers } from './connection-timers.js';
import { Delivery, type BufferResult, type DeliveryHost } from './delivery.js';
import { isDuration } from './durations.js';
import { closeCause, systemCause, tlsFailure, type CloseCause, type Failure, type TlsFailure } from './failures.js';
import type { Bytes, ClientHandler, ConnectionHandler, ServerHandler } from './handlers.js';
import { Outbound, sizeOf } from './outbound.js';
import { Settlement, type SettlementHost } from './settlement.js';
import { socketDialer } from './socket-dialer.js';
import { STATES, type State } from './states.js';
import type { TlsContext, TlsDetails } from './tls-context.js';
import { NO_TLS, type TlsState } from './tls-state.js';
import { CONGESTED, type Dialer, type DialTarget, type PeerName, type Transport, type TransportEvents } from './transport.js';

export interface ClientOptions extends Partial<ConnectionOptions> {
  readonly target: DialTarget;
  /** Default: the sockets of the system. */
  readonly dialer?: Dialer;
}
export interface SslClientOptions extends ClientOptions {
  readonly context: TlsContext;
  /** The name the server is asked for and its certificate has to be for. Default: the host of a TCP target; a path has none. */
  readonly servername?: string;
}
export type ServerOptions = Partial<ConnectionOptions>;

export type SendResult = 'accepted' | 'not-connected' | 'not-writeable' | 'too-large';
export type StartTlsResult = 'ok' | 'not-connected' | 'already-tls' | 'not-ready' | 'session-failed';
export type DurationResult = 'ok' | 'out-of-range';
export type TimerResult = { readonly token: number } | 'not-open' | 'already-active' | 'out-of-range';
export type { BufferResult } from './delivery.js';

type Role =
  | { readonly side: 'client'; readonly handler: ClientHandler; readonly target: DialTarget; readonly dialer: Dialer }
  | { readonly side: 'server'; readonly handler: ServerHandler };

export class Connection {
  readonly #role: Role;
  readonly #handler: ConnectionHandler;
  readonly #options: ConnectionOptions;
  readonly #timers: ConnectionTimers;
  readonly #settlement: Settlement;
  readonly #delivery: Delivery;
  readonly #outbound: Outbound;
  #state: State = 'none';
  #tls: TlsState;
  #transport: Transport | null = null;
  #dial: { abort(): void } | null = null;
  /** Bytes that went through transports before this one. */
  #before = 0;
  /** How much the kernel had at the end; -1 while there is more to come. */
  #frozen = -1;
  #throttled = false;
  #flushLater = false;
  #finished = false;
  #cause: CloseCause = closeCause('closed');
  #bytesIn = 0;

  private constructor(role: Role, options: Partial<ConnectionOptions>, tls: TlsState, transport: Transport | null) {
    this.#role = role;
    this.#handler = role.handler;
    this.#options = connectionOptions(options);
    this.#timers = new ConnectionTimers(this.#options.clock);
    this.#outbound = new Outbound(this.#options.coalesceBytes);
    const { clock, chainedSends } = this.#options;
    this.#settlement = new Settlement(this.#settles(), clock, chainedSends);
    this.#delivery = new Delivery(this.#delivers(), clock, this.#options);
    this.#tls = tls;
    this.#transport = transport;
    clock.soon(() => this.#start());
  }

  static client(options: ClientOptions, handler: ClientHandler): Connection {
    return new Connection({ side: 'client', handler, target: options.target, dialer: options.dialer ?? socketDialer }, options, NO_TLS, null);
  }
  static sslClient(options: SslClientOptions, handler: ClientHandler): Connection {
    const host = options.servername ?? (options.target.kind === 'tcp' ? options.target.host : '');
    const role: Role = { side: 'client', handler, target: options.target, dialer: options.dialer ?? socketDialer };
    return new Connection(role, options, initialTls(options.context, host, true), null);
  }
  /** Takes over what a listener has accepted, and perhaps secured. */
  static server(accepted: Transport, handler: ServerHandler, options: ServerOptions = {}): Connection {
    return new Connection({ side: 'server', handler }, options, accepted.tls === null ? NO_TLS : { kind: 'live', details: accepted.tls }, accepted);
  }
  static sslServer(accepted: Transport, context: TlsContext, handler: ServerHandler, options: ServerOptions = {}): Connection {
    return new Connection({ side: 'server', handler }, options, initialTls(context, '', false), accepted);
  }

  get state(): State {
    return this.#state;
  }
  get tls(): TlsState {
    return this.#tls;
  }
  get peer(): PeerName | null {
    return this.#transport?.peer ?? null;
  }
  get isClosed(): boolean {
    return STATES[this.#state].isClosed;
  }
  get isWriteable(): boolean {
    return this.#state === 'open' && !this.#throttled;
  }
  get muted(): boolean {
    return this.#delivery.muted;
  }
  get bytesIn(): number {
    return this.#bytesIn;
  }
  /** Accepted, whatever became of it. */
  get bytesOut(): number {
    return this.#settlement.ledger.accepted;
  }
  /** Accepted bytes the kernel has not taken. */
  get pendingBytes(): number {
    return this.#settlement.ledger.pending === 0 ? 0 : this.#settlement.ledger.accepted - this.#taken();
  }
  get pendingSends(): number {
    return this.#settlement.ledger.pending;
  }
  /** No received byte waits on this side to be delivered, and no accepted one to be taken. */
  get atRest(): boolean {
    const { held, peerEnded } = this.#delivery;
    return held === 0 && !peerEnded && this.#settlement.ledger.pending === 0 && this.#transport?.busy === false;
  }
  /** The system's number of its socket while it is open and plain, otherwise -1. Not to be read from, written to or closed by others. */
  get descriptor(): number {
    return this.#state === 'open' && this.#tls.kind === 'none' ? (this.#transport?.descriptor ?? -1) : -1;
  }

  /* ── sending ───────────────────────────────────────────────────────── */

  /** A list leaves as one; its token comes through `onSendAccepted`. Accepted bytes must not be changed until the token is settled. */
  send(data: Bytes): SendResult {
    if (STATES[this.#state].send !== 'try') return 'not-connected';
    if (this.#throttled) return 'not-writeable';
    const bytes = sizeOf(data);
    if (bytes > this.#options.maxSendBytes) return 'too-large';
    const token = this.#settlement.ledger.accept(bytes);
    const collected = this.#outbound.stage(data, bytes);
    if (this.#handler.onSendAccepted !== undefined) {
      this.#guard(() => this.#handler.onSendAccepted!(this, token, data));
      if (!this.#flows()) return 'accepted';
    }
    if (collected) this.#flushAfterThis();
    else this.#flush();
    return 'accepted';
  }

  /** Sends what was accepted, takes leave, delivers what still comes until the peer has closed too; then `onClosed`. Muted: drops it at once. */
  close(): void {
    switch (STATES[this.#state].close) {
      case 'silent':
      case 'hard': return this.hardClose();
      case 'drain':
        this.#state = 'unconnected-closing';
        return this.#timers.setDeadline(this.#options.closeTimeoutMs, () => this.hardClose());
      case 'graceful': return this.#closeGracefully(closeCause('closed'));
      case 'ignore':
    }
  }

  /** Drops the stream, what was not taken and what was not delivered. `onClosed` comes before it returns. */
  hardClose(): void {
    this.#drop(closeCause('hard-close'));
  }

  /**
   * Continues with TLS. A client names the host the certificate has to be for. `not-ready`: muted, or bytes are waiting in either
   * direction; plaintext that came along with the request to start would otherwise pass as secured.
   */
  startTls(context: TlsContext, host = ''): StartTlsResult {
    const may = STATES[this.#state].startTls;
    if (may !== 'try') return may;
    if (this.#tls.kind !== 'none') return 'already-tls';
    if (this.#delivery.muted || !this.atRest) return 'not-ready';
    const raw = this.#transport!;
    if (context.failure !== null || (this.#role.side === 'client' && host === '')) return 'session-failed';
    if (raw.secure({ role: this.#role.side, context, host }, this.#events) !== null) return 'session-failed';
    this.#state = 'tls-upgrading';
    this.#tls = { kind: 'upgrading', context, host };
    this.#timers.setDeadline(this.#options.handshakeTimeoutMs, () => this.#refused(tlsFailure('handshake-timeout')));
    return 'ok';
  }

  /* ── receiving ─────────────────────────────────────────────────────── */

  /** From now on messages have `bytes` bytes, or the size of whatever was read. Takes effect with the next message. */
  bufferUntil(bytes: number | 'streaming'): BufferResult {
    return this.#delivery.bufferUntil(bytes);
  }
  /** Most bytes a message may have. */
  setReadBufferMinimum(bytes: number): BufferResult {
    return this.#delivery.setMinimum(bytes);
  }
  /** Bytes delivered in a turn. Below the minimum it lowers the minimum. */
  resizeReadBuffer(bytes: number): BufferResult {
    return this.#delivery.resize(bytes);
  }

  /** Delivers nothing more, at once; the peer's bytes stay where they are, and so does its end. */
  mute(): void {
    this.#delivery.mute();
  }
  /** Delivers again from the next turn on, what was held first. */
  unmute(): void {
    this.#delivery.unmute();
  }

  /* ── timers, socket options ────────────────────────────────────────── */

  /** null: none. Counts while the connection is ready. */
  setIdleTimeout(ms: number | null): DurationResult {
    if (ms !== null && !isDuration(ms)) return 'out-of-range';
    this.#timers.idleMs = ms ?? 0;
    if (STATES[this.#state].armsIdle) this.#armIdle();
    return 'ok';
  }
  /** One timer at a time. Traffic does not move it; it outlives `close`, not `hardClose`. */
  setTimer(ms: number): TimerResult {
    if (!STATES[this.#state].ready) return 'not-open';
    if (this.#timers.userActive) return 'already-active';
    if (!isDuration(ms)) return 'out-of-range';
    return { token: this.#timers.setUser(ms, (token) => this.#guard(() => this.#handler.onTimer?.(this, token))) };
  }
  cancelTimer(token: number): void {
    this.#timers.cancelUser(token);
  }
  setNoDelay(on: boolean): 'ok' | 'not-open' {
    return this.#option((transport) => transport.setNoDelay(on));
  }
  setKeepAlive(idleMs: number): 'ok' | 'not-open' {
    return this.#option((transport) => transport.setKeepAlive(idleMs));
  }

  /* ── getting ready ─────────────────────────────────────────────────── */

  #start(): void {
    if (this.#state !== 'none') return;
    const { connectTimeoutMs } = this.#options;
    if (this.#role.side === 'server') return this.#connected(this.#transport!);
    this.#state = 'connecting';
    if (this.#tls.kind === 'failed') return this.#drop(this.#cause, tlsReason(this.#tls.failure));
    if (connectTimeoutMs !== null) {
      if (!isDuration(connectTimeoutMs)) return this.#drop(this.#cause, { reason: 'timer', code: 'out-of-range', message: `no duration: ${connectTimeoutMs}` });
      this.#timers.setDeadline(connectTimeoutMs, () => {
        this.#drop(this.#cause, { reason: 'timeout', code: 'connect-timeout', message: `not connected within ${connectTimeoutMs} ms` });
      });
    }
    this.#dialOut(this.#role);
  }

  #dialOut(role: Extract<Role, { side: 'client' }>): void {
    this.#dial = role.dialer.dial(role.target, {
      attempting: (inFlight) => {
        if (this.#state === 'connecting') this.#guard(() => role.handler.onConnecting?.(this, inFlight));
      },
      connected: (transport) => {
        this.#dial = null;
        if (this.#state === 'connecting') return this.#connected(transport);
        transport.destroy();
        this.#drop(this.#cause);
      },
      failed: (reason, error) => {
        this.#dial = null;
        this.#drop(this.#cause, this.#state === 'connecting' ? { reason, ...systemCause(error) } : null);
      },
    });
  }

  #connected(transport: Transport): void {
    this.#transport = transport;
    if (this.#tls.kind === 'none') return this.#ready(null);
    if (this.#tls.kind === 'live') return this.#ready(this.#tls.details);
    this.#state = 'handshaking';
    if (this.#tls.kind !== 'handshaking') return this.#refused(this.#tls.kind === 'failed' ? this.#tls.failure : tlsFailure('session-failed'));
    const { context, host } = this.#tls;
    const failure = transport.secure({ role: this.#role.side, context, host }, this.#events);
    if (failure !== null) return this.#refused(failure);
    const { connectTimeoutMs, handshakeTimeoutMs } = this.#options;
    if (this.#role.side === 'client' && connectTimeoutMs !== null) return;
    this.#timers.setDeadline(handshakeTimeoutMs, () => {
      this.#drop(this.#cause, { reason: 'timeout', code: 'handshake-timeout', message: `no handshake within ${handshakeTimeoutMs} ms` });
    });
  }

  #ready(details: TlsDetails | null): void {
    const transport = this.#transport!;
    const secured = this.#state === 'handshaking';
    const { noDelay, keepAliveMs } = this.#options;
    this.#timers.clearDeadline();
    this.#state = 'open';
    if (details !== null) this.#tls = { kind: 'live', details };
    transport.setNoDelay(noDelay);
    if (keepAliveMs > 0) transport.setKeepAlive(keepAliveMs);
    this.#armIdle();
    this.#delivery.begin();
    const role = this.#role;
    this.#guard(() => (role.side === 'client' ? role.handler.onConnected?.(this, details) : role.handler.onStarted?.(this, details)));
    if (!secured && this.#transport === transport && this.#flows()) transport.open(this.#events);
  }

  #secured(transport: Transport, details: TlsDetails): void {
    if (this.#state !== 'handshaking' && this.#state !== 'tls-upgrading') return transport.destroy();
    this.#before = this.#settlement.ledger.accepted;
    this.#transport = transport;
    this.#delivery.replaced();
    if (this.#state === 'handshaking') return this.#ready(details);
    this.#timers.clearDeadline();
    this.#state = 'open';
    this.#tls = { kind: 'live', details };
    this.#delivery.begin();
    this.#guard(() => this.#handler.onTlsReady?.(this, details));
  }

  #refused(failure: TlsFailure): void {
    const upgrade = this.#state === 'tls-upgrading';
    this.#tls = { kind: 'failed', failure };
    this.#drop(failure, upgrade ? null : tlsReason(failure), failure);
  }

  /* ── what the transport reports ────────────────────────────────────── */

  readonly #events: TransportEvents = {
    data: (chunk) => {
      this.#bytesIn += chunk.length;
      this.#timers.touch();
      if (this.#settlement.postponed) this.#settle();
      this.#delivery.received(chunk);
    },
    ended: () => this.#delivery.ended(),
    progress: () => {
      this.#timers.touch();
      this.#settle();
    },
    congested: () => this.#throttle(),
    drained: () => {
      this.#timers.touch();
      this.#settle();
      if (!this.#throttled) return;
      this.#throttled = false;
      if (this.#flows()) this.#guard(() => this.#handler.onUnthrottled?.(this));
    },
    finished: () => {
      this.#finished = true;
      if (this.#delivery.endHandled) this.#drop(this.#cause);
    },
    failed: (error) => this.#drop(systemCause(error)),
    secured: (transport, details) => this.#secured(transport, details),
    refused: (failure) => this.#refused(failure),
    released: () => {},
  };

  #delivers(): DeliveryHost {
    const delivers = (): boolean => STATES[this.#state].delivers;
    return {
      get delivers() {
        return delivers();
      },
      deliver: (message) => {
        try {
          return this.#handler.onReceived?.(this, message);
        } catch (e) {
          this.#thrown(e);
        }
      },
      pause: () => this.#transport?.pause(),
      resume: () => this.#transport?.resume(),
      peerEnd: () => this.#peerEnd(),
    };
  }

  /** Over plain TCP the end of the peer's bytes is the end of the peer; TLS says goodbye, and is answered. */
  #peerEnd(): void {
    const { halfOpen } = this.#options;
    const answers = this.#tls.kind === 'live' || halfOpen;
    if (this.#state === 'closing') {
      if (this.#finished || (!answers && this.#settlement.ledger.pending === 0)) this.#drop(this.#cause);
      else if (!answers) this.#drop(closeCause('peer-closed'));
    } else if (!answers) this.#drop(closeCause('peer-closed'));
    else if (halfOpen) this.#guard(() => this.#handler.onPeerEnd?.(this));
    else this.#closeGracefully(closeCause('peer-closed'));
  }

  /* ── writing and settling ──────────────────────────────────────────── */

  #flush(): void {
    const outcome = this.#outbound.flush(this.#transport!);
    this.#timers.touch();
    if (outcome === CONGESTED) this.#throttle();
    else if (!this.#settlement.active) this.#settle();
  }
  #flushAfterThis(): void {
    if (this.#flushLater) return;
    this.#flushLater = true;
    this.#options.clock.afterThis(() => {
      this.#flushLater = false;
      if (this.#flows() && this.#outbound.bytes > 0) this.#flush();
    });
  }

  #throttle(): void {
    const before = this.#throttled;
    this.#throttled = true;
    this.#settle();
    if (!before && this.#flows()) this.#guard(() => this.#handler.onThrottled?.(this));
  }

  #taken(): number {
    return this.#frozen >= 0 ? this.#frozen : this.#before + (this.#transport?.taken() ?? 0);
  }

  #settle(): void {
    this.#settlement.settle();
  }
  #settles(): SettlementHost {
    const over = (): boolean => this.#frozen >= 0;
    return {
      taken: () => this.#taken(),
      get over() {
        return over();
      },
      sent: (token) => {
        if (this.#handler.onSent !== undefined) this.#guard(() => this.#handler.onSent!(this, token));
      },
      failed: (token) => this.#guard(() => this.#handler.onSendFailed?.(this, token)),
    };
  }

  /* ── the end ───────────────────────────────────────────────────────── */

  #closeGracefully(cause: CloseCause): void {
    if (this.#delivery.muted) return this.hardClose();
    this.#cause = cause;
    this.#state = 'closing';
    this.#timers.clearIdle();
    if (this.#outbound.bytes > 0) this.#flush();
    if (!this.#flows()) return;
    this.#timers.setDeadline(this.#options.closeTimeoutMs, () => this.#drop(closeCause('close-timeout')));
    this.#transport!.end();
  }

  /** `failure`: the reason to report if the connection was never ready; null: this side has closed it. */
  #drop(cause: CloseCause, failure: Failure | null = null, upgrade: TlsFailure | null = null): void {
    const from = this.#state;
    const { hardClose } = STATES[from];
    if (hardClose === 'ignore') return;
    this.#frozen = this.#taken();
    this.#state = 'closed';
    this.#timers.clear();
    this.#dial?.abort();
    this.#dial = null;
    this.#transport?.destroy();
    this.#delivery.drop();
    this.#outbound.drop();
    if (this.#tls.kind !== 'none' && this.#tls.kind !== 'failed') this.#tls = { kind: 'disposed' };
    if (hardClose === 'silent') return;
    if (hardClose === 'failure') return this.#fail(failure ?? closedMeanwhile(from));
    this.#settle();
    if (hardClose === 'tls-failure') this.#guard(() => this.#handler.onTlsFailure?.(this, upgrade ?? tlsFailure('closed-by-us')));
    this.#guard(() => this.#handler.onClosed?.(this, cause));
    if (this.#settlement.ledger.pending > 0) this.#options.clock.soon(() => this.#settlement.failPending());
  }

  #fail(failure: Failure): void {
    const role = this.#role;
    this.#guard(() => (role.side === 'client' ? role.handler.onConnectionFailure(this, failure) : role.handler.onStartFailure(this, failure)));
  }

  /* ── helpers ───────────────────────────────────────────────────────── */

  /** Whether bytes still go through. Asked after handlers have run, which may have changed the state. */
  #flows(): boolean {
    return this.#state === 'open' || this.#state === 'closing';
  }
  #armIdle(): void {
    this.#timers.armIdle(() => this.#guard(() => this.#handler.onIdleTimeout?.(this)));
  }
  #option(set: (transport: Transport) => void): 'ok' | 'not-open' {
    if (!STATES[this.#state].ready || this.#transport === null) return 'not-open';
    set(this.#transport);
    return 'ok';
  }
  #guard(call: () => void): void {
    try {
      call();
    } catch (e) {
      this.#thrown(e);
    }
  }
  #thrown(e: unknown): void {
    try {
      this.#options.log({ event: 'handler-error', message: e instanceof Error ? e.message : String(e) });
    } catch {
      // A log that throws must not take the connection's account with it.
    }
    this.#drop(closeCause('handler-error'));
  }
}

function initialTls(context: TlsContext, host: string, needsHost: boolean): TlsState {
  if (context.failure !== null) return { kind: 'failed', failure: context.failure };
  if (needsHost && host === '') return { kind: 'failed', failure: tlsFailure('session-failed', 'no name to verify the server by') };
  return { kind: 'handshaking', context, host };
}
function tlsReason(failure: TlsFailure): Failure {
  return { reason: 'tls', code: failure.code, message: failure.message };
}
function closedMeanwhile(from: State): Failure {
  const { code, message } = tlsFailure('closed-by-us');
  return from === 'handshaking' ? { reason: 'tls', code, message } : { reason: 'tcp', code, message: 'this side closed while connecting' };
}
