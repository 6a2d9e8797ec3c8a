/** Tables as wholes: columns renamed and chosen, rows joined, keyed, grouped and ungrouped. */
import { Dict, EMPTY_LIST, List, Sym, T, Table, Vec, isAtom, symVec, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { checkpoint } from '../lang/interrupt.js';
import { concatColumns } from '../columns/concat.js';
import { gather, gatherTable } from '../columns/gather.js';
import { groupRows, hashGroupRows } from '../columns/hashing.js';
import { itemAt, packOrList } from '../columns/item.js';
import { columnIndex, columnOf, namesOf, symbols, table, tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  { name: 'xcol', arity: 2, args: 'table names', doc: 'table with its columns renamed. Errors: length', example: '(xcol (table [a b] (list [1] [2])) [x y])', fn: rename },
  { name: 'xcols', arity: 2, args: 'table names', doc: 'the named columns in that order. Errors: domain', example: '(xcols (table [a b c] (list [1] [2] [3])) [c a])', fn: choose },
  { name: 'xkey', arity: 2, args: 'table keys', doc: 'dict of key -> dict of the other columns. Errors: domain for a key that occurs twice', example: "(xkey (table [a b] (list [1 2] [3 4])) 'a)", fn: keyed },
  { name: 'xgroup', arity: 2, args: 'table keys', doc: 'dict of key -> table of its rows', example: "(xgroup (table [a b] (list [1 1 2] [3 4 5])) 'a)", fn: groupTables },
  { name: 'fkeys', arity: 1, args: 'table', doc: 'dict of linked column -> target table', example: '(fkeys (table [a] (list [1])))', fn: (t) => (table('fkeys', t), new Dict(symVec([]), EMPTY_LIST)) },
  { name: 'union-all', arity: 2, args: 'a b', doc: 'rows of two tables of one schema, end to end. Errors: type', example: '(union-all (table [a] (list [1])) (table [a] (list [2])))', fn: union },
  { name: 'ungroup', arity: 1, args: 'table', doc: 'one row for each element of the nested columns. Errors: type, length', example: '(ungroup (table [k v] (list [a b] (list [1 2] [3]))))', fn: ungroup },
  {
    name: 'modify', arity: 'n', restricted: true, args: 'table column f', doc: 'table with f applied to a column. Errors: arity, type, domain',
    example: "(modify (table [a] (list [1 2])) 'a (fn [x] (* x 10)))", fn: modify,
  },
];

function rename(t: Value, names: Value): Value {
  const from = table('xcol', t);
  const to = symbols('xcol', names);
  if (to.length !== from.cols.length) fail('length', `xcol: expected ${from.cols.length} names, got ${to.length}`);
  return tableOf(to, from.cols);
}

function choose(t: Value, names: Value): Value {
  const from = table('xcols', t);
  const chosen = symbols('xcols', names);
  return tableOf(chosen, chosen.map((s) => columnOf('xcols', from, s, 'domain')));
}

function union(a: Value, b: Value): Value {
  const [x, y] = [table('union-all', a), table('union-all', b)];
  if (x.cols.length !== y.cols.length) fail('type', `union-all: tables of ${x.cols.length} and ${y.cols.length} columns`);
  const cols = x.cols.map((col, i) => {
    if (x.names.data[i] !== y.names.data[i]) fail('type', `union-all: the names of column ${i} differ`);
    if (col.t !== y.cols[i].t) fail('type', `union-all: ${typeName(col)} and ${typeName(y.cols[i])} in column ${i}`);
    return concatColumns([col, y.cols[i]]);
  });
  return new Table(x.names, cols);
}

function modify(args: Value[], rt: Runtime): Value {
  if (args.length < 3) fail('arity', `modify expects a table, a column and a function, got ${args.length} args`);
  const [t, column, f] = args;
  const from = table('modify', t);
  if (!(column instanceof Sym)) fail('type', `modify: the column is a symbol, got ${typeName(column)}`);
  const changed = rt.call(f, [columnOf('modify', from, column, 'domain')]);
  const whole = changed instanceof Vec || changed instanceof List ? changed : fail('type', `modify: a column is a vector, got ${typeName(changed)}`);
  if (whole.length !== from.length) fail('length', `modify: a column of ${whole.length} rows in a table of ${from.length}`);
  const at = columnIndex(from, column.id);
  return new Table(from.names, from.cols.map((col, i) => (i === at ? whole : col)));
}

/* ── keys ────────────────────────────────────────────────────────────── */

function keyColumns(verb: string, t: Table, keys: Value): { ids: ReadonlySet<number>; cols: Column[] } {
  const names = symbols(verb, keys);
  if (names.length === 0) fail('domain', `${verb}: at least one key column is required`);
  return { ids: new Set(names.map((s) => s.id)), cols: names.map((s) => columnOf(verb, t, s, 'domain')) };
}

/** One column's element, or the elements of several: a vector where they are of one type. */
const keyAt = (cols: readonly Column[], row: number): Value => (cols.length === 1 ? itemAt(cols[0], row) : packOrList(cols.map((c) => itemAt(c, row))));

function keyed(t: Value, keys: Value): Value {
  const from = table('xkey', t);
  const { ids, cols } = keyColumns('xkey', from, keys);
  if (hashGroupRows(cols).first.length !== from.length) fail('domain', 'xkey: a key occurs more than once');
  const rest = namesOf(from).filter((s) => !ids.has(s.id));
  const restCols = rest.map((s) => columnOf('xkey', from, s, 'domain'));
  const names = new Vec(T.SYM, Int32Array.from(rest, (s) => s.id));
  const outKeys: Value[] = [];
  const outVals: Value[] = [];
  for (let row = 0; row < from.length; row++) {
    if ((row & 1023) === 0) checkpoint();
    outKeys.push(keyAt(cols, row));
    outVals.push(new Dict(names, new List(restCols.map((c) => itemAt(c, row)))));
  }
  return new Dict(new List(outKeys), new List(outVals));
}

function groupTables(t: Value, keys: Value): Value {
  const from = table('xgroup', t);
  const { cols } = keyColumns('xgroup', from, keys);
  const groups = hashGroupRows(cols);
  const { offsets, rows } = groupRows(groups);
  const outKeys: Value[] = [];
  const outVals: Value[] = [];
  groups.first.forEach((row, g) => {
    checkpoint();
    outKeys.push(keyAt(cols, row));
    outVals.push(gatherTable(from, rows.subarray(offsets[g], offsets[g + 1])));
  });
  return new Dict(new List(outKeys), new List(outVals));
}

/* ── ungroup ─────────────────────────────────────────────────────────── */

function ungroup(t: Value): Value {
  const from = table('ungroup', t);
  const nested = from.cols.filter((c) => c instanceof List) as List[];
  if (nested.length === 0) return from;
  const counts = Int32Array.from({ length: from.length }, (_, row) => {
    if ((row & 1023) === 0) checkpoint();
    const sizes = nested.map((col) => cellSize(col.items[row]));
    const odd = sizes.find((n) => n !== sizes[0]);
    return odd === undefined ? sizes[0] : fail('length', `ungroup: cells of ${sizes[0]} and ${odd} elements in one row`);
  });
  const rows = new Int32Array(counts.reduce((a, b) => a + b, 0));
  let at = 0;
  counts.forEach((n, row) => {
    rows.fill(row, at, at + n);
    at += n;
  });
  return new Table(from.names, from.cols.map((col) => (col instanceof List ? flattened(col) : gather(col, rows))));
}

function cellSize(cell: Value): number {
  if (cell instanceof Vec) return cell.length;
  return isAtom(cell) && cell !== null ? 1 : fail('type', 'ungroup: a nested cell must be an atom or a vector');
}

function flattened(col: List): Column {
  const parts = col.items.filter((cell) => !(cell instanceof Vec && cell.length === 0)).map((cell) => (cell instanceof Vec ? cell : (packOrList([cell]) as Vec)));
  if (parts.length === 0) return col.items.find((cell) => cell instanceof Vec) as Vec | undefined ?? new List([]);
  return parts.every((p) => p.t === parts[0].t) ? concatColumns(parts) : concatColumns(parts.map((p) => new List(Array.from({ length: p.length }, (_, i) => itemAt(p, i)))));
}
