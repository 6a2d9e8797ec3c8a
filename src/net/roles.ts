/** Which side of a connection this is, and what only that side is told. */
import type { ClientOptions } from './connection-options.js';
import type { Connection } from './endpoint.js';
import type { Failure } from './failures.js';
import type { ClientHandler, ServerHandler } from './handlers.js';
import { socketDialer } from './socket-dialer.js';
import type { TlsDetails } from './tls-context.js';
import type { Dialer, DialTarget } from './transport.js';

export type Role = ClientRole | { readonly side: 'server'; readonly handler: ServerHandler };
export interface ClientRole { readonly side: 'client'; readonly handler: ClientHandler; readonly target: DialTarget; readonly dialer: Dialer }

export function clientRole({ target, dialer = socketDialer }: ClientOptions, handler: ClientHandler): ClientRole {
  return { side: 'client', handler, target, dialer };
}

/** Both answer what the handler answers. */
export function tellReady(role: Role, connection: Connection, details: TlsDetails | null): unknown {
  return role.side === 'client' ? role.handler.onConnected?.(connection, details) : role.handler.onStarted?.(connection, details);
}
export function tellFailure(role: Role, connection: Connection, failure: Failure): unknown {
  return role.side === 'client' ? role.handler.onConnectionFailure(connection, failure) : role.handler.onStartFailure(connection, failure);
}
