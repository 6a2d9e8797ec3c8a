/** TLS handshakes over sockets: the direct kind, and the upgrade of a connection that was plain. */
import { isIP, type Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { tlsFailure, tlsFailureOf, type TlsFailure } from './failures.js';
import { inTurn } from './handshake-turns.js';
import { nodeTls } from './node-tls.js';
import type { TlsContext } from './tls-context.js';
import { detailsOf, type TlsDetails } from './tls-details.js';
import type { TlsSession } from './transport.js';

export interface HandshakeEvents {
  secured(socket: TLSSocket, details: TlsDetails): void;
  refused(failure: TlsFailure): void;
}

/**
 * Begins a handshake on `raw`, of which nothing else may hold a reference from here on; destroying it ends the handshake. Answers a
 * failure, or null and calls one of the events once.
 */
export function secureSocket(raw: Socket, session: TlsSession, events: HandshakeEvents): TlsFailure | null {
  const { context } = session;
  if (context.failure !== null) return context.failure;
  if (session.role === 'server' && context.options.cert === undefined) return tlsFailure('session-failed', 'a server needs a certificate');
  // The socket above reports what happens to this one.
  raw.on('error', () => {});
  let over = false;
  const refuse = (socket: Socket, failure: TlsFailure): void => {
    if (over) return;
    over = true;
    socket.on('error', () => {});
    socket.destroy();
    events.refused(failure);
  };
  const settle: Settle = (socket, failure) => {
    if (failure !== null) return refuse(socket, failure);
    if (over) return;
    over = true;
    events.secured(socket, detailsOf(socket));
  };
  try {
    if (session.role === 'client') startClient(raw, session, settle);
    else startServer(raw, context, settle, () => refuse(raw, tlsFailure('peer-closed')));
    return null;
  } catch (e) {
    return tlsFailure('session-failed', (e as Error).message);
  }
}

type Settle = (socket: TLSSocket, failure: TlsFailure | null) => void;

/** No session is resumed, ever: on a resumed one the certificate's name is not compared with the host any more. */
function startClient(raw: Socket, { context, host }: TlsSession, settle: Settle): void {
  const { alpn, minVersion } = context.options;
  const { connect, checkServerIdentity } = nodeTls();
  const socket = connect({
    socket: raw, secureContext: context.secureContext, rejectUnauthorized: true, minVersion: minVersion ?? 'TLSv1.2',
    // An address is not a name that can be asked for, but one that is verified.
    ...(isIP(host) === 0 ? { servername: host } : { host, servername: '' }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  });
  const failed = (error: Error): void => settle(socket, tlsFailureOf(error, verification(socket)));
  const ended = (): void => settle(socket, tlsFailure('peer-closed'));
  socket.on('error', failed);
  socket.on('end', ended);
  socket.on('close', ended);
  socket.once('secureConnect', () => {
    socket.off('error', failed);
    socket.off('end', ended);
    socket.off('close', ended);
    settle(socket, socket.authorized ? alpnFailure(socket, context) : tlsFailureOf(socket.authorizationError ?? new Error('not verified'), verification(socket)));
  });
}

const waiting = new WeakMap<Socket, Settle>();
const watched = new WeakSet<Server>();

/** The handshake begins when its turn comes after the peer's first bytes. `gone`: they have not come. */
function startServer(raw: Socket, context: TlsContext, settle: Settle, gone: () => void): void {
  const { server } = context;
  if (!watched.has(server)) watch(server, context);
  waiting.set(raw, settle);
  // A half-open socket would wait for ever for the rest of a handshake whose peer has gone.
  raw.allowHalfOpen = false;
  const begin = (): void => {
    raw.off('close', gone);
    if (raw.destroyed) gone();
    else server.emit('connection', raw);
  };
  const heard = (): void => {
    // Nothing is there to be read but the end, which has to be read as well.
    if (raw.readableLength === 0) return void raw.read();
    raw.off('readable', heard);
    inTurn(begin);
  };
  raw.on('close', gone);
  raw.on('readable', heard);
  if (raw.readableLength > 0) heard();
}

function watch(server: Server, context: TlsContext): void {
  watched.add(server);
  const settleOf = (socket: TLSSocket): Settle | undefined => {
    const raw = (socket as unknown as { readonly _parent?: Socket })._parent;
    const settle = raw === undefined ? undefined : waiting.get(raw);
    if (raw !== undefined) waiting.delete(raw);
    return settle;
  };
  server.on('secureConnection', (socket) => {
    const settle = settleOf(socket);
    socket.allowHalfOpen = true;
    if (settle === undefined) socket.destroy();
    else settle(socket, clientFailure(socket, context) ?? alpnFailure(socket, context));
  });
  server.on('tlsClientError', (error, socket) => {
    settleOf(socket)?.(socket, tlsFailureOf(error, verification(socket)));
  });
}

/** What the library holds against the certificate of the peer, as a code of its own. */
function verification(socket: TLSSocket): string | null {
  const error = socket.authorizationError as unknown;
  if (error === null || error === undefined) return null;
  return typeof error === 'string' ? error : ((error as NodeJS.ErrnoException).code ?? 'unknown');
}

/** The library has refused already what it should; who is let in is decided once more here, by what the context asks for. */
function clientFailure(socket: TLSSocket, { options }: TlsContext): TlsFailure | null {
  if (options.ca === undefined) return null;
  const certificate = socket.getPeerCertificate();
  const shown = Object.keys(certificate).length > 0;
  if (!shown) return options.requireClient === false ? null : tlsFailure('certificate-missing');
  if (!socket.authorized) return tlsFailureOf(new Error('not verified'), verification(socket) ?? 'unknown');
  const { clientNames } = options;
  if (clientNames === undefined || clientNames.some((name) => nodeTls().checkServerIdentity(name, certificate) === undefined)) return null;
  return tlsFailure('certificate-wrong-host', 'the certificate carries none of the names that are let in');
}

function alpnFailure(socket: TLSSocket, { options }: TlsContext): TlsFailure | null {
  if (options.alpn === undefined) return null;
  const chosen = socket.alpnProtocol;
  return typeof chosen === 'string' && options.alpn.includes(chosen) ? null : tlsFailure('alpn-mismatch');
}
