/** What TLS has agreed on, as a dict for scripts. */
import { toBytes } from '../lang/text.js';
import { Dict, I64_MAX, List, Stamp, symVec, symbol, type Value } from '../lang/value.js';
import type { PeerCertificateInfo, TlsDetails } from '../net/tls-context.js';
import { nanoseconds } from './timestamps.js';

/** null: the connection is plain. What the peer has not shown is null in it. */
export function tlsReport(tls: TlsDetails | null): Value {
  if (tls === null) return null;
  const shown = ROWS.map(([, of]) => (tls.peerCertificate === null ? null : of(tls.peerCertificate)));
  return new Dict(KEYS, new List([symbol(tls.protocol), toBytes(tls.cipher), text(tls.alpn), text(tls.servername), ...shown]));
}

const text = (s: string | null): Value => (s === null ? null : toBytes(s));
/** Some are to be valid until the end of time, which is beyond that of the language: null. */
function time(s: string): Value {
  const ns = nanoseconds(Date.parse(s));
  return ns > -I64_MAX && ns <= I64_MAX ? new Stamp(ns) : null;
}

/** Of the peer's certificate. */
const ROWS: readonly (readonly [string, (c: PeerCertificateInfo) => Value])[] = [
  ['subject', (c) => text(c.subject)],
  ['issuer', (c) => text(c.issuer)],
  ['names', (c) => text(c.names)],
  ['subject-name', (c) => text(c.subjectName)],
  ['issuer-name', (c) => text(c.issuerName)],
  ['serial', (c) => text(c.serialNumber)],
  ['fingerprint', (c) => text(c.fingerprint256)],
  ['begins', (c) => time(c.validFrom)],
  ['expires', (c) => time(c.validTo)],
];
const KEYS = symVec(['version', 'cipher', 'alpn', 'servername', ...ROWS.map(([key]) => key)]);
