/** Making, joining, cutting and indexing collections. Sets are in `sets.ts`. */
import { Dict, F64, List, Narrow, T, Table, Vec, isAtom, isNull, isSeq, symText, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { enlist, isSingle, itemAt, items, pack, packEach, reader } from '../columns/item.js';
import { gather, indexColumn, maskToIndices } from '../columns/gather.js';
import { groupIndexColumns, hashGroup } from '../columns/hashing.js';
import { affixed, columnOfLong, concatColumns, concatItems } from '../columns/concat.js';
import { cycle, iota, repeat, reversed, takeRange, type Rows } from '../columns/slice.js';
import { mergeDicts, pick } from '../columns/lookup.js';
import { ListBuilder, listFrom, listOf } from '../columns/long-list.js';
import { joinEach } from '../columns/text.js';
import { checkpoint, someBlock } from '../lang/interrupt.js';

export const ROWS: readonly BuiltinRow[] = [
  { name: 'til', arity: 1, args: 'n', doc: '0 .. n-1 for an i64 n. Errors: domain below 0', example: '(til 5)', fn: til },
  { name: 'list', arity: 'n', args: 'x ..', doc: 'boxed list of the arguments', example: '(list 1 "a" \'b)', fn: (args) => new List(args) },
  { name: 'enlist', arity: 'n', args: 'x ..', doc: 'vector of atoms of one type, otherwise a list', example: '(enlist 1 2 3)', fn: (args) => enlist(args) },
  {
    name: 'concat', arity: 2, args: 'a b', doc: 'end to end: vectors, lists, atoms, strs, tables; dicts merge. Different types give a list', example: '(concat [1 2] [3])',
    fn: concat,
  },
  { name: 'raze', arity: 1, args: 'list', doc: 'flattens one level', example: '(raze (list [1 2] [3]))', fn: raze },
  { name: 'take', arity: 2, args: 'xs n', doc: 'first n, last -n, around the end as often as needed; [start n] slices; atoms repeat', example: '(take [1 2 3] 5)', fn: take },
  { name: 'drop', arity: 2, args: 'xs n', doc: 'without the first n or last -n', example: '(drop [1 2 3] 1)', fn: (xs, n) => drop(xs, n) },
  { name: 'rotate', arity: 2, args: 'xs n', doc: 'n places to the left, -n to the right', example: '(rotate [1 2 3 4] 1)', fn: (xs, n) => rotate(xs, n) },
  {
    name: 'cut', arity: 2, args: 'xs indices', doc: 'pieces that begin at ascending indices. Errors: domain', example: '(cut [1 2 3 4] [1 3])',
    fn: cut,
  },
  { name: 'cross', arity: 2, args: 'a b', doc: 'all pairs', example: "(cross [1 2] ['a 'b])", fn: cross },
  {
    name: 'at', arity: 2, args: 'xs key', doc: 'element, pair, column or row by position or key; out of range is null. Errors: domain for rows, columns and bytes', example: '(at [10 20 30] [0 2])',
    fn: (xs, key) => pick(xs, key),
  },
  { name: 'get', arity: 2, args: 'xs key', doc: 'another name of at', example: "(get {a:1} 'a)", fn: (xs, key) => pick(xs, key) },
  { name: 'reverse', arity: 1, args: 'xs', doc: 'last element first; atoms and strs unchanged', example: '(reverse [1 2 3])', fn: reverse },
  {
    name: 'where', arity: 1, args: 'mask', doc: 'positions of true in a B8 vector', example: '(where [true false true])',
    fn: (mask) => (mask instanceof Vec && mask.t === T.B8 ? indexColumn(maskToIndices(mask)) : fail('type', `where takes a B8 vector, got ${typeName(mask)}`)),
  },
  { name: 'group', arity: 1, args: 'xs', doc: 'dict of value -> positions, in order of first appearance', example: '(group [3 1 3])', fn: group },
  { name: 'unify', arity: 2, args: 'a b', doc: 'both as a list of two', example: '(unify [1] [2])', fn: (a, b) => new List([a, b]) },
];

function til(n: Value): Value {
  if (typeof n !== 'number' && typeof n !== 'bigint') fail('type', `til takes an i64, got ${typeName(n)}`);
  return n < 0 ? fail('domain', `til of ${n}`) : iota(Number(n));
}

/* ── joining ─────────────────────────────────────────────────────────── */

/** What `concat` answers. Errors: `type`; `value` for a table without one of the left one's columns. */
export function concat(a: Value, b: Value): Value {
  if (typeof a === 'string' && typeof b === 'string') return unpadded(a) + unpadded(b);
  if (a instanceof Dict && b instanceof Dict) return mergeDicts(a, b);
  if (a instanceof Table && b instanceof Table) return concatTables(a, b);
  if (typeof a === 'string' && b instanceof Vec && b.t === T.STR) return affixed(b, a, '');
  if (typeof b === 'string' && a instanceof Vec && a.t === T.STR) return affixed(a, '', b);
  if (isSeq(a) && isSeq(b)) return a.t === b.t ? concatColumns([a, b]) : concatItems([a, b]);
  const same = tagOf(a) === tagOf(b);
  if (isSingle(a) && isSingle(b) && (isAtom(a) || !same)) return same ? pack(-tagOf(a), [a, b]) : new List([a, b]);
  if (isSeq(a) && a.t === -tagOf(b)) return concatColumns([a, pack(a.t, [b])]);
  if (isSeq(b) && b.t === -tagOf(a)) return concatColumns([pack(b.t, [a]), b]);
  if (a instanceof List && isSingle(b)) return concatItems([a, new List([b])]);
  if (b instanceof List && isSingle(a)) return concatItems([new List([a]), b]);
  return fail('type', `cannot concatenate ${typeName(a)} and ${typeName(b)}`);
}

/** Strs from fixed-width fields end in NUL bytes, which joining drops. */
function unpadded(s: string): string {
  let end = s.length;
  while (end > 0 && s.charCodeAt(end - 1) === 0) end--;
  return end === s.length ? s : s.slice(0, end);
}

function concatTables(a: Table, b: Table): Table {
  const names = items(b.names);
  return new Table(a.names, a.cols.map((col, c) => {
    const name = itemAt(a.names, c);
    const other = b.cols[names.indexOf(name)] ?? fail('value', `the other table has no column '${symText((a.names.data as Int32Array)[c])}'`);
    if (other.t !== col.t) fail('type', `column types differ: ${typeName(col)} and ${typeName(other)}`);
    return concatColumns([col, other]);
  }));
}

function raze(x: Value): Value {
  if (isSingle(x) || x instanceof Vec) return x;
  if (!(x instanceof List)) fail('type', `raze takes a list, got ${typeName(x)}`);
  const column = columnOfLong(x);
  if (column !== null) return column;
  const n = x.length;
  if (n < 2) return n === 0 ? x : x.item(0);
  const read = x.reader();
  const every = (test: (v: Value) => boolean): boolean => !someBlock(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (!test(read(i))) return true;
    return false;
  });
  const t = tagOf(read(0));
  const alike = (): boolean => every((v) => tagOf(v) === t);
  if (isSeq(read(0)) && every(isSeq)) return alike() ? concatColumns(x.items as readonly Vec[]) : concatItems(x.items as readonly (Vec | List)[]);
  if (typeof read(0) === 'string' && alike()) return joinEach(n, (i) => unpadded(read(i) as string), '');
  if (t < 0 && alike()) return packEach(-t, n, read);
  let out = read(0);
  for (let i = 1; i < n; i++) {
    checkpoint();
    out = concat(out, read(i));
  }
  return out;
}

