/** The seam between a listener and where its streams come from: sockets, or a fake. */
import type { Admission, CredentialRules } from './peer-credentials.js';
import type { Transport } from './transport.js';

export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly ipv6Only?: boolean }
  /** `mode`: permission bits of the file, by default 0600: only this user. */
  | { readonly kind: 'unix'; readonly path: string; readonly mode?: number }
  /** A descriptor that is bound already, see `inheritedDescriptors`. */
  | { readonly kind: 'fd'; readonly fd: number };

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

export interface AcceptorEvents {
  arrived(arrival: Arrival): void;
  /** Accepting has failed; it goes on. */
  failed(error: Error): void;
}

export interface Acceptor {
  /** The port it really has, 0 for paths; or why it does not listen, after which there are no events. */
  open(target: ListenTarget, backlog: number, events: AcceptorEvents): Promise<{ readonly port: number } | ListenFailure>;
  /** Whether connects still come here: another may have taken the path over. */
  readonly reachable: boolean;
  /** Nothing arrives any more. */
  close(): void;
  /** Whether the process lives as long as it. */
  ref(): void;
  unref(): void;
}
