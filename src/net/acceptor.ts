/** The seam between a listener and where its streams come from: sockets, or a fake. */
import type { Admission, CredentialRules } from './peer-credentials.js';
import type { Transport } from './transport.js';

/** Where to listen. */
export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly ipv6Only?: boolean }
  /** `mode`: permission bits of the file, by default 0600: only this user. */
  | { readonly kind: 'unix'; readonly path: string; readonly mode?: number }
  /** A descriptor that is bound already, see `inheritedDescriptors`. */
  | { readonly kind: 'fd'; readonly fd: number };

/** Why nobody listens. `code`: of the system, or `out-of-range`, `ELOCKED`. */
export interface ListenFailure { readonly code: string; readonly message: string }

/** Something that has connected. Nothing is read from it before its transport is opened. */
export interface Arrival {
  /** Who it is, against the rules. */
  admit(rules: CredentialRules): Admission;
  transport(admission: Extract<Admission, { kind: 'admitted' }>): Transport;
  /** Once, when its descriptor is free. */
  onReleased(run: () => void): void;
  /** `reset`: the peer finds the stream reset. */
  drop(how: 'close' | 'reset'): void;
}

/** What an acceptor tells its listener. */
export interface AcceptorEvents {
  /** Somebody has connected. */
  arrived(arrival: Arrival): void;
  /** Accepting has failed; it goes on. */
  failed(error: Error): void;
}

/** Where a listener's streams come from. */
export interface Acceptor {
  /** The port it really has, 0 for paths; or why it does not listen, after which there are no events. */
  open(target: ListenTarget, backlog: number, events: AcceptorEvents): Promise<{ readonly port: number } | ListenFailure>;
  /** Whether connects still come here: another may have taken the path over. */
  readonly reachable: boolean;
  /** Nothing arrives any more. */
  close(): void;
  /** The process lives as long as it, or does not. */
  ref(): void;
  /** See `ref`. */
  unref(): void;
}
