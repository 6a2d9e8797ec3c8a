/** What a TLS context is made of, whether that will do, and how the runtime is told. */
import type { SecureContextOptions } from 'node:tls';
import { nodeCrypto } from './node-tls.js';

export type Pem = string | Uint8Array;

/** Of both sides; what is only for one of them says so. */
export interface TlsContextOptions {
  /** Own certificate with its chain, PEM. Servers need one. */
  readonly cert?: Pem;
  /** Private key of `cert`, PEM. */
  readonly key?: Pem;
  readonly passphrase?: string;
  /** Authorities that are trusted, PEM; instead of those of the system. A server that is given some asks its clients for a certificate. */
  readonly ca?: Pem | readonly Pem[];
  /** What the authorities have revoked, PEM: one list for each of them; a peer whose authority has none is refused. */
  readonly crl?: Pem;
  /** Servers with `ca`: clients without a certificate are refused. Default true. */
  readonly requireClient?: boolean;
  /** Servers: a client's certificate has to carry one of these names. Default: any name. */
  readonly clientNames?: readonly string[];
  /** Protocols for ALPN, best first, of 1 to 255 bytes. When given, both sides have to agree on one. */
  readonly alpn?: readonly string[];
  /** Default TLSv1.2: older versions are broken. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  /**
   * Bytes a peer may send in records that say nothing, such as requests for new keys; 256 more for each byte it says. Beyond, it is dropped with
   * `silent-records`. Default 64 KiB: thousands of such requests, of which one a day would be a lot.
   */
  readonly silentBytes?: number;
}

/**
 * No session is resumed, by neither side: whoever comes back on a resumed one is not verified again, whatever has been revoked, renewed or
 * expired meanwhile. And who the peer is does not change while a connection lives.
 */
function neverAgain(): number {
  const { SSL_OP_NO_TICKET, SSL_OP_NO_RENEGOTIATION } = nodeCrypto().constants;
  return SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION;
}

export function secureOptions({ cert, key, passphrase, ca, crl, minVersion, maxVersion }: TlsContextOptions): SecureContextOptions {
  return {
    ...(cert === undefined ? {} : { cert: buffer(cert) }),
    ...(key === undefined ? {} : { key: buffer(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca: listed(ca).map(buffer) }),
    ...(crl === undefined ? {} : { crl: buffer(crl) }),
    minVersion: minVersion ?? 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
    secureOptions: neverAgain(),
  };
}

/** What is wrong with options, as far as it shows without the runtime, which takes much of it in silence or ends the process; null: nothing. */
export function faultOf({ cert, key, ca, alpn, minVersion, maxVersion, silentBytes }: TlsContextOptions): string | null {
  if ((cert === undefined) !== (key === undefined)) return 'cert and key go together';
  if (cert !== undefined && !holdsCertificates(cert)) return `cert: ${NO_CERTIFICATE}`;
  if (ca !== undefined && (listed(ca).length === 0 || !listed(ca).every(holdsCertificates))) return `ca: ${NO_CERTIFICATE}`;
  if (minVersion === 'TLSv1.3' && maxVersion === 'TLSv1.2') return 'minVersion is above maxVersion';
  if (silentBytes !== undefined && !(silentBytes >= 0)) return 'silentBytes: no number of bytes';
  return alpn === undefined || areProtocols(alpn) ? null : 'alpn: a protocol has 1 to 255 bytes, and there is at least one';
}

/** Why the runtime does not take options that looked well. Never says more of a key than that it is none. */
export function explained(e: Error, { key, passphrase }: TlsContextOptions): string {
  const { code = '', reason } = e as NodeJS.ErrnoException & { readonly reason?: string };
  if (/KEY_(VALUES|TYPE)_MISMATCH/.test(code)) return 'key: it does not belong to the certificate';
  if (key !== undefined && textOf(key).includes('ENCRYPTED')) {
    return passphrase === undefined ? 'key: it is protected by a passphrase, and none was given' : 'key: the passphrase does not open it';
  }
  if (e.message.includes('CRL')) return 'crl: no list of what was revoked in PEM, or a broken one';
  if (/DECODER|PEM routines/.test(e.message)) return 'key: no private key in PEM';
  return reason ?? e.message;
}

const NO_CERTIFICATE = 'no certificate in PEM, or a broken one';
const BEGIN = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const BLOCK = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g;

/** The runtime stops at the first broken one, and would trust fewer than are there. */
function holdsCertificates(pem: Pem): boolean {
  const text = textOf(pem);
  const blocks = text.match(BLOCK) ?? [];
  return blocks.length > 0 && blocks.length === text.match(BEGIN)?.length && blocks.every(isCertificate);
}
function isCertificate(block: string): boolean {
  try {
    return new (nodeCrypto().X509Certificate)(block).serialNumber !== '';
  } catch {
    return false;
  }
}

/** The extension has room for 65 535 bytes, with the length of each in one of its own. */
function areProtocols(names: readonly string[]): boolean {
  const sizes = names.map((name) => Buffer.byteLength(name));
  return sizes.length > 0 && sizes.every((n) => n >= 1 && n <= 255) && sizes.reduce((sum, n) => sum + 1 + n, 0) <= 0xffff;
}

const listed = (ca: Pem | readonly Pem[]): readonly Pem[] => (typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca);
const textOf = (pem: Pem): string => (typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString('latin1'));
const buffer = (pem: Pem): string | Buffer => (typeof pem === 'string' ? pem : Buffer.from(pem));
