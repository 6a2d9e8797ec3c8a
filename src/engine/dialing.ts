/** Connections a script asks for: dialed, shaken hands with, and told of once; those that come back keep their handle. */
import { open, ConnectError, type Connection, type Via } from '../net/connection.js';
import { isTlsFailure } from '../net/failures.js';
import type { ClientHandler } from '../net/handlers.js';
import type { Connection as Endpoint } from '../net/endpoint.js';
import { Reconnector } from '../net/reconnect.js';
import { Session } from '../wire/rayforce/session.js';
import type { LogRecord } from './api.js';
import type { FrameBridge } from './frame-bridge.js';
import type { Call, CallResult } from './messages.js';
import type { NetEvent } from './net-calls.js';
import { Peer, type PeerOwner } from './peer.js';
import { clientContext, TlsFilesError } from './tls-files.js';

export interface DialHost extends PeerOwner {
  /** Most bytes of a frame. */
  readonly maxFrame: number;
  readonly log: (record: LogRecord) => void;
  /** The peer has a socket and begins its handshake. */
  dialed(peer: Peer): void;
  /** The server let us in, under `handle` if it is not -1. null: it has its handle; otherwise why it gets none. */
  entered(peer: Peer, handle: number): CallResult | null;
  tell(handle: number, event: NetEvent): void;
  /** Connections that come back. */
  readonly returning: Set<Returning>;
}

type OpenCall = Extract<Call, { ask: 'open' }>;
/** Makes the session of a peer that speaks frames. */
type Bridges = (() => FrameBridge) | null;
/** `code`: for the slot. */
interface Refusal { readonly code: string; readonly result: CallResult & { readonly ok: false } }

/** Most bytes of `user:password` in a handshake. */
const MAX_CREDENTIALS = 254;

/** `answer` is called at once when the peer is in: what it sends next must come behind the answer. */
export function dial(host: DialHost, call: OpenCall, answer: (result: CallResult) => void): void {
  if (call.frames !== true) return dialWith(host, call, answer, null);
  void import('./frame-endpoint.js').then(({ frameEndpoint }) => dialWith(host, call, answer, frameEndpoint(() => '')));
}

/** Shakes hands over a stream that is there already; `answer` as in `dial`. */
export function enter(host: DialHost, attach: (events: Peer) => Connection, msLeft: number, answer: (result: CallResult) => void): void {
  const peer = new Peer(host, Session.client(null, { limit: host.maxFrame }), false, null);
  peer.opening = (failure) => {
    peer.opening = null;
    if (failure !== null) return answer({ ok: false, code: failure.code === 'access' ? 'access' : 'io', message: failure.reason });
    answer(host.entered(peer, -1) ?? admission(peer));
  };
  begin(host, peer, attach(peer), msLeft);
}

function begin(host: DialHost, peer: Peer, connection: Connection, msLeft: number): void {
  peer.connection = connection;
  host.dialed(peer);
  peer.timer = setTimeout(() => host.ended(peer, 'no handshake in time', false), Math.max(1, msLeft));
  peer.pump();
}

function dialWith(host: DialHost, call: OpenCall, answer: (result: CallResult) => void, bridges: Bridges): void {
  if ((credentials(call)?.length ?? 0) > MAX_CREDENTIALS) return answer(refused(call));
  let via: Via;
  try {
    via = viaOf(call);
  } catch (e) {
    if (!(e instanceof TlsFilesError)) throw e;
    return answer({ ok: false, code: 'io', message: e.message });
  }
  if (call.reconnect === true) return void host.returning.add(new Returning(host, call, via, bridges, answer));
  attempt(host, call, via, bridges, (peer, refusal) => {
    if (refusal === null) return answer(host.entered(peer, -1) ?? admission(peer));
    host.tell(-1, { is: 'connect-failed', address: named(call), code: refusal.code });
    answer(refusal.result);
  });
}

/** A connection that is dialed again when it is lost. Only the first attempt can fail for good. */
export class Returning {
  /** Of all its connections. */
  handle = -1;
  readonly #reconnector: Reconnector;
  /** The attempt that is under way, or the connection that came of it. */
  #handler: ClientHandler | null = null;
  #endpoint: Endpoint | null = null;
  #answer: ((result: CallResult) => void) | null;
  #stopped = false;

