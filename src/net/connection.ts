/** Opening a stream to a peer, as a promise. */
import type { Failure } from './failures.js';
import { QueuedConnection, type StreamEvents } from './queued-connection.js';
import type { TlsContext } from './tls-context.js';
import type { DialTarget } from './transport.js';

export { QueuedConnection as Connection, type StreamEvents as ConnectionEvents } from './queued-connection.js';

export class ConnectError extends Error {
  constructor(readonly timedOut: boolean, message: string, readonly failure: Failure | null = null) {
    super(message);
  }
}

export interface Via {
  /** A Unix socket instead of host and port. */
  readonly path?: string;
  readonly tls?: { readonly context: TlsContext; readonly servername?: string };
}

/** Opens a stream; all addresses of a name are tried. Rejects with ConnectError. `events` are never called before the stream is open. */
export function connect(host: string, port: number, timeoutMs: number, events: StreamEvents, via: Via = {}): Promise<QueuedConnection> {
  return new Promise((resolve, reject) => {
    open(host, port, timeoutMs, events, via, resolve, reject);
  });
}

/** As `connect`: `ready` or `failed` is called once, in a later turn. */
export function open(
  host: string, port: number, timeoutMs: number, events: StreamEvents, via: Via, ready: (connection: QueuedConnection) => void, failed: (e: ConnectError) => void,
): QueuedConnection {
  const { path, tls } = via;
  const target: DialTarget = path === undefined ? { kind: 'tcp', host, port } : { kind: 'unix', path };
  const where = path ?? `${host}:${port}`;
  const options = { target, connectTimeoutMs: Math.max(1, timeoutMs) };
  const secure = tls === undefined ? options : { ...options, context: tls.context, ...(tls.servername === undefined ? {} : { servername: tls.servername }) };
  return QueuedConnection.open(secure, events, ready, (failure) => {
    const timedOut = failure.reason === 'timeout';
    const what = timedOut ? 'connection timed out' : failure.reason === 'tls' ? `TLS failed (${failure.code})` : 'connection refused';
    failed(new ConnectError(timedOut, `${what}: ${where}`, failure));
  });
}
