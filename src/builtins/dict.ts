/** Making and taking apart dicts and tables. */
import { Dict, F64, List, Sym, T, Table, Vec, isAtom, isNull, isSeq, symVec, symbol, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { isSingle, items, pack } from '../columns/item.js';
import { columnOfLong } from '../columns/concat.js';
import { listFrom, listOf } from '../columns/long-list.js';
import { pick, withoutKey } from '../columns/lookup.js';
import { takeRange } from '../columns/slice.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'dict', arity: 2, args: 'keys vals', doc: 'dict of a key vector and as many values; a single value goes to every key. Errors: length', example: '(dict [a b] [1 2])',
    fn: dict,
  },
  {
    name: 'table', arity: 2, args: 'names cols', doc: 'table of columns of one length: vectors, lists, or atoms for one row. Errors: domain, type', example: '(table [a b] (list [1 2] ["x" "y"]))',
    fn: table,
  },
  {
    name: 'key', arity: 1, args: 'x', doc: 'keys of a dict, column names of a table', example: '(key {a:1})',
    fn: (x) => (x instanceof Dict ? x.keys : x instanceof Table ? x.names : fail('type', `key takes a dict or table, got ${typeName(x)}`)),
  },
  {
    name: 'value', arity: 1, args: 'x', doc: 'values of a dict, columns of a table', example: '(value {a:1 b:2})',
    fn: (x) => (x instanceof Dict ? x.vals : x instanceof Table ? new List(x.cols) : fail('type', `value takes a dict or table, got ${typeName(x)}`)),
  },
  {
    name: 'cols', arity: 1, args: 'table', doc: 'column names', example: '(cols (table [a b] (list [1] [2])))',
    fn: (x) => (x instanceof Table ? x.names : fail('type', `cols takes a table, got ${typeName(x)}`)),
  },
  { name: 'meta', arity: 1, args: 'x', doc: 'dict of the type, and the length of what has one; of a table, the columns', example: '(meta [1 2])', fn: meta },
  {
    name: 'row', arity: 2, args: 'table i', doc: 'one row as a dict. Errors: domain', example: '(row (table [a b] (list [1 2] [3 4])) 1)',
    fn: (t, i) => (t instanceof Table && isAtom(i) && !(i instanceof Sym) ? pick(t, i) : fail('type', `row takes a table and an integer, got ${typeName(t)} and ${typeName(i)}`)),
  },
  {
    name: 'remove', arity: 2, args: 'dict key', doc: 'dict without a key', example: "(remove {a:1 b:2} 'a)",
    fn: (d, key) => (d instanceof Dict ? withoutKey(d, key) : fail('type', `remove takes a dict, got ${typeName(d)}`)),
  },
];

function dict(keys: Value, vals: Value): Value {
  if (!(keys instanceof Vec)) fail('type', `dict keys are a vector, got ${typeName(keys)}`);
  const n = keys.length;
  if (!isSeq(vals)) return new Dict(keys, listOf(n, (out, base, lo, hi) => void out.fill(vals, lo - base, hi - base)));
  if (vals.length < n) fail('length', `${n} keys for ${vals.length} values`);
  return new Dict(keys, listFrom(takeRange(vals, 0, n)));
}

function meta(x: Value): Value {
  const type = symbol(typeName(x));
  if (!(isSeq(x) || x instanceof Dict || x instanceof Table)) return new Dict(symVec(['type']), new List([type]));
  return new Dict(symVec(['type', 'len']), new List([type, x instanceof Table ? x.cols.length : x.length]));
}

/* ── tables ──────────────────────────────────────────────────────────── */

function table(names: Value, cols: Value): Value {
  if (!isSeq(names) || !isSeq(cols)) fail('type', `table takes names and columns, got ${typeName(names)} and ${typeName(cols)}`);
  if (names.length !== cols.length) fail('domain', `${names.length} names for ${cols.length} columns`);
  const ids = items(names).map((name) => (name instanceof Sym ? name.id : fail('type', `a column name is a symbol, got ${typeName(name)}`)));
  const columns = items(cols).map(column);
  const rows = columns.length === 0 ? 0 : columns[0].length;
  const odd = columns.find((c) => c.length !== rows);
  if (odd !== undefined) fail('domain', `columns of ${rows} and ${odd.length} rows`);
  return new Table(new Vec(T.SYM, Int32Array.from(ids)), columns);
}

/** Atoms that stand for a column of one row. */
const ONE_ROW = new Set<number>([-T.B8, -T.I32, -T.I64, -T.F64, -T.DATE, -T.TIME, -T.TIMESTAMP, -T.GUID]);
/** Element types that a list of atoms becomes a column of. */
const TYPED = new Set<number>([T.B8, T.I64, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID, T.SYM, T.STR]);

function column(v: Value): Vec | List {
  if (v instanceof Vec) return v;
  if (ONE_ROW.has(tagOf(v))) return pack(-tagOf(v), [v]);
  if (!(v instanceof List)) fail('type', `a column is a vector or list, got ${typeName(v)}`);
  if (v.length === 0 || !isSingle(v.item(0))) return v;
  const long = columnOfLong(v);
  if (long !== null && TYPED.has(long.t)) return long;
  const first = -tagOf(v.items[0]);
  const widens = first === T.I64 && v.items.some((x) => x instanceof F64);
  const t = widens ? T.F64 : TYPED.has(first) ? first : T.I64;
  return pack(t, t === T.F64 ? v.items.map(widened) : v.items.map((x) => (tagOf(x) === -t ? x : mixed(t, x))));
}

const widened = (x: Value): Value => (x instanceof F64 ? x : tagOf(x) === -T.I64 ? new F64(isNull(x) ? NaN : Number(x)) : mixed(T.F64, x));

function mixed(t: number, x: Value): never {
  return fail('type', `a ${typeName(new Vec(t, [])).toLowerCase()} column with ${typeName(x)} in it`);
}
