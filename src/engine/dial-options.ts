/** What `.ipc.open` takes: an address, or a dict with one. */
import { fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { Dict, type Value } from '../lang/value.js';
import { AddressError, peerAddress, type PeerAddress } from '../net/address.js';
import { handleOf } from './handle-of.js';
import { bytes, count, flag, nested, path, readOptions, texts, type Reader, type ValueOf } from './options.js';
import type { ClientTls } from './tls-files.js';

export interface Dialled {
  readonly at: PeerAddress;
  /** 0: as usual. */
  readonly timeoutMs: number;
  readonly tls?: ClientTls;
  /** After a loss it is dialled again, and keeps its handle. */
  readonly reconnect: boolean;
  /** After so many ms without a byte `.net.on.idle` is called; 0: never. */
  readonly idleMs: number;
}

/** Options of a client's side of TLS. */
export const CLIENT_TLS = new Map<string, Reader>([['ca', path], ['crl', path], ['cert', path], ['key', path], ['servername', path], ['alpn', texts]]);

/** Errors: `type`, `domain`, and those of `readOptions`. */
export function dialOptions(v: Value, ms: Value, valueOf: ValueOf): Dialled {
  if (typeof v === 'string') return { at: parse(v), timeoutMs: timeout(ms), reconnect: false, idleMs: 0 };
  if (!(v instanceof Dict)) return fail('type', `.ipc.open expects a string "host:port[:user:password]", got ${typeName(v)}`);
  const read = readOptions(v, OPTIONS, valueOf) as { address?: string; timeout?: number; tls?: ClientTls; reconnect?: boolean; idle?: number };
  if (read.address === undefined) return fail('value', '.ipc.open: no option address');
  const at = parse(read.address);
  const rest = { timeoutMs: read.timeout ?? timeout(ms), reconnect: read.reconnect ?? false, idleMs: read.idle ?? 0 };
  return read.tls === undefined ? { at, ...rest } : { at: { ...at, tls: true }, ...rest, tls: read.tls };
}

const OPTIONS = new Map<string, Reader>([
  // The address carries credentials, which are bytes.
  ['address', bytes], ['timeout', (_, v) => timeout(v)], ['tls', nested(CLIENT_TLS)], ['reconnect', flag], ['idle', count],
]);

function timeout(ms: Value): number {
  const n = handleOf(ms);
  if (n === null) return fail('type', `.ipc.open timeout must be an integer (milliseconds), got ${typeName(ms)}`);
  return n < 0 ? fail('domain', `.ipc.open timeout must be >= 0, got ${n}`) : n;
}

/** Host and path are text; credentials stay bytes: the wire carries them as they are written. */
function parse(address: string): PeerAddress {
  try {
    return peerAddress(address, fromBytes);
  } catch (e) {
    if (!(e instanceof AddressError)) throw e;
    return fail('domain', `.ipc.open ${toBytes(e.message)}`);
  }
}
