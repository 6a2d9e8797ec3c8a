/**
 * `select`: from -> where -> by / projection -> asc, desc -> take. The clauses are read unevaluated; inside their expressions a name,
 * quoted or not, that is a column of the from-table means the column.
 */
import { Dict, Lambda, List, Sym, T, Table, Vec, isAtom, name, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { filterTable } from '../columns/filter.js';
import { gather, gatherTable } from '../columns/gather.js';
import { items } from '../columns/item.js';
import { nullMask } from '../columns/nulls.js';
import { PartedTable } from '../columns/parted.js';
import { integerOf, isIntType, isNumericType, isTemporalType } from '../columns/promote.js';
import { outermostRows } from '../columns/quantile.js';
import { repeat, takeRange } from '../columns/slice.js';
import { gradeRows } from '../columns/sort.js';
import { Columns, evalOver, fromTable, mentions, queryOf, whereMask, type Query } from './query-eval.js';
import { grouped } from './query-group.js';
import { prunedBy } from './query-parted.js';
import { tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime, Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'select', arity: 'n', special: true, args: '{from: table ..}',
    doc: 'rows and columns of a table. Clauses: from where by asc desc take; every other key is an output column. Errors: type, domain, schema',
    example: '(select {from: (table [a b] (list [1 2 1] [3 4 5])) by: a s: (sum b)})',
    fn: (args, scope, rt) => select(queryOf('select', args), scope, rt),
  },
];

function select(q: Query, scope: Scope, rt: Runtime): Value {
  const source = fromTable('select', q, scope);
  const nearest = q.clauses.get('nearest');
  // There is no vector search; what makes one says so itself.
  if (nearest !== undefined) fail('domain', `nearest: expected ann or knn, got ${typeName(scope.eval(nearest))}`);
  const read = source instanceof PartedTable ? prunedBy(source, q, scope) : source;
  const mask = whereMask(q, read instanceof PartedTable ? mentionedColumns(read, [q.clauses.get('where')]) : read, scope);
  if (read instanceof PartedTable && mask === null && onlyTakes(q)) return takenRows(read, scope.eval(q.clauses.get('take')!));
  const used = usedColumns(read, q);
  const whole = used instanceof PartedTable ? used.plain() : used;
  const t = mask === null ? whole : filterTable(whole, mask);
  const by = q.clauses.get('by');
  const result = by === undefined ? projected(t, q, scope, source.length === 0) : grouped(t, by, q, scope, rt);
  return arranged(result, by === undefined ? t : null, q, scope);
}

/** Without the columns that no clause mentions: they need not be filtered. */
function usedColumns(t: Table, q: Query): Table {
  return q.outputs.length === 0 ? t : mentionedColumns(t, [...q.outputs.map(([, ast]) => ast), ...q.order.map(([, ast]) => ast), q.clauses.get('by')]);
}

function mentionedColumns(t: Table, asts: readonly (Value | undefined)[]): Table {
  const used = new Set<number>();
  for (const ast of asts) if (ast !== undefined) collectNames(ast, used);
  // Code put together at run time may name any column.
  if (used.has(EVAL.id)) return t;
  const kept = items(t.names).flatMap((s, i) => (used.has((s as Sym).id) ? [i] : []));
  // A table knows its rows by its columns: one of them must stay.
  if (kept.length === 0 && t.cols.length > 0) kept.push(0);
  if (kept.length === t.cols.length) return t;
  return t instanceof PartedTable ? t.pick(kept) : tableOf(kept.map((i) => items(t.names)[i] as Sym), kept.map((i) => t.cols[i]));
}

/** All rows of the table in their order, but for `take:`. */
const onlyTakes = (q: Query): boolean => q.outputs.length === 0 && q.order.length === 0 && !q.clauses.has('by') && q.clauses.has('take');

const EVAL = name('eval');

function collectNames(ast: Value, into: Set<number>): void {
  if (ast instanceof Sym) {
    into.add(ast.id);
    if (ast.text.includes('.', 1)) into.add(name(ast.text.slice(0, ast.text.indexOf('.', 1))).id);
  } else if (ast instanceof List) ast.items.forEach((part) => collectNames(part, into));
  else if (ast instanceof Vec && ast.t === T.SYM) items(ast).forEach((part) => collectNames(part, into));
  else if (ast instanceof Dict) [...items(ast.keys), ...items(ast.vals)].forEach((part) => collectNames(part, into));
}

/* ── projection ──────────────────────────────────────────────────────── */

/** Reductions by builtins alone make one row, of a table without rows none (`empty`). */
function projected(t: Table, q: Query, scope: Scope, empty: boolean): Table {
  if (q.outputs.length === 0) return t;
  const cols = new Columns(t);
  const values = q.outputs.map(([, ast]) => evalOver(ast, cols, scope));
  const aggregated = q.outputs.every(([, ast], i) => isScalar(values[i]) && mentions(ast, cols) && !callsLambda(ast, scope));
  const full = values.find((v) => v instanceof Vec || v instanceof List) as Column | undefined;
  const rows = aggregated ? (empty ? 0 : 1) : full === undefined || q.outputs.some(([, ast]) => ast instanceof Sym && cols.has(ast)) ? t.length : full.length;
  return tableOf(q.outputs.map(([s]) => s), values.map((v) => spread(v, rows)));
}

