/** Connections a script asks for: dialed, shaken hands with, and told of once. */
import { connect, ConnectError, type Via } from '../net/connection.js';
import { Session } from '../wire/rayforce/session.js';
import type { FrameBridge } from './frame-bridge.js';
import type { Call, CallResult } from './messages.js';
import { Peer, type PeerOwner } from './peer.js';
import { clientContext, TlsFilesError } from './tls-files.js';

export interface DialHost extends PeerOwner {
  /** Most bytes of a frame. */
  readonly maxFrame: number;
  /** The peer has a socket and begins its handshake. */
  dialed(peer: Peer): void;
  /** The server let us in. null: it has its handle; otherwise why it gets none. */
  entered(peer: Peer): CallResult | null;
}

type OpenCall = Extract<Call, { ask: 'open' }>;

/** Most bytes of `user:password` in a handshake. */
const MAX_CREDENTIALS = 254;

/** `answer` is called at once when the peer is in: what it sends next must come behind the answer. */
export function dial(host: DialHost, call: OpenCall, answer: (result: CallResult) => void): void {
  if (call.frames !== true) return open(host, call, answer, null);
  void import('./frame-endpoint.js').then(({ frameEndpoint }) => open(host, call, answer, frameEndpoint('')()));
}

function open(host: DialHost, call: OpenCall, answer: (result: CallResult) => void, bridge: FrameBridge | null): void {
  const { port, timeoutMs, user, password } = call;
  const refused: CallResult = { ok: false, code: 'io', message: `connection refused: ${call.path ?? `${call.host}:${port}`}` };
  const credentials = password === null ? null : `${user}:${password}`;
  if (credentials !== null && credentials.length > MAX_CREDENTIALS) return answer(refused);
  const peer = new Peer(host, bridge ?? Session.client(credentials, { limit: host.maxFrame }), false, bridge);
  peer.opening = (failure) => {
    peer.opening = null;
    if (failure !== null) return answer(failure.code === 'access' ? { ok: false, code: 'access', message: failure.reason } : refused);
    answer(host.entered(peer) ?? { ok: true, handle: peer.handle, value: peer.connection.localPort });
  };
  const until = performance.now() + timeoutMs;
  let via: Via;
  try {
    via = viaOf(call);
  } catch (e) {
    if (!(e instanceof TlsFilesError)) throw e;
    return answer({ ok: false, code: 'io', message: e.message });
  }
  connect(call.host, port, timeoutMs, peer, via).then((connection) => {
    peer.connection = connection;
    host.dialed(peer);
    peer.timer = setTimeout(() => host.ended(peer, 'no handshake in time', false), Math.max(1, until - performance.now()));
    peer.pump(null);
  }, (e: unknown) => answer({ ok: false, code: 'io', message: e instanceof ConnectError ? e.message : String(e) }));
}

function viaOf({ path, tls, files }: OpenCall): Via {
  if (tls !== true) return path === undefined ? {} : { path };
  const name = files?.servername === undefined ? {} : { servername: files.servername };
  return { ...(path === undefined ? {} : { path }), tls: { context: clientContext(files ?? {}), ...name } };
}
