/** What TLS has agreed on, and with whom. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { nodeCrypto } from './node-tls.js';

/** A certificate of the peer that was verified. */
export interface PeerCertificateInfo {
  /** The common name; without one the whole name, without that the alternative names: never ''. */
  readonly subject: string;
  readonly issuer: string;
  /** Distinguished names, most general part first: `C=DE, O=Example, CN=server`. A comma within a part has a backslash. */
  readonly subjectName: string;
  readonly issuerName: string;
  /** As the library prints it: `DNS:localhost, IP Address:127.0.0.1`. */
  readonly names: string;
  /** In hexadecimal digits. */
  readonly serialNumber: string;
  /** SHA-256 of all of it: `AB:CD:..`. */
  readonly fingerprint256: string;
  /** As the library prints them: `Nov 20 16:05:34 2026 GMT`. */
  readonly validFrom: string;
  readonly validTo: string;
}

/** What TLS has agreed on. */
export interface TlsDetails {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** What ALPN has chosen. */
  readonly alpn: string | null;
  /** The name the client has asked for (SNI). */
  readonly servername: string | null;
  /** Verified; null when the peer has shown none and need not. */
  readonly peerCertificate: PeerCertificateInfo | null;
}

export function detailsOf(socket: TLSSocket): TlsDetails {
  const { alpnProtocol, authorized } = socket;
  const certificate = authorized ? socket.getPeerCertificate() : null;
  return {
    protocol: socket.getProtocol() ?? '', cipher: socket.getCipher()?.name ?? '',
    alpn: word(alpnProtocol), servername: word((socket as unknown as { readonly servername?: string | false | null }).servername),
    peerCertificate: certificate === null || Object.keys(certificate).length === 0 ? null : certificateInfo(certificate),
  };
}

const word = (s: string | false | null | undefined): string | null => (typeof s === 'string' && s !== '' ? s : null);

/** What the runtime makes of a peer's certificate by itself (`getPeerX509Certificate`) is never freed. */
function certificateInfo({ raw, subject, issuer }: PeerCertificate): PeerCertificateInfo {
  const certificate = new (nodeCrypto().X509Certificate)(raw);
  const [subjectName, issuerName, names] = [line(certificate.subject), line(certificate.issuer), certificate.subjectAltName ?? ''];
  return {
    subject: common(subject) || subjectName || names, issuer: common(issuer) || issuerName, subjectName, issuerName, names,
    serialNumber: certificate.serialNumber, fingerprint256: certificate.fingerprint256, validFrom: certificate.validFrom, validTo: certificate.validTo,
  };
}

/** Whoever has several has no common one. */
const common = (name: { readonly CN?: string | string[] } | undefined): string => (typeof name?.CN === 'string' ? name.CN : '');
/** The library writes a part a line; line ends within one are escaped. */
const line = (name: string | undefined): string => (name ?? '').split('\n').join(', ');
