/** Order: sorting, ranks, selection and search by order. */
import { Dict, List, Narrow, Sym, T, Table, Vec, intern, isNull, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BinaryFn, BuiltinRow, UnaryFn } from '../lang/builtin.js';
import { items } from '../columns/item.js';
import { gatherTable, indexColumn } from '../columns/gather.js';
import { PartedTable } from '../columns/parted.js';
import { bucketRanks, firstAtLeast, grade, gradeRows, lastAtMost, outermost, ranks, searchAll, sorted } from '../columns/sort.js';

export const ROWS: readonly BuiltinRow[] = [
  { name: 'asc', arity: 1, args: 'xs', doc: 'elements ascending, nulls first; atoms unchanged', example: '(asc [3 0Nl 1])', fn: sort('asc', false) },
  { name: 'desc', arity: 1, args: 'xs', doc: 'elements descending, nulls last; atoms unchanged', example: '(desc [3 0Nl 1])', fn: sort('desc', true) },
  { name: 'iasc', arity: 1, args: 'xs', doc: 'positions in ascending order; equal elements keep theirs', example: '(iasc [30 10 20])', fn: (x) => indexColumn(grade(column('iasc', x), false)) },
  { name: 'idesc', arity: 1, args: 'xs', doc: 'positions in descending order; equal elements keep theirs', example: '(idesc [30 10 20])', fn: (x) => indexColumn(grade(column('idesc', x), true)) },
  { name: 'rank', arity: 1, args: 'xs', doc: 'place of each element in ascending order', example: '(rank [30 10 20])', fn: (x) => ranks(column('rank', x)) },
  {
    name: 'xrank', arity: 2, args: 'n xs', doc: 'which of n buckets of about equal size each element falls into', example: '(xrank 2 [4 1 3 2])',
    fn: (n, x) => bucketRanks(column('xrank', x), wholeNumber('xrank', n)),
  },
  {
    name: 'xasc', arity: 2, args: 'table cols', doc: 'rows in ascending order of one or more columns. Errors: domain for unknown columns', example: "(xasc (table [a b] (list [2 1 2] [1 2 0])) 'a)",
    fn: sortTable('xasc', false),
  },
  {
    name: 'xdesc', arity: 2, args: 'table cols', doc: 'rows in descending order of one or more columns. Errors: domain for unknown columns', example: "(xdesc (table [a b] (list [2 1 2] [1 2 0])) 'a)",
    fn: sortTable('xdesc', true),
  },
  {
    name: 'top', arity: 2, args: 'xs n', doc: 'n greatest elements, greatest first; a null counts as greatest', example: '(top [3 1 4 1 5] 2)',
    fn: (x, n) => outermost(column('top', x), wholeNumber('top', n), true),
  },
  {
    name: 'bot', arity: 2, args: 'xs n', doc: 'n least elements, least first', example: '(bot [3 1 4 1 5] 2)',
    fn: (x, n) => outermost(column('bot', x), wholeNumber('bot', n), false),
  },
  { name: 'bin', arity: 2, args: 'sorted x', doc: 'last position of an ascending I64 vector whose element is at most x, -1 if none', example: '(bin [10 20 30] 25)', fn: search('bin', lastAtMost) },
  { name: 'binr', arity: 2, args: 'sorted x', doc: 'first position of an ascending I64 vector whose element is at least x, at most the last', example: '(binr [10 20 30] 25)', fn: search('binr', firstAtLeast) },
];

function sort(name: string, descending: boolean): UnaryFn {
  return (x) => {
    if (x instanceof Vec) return sorted(x, descending);
    return x instanceof List || x instanceof Dict || x instanceof Table ? column(name, x) : x;
  };
}

function sortTable(name: string, descending: boolean): BinaryFn {
  return (t, by) => {
    if (!(t instanceof Table)) return fail('type', `${name} takes a table, got ${typeName(t)}`);
    if (t instanceof PartedTable) fail('nyi', `${name}: a partitioned table is sorted by select with asc: or desc:`);
    const ids = columnIds(name, by);
    if (t.length < 2) return t;
    const names = items(t.names).map((s) => (s as Sym).id);
    const cols = ids.map((id) => t.cols[names.indexOf(id)] ?? fail('domain', `${name}: the table has no such column`));
    return gatherTable(t, gradeRows(cols, t.length, descending));
  };
}

function columnIds(name: string, by: Value): number[] {
  const atoms = by instanceof Sym ? [by] : by instanceof List || (by instanceof Vec && by.t === T.SYM) ? items(by) : [null];
  return atoms.map((s) => (s instanceof Sym ? intern(s.text) : fail('type', `${name} takes column names`)));
}

function search(name: string, find: (v: Vec, x: bigint) => number): BinaryFn {
  return (v, x) => {
    if (!(v instanceof Vec) || v.t !== T.I64) return fail('type', `${name} searches an I64 vector, got ${typeName(v)}`);
    if (x instanceof Vec && x.t === T.I64) return searchAll(v, x, find);
    if (typeof x === 'number' || typeof x === 'bigint') return find(v, BigInt(x));
    return x instanceof Narrow && x.t === -T.I32 ? find(v, BigInt(x.v)) : fail('type', `${name} looks for an i64, got ${typeName(x)}`);
  };
}

function column(name: string, x: Value): Vec {
  return x instanceof Vec ? x : fail('type', `${name} takes a vector, got ${typeName(x)}`);
}

/** A count; null counts as none. */
function wholeNumber(name: string, n: Value): number {
  if (typeof n === 'number' || typeof n === 'bigint' || typeof n === 'boolean') return isNull(n) ? 0 : Number(n);
  return n instanceof Narrow && (n.t === -T.U8 || n.t === -T.I16 || n.t === -T.I32) ? Math.max(0, n.v) : fail('type', `${name} takes a whole number, got ${typeName(n)}`);
}
