/** TLS as a state of its connection. "Wanted and not got" is not "never wanted". */
import type { TlsFailure } from './failures.js';
import type { TlsContext, TlsDetails } from './tls-context.js';

export type TlsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'handshaking'; readonly context: TlsContext; readonly host: string }
  | { readonly kind: 'upgrading'; readonly context: TlsContext; readonly host: string }
  | { readonly kind: 'live'; readonly details: TlsDetails }
  | { readonly kind: 'failed'; readonly failure: TlsFailure }
  | { readonly kind: 'disposed' };

export const NO_TLS: TlsState = { kind: 'none' };
