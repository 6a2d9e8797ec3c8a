/**
 * `update`: columns of a table replaced or added. By quoted symbol the global changes once, at the end: an interrupted update has changed
 * nothing.
 */
import { List, Sym, T, Table, Vec, isAtom, tagOf, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { cast } from '../columns/cast.js';
import { replaced } from '../columns/choose.js';
import { maskToIndices } from '../columns/gather.js';
import { repeat } from '../columns/slice.js';
import { inPlace } from './insert.js';
import { Columns, evalOver, queryOf, type Query } from './query-eval.js';
import { spreadOverGroups } from './query-group.js';
import { columnOf, tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime, Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'update', arity: 'n', special: true, restricted: true, args: '{from: table column: expr ..}',
    doc: "the table with columns replaced or added: in the rows of where:, or per group of by:; from: 'name changes that global and answers the symbol. Errors: type, domain, length, schema, nyi",
    example: '(update {from: (table [a] (list [1 2 3])) a: (* a 10) where: (> a 1)})',
    fn: (args, scope, rt) => {
      const q = queryOf('update', args);
      const from = q.clauses.get('from') ?? fail('domain', 'update: a query needs a from: clause');
      return inPlace('update', scope.eval(from), scope, rt, (t) => (t instanceof Table ? update(t, q, scope, rt) : fail('type', `update: from: expected a table, got ${typeName(t)}`)));
    },
  },
];

function update(t: Table, q: Query, scope: Scope, rt: Runtime): Table {
  const cols = new Columns(t);
  const where = q.clauses.get('where');
  const by = q.clauses.get('by');
  if (by !== undefined) return where === undefined ? byGroups(t, by, q, scope, rt) : fail('nyi', 'update: by: together with where:');
  const rows = where === undefined ? null : maskedRows(where, cols, scope);
  const changed = new Map<number, Column>();
  const added: [Sym, Column][] = [];
  for (const [s, ast] of q.outputs) {
    const at = cols.index(s);
    // A column that only some rows would have is not made, as in the reference.
    if (at < 0 && rows !== null) continue;
    const value = evaluated(ast, cols, scope);
    if (at < 0) added.push([s, newColumn(value, t.length)]);
    else if (!changed.has(at)) changed.set(at, rows === null ? wholeColumn(t.cols[at], value, t.length) : someRows(t.cols[at], value, rows));
  }
  return tableOf([...cols.names, ...added.map(([s]) => s)], [...t.cols.map((col, i) => changed.get(i) ?? col), ...added.map(([, col]) => col)]);
}

/** Each output as a new column at the end, even beside one of its name. */
function byGroups(t: Table, by: Value, q: Query, scope: Scope, rt: Runtime): Table {
  if (!(by instanceof Sym)) fail('type', 'update: by: is a column name');
  const cols = new Columns(t);
  const key = columnOf('update', t, by, 'domain');
  const added = q.outputs.map(([, ast]) => spreadOverGroups(ast, key, cols, scope, rt));
  return tableOf([...cols.names, ...q.outputs.map(([s]) => s)], [...t.cols, ...added]);
}

function maskedRows(where: Value, cols: Columns, scope: Scope): Int32Array {
  const mask = evaluated(where, cols, scope);
  if (!(mask instanceof Vec && mask.t === T.B8 && mask.length === cols.table.length)) fail('type', `update: where: expected a mask of the table's rows, got ${typeName(mask)}`);
  return maskToIndices(mask);
}

function evaluated(ast: Value, cols: Columns, scope: Scope): Value {
  const v = evalOver(ast, cols, scope);
  if (v === null) throw new RayError('schema', 'update: null is no column');
  return v;
}

/* ── fitting values to columns ───────────────────────────────────────── */

const MIXING: ReadonlySet<number> = new Set([T.I64, T.I32, T.F64]);
const BOXING: ReadonlySet<number> = new Set([T.SYM, T.LIST]);

function newColumn(v: Value, rows: number): Column {
  const col = v instanceof Vec || v instanceof List ? v : isAtom(v) ? repeat(v, rows) : fail('type', `update: ${typeName(v)} is no column`);
  return sized(col, rows);
}

function sized(col: Column, rows: number): Column {
  return col.length === rows ? col : fail('domain', `update: a column of ${col.length} rows in a table of ${rows}`);
}

/** A whole column keeps its type, except that i64, i32 and f64 may replace each other; f64 stays f64. */
function wholeColumn(col: Column, v: Value, rows: number): Column {
  if (!(v instanceof Vec || v instanceof List)) return spreadAtom(col, v, rows);
  if (col.t === v.t) return sized(v, rows);
  if (col.t === T.F64 && v.t === T.I64) return sized(cast(T.F64, v) as Vec, rows);
  if (!(MIXING.has(col.t) && MIXING.has(v.t)) && !(BOXING.has(col.t) && BOXING.has(v.t))) refuse(col, v);
  return sized(v, rows);
}

/** The rows of a mask take the new values, converted to the type of the column. */
function someRows(col: Column, v: Value, rows: Int32Array): Column {
  if (!(v instanceof Vec || v instanceof List)) return col.length === 0 ? col : replaced(col, rows, spreadAtom(col, v, 1));
  sized(v, col.length);
  if (col.t === v.t) return replaced(col, rows, v);
  return MIXING.has(col.t) && MIXING.has(v.t) ? replaced(col, rows, cast(col.t, v) as Vec) : refuse(col, v);
}

function spreadAtom(col: Column, v: Value, rows: number): Column {
  if (!isAtom(v)) refuse(col, v);
  const t = -tagOf(v);
  if (col instanceof List) return t === T.SYM ? new List(new Array<Value>(rows).fill(v)) : refuse(col, v);
  if (t === col.t) return repeat(v, rows);
  return col.t === T.F64 && t === T.I64 ? repeat(cast(T.F64, v), rows) : refuse(col, v);
}

function refuse(col: Column, v: Value): never {
  return fail('type', `update: cannot assign ${typeName(v)} to a ${typeName(col)} column`);
}
