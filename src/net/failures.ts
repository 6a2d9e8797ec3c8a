/** What can go wrong with a connection, as values. */

/**
 * Why a connection never became ready.
 * - `dns`: no address of the name was ever tried. `tcp`: addresses were tried and none answered, or this side closed meanwhile.
 * - `tls`: no session could be made, or the handshake failed; `code` is a `TlsFailureCode`.
 * - `timeout`: not ready in time. `timer`: a duration that is none.
 */
export interface Failure {
  readonly reason: 'dns' | 'tcp' | 'tls' | 'timeout' | 'timer';
  /** For programs; short words with hyphens, or the system's own code. */
  readonly code: string;
  readonly message: string;
}

/** Why a connection that was ready is over. `code` for programs: see `CLOSE_CODES`, a `TlsFailureCode`, or the system's own code. */
export interface CloseCause extends Reason {
  /** This side has asked for it: by `close`, by `hardClose`, or by a handler that threw. */
  readonly ours: boolean;
}
/** `code` is for programs and never changes its meaning, `message` for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** The codes of a `CloseCause` that are neither the system's nor of TLS, with what they say. */
export const CLOSE_CODES = {
  closed: 'this side closed it and the peer has agreed',
  'peer-closed': 'the peer closed it',
  'hard-close': 'this side dropped it',
  'close-timeout': 'the peer did not agree to the close in time',
  'handler-error': 'a handler threw an exception',
} as const;

export function closeReason(code: keyof typeof CLOSE_CODES): Reason {
  return { code, message: CLOSE_CODES[code] };
}

/** What the system said. */
export function systemReason(error: Error): Reason {
  const { code = 'io', message, errors = [] } = error as NodeJS.ErrnoException & { readonly errors?: readonly Error[] };
  // Of several attempts the system only says what each of them came to.
  return { code, message: message === '' ? errors.map((e) => e.message).join('; ') : message };
}

/** What was thrown, in words; anything can be. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'something without a name';
  }
}

/** Why TLS did not come about. `auth`: the peer is not who it should be; everything else is `general`. */
export interface TlsFailure {
  readonly kind: 'auth' | 'general';
  readonly code: TlsFailureCode;
  readonly message: string;
}

/** See `TLS_FAILURES`. */
export type TlsFailureCode = keyof typeof TLS_FAILURES;

/** How a handshake can fail, with what the codes say. */
export const TLS_FAILURES = {
  'certificate-missing': 'the peer has shown no certificate',
  'certificate-self-signed': 'the certificate is signed by nobody but itself',
  'certificate-unknown-ca': 'the certificate is signed by an authority that is not trusted here',
  'certificate-bad-signature': 'the signature of the certificate is wrong',
  'certificate-expired': 'the certificate has expired',
  'certificate-not-yet-valid': 'the certificate is not valid yet',
  'certificate-revoked': 'the certificate was revoked',
  'certificate-wrong-host': 'the certificate is for another name',
  'certificate-wrong-purpose': 'the certificate is not for this side: clients and servers may have their own',
  'certificate-invalid': 'the certificate was not accepted',
  'alpn-mismatch': 'no protocol in common',
  'protocol-version': 'no TLS version in common',
  'no-shared-cipher': 'no cipher in common',
  'not-tls': 'the peer does not speak TLS',
  'peer-refused-certificate': 'the peer refuses the certificate of this side',
  'peer-wants-certificate': 'the peer wants a certificate and got none',
  'peer-refused': 'the peer refuses the handshake, or to go on',
  'peer-closed': 'the peer closed during the handshake',
  'handshake-timeout': 'no handshake in time',
  'session-failed': 'no TLS session can be made from these options',
  'closed-by-us': 'this side closed during the handshake',
  'handshake-failed': 'the handshake failed',
  'bad-record': 'something came that is not of this session',
  'silent-records': 'the peer sends too many records that say nothing',
} as const;

