/** What a program is told about its connection. Whatever a handler throws, at once or as a promise, is logged and closes its connection. */
import type { Connection } from './endpoint.js';
import type { CloseCause, Failure, TlsFailure } from './failures.js';
import type { TlsDetails } from './tls-context.js';

/** One piece, or several that leave as one. */
export type Bytes = Uint8Array | readonly Uint8Array[];

/** What both sides are told. Every method may be left out. */
export interface ConnectionHandler {
  /** A read, or a message of the size set by `bufferUntil`. `yield`: whatever follows waits for the next turn. */
  onReceived?(connection: Connection, data: Uint8Array): void | 'yield';
  /** Inside `send`, before anything is written; exactly one of `onSent` and `onSendFailed` follows for the token. */
  onSendAccepted?(connection: Connection, token: number, data: Bytes): void;
  /** The kernel has every byte of it; not that the peer has. */
  onSent?(connection: Connection, token: number): void;
  /** Not every byte reached the kernel. Always after `onClosed`, in a later turn. */
  onSendFailed?(connection: Connection, token: number): void;
  /** Nothing more is accepted until `onUnthrottled`; the two alternate. */
  onThrottled?(connection: Connection): void;
  /** The kernel has everything: sends are accepted again. */
  onUnthrottled?(connection: Connection): void;
  /** `startTls` has led to TLS. */
  onTlsReady?(connection: Connection, details: TlsDetails): void;
  /** `startTls` has not; `onClosed` follows at once. */
  onTlsFailure?(connection: Connection, failure: TlsFailure): void;
  /** The peer sends nothing more and may still read; only with the option `halfOpen`. */
  onPeerEnd?(connection: Connection): void;
  /** Nothing was read or written for the idle timeout; comes again after as long. */
  onIdleTimeout?(connection: Connection): void;
  /** The timer with this token is due, and another one may be set. */
  onTimer?(connection: Connection, token: number): void;
  /** Once, and only after the connection was ready. */
  onClosed?(connection: Connection, cause: CloseCause): void;
}

/** What becomes of an attempt to connect has to be heard. */
export interface ClientHandler extends ConnectionHandler {
  /** After the name was resolved, and again each time an attempt fails: how many are in flight. */
  onConnecting?(connection: Connection, inFlight: number): void;
  /** Ready, with TLS after the handshake. */
  onConnected?(connection: Connection, tls: TlsDetails | null): void;
  /** Never became ready; nothing follows. */
  onConnectionFailure(connection: Connection, failure: Failure): void;
}

/** What becomes of a handshake has to be heard. */
export interface ServerHandler extends ConnectionHandler {
  /** Ready, with TLS after the handshake. */
  onStarted?(connection: Connection, tls: TlsDetails | null): void;
  /** Never became ready; nothing follows. */
  onStartFailure(connection: Connection, failure: Failure): void;
}

/** What there is to tell about a move. */
export interface News {
  readonly details?: TlsDetails | null;
  readonly cause?: CloseCause;
  readonly failure?: Failure;
  readonly upgrade?: TlsFailure;
}

/** `handler-error`: a handler threw. `accept-error`: accepting has failed, and goes on. `refused`: somebody was not let in. */
export interface LogEntry {
  readonly event: 'handler-error' | 'accept-error' | 'refused';
  readonly message: string;
}
/** Must not throw; what it throws is lost. */
export type Log = (entry: LogEntry) => void;

/** One line on stderr for each entry. */
export const logToStderr: Log = (entry) => console.error(`${entry.event}: ${entry.message}`);
