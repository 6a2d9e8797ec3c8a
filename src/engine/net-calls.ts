/** What both sides say about connections as such. Plain data, because it crosses threads. */
import type { ClientTls, ServerTls } from './tls-files.js';

export type NetCall =
  | { readonly ask: 'unlisten'; readonly handle: number }
  /** The `TlsDetails` of a connection; null: it is plain. */
  | { readonly ask: 'tls'; readonly handle: number }
  /** Read certificates and users files again: whether there are any. */
  | { readonly ask: 'reload' }
  | StartTlsCall;

export interface StartTlsCall {
  readonly ask: 'start-tls';
  readonly handle: number;
  /** For the side that has connected, which waits for the end of the handshake. */
  readonly client: ClientTls | null;
  /** For the side that has accepted. */
  readonly server: ServerTls | null;
  /** It begins behind the next answer; otherwise at once. */
  readonly behindAnswer: boolean;
}

export type NetEvent =
  | { readonly is: 'send-failed'; readonly token: number; readonly reason: string }
  /** `code`: why, in a short word or the system's own. */
  | { readonly is: 'connect-failed'; readonly address: string; readonly code: string }
  /** A connection that was lost is there again. */
  | { readonly is: 'back'; readonly localPort: number; readonly restricted: boolean; readonly numbered: boolean };
