/** TLS on connections that are open: asked for by a script at either end. Plaintext that waits anywhere refuses it. */
import type { StartTlsResult } from '../net/endpoint.js';
import type { TlsContext } from '../net/tls-context.js';
import { Session } from '../wire/rayforce/session.js';
import type { CallResult } from './messages.js';
import type { StartTlsCall } from './net-calls.js';
import type { Peer } from './peer.js';
import { clientContext, TlsFilesError, type ServerContexts } from './tls-files.js';

export interface UpgradeHost {
  readonly contexts: ServerContexts;
  /** All of the peer's requests have been taken up. */
  taken(peer: Peer): boolean;
}

/** Resolves for a client when the handshake is over, for a server when it may begin. */
export function startTls(peer: Peer, call: StartTlsCall, host: UpgradeHost): CallResult | Promise<CallResult> {
  if (peer.connection.tls !== null) return RESULTS['already-tls']!;
  let context: TlsContext;
  try {
    context = peer.inbound ? host.contexts.of(call.server!) : clientContext(call.client!);
  } catch (e) {
    if (!(e instanceof TlsFilesError)) throw e;
    return { ok: false, code: 'io', message: e.message };
  }
  if (call.behindAnswer) {
    peer.upgrade = { context, done: null };
    return OK;
  }
  const failure = begin(peer, context, call.client?.servername ?? peer.dialedHost, host);
  if (failure !== null) return failure;
  if (peer.inbound) return OK;
  return new Promise((resolve) => (peer.upgrade = { context, done: (why) => resolve(why === null ? OK : { ok: false, code: 'io', message: `TLS failed (${why})` }) }));
}

/** Starts what was asked for behind an answer, which has just been written. null: it has begun. */
export function beginPrepared(peer: Peer, host: UpgradeHost): string | null {
  const { upgrade } = peer;
  if (upgrade === null) return 'nothing was prepared';
  return begin(peer, upgrade.context, '', host)?.message ?? null;
}

/** The connection's end is the end of its upgrade. */
export function upgraded(peer: Peer, failure: string | null): void {
  const { upgrade } = peer;
  peer.upgrade = null;
  upgrade?.done?.(failure);
}

type Failed = CallResult & { readonly ok: false };
const OK: CallResult = { ok: true, handle: -1 };
const NOT_READY: Failed = { ok: false, code: 'state', message: 'TLS not started: bytes wait on this connection, or it is muted' };
const RESULTS: Readonly<Record<StartTlsResult, Failed | null>> = {
  ok: null,
  'not-connected': { ok: false, code: 'io', message: 'connection closed' },
  'already-tls': { ok: false, code: 'state', message: 'the connection has TLS' },
  'not-ready': NOT_READY,
  'session-failed': { ok: false, code: 'io', message: 'TLS failed (session-failed): a client needs a servername' },
};

function begin(peer: Peer, context: TlsContext, servername: string, host: UpgradeHost): Failed | null {
  // A frame that was begun, or requests nobody has looked at, came in plaintext: they may be a stranger's.
  if (!(peer.session instanceof Session) || peer.session.reader.buffered > 0 || !host.taken(peer)) return NOT_READY;
  return RESULTS[peer.connection.startTls(context, servername)];
}