  constructor(private readonly host: DialHost, readonly call: OpenCall, private via: Via, private readonly bridges: Bridges, answer: (result: CallResult) => void) {
    this.#answer = answer;
    this.#reconnector = new Reconnector((handler) => this.#dial(handler), { onConnectionFailure: () => {} }, {
      // Once for each loss: the attempts are told to the slot.
      onWaiting: (_, number, why) => {
        if (number === 1) host.log({ level: 'warn', event: 'reconnecting', handle: this.handle, peer: where(call), message: `${where(call)} is away (${why.code}): connecting until it is back` });
      },
    });
  }

  get address(): string {
    return named(this.call);
  }
  /** Nobody is connected. */
  get away(): boolean {
    return this.#handler === null;
  }

  /** The connection is over and noted: a new one is sought. */
  lost(reason: string): void {
    const handler = this.#handler;
    this.#handler = null;
    if (handler !== null && !this.#stopped) handler.onClosed!(this.#endpoint!, { code: 'lost', message: reason, ours: false });
  }
  /** Does not come back; what is open stays. */
  stop(): void {
    this.#stopped = true;
    this.#reconnector.stop();
    this.host.returning.delete(this);
  }

  #dial(handler: ClientHandler): Endpoint {
    this.#renew();
    const connection: Connection = attempt(this.host, this.call, this.via, this.bridges, (peer, refusal) => {
      if (this.#stopped) return refusal === null ? peer.connection.close() : undefined;
      if (refusal !== null) return this.#refused(handler, connection.endpoint, refusal);
      this.#handler = handler;
      this.#endpoint = connection.endpoint;
      peer.returning = this;
      handler.onConnected!(connection.endpoint, null);
      this.#entered(peer);
    });
    return connection.endpoint;
  }

  #entered(peer: Peer): void {
    const refusal = this.host.entered(peer, this.handle);
    const answer = this.#answer;
    this.#answer = null;
    if (refusal !== null) {
      this.stop();
      return answer?.(refusal);
    }
    this.handle = peer.handle;
    if (answer !== null) answer(admission(peer));
    else this.host.tell(peer.handle, { is: 'back', localPort: peer.connection.localPort, restricted: peer.restricted, numbered: peer.bridge !== null });
  }

  #refused(handler: ClientHandler, endpoint: Endpoint, refusal: Refusal): void {
    this.host.tell(this.handle, { is: 'connect-failed', address: this.address, code: refusal.code });
    const answer = this.#answer;
    this.#answer = null;
    if (answer !== null) {
      this.stop();
      return answer(refusal.result);
    }
    handler.onConnectionFailure(endpoint, { reason: 'tcp', code: refusal.code, message: refusal.result.message });
  }

  /** Certificates may have been renewed meanwhile; what cannot be read leaves the old ones. */
  #renew(): void {
    if (this.handle < 0) return;
    try {
      this.via = viaOf(this.call);
    } catch (e) {
      if (!(e instanceof TlsFilesError)) throw e;
      this.host.log({ level: 'warn', event: 'tls-reload-failed', handle: this.handle, message: `certificates kept: ${e.message}` });
    }
  }
}

/** `done` is called once, in a later turn. */
function attempt(host: DialHost, call: OpenCall, via: Via, bridges: Bridges, done: (peer: Peer, refusal: Refusal | null) => void): Connection {
  const bridge = bridges?.() ?? null;
  const peer = new Peer(host, bridge ?? Session.client(credentials(call), { limit: host.maxFrame }), false, bridge);
  peer.dialedHost = call.host;
  peer.path = call.path ?? '';
  peer.idleMs = call.idleMs ?? 0;
  peer.opening = (failure) => {
    peer.opening = null;
    if (failure === null) return done(peer, null);
    if (failure.code === 'access') return done(peer, { code: 'access', result: { ok: false, code: 'access', message: failure.reason } });
    // With TLS 1.3 a server refuses a certificate when the client believes itself connected.
    if (isTlsFailure(failure.reason)) return done(peer, { code: failure.reason, result: { ok: false, code: 'io', message: `TLS failed (${failure.reason}): ${where(call)}` } });
    done(peer, { code: 'handshake-failed', result: refused(call) });
  };
  const until = performance.now() + call.timeoutMs;
  return open(call.host, call.port, call.timeoutMs, peer, via, (connection) => begin(host, peer, connection, until - performance.now()), (e: ConnectError) => done(peer, { code: e.failure?.code ?? 'io', result: { ok: false, code: 'io', message: e.message } }));
}

const where = ({ path, host, port }: OpenCall): string => path ?? `${host}:${port}`;
/** As `.ipc.open` takes it, without who connects. */
const named = ({ path, host, port, tls, frames }: OpenCall): string => {
  const scheme = path !== undefined ? 'unix://' : tls === true ? 'tls://' : frames === true ? 'tcp://' : '';
  return `${frames === true ? 'frame+' : ''}${scheme}${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}`;
};
const refused = (call: OpenCall): Refusal['result'] => ({ ok: false, code: 'io', message: `connection refused: ${where(call)}` });
const admission = (peer: Peer): CallResult => ({ ok: true, handle: peer.handle, value: peer.connection.localPort });
const credentials = ({ user, password }: OpenCall): string | null => (password === null ? null : `${user}:${password}`);

function viaOf({ path, tls, files }: OpenCall): Via {
  if (tls !== true) return path === undefined ? {} : { path };
  const name = files?.servername === undefined ? {} : { servername: files.servername };
  return { ...(path === undefined ? {} : { path }), tls: { context: clientContext(files ?? {}), ...name } };
}
