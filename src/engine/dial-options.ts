/** What `.ipc.open` takes: an address, or a dict with one. */
import { items, itemAt } from '../columns/item.js';
import { fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { Dict, List, Sym, Vec, type Value } from '../lang/value.js';
import { AddressError, peerAddress, type PeerAddress } from '../net/address.js';
import { handleOf } from './lang-side.js';
import type { ClientTls } from './tls-files.js';

export interface Dialled {
  readonly at: PeerAddress;
  /** 0: as usual. */
  readonly timeoutMs: number;
  readonly tls?: ClientTls;
}

/** A dict is written, not evaluated: a name in it stands for its value, which `valueOf` knows. */
export function dialOptions(v: Value, ms: Value, valueOf: (name: Sym) => Value): Dialled {
  if (typeof v === 'string') return { at: parse(v), timeoutMs: timeout(ms) };
  if (!(v instanceof Dict)) return fail('type', `.ipc.open expects a string "host:port[:user:password]", got ${typeName(v)}`);
  const read = options(v, OPTIONS, '', valueOf);
  if (read['address'] === undefined) return fail('value', '.ipc.open: no option address');
  const at = parse(read['address'] as string);
  const tls = read['tls'] as ClientTls | undefined;
  return {
    at: tls === undefined ? at : { ...at, tls: true }, timeoutMs: (read['timeout'] as number | undefined) ?? timeout(ms),
    ...(tls === undefined ? {} : { tls }),
  };
}

type Reader = (name: string, v: Value, valueOf: (name: Sym) => Value) => unknown;

const text: Reader = (name, v) => (typeof v === 'string' ? fromBytes(v) : fail('type', `.ipc.open: ${name} must be a str, got ${typeName(v)}`));
const texts: Reader = (name, v, valueOf) => (v instanceof Vec || v instanceof List ? items(v) : [v]).map((word) => text(name, word, valueOf));
const TLS = new Map<string, Reader>([['ca', text], ['cert', text], ['key', text], ['servername', text], ['alpn', texts]]);
const OPTIONS = new Map<string, Reader>([
  // The address carries credentials, which are bytes.
  ['address', (name, v) => (typeof v === 'string' ? v : fail('type', `.ipc.open: ${name} must be a str, got ${typeName(v)}`))],
  ['timeout', (_, v) => timeout(v)],
  ['tls', (name, v, valueOf) => (v instanceof Dict ? options(v, TLS, `${name}.`, valueOf) : fail('type', `.ipc.open: ${name} must be a dict, got ${typeName(v)}`))],
]);

function options(dict: Dict, table: ReadonlyMap<string, Reader>, prefix: string, valueOf: (name: Sym) => Value): Record<string, unknown> {
  const read = new Map<string, unknown>();
  for (let i = 0; i < dict.length; i++) {
    const key = itemAt(dict.keys, i);
    const name = key instanceof Sym ? key.text : '';
    const reader = table.get(name);
    if (reader === undefined) return fail('value', `.ipc.open: no option ${prefix}${name}; there are ${[...table.keys()].join(', ')}`);
    const written = itemAt(dict.vals, i);
    read.set(name, reader(prefix + name, written instanceof Sym && !written.quoted ? valueOf(written) : written, valueOf));
  }
  return Object.fromEntries(read);
}

function timeout(ms: Value): number {
  const n = handleOf(ms);
  if (n === null) return fail('type', `.ipc.open timeout must be an integer (milliseconds), got ${typeName(ms)}`);
  return n < 0 ? fail('domain', `.ipc.open timeout must be >= 0, got ${n}`) : n;
}

/** Credentials stay bytes: the wire carries them as they are written. */
function parse(address: string): PeerAddress {
  try {
    return peerAddress(address);
  } catch (e) {
    if (!(e instanceof AddressError)) throw e;
    return fail('domain', `.ipc.open ${toBytes(e.message)}`);
  }
}