/* ── parts ───────────────────────────────────────────────────────────── */

const INTEGER_ATOMS = new Set<number>([-T.I32, -T.I16, -T.U8]);

/** An i64, i32, i16 or u8 atom as a number. Errors: `type`. */
function integer(who: string, n: Value): number {
  if (typeof n === 'number' || typeof n === 'bigint') return Number(n);
  return n instanceof Narrow && INTEGER_ATOMS.has(n.t) ? n.v : fail('type', `${who} takes an integer, got ${typeName(n)}`);
}

const isRows = (v: Value): v is Rows => isSeq(v) || v instanceof Dict || v instanceof Table;

/** Elements, pairs, rows or bytes `[start, start + count)`, inside the range. */
function slice(xs: Rows | string, start: number, count: number): Value {
  return typeof xs === 'string' ? xs.slice(start, start + count) : takeRange(xs, start, count);
}

function collection(who: string, xs: Value): Rows | string {
  return typeof xs === 'string' || isRows(xs) ? xs : fail('type', `${who} takes a collection, got ${typeName(xs)}`);
}

function take(xs: Value, n: Value): Value {
  if (n instanceof Vec && n.t === T.I64 && n.length === 2) return takeSlice(xs, Number(itemAt(n, 0)), Number(itemAt(n, 1)));
  const count = typeof n === 'boolean' ? Number(n) : n instanceof F64 ? fail('type', 'take counts in integers, got f64') : integer('take', n);
  const size = Math.abs(count);
  if (typeof xs !== 'string' && !isRows(xs) && !isAtom(xs)) fail('type', `take takes a collection or atom, got ${typeName(xs)}`);
  if (isNull(n)) fail('range', 'take of null');
  if (size > Number.MAX_SAFE_INTEGER) fail('oom', `take of ${count}`);
  if (typeof xs === 'string') return takeBytes(xs, count);
  if (!isRows(xs)) return repeat(xs, size);
  const { length } = xs;
  return cycle(xs, count < 0 && length > 0 ? (length - (size % length)) % length : 0, size);
}

