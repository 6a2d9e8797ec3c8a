/** When two values are one and the same to collections: `find`, `in`, `distinct`, dict keys. */
import { Builtin, Dict, F64, Guid, Lambda, List, Narrow, Stamp, Sym, T, Table, Vec, isNull, symOf, type Value } from '../lang/value.js';
import { RayError } from '../lang/errors.js';

export type Key = number | bigint | string | object | null;

/**
 * A Map key that two values share exactly when they are the same: all nulls are, numbers of any type by value, everything else
 * by type and content.
 */
export function hashKey(v: Value): Key {
  switch (typeof v) {
    case 'number': return v;
    case 'boolean': return v ? 1 : 0;
    case 'string': return v;
    case 'bigint': return isNull(v) ? null : v;
  }
  if (v === null || isNull(v)) return null;
  if (v instanceof F64) return floatKey(v.v);
  if (v instanceof Sym) return symOf(v.id);
  if (v instanceof Narrow) return v.t === -T.DATE || v.t === -T.TIME ? `${MARK}${v.t}:${v.v}` : v.v;
  if (v instanceof Lambda || v instanceof Builtin || v instanceof RayError) return v;
  return MARK + contentText(v);
}

/** Whether two values are the same; see `hashKey`. */
export function sameValue(a: Value, b: Value): boolean {
  return a === b || hashKey(a) === hashKey(b);
}

// Byte strings have no characters beyond 255, so a marked key never meets one.
const MARK = '\u0100';
const SAFE = Number.MAX_SAFE_INTEGER;

const floatKey = (v: number): Key => (Number.isInteger(v) && (v > SAFE || v < -SAFE) ? BigInt(v) : v);

function contentText(v: Stamp | Guid | Vec | List | Dict | Table): string {
  if (v instanceof Stamp) return `p${v.v}`;
  if (v instanceof Guid) return `g${v.v}`;
  if (v instanceof List) return `(${v.items.map(elementText).join('')})`;
  if (v instanceof Dict) return `{${elementText(v.keys)}${elementText(v.vals)}}`;
  if (v instanceof Table) return `[${elementText(v.names)}${v.cols.map(elementText).join('')}]`;
  if (v.t === T.STR) return `v${v.t}[${(v.data as string[]).map(elementText).join('')}]`;
  return `v${v.t}[${(v.data as Int32Array).join()}]`;
}

/** Text of a key that no other sequence of elements can spell: its kind, its length, then itself. */
function elementText(v: Value): string {
  const key = hashKey(v);
  if (key === null) return 'z;';
  if (typeof key === 'string') return `s${key.length}:${key}`;
  if (typeof key !== 'object') return `n${key};`;
  return key instanceof Sym ? `y${key.id};` : `f${identity(key)};`;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;
function identity(f: object): number {
  let id = identities.get(f);
  if (id === undefined) identities.set(f, (id = nextIdentity++));
  return id;
}