export function tlsFailure(code: TlsFailureCode, message: string = TLS_FAILURES[code]): TlsFailure {
  return { kind: code.startsWith('certificate-') ? 'auth' : 'general', code, message };
}

/** A handshake that failed, as the reason a connection never became ready. */
export function tlsReason({ code, message }: TlsFailure): Failure {
  return { reason: 'tls', code, message };
}
/** This side has closed before the connection was ready. */
export function closedMeanwhile(handshaking: boolean): Failure {
  const failure = tlsFailure('closed-by-us');
  return handshaking ? tlsReason(failure) : { reason: 'tcp', code: failure.code, message: 'this side closed while connecting' };
}

/** Whether a code is one of TLS. */
export function isTlsFailure(code: string): code is TlsFailureCode {
  return Object.hasOwn(TLS_FAILURES, code);
}

const VERIFICATION: Record<string, TlsFailureCode> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-unknown-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-unknown-ca',
  CERT_UNTRUSTED: 'certificate-unknown-ca',
  CERT_SIGNATURE_FAILURE: 'certificate-bad-signature',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  CERT_REVOKED: 'certificate-revoked',
  INVALID_PURPOSE: 'certificate-wrong-purpose',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-wrong-host',
  HOSTNAME_MISMATCH: 'certificate-wrong-host',
};

/** Rows are tried in order; the code of the TLS library names what happened. */
const HANDSHAKE: readonly (readonly [RegExp, TlsFailureCode])[] = [
  // The library goes on behind it, and stumbles over it where it has to wait for the rest of what the peer sends.
  [/SSL_EVP_LIB/, 'certificate-bad-signature'],
  [/PEER_DID_NOT_RETURN_A_CERTIFICATE/, 'certificate-missing'],
  [/ALERT_CERTIFICATE_REQUIRED/, 'peer-wants-certificate'],
  [/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(EXPIRED|UNKNOWN|REVOKED)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/, 'peer-refused-certificate'],
  [/NO_APPLICATION_PROTOCOL/, 'alpn-mismatch'],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS_AVAILABLE/, 'protocol-version'],
  [/NO_SHARED_CIPHER|NO_CIPHERS_AVAILABLE/, 'no-shared-cipher'],
  [/ALERT_/, 'peer-refused'],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|BAD_RECORD_TYPE|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE/, 'not-tls'],
  [/HANDSHAKE_TIMEOUT/, 'handshake-timeout'],
  [/ECONNRESET|EPIPE|ECONNABORTED|SOCKET_CLOSED/, 'peer-closed'],
];

/** `verification`: what the library holds against the peer's certificate, if anything; it decides before the error does. */
export function tlsFailureOf(error: Error, verification: string | null): TlsFailure {
  const own = (error as NodeJS.ErrnoException).code ?? '';
  if (verification !== null && verification !== '') return tlsFailure(VERIFICATION[verification] ?? 'certificate-invalid', `${verification}: ${wordsOf(error)}`);
  if (own in VERIFICATION) return tlsFailure(VERIFICATION[own], error.message);
  const row = HANDSHAKE.find(([pattern]) => pattern.test(own));
  return tlsFailure(row?.[1] ?? 'handshake-failed', wordsOf(error));
}

/**
 * What went wrong on a connection with TLS that is live, with a `TlsFailureCode` in place of the library's code; the system's own stay. With
 * TLS 1.3 a client hears here that its certificate is refused.
 */
export function liveTlsError(error: Error): Error {
  const own = (error as NodeJS.ErrnoException).code ?? '';
  if (!/^ERR_(SSL|TLS)_/.test(own)) return error;
  const row = /ALERT_/.test(own) ? HANDSHAKE.find(([pattern]) => pattern.test(own)) : undefined;
  return Object.assign(new Error(wordsOf(error)), { code: row?.[1] ?? 'bad-record' satisfies TlsFailureCode });
}

/** The library's message begins with addresses and ends with places in its source; its reason is what can be read. */
const wordsOf = (error: Error): string => (error as { readonly reason?: string }).reason ?? error.message;
