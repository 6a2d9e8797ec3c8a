/** The seam between the state machine and the medium: sockets, TLS over them, or a fake. */
import type { TlsFailure } from './failures.js';
import type { TlsContext, TlsDetails } from './tls-context.js';

/** The kernel has all bytes. */
export const TAKEN = 0;
/** The kernel will have them soon. */
export const PENDING = 1;
/** The kernel refuses; nothing should be written until `drained`. */
export const CONGESTED = 2;
/** What became of a write. */
export type WriteOutcome = typeof TAKEN | typeof PENDING | typeof CONGESTED;

/** Who was at the other end when it connected. The process may be another by now: decide by user and group. */
export interface PeerCredentials { readonly pid: number; readonly uid: number; readonly gid: number }

/** The other end, for people and tables. */
export interface PeerName {
  readonly kind: 'tcp' | 'unix';
  /** `address:port`; `unix` for peers without an address. */
  readonly name: string;
  /** Its port and ours; 0 where there are none. */
  readonly port: number;
  readonly localPort: number;
  /** Of a peer on this machine, when the listener has asked for them. */
  readonly credentials: PeerCredentials | null;
}

/** A stream as the connection sees it. */
export interface Transport {
  readonly peer: PeerName;
  /** What TLS has agreed on; null on plain streams. */
  readonly tls: TlsDetails | null;
  /** Starts reading. Called once; the events are never called before it, nor after `destroy` except `released`. */
  open(events: TransportEvents): void;
  /** Within `data`: as if it had not been opened, and `chunk` not read. Whoever opens it next gets the chunk first. */
  unread(chunk: Uint8Array): void;
  /** Writes everything, in order. */
  write(chunks: readonly Uint8Array[], bytes: number): WriteOutcome;
  /** How many of all written bytes the kernel surely has. Wrong in no direction but too few. */
  taken(): number;
  /** Writes what is pending, takes leave (`close_notify` with TLS), ends the sending direction; then `finished`. */
  end(): void;
  pause(): void;
  resume(): void;
  /** Drops the stream at once. */
  destroy(): void;
  /** Received bytes that were not delivered, or written ones that were not taken, lie in the transport. */
  readonly busy: boolean;
  /** The system's number of a plain socket; -1: there is none, or it is not for others to use. */
  readonly descriptor: number;
  /**
   * Starts TLS on this stream, which from then on only serves to `destroy` it. Answers why it cannot, or null and calls `secured` or
   * `refused` once.
   */
  secure(session: TlsSession, events: TransportEvents): TlsFailure | null;
  setNoDelay(on: boolean): void;
  /** 0 turns it off. */
  setKeepAlive(idleMs: number): void;
}

/** What a handshake needs to know. */
export interface TlsSession {
  readonly role: 'client' | 'server';
  readonly context: TlsContext;
  /** The name, or the address, the server's certificate must be for; '' on servers. */
  readonly host: string;
}

/** What a transport tells whoever has opened it. */
export interface TransportEvents {
  /** Bytes have come; nobody else uses their buffer. */
  data(chunk: Uint8Array): void;
  /** The peer sends nothing more: FIN, or `close_notify` with TLS. */
  ended(): void;
  /** The kernel has taken more of what was pending. */
  progress(): void;
  /** A write that was PENDING turned out to be CONGESTED. */
  congested(): void;
  /** Nothing is pending any more. */
  drained(): void;
  /** What `end` asked for is done. */
  finished(): void;
  /** It is broken; nothing more follows but `released`. */
  failed(error: Error): void;
  /** The handshake is done; `transport` was opened on the same events. */
  secured(transport: Transport, details: TlsDetails): void;
  /** The handshake has failed. */
  refused(failure: TlsFailure): void;
  /** The descriptor is free. */
  released(): void;
}

/** Where to connect to. `from`: the local address. `family`: 0 or none for both. */
export type DialTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly from?: string; readonly family?: 0 | 4 | 6 }
  | { readonly kind: 'unix'; readonly path: string };

/** What a dialer tells. */
export interface DialEvents {
  /** `inFlight` attempts to connect, at least 1. */
  attempting(inFlight: number): void;
  connected(transport: Transport): void;
  /** `dns`: nothing was tried. */
  failed(reason: 'dns' | 'tcp', error: Error): void;
}

/** Opens streams. Exactly one of `connected` and `failed` follows, unless it was aborted. */
export interface Dialer {
  dial(target: DialTarget, events: DialEvents): { abort(): void };
}