function takeBytes(s: string, count: number): string {
  const size = Math.abs(count);
  if (s.length === 0 || size === 0) return '';
  if (size > MAX_STR) fail('limit', `a str of ${size} bytes`);
  const all = s.repeat(Math.ceil(size / s.length));
  return count < 0 ? all.slice(all.length - size) : all.slice(0, size);
}

/** Bytes of the longest str that `take` makes: V8's longest string is a little more. */
const MAX_STR = 2 ** 29 - 64;

function takeSlice(xs: Value, start: number, count: number): Value {
  const rows = typeof xs === 'string' || isRows(xs) ? xs : fail('type', `cannot slice ${typeName(xs)}`);
  if (count < 0) fail('length', `a slice of ${count}`);
  if (xs instanceof Dict && start > xs.length) fail('range', `a slice from ${start} of ${xs.length} pairs`);
  const from = Math.min(Math.max(start < 0 ? rows.length + start : start, 0), rows.length);
  return slice(rows, from, Math.min(count, rows.length - from));
}

function drop(xs: Value, n: Value): Value {
  const count = integer('drop', n);
  const rows = collection('drop', xs);
  if (isNull(n)) fail('length', 'drop of null');
  const size = Math.min(Math.abs(count), rows.length);
  return slice(rows, count < 0 ? 0 : size, rows.length - size);
}

function rotate(xs: Value, n: Value): Value {
  const count = BigInt(integer('rotate', n));
  const rows = collection('rotate', xs);
  const size = BigInt(rows.length);
  if (size === 0n) return rows;
  const start = Number(((count % size) + size) % size);
  if (start === 0) return rows;
  return typeof rows === 'string' ? rows.slice(start) + rows.slice(0, start) : cycle(rows, start, rows.length);
}

function cut(xs: Value, indices: Value): Value {
  const rows = collection('cut', xs);
  if (!isSeq(indices) || indices.t === T.STR || indices.t === T.SYM) fail('type', `cut takes a vector of indices, got ${typeName(indices)}`);
  const out = new ListBuilder();
  let from = 0;
  const read = reader(indices);
  for (let i = 0; i < indices.length; i++) {
    if (i % 4096 === 0) checkpoint();
    const to = integer('cut', read(i));
    if (to < from || to > rows.length) fail('domain', `cut at ${to}: indices ascend from 0 to ${rows.length}`);
    if (to > from) out.push(slice(rows, from, to - from));
    from = to;
  }
  out.push(slice(rows, from, rows.length - from));
  return out.list();
}

function cross(a: Value, b: Value): Value {
  const left = crossable(a);
  const right = crossable(b);
  const m = right.length;
  return listOf(left.length * m, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = new List([left.item(Math.floor(i / m)), right.item(i % m)]);
  });
}

function crossable(v: Value): List {
  if (isSeq(v)) return listFrom(v);
  return isSingle(v) ? new List([v]) : fail('type', `cross takes atoms, vectors and lists, got ${typeName(v)}`);
}

function reverse(xs: Value): Value {
  if (isSeq(xs)) return reversed(xs);
  return isSingle(xs) ? xs : fail('type', `reverse takes a vector or list, got ${typeName(xs)}`);
}

function group(xs: Value): Value {
  if (!isSeq(xs)) fail('type', `group takes a vector or list, got ${typeName(xs)}`);
  if (xs.length === 0) return new Dict(new List([]), new List([]));
  const groups = hashGroup(xs);
  return new Dict(gather(xs, groups.first), groupIndexColumns(groups));
}