/** A lambda may answer anything: its scalars stand in every row. */
function callsLambda(ast: Value, scope: Scope): boolean {
  if (!(ast instanceof List) || ast.length === 0) return false;
  const [head] = ast.items;
  const f = head instanceof Sym ? scope.lookup(head) : head;
  return f instanceof Lambda || f instanceof List;
}

const isScalar = (v: Value): boolean => !(v instanceof Vec || v instanceof List);

function spread(v: Value, rows: number): Column {
  if (v instanceof Vec || v instanceof List) {
    if (v.length !== rows) fail('length', `an output has ${v.length} rows where others have ${rows}`);
    return v;
  }
  return isAtom(v) ? repeat(v, rows) : new List(new Array<Value>(rows).fill(v));
}

/* ── order and take ──────────────────────────────────────────────────── */

/** Sorted by `asc:` and `desc:`, then cut by `take:`. Sort columns of an ungrouped query may be of the from-table (`base`) without being projected. */
function arranged(result: Table, base: Table | null, q: Query, scope: Scope): Table {
  const take = q.clauses.get('take');
  const [lo, count] = take === undefined ? [0, result.length] : takeBounds(scope.eval(take), result.length);
  if (q.order.length === 0) return takeRange(result, lo, count);
  const rows = orderOf(result, base, q, scope, lo + count);
  return gatherTable(result, rows.subarray(lo, lo + count));
}

/** Row numbers in order; only as many as are `wanted` need be there. */
function orderOf(result: Table, base: Table | null, q: Query, scope: Scope, wanted: number): Int32Array {
  const cols = new Columns(result);
  const from = base !== null && base.length === result.length ? new Columns(base) : null;
  const keys: Column[] = [];
  const descending: boolean[] = [];
  for (const [how, by] of q.order) {
    for (const key of sortKeys(how, by, cols, from, scope)) {
      // Queries put nulls after every value, `xasc` before them.
      if (key instanceof Vec && key.nulls) keys.push(nullMask(key), key);
      else keys.push(key);
      while (descending.length < keys.length) descending.push(how === 'desc');
    }
  }
  const last = keys[keys.length - 1];
  const single = keys.length === 1 || (keys.length === 2 && q.order.length === 1 && last instanceof Vec && last.nulls);
  if (!(single && last instanceof Vec && isMeasured(last.t) && wanted > 0 && wanted < result.length / 8)) return gradeRows(keys, result.length, descending);
  // Few of many: those that cannot be among them are left out before the sort.
  const few = outermostRows(last, wanted, descending[0]);
  return gather(new Vec(T.I32, few), gradeRows(keys.map((k) => gather(k, few)), few.length, descending)).data as Int32Array;
}

const isMeasured = (t: number): boolean => isNumericType(t) || isTemporalType(t);

/** Names of columns, or in a grouped query an expression over its result. */
function sortKeys(how: string, by: Value, cols: Columns, from: Columns | null, scope: Scope): Column[] {
  if (from === null && by instanceof List) {
    const v = evalOver(by, cols, scope);
    return v instanceof Vec && v.length === cols.table.length ? [v] : fail('domain', `${how}: expected a column`);
  }
  const names = by instanceof Sym ? [by] : by instanceof Vec && by.t === T.SYM ? (items(by) as Sym[]) : fail('domain', `${how}: expected column names`);
  return names.map((s) => cols.column(s) ?? from?.column(s) ?? fail('nyi', `${how}: no column '${s.text}'`));
}

/** Rows by their numbers: the partitions that hold them are read. */
function takenRows(t: PartedTable, take: Value): Table {
  const [lo, count] = takeBounds(take, t.length);
  const { table, start } = t.covering(lo, count);
  return takeRange(table.plain(), start, count);
}

/** First row and number of rows: n, -n from the end, or [start count]; nothing past the end. */
function takeBounds(n: Value, length: number): [number, number] {
  const [start, count] = isAtom(n) && isIntType(-tagOf(n)) ? fromEnd(Number(integerOf(n)), length) : n instanceof Vec && n.length === 2 ? slice(n) : fail('domain', `take: expected a count or [start count], got ${typeName(n)}`);
  const lo = Math.min(Math.max(start < 0 ? length + start : start, 0), length);
  return [lo, Math.min(Math.max(count, 0), length - lo)];
}

const fromEnd = (n: number, length: number): number[] => (n < 0 ? [Math.max(0, length + n), -n] : [0, n]);
const slice = (n: Vec): number[] => (n.t === T.I64 ? items(n).map(Number) : fail('type', `take: [start count] is I64, got ${typeName(n)}`));
