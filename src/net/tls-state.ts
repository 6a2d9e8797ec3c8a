/** TLS as a state of its connection. "Wanted and not got" is not "never wanted". */
import { tlsFailure, type TlsFailure } from './failures.js';
import type { TlsContext, TlsDetails } from './tls-context.js';

/** `upgrading`, `failed` and `disposed` are states of their own: none of them is a plain connection. */
export type TlsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'handshaking'; readonly context: TlsContext; readonly host: string }
  | { readonly kind: 'upgrading'; readonly context: TlsContext; readonly host: string }
  | { readonly kind: 'live'; readonly details: TlsDetails }
  | { readonly kind: 'failed'; readonly failure: TlsFailure }
  | { readonly kind: 'disposed' };

export const NO_TLS: TlsState = { kind: 'none' };

/** Before the handshake of a connection that is to have TLS from its first byte. */
export function initialTls(context: TlsContext, host: string, needsHost: boolean): TlsState {
  if (context.failure !== null) return { kind: 'failed', failure: context.failure };
  if (needsHost && host === '') return { kind: 'failed', failure: tlsFailure('session-failed', 'no name to verify the server by') };
  return { kind: 'handshaking', context, host };
}
