/** `upsert`: rows that replace those of their key, or are appended. */
import { Dict, Sym, Table, Vec, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { concatColumns } from '../columns/concat.js';
import { fitting } from '../columns/append.js';
import { gather } from '../columns/gather.js';
import { gatherOrNull } from '../columns/join.js';
import { merged } from '../columns/upsert.js';
import { items } from '../columns/item.js';
import { PartedTable } from '../columns/parted.js';
import { inPlace, rowColumns } from './insert.js';
import { columnIndex, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'upsert', arity: 'n', special: true, restricted: true, args: 'table key rows',
    doc: "rows replace those with their key, others are appended; key is the number of leading key columns or a column; a quoted symbol changes that global and answers the symbol. Errors: type, domain, value",
    example: "(upsert (table [a b] (list [1 2] [3 4])) 'a (list 2 9))",
    fn: (args, scope, rt) => {
      if (args.length !== 3) fail('arity', `upsert: expects a target, a key and rows, got ${args.length} args`);
      const [target, key, rows] = args.map((arg) => scope.eval(arg));
      return inPlace('upsert', target, scope, rt, (t) => (t instanceof Table ? upsert(t, key, rows) : fail('type', `upsert: target must be a table, got ${typeName(t)}`)));
    },
  },
];

function upsert(t: Table, key: Value, rows: Value): Table {
  if (t instanceof PartedTable) fail('nyi', 'upsert: a partitioned table only grows, by insert');
  const keys = keyIndexes(t, key);
  if (rows instanceof Table || rows instanceof Dict) {
    const names = items(rows instanceof Table ? rows.names : rows.keys);
    if (names.some((s) => !(s instanceof Sym))) fail('type', 'upsert: dict row keys must be symbols');
    checkNames(t, names as Sym[]);
    if (rows instanceof Table && rows.length === 0) return t;
    if (rows instanceof Table && rows.cols.length < t.cols.length) return partly(t, keys, rows);
    if (names.length < t.cols.length) fail('value', 'upsert: a column is missing');
  }
  const parts = rowColumns('upsert', t, rows);
  const n = parts[0]?.length ?? 0;
  if (parts.some((part) => part.length !== n)) fail('length', 'upsert: the columns of the rows differ in length');
  if (t.cols.some((col) => !(col instanceof Vec) && col.length > 0)) fail('type', 'upsert: LIST columns cannot be merged');
  const cols = t.cols.map((col, i) => sameKind(col, parts[i]));
  const take = merged(keys.map((i) => cols[i]), keys.map((i) => parts[i]));
  return new Table(t.names, cols.map((col, i) => gather(concatColumns([col, parts[i]]), take)));
}

/** Names of rows: each once, and all of them columns. Errors: `value`. */
function checkNames(t: Table, names: readonly Sym[]): void {
  const known = items(t.names) as Sym[];
  if (new Set(known.map((s) => s.id)).size < known.length) fail('value', 'upsert: the target has two columns of one name');
  if (new Set(names.map((s) => s.id)).size < names.length) fail('value', 'upsert: a column is given twice');
  const odd = names.find((s) => columnIndex(t, s.id) < 0);
  if (odd !== undefined) fail('value', `upsert: no column '${odd.text}'`);
}

/** Rows without some of the columns: what is there stays, new rows get nulls. Errors: `value` for a missing key. */
function partly(t: Table, keys: readonly number[], rows: Table): Table {
  const parts = t.cols.map((col, i) => {
    const at = columnIndex(rows, t.names.data[i] as number);
    return at < 0 ? undefined : (fitting(col.t, rows.cols[at]) ?? fail('type', `upsert: ${typeName(rows.cols[at])} for a ${typeName(col)} column`));
  });
  const take = merged(keys.map((i) => t.cols[i]), keys.map((i) => parts[i] ?? fail('value', 'upsert: a key column is missing')));
  const n = t.length;
  const kept = take.map((_, i) => (i < n ? i : -1));
  return new Table(t.names, t.cols.map((col, i) => {
    const part = parts[i];
    return part === undefined ? gatherOrNull(col, kept) : gather(concatColumns([col, part]), take);
  }));
}

/** A LIST column without rows takes the type of its first ones. */
const sameKind = (col: Column, part: Column): Column => (col.t === part.t ? col : col.length === 0 && part instanceof Vec ? new Vec(part.t, part.data.slice(0, 0)) : col);

function keyIndexes(t: Table, key: Value): number[] {
  if (key instanceof Sym) {
    const at = columnIndex(t, key.id);
    return at < 0 ? fail('domain', `upsert: no key column '${key.text}'`) : [at];
  }
  if (typeof key !== 'number') fail('type', `upsert: key must be a symbol or integer, got ${typeName(key)}`);
  if (key < 1 || key > t.cols.length) fail('domain', `upsert: key count must be 1..${t.cols.length}, got ${key}`);
  return Array.from({ length: key }, (_, i) => i);
}
