/** Reading containers by key or position, and dicts as maps. */
import { Dict, List, Narrow, Sym, T, Table, Vec, isSeq, nullOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import { mapEach } from './each.js';
import { itemAt, itemOr, items, pack, reader } from './item.js';
import { listFrom } from './long-list.js';
import { gather, gatherTable, rowAt, rowNumbers } from './gather.js';
import { hashKey, type Key } from './same.js';
import { indexOfValue } from './search.js';

/** Position of a key in a dict, -1 where it has none. A key of another type than the key vector is not found. */
function dictIndex(d: Dict, key: Value): number {
  return d.keys instanceof Vec && tagOf(key) !== -d.keys.t ? -1 : indexOfValue(d.keys, key);
}

/** Keys between two looks whether the evaluation is interrupted. */
const LOOKED_AT = 16384;

/** Pairs of `a`, then those of `b` with keys `a` does not have; where both have a key, `b`'s value. Errors: `type` for keys of different types. */
export function mergeDicts(a: Dict, b: Dict): Dict {
  if (b.length === 0) return a;
  const t = a.length === 0 ? b.keys.t : a.keys.t;
  const keys = [...items(a.keys)];
  const vals = [...items(a.vals)];
  const known = new Map<Key, number>();
  for (let i = keys.length - 1; i >= 0; i--) {
    if (i % LOOKED_AT === 0) checkpoint();
    known.set(hashKey(keys[i]), i);
  }
  for (let i = 0; i < b.length; i++) {
    if (i % LOOKED_AT === 0) checkpoint();
    const key = itemAt(b.keys, i);
    if (t !== T.LIST && tagOf(key) !== -t) fail('type', `a ${typeName(key)} key for a dict of ${typeName(a.keys)} keys`);
    const at = known.get(hashKey(key));
    if (at !== undefined) vals[at] = itemAt(b.vals, i);
    else {
      known.set(hashKey(key), keys.length);
      keys.push(key);
      vals.push(itemAt(b.vals, i));
    }
  }
  return new Dict(t === T.LIST ? new List(keys) : pack(t, keys), new List(vals));
}

/** The dict without the pair of a key; itself where it has none. */
export function withoutKey(d: Dict, key: Value): Dict {
  const at = dictIndex(d, key);
  if (at < 0) return d;
  const keep = new Int32Array(d.length - 1);
  blocks(keep.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) keep[i] = i < at ? i : i + 1;
  });
  return new Dict(gather(d.keys, keep), listFrom(gather(d.vals, keep)));
}

/**
 * What `at` answers. Positions outside a vector give its typed null, unknown dict keys 0Nl. Errors: `domain` for a row,
 * byte or column that is not there, `type` for what cannot be indexed so.
 */
export function pick(from: Value, key: Value): Value {
  if (from instanceof Table) return pickFromTable(from, key);
  if (from instanceof Dict) {
    const at = dictIndex(from, key);
    return at < 0 ? nullOf(T.I64) : itemOr(from.vals, at, nullOf(T.I64));
  }
  if (typeof from === 'string') return isSeq(key) ? bytesAt(from, key) : byteAt(from, key);
  if (from instanceof Vec && key instanceof Vec && key.t === T.I64) {
    const rows = rowNumbers(key, from.length);
    if (rows !== null) return gather(from, rows);
  }
  if (isSeq(key)) return mapEach(key, (k) => pick(from, k));
  const i = position(key);
  if (!isSeq(from)) fail('type', `cannot index ${typeName(from)}`);
  return itemOr(from, i, nullOf(from.t === T.LIST ? T.I64 : from.t));
}

function pickFromTable(t: Table, key: Value): Value {
  if (key instanceof Sym) {
    const i = indexOfValue(t.names, key);
    return i < 0 ? fail('domain', `no column '${key.text}'`) : t.cols[i];
  }
  if (key instanceof Vec && key.t === T.I64) {
    return gatherTable(t, rowNumbers(key, t.length) ?? fail('domain', `a row outside the table's ${t.length}`));
  }
  if (isSeq(key)) return mapEach(key, (k) => pick(t, k));
  const i = position(key);
  return i >= 0 && i < t.length ? rowAt(t, i) : fail('domain', `row ${i} of a table of ${t.length} rows`);
}

function bytesAt(s: string, keys: Vec | List): string {
  const read = reader(keys);
  let out = '';
  blocks(keys.length, (lo, hi) => {
    const bytes = new Array<string>(hi - lo);
    for (let i = lo; i < hi; i++) bytes[i - lo] = byteAt(s, read(i));
    out += bytes.join('');
  });
  return out;
}

function byteAt(s: string, key: Value): string {
  const i = typeof key === 'boolean' ? Number(key) : tagOf(key) === -T.I64 || POSITIONS.has(tagOf(key)) ? position(key) : -1;
  return i >= 0 && i < s.length ? s[i] : fail('domain', `byte ${i} of a str of ${s.length}`);
}

const POSITIONS = new Set<number>([-T.I32, -T.I16, -T.U8]);

/** A position given as an i64, i32, i16 or u8 atom; what is too large for one is as far outside. */
function position(key: Value): number {
  if (typeof key === 'number') return key;
  if (typeof key === 'bigint') return -1;
  return key instanceof Narrow && POSITIONS.has(key.t) ? key.v : fail('type', `an index is an integer, got ${typeName(key)}`);
}
