/** `insert`: rows into tables, elements into vectors and lists; by quoted symbol in place. */
import { Dict, List, Sym, T, Table, Vec, isAtom, nullOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { append, fitting } from '../columns/append.js';
import { concatColumns, concatItems } from '../columns/concat.js';
import { enlist, items, itemAt } from '../columns/item.js';
import { PartedTable } from '../columns/parted.js';
import { takeRange } from '../columns/slice.js';
import { keyIndex } from '../lang/env.js';
import { insertParted } from './insert-parted.js';
import { columnIndex, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime, Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [{
  name: 'insert', arity: 'n', special: true, restricted: true, args: 'target rows | target index value | parted key rows',
  doc: "appends rows (atoms, vectors, dict or table) or elements; a quoted symbol changes that global and answers the symbol. Errors: type, domain, value, range",
  example: '(insert (table [a b] (list [1] ["x"])) (list 2 "y"))',
  fn: (args, scope, rt) => {
    if (args.length < 2) fail('arity', `insert: expects a target and a value, got ${args.length} args`);
    if (args.length > 3) fail('domain', `insert: takes 2 or 3 args, got ${args.length}`);
    const rest = args.slice(1).map((arg) => scope.eval(arg));
    return inPlace('insert', scope.eval(args[0]), scope, rt, (target) => insert(target, rest));
  },
}];

/** Applies `change` to a value, or to the global a symbol names; answers the new value or the symbol. Errors: `domain` unbound. */
export function inPlace(verb: string, target: Value, scope: Scope, rt: Runtime, change: (v: Value) => Value): Value {
  if (!(target instanceof Sym)) return change(target);
  const v = scope.lookup(target) ?? fail('domain', `${verb}: '${target.text}' is unbound`);
  rt.env.set(target, change(v));
  return target;
}

function insert(target: Value, [a, b]: readonly Value[]): Value {
  if (target instanceof Table && b !== undefined) return insertParted(target, a, b);
  if (target instanceof PartedTable) return fail('arity', 'insert: a partitioned table takes a partition key and rows');
  if (target instanceof Table) return insertRows(target, a);
  if (!(target instanceof Vec || target instanceof List)) fail('type', `insert: target must be a table, list or vector, got ${typeName(target)}`);
  return b === undefined ? appendElements(target, a) : insertAt(target, a, b);
}

/* ── tables ──────────────────────────────────────────────────────────── */

/** A table with rows appended: see `rowColumns` for what rows may be. */
function insertRows(t: Table, rows: Value): Table {
  const parts = rowColumns('insert', t, rows);
  const n = parts[0]?.length ?? 0;
  if (parts.some((part) => part.length !== n)) fail('length', 'insert: the columns of the rows differ in length');
  return new Table(t.names, t.cols.map((col, i) => grown(col, parts[i])));
}

/**
 * Rows as columns of a table's types: a list of atoms (one row) or of vectors, a dict or a table by name. A LIST column takes each value
 * as one cell; without rows yet it has no type and takes what comes. Errors: `domain` wrong width, `type`, `value` unknown column.
 */
export function rowColumns(verb: string, t: Table, rows: Value): Column[] {
  if (rows instanceof List) {
    if (rows.length !== t.cols.length) fail('domain', `${verb}: row has ${rows.length} values, target has ${t.cols.length} columns`);
    return t.cols.map((col, i) => columnPart(verb, col, rows.items[i]));
  }
  if (rows instanceof Table) {
    if (rows.cols.length !== t.cols.length) fail('domain', `${verb}: row table has ${rows.cols.length} columns, target has ${t.cols.length}`);
    return t.cols.map((col, i) => {
      const at = columnIndex(rows, t.names.data[i] as number);
      const given = rows.cols[at < 0 ? i : at];
      if (col instanceof List && col.length > 0) return given instanceof List ? given : fail('type', `${verb}: a LIST column takes a LIST column`);
      return columnPart(verb, col, given);
    });
  }
  if (!(rows instanceof Dict)) fail('type', `${verb}: row must be a list, table or dict, got ${typeName(rows)}`);
  for (const key of items(rows.keys)) {
    if (!(key instanceof Sym)) fail('type', `${verb}: dict row keys must be symbols`);
    if (columnIndex(t, key.id) < 0) fail('value', `${verb}: no column '${key.text}'`);
  }
  const given = t.cols.map((col, i) => {
    const at = keyIndex(rows, t.names.data[i] as number);
    return at < 0 ? undefined : columnPart(verb, col, itemAt(rows.vals, at));
  });
  const n = given.find((part) => part !== undefined)?.length ?? 0;
  return t.cols.map((col, i) => given[i] ?? nullColumn(col, n));
}

function columnPart(verb: string, col: Column, v: Value): Column {
  if (col instanceof List) return col.length > 0 ? new List([v]) : untyped(v);
  return fitting(col.t, v) ?? fail('type', `${verb}: ${typeName(nullOf(col.t))} column requires a value of its type, got ${typeName(v)}`);
}

/** What a LIST column without rows becomes. */
function untyped(v: Value): Column {
  if (v instanceof Vec) return v;
  if (!(v instanceof List)) return enlist([v]);
  return v.length > 0 && isAtom(v.items[0]) ? enlist(v.items) : v;
}

const nullColumn = (col: Column, n: number): Column =>
  col instanceof List ? new List(new Array<Value>(n).fill(null)) : fitting(col.t, new List(new Array<Value>(n).fill(nullOf(col.t))))!;

function grown(col: Column, part: Column): Column {
  if (col instanceof Vec) return append(col, part as Vec);
  return col.length === 0 ? part : concatColumns([col, part]);
}

/* ── vectors and lists ───────────────────────────────────────────────── */

function appendElements(target: Vec | List, v: Value): Value {
  if (target instanceof List) return concatItems([target, v instanceof List ? v : new List([v])]);
  return append(target, elements(target, v));
}

function elements(target: Vec, v: Value): Vec {
  const same = v instanceof Vec ? v.t === target.t : isAtom(v) && -tagOf(v) === target.t;
  if (!same) fail('type', `insert: appended value type does not match ${typeName(target)} vector, got ${typeName(v)}`);
  return v instanceof Vec ? v : (fitting(target.t, v) as Vec);
}

function insertAt(target: Vec | List, index: Value, v: Value): Value {
  if (index instanceof Vec && index.t === T.I64) {
    if (target.t === T.STR) fail('type', 'insert: several indexes of a STR vector');
    const values = v instanceof Vec || v instanceof List ? items(v) : [v];
    return items(index).reduceRight<Value>((acc, at, i) => insertAt(acc as Vec, at, values[Math.min(i, values.length - 1)]), target);
  }
  if (typeof index !== 'number') fail('type', `insert: index must be i64, got ${typeName(index)}`);
  if (index < 0 || index > target.length) fail('range', `insert: index out of bounds [0,${target.length}], got ${index}`);
  const part = target instanceof Vec ? elements(target, v) : new List(v instanceof List ? v.items : [v]);
  return concatColumns([takeRange(target, 0, index), part, takeRange(target, index, target.length - index)]);
}
