/** Finding values in columns, and sets of columns: `find`, `in`, `except`, `sect`, `union`, `distinct`. */
import { F64, Guid, I64_NULL, List, Narrow, Stamp, Sym, T, Vec, isNull, tagOf, type Value } from '../lang/value.js';
import { BLOCK, blocks, checkpoint, someBlock } from '../lang/interrupt.js';
import { sorted } from './sort.js';
import { itemAt, nullAt } from './item.js';
import { gather } from './gather.js';
import { hashGroup, positionsIn } from './hashing.js';
import { hashKey } from './same.js';

/** First position of a value that is the same as `x`, -1 where there is none. Numbers of all types compare by value. */
export function indexOfValue(v: Vec | List, x: Value): number {
  if (v instanceof List) return indexInList(v, x);
  if (isNull(x)) return v.nulls ? firstNull(v) : -1;
  if (v.t === T.GUID) return x instanceof Guid ? indexOfGuid(v, x) : -1;
  const stored = storedAs(v.t, x);
  if (stored === undefined) return -1;
  let at = -1;
  // The search of the engine, piece by piece: a whole column may take it longer than an interrupt waits.
  someBlock(v.length, (lo, hi) => {
    const found = (Array.isArray(v.data) ? v.data.slice(lo, hi) : v.data.subarray(lo, hi) as unknown as unknown[]).indexOf(stored as never);
    if (found >= 0) at = lo + found;
    return found >= 0;
  });
  return at;
}

/** A B8 column: which needles occur in `haystack`. */
export function membership(haystack: Vec | List, needles: Vec | List): Vec {
  const at = positionsIn(haystack, needles, true);
  const out = new Uint8Array(at.length);
  blocks(at.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = at[i] < 0 ? 0 : 1;
  });
  return new Vec(T.B8, out);
}

/** Elements of `v` that do (`wanted`) or do not occur in `set`, in order, duplicates kept. `loose`: see `positionsIn`. */
export function selectBySet(v: Vec, set: Vec | List, wanted: boolean, loose?: boolean): Vec;
export function selectBySet(v: Vec | List, set: Vec | List, wanted: boolean, loose?: boolean): Vec | List;
export function selectBySet(v: Vec | List, set: Vec | List, wanted: boolean, loose = false): Vec | List {
  const at = positionsIn(set, v, loose);
  const rows = new Int32Array(at.length);
  let n = 0;
  blocks(at.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (at[i] >= 0 === wanted) rows[n++] = i;
  });
  return gather(v, rows.subarray(0, n));
}

/** Each different element once: SYM, STR, GUID and lists in order of first appearance, other types ascending with null first. */
export function distinctOf(v: Vec | List): Vec | List {
  const { first } = hashGroup(v);
  const out = first.length === v.length ? v : gather(v, first);
  return out instanceof List || FIRST_SEEN.has(out.t) ? out : ascending(out);
}

const FIRST_SEEN = new Set<number>([T.SYM, T.STR, T.GUID]);

function ascending(v: Vec): Vec {
  // The engine's own sort cannot be interrupted.
  if (v.length > BLOCK) return sorted(v, false);
  const data = (v.data as Float64Array).slice().sort();
  // A typed array sorts NaN last; there is at most one.
  if ((v.t === T.F64 || v.t === T.F32) && Number.isNaN(data[data.length - 1])) {
    data.copyWithin(1, 0, data.length - 1);
    data[0] = NaN;
  }
  return new Vec(v.t, data, v.nulls);
}

function indexInList(v: List, x: Value): number {
  const key = hashKey(x);
  const read = v.reader();
  for (let i = 0; i < v.length; i++) {
    if ((i & 65535) === 0) checkpoint();
    if (hashKey(read(i)) === key) return i;
  }
  return -1;
}

function firstNull(v: Vec): number {
  for (let i = 0; i < v.length; i++) {
    if ((i & 65535) === 0) checkpoint();
    if (nullAt(v, i)) return i;
  }
  return -1;
}

function indexOfGuid(v: Vec, x: Guid): number {
  for (let i = 0; i < v.length; i++) {
    if ((i & 65535) === 0) checkpoint();
    if ((itemAt(v, i) as Guid).v === x.v) return i;
  }
  return -1;
}

/** How a column of tag `t` would hold `x`; undefined where it cannot. */
function storedAs(t: number, x: Value): number | bigint | string | undefined {
  if (x instanceof Sym) return t === T.SYM ? x.id : undefined;
  if (typeof x === 'string') return t === T.STR ? x : undefined;
  if (x instanceof Stamp) return t === T.TIMESTAMP ? x.v : undefined;
  if (x instanceof Narrow && (x.t === -T.DATE || x.t === -T.TIME)) return t === -x.t ? x.v : undefined;
  const n = numberOf(x);
  if (n === undefined || !NUMERIC.has(t)) return undefined;
  if (t !== T.I64) return Number(n);
  if (typeof n === 'number' && !Number.isInteger(n)) return undefined;
  const big = BigInt(n);
  return big > I64_NULL && big === BigInt.asIntN(64, big) ? big : undefined;
}

const NUMERIC = new Set<number>([T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64]);

function numberOf(x: Value): number | bigint | undefined {
  if (typeof x === 'number' || typeof x === 'bigint') return x;
  if (typeof x === 'boolean') return x ? 1 : 0;
  if (x instanceof F64) return x.v;
  return x instanceof Narrow && NUMERIC.has(-tagOf(x)) ? x.v : undefined;
}
