/** `pivot`: the values of one column become columns. */
import { Builtin, Lambda, List, Narrow, Stamp, Sym, T, Table, Vec, isAtom, name, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { display } from '../lang/format.js';
import { typeName } from '../lang/type-names.js';
import { checkpoint } from '../lang/interrupt.js';
import { gather } from '../columns/gather.js';
import { groupRows, hashGroup, hashGroupRows, type Groups } from '../columns/hashing.js';
import { GROUPED } from '../columns/grouped.js';
import { enlist, itemAt } from '../columns/item.js';
import { gatherOrNull } from '../columns/join.js';
import { takeRange } from '../columns/slice.js';
import { usableRows } from '../columns/nulls.js';
import { columnOf, symbols, table, tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'pivot', arity: 'n', args: 'table index column values f',
    doc: 'a row for each value of the index column or columns, a column for each value of `column`, f of the values in each cell. Errors: arity, type, domain, nyi',
    example: "(pivot (table [s d q] (list [a a b] [x y x] [1 2 3])) 's 'd 'q sum)", fn: pivot,
  },
];

/** Columns a pivot may make: a mistaken key must not make millions. */
const MAX_COLUMNS = 65536;
const MAX_INDEXES = 8192;

function pivot(args: Value[], rt: Runtime): Value {
  if (args.length !== 5) fail('arity', `pivot expects table, index, column, values and function, got ${args.length} args`);
  const [t, index, column, values, f] = args;
  const from = table('pivot', t);
  if (!(column instanceof Sym)) fail('type', `pivot: the pivot column is a symbol, got ${typeName(column)}`);
  if (!(values instanceof Sym)) fail('type', `pivot: the value column is a symbol, got ${typeName(values)}`);
  if (!(f instanceof Lambda || f instanceof Builtin)) fail('type', `pivot: expected a function, got ${typeName(f)}`);
  const names = index instanceof Vec && index.length === 0 ? [] : symbols('pivot', index);
  if (names.length > MAX_INDEXES) fail('limit', `pivot: ${names.length} index columns`);
  const all = { pivot: columnOf('pivot', from, column, 'domain'), values: columnOf('pivot', from, values, 'domain'), index: names.map((s) => columnOf('pivot', from, s, 'domain')) };
  if (all.pivot.t === T.STR) fail('nyi', 'pivot: a STR column names no columns');
  if (from.length === 0) return new Table(new Vec(T.SYM, new Int32Array(0)), []);
  // A null names no column.
  const rows = usableRows(all.pivot);
  const cut = (c: Column): Column => (rows === null ? c : gather(c, rows));
  return unstacked(names, all.index.map(cut), cut(all.pivot), cut(all.values), f, rt);
}

function unstacked(names: readonly Sym[], index: readonly Column[], column: Column, values: Column, f: Value, rt: Runtime): Table {
  const n = column.length;
  const byRow = index.length === 0 ? { ids: new Int32Array(n), first: new Int32Array(n === 0 ? 0 : 1) } : hashGroupRows(index);
  const byColumn = hashGroup(column);
  if (byColumn.first.length > MAX_COLUMNS) fail('limit', `pivot: ${byColumn.first.length} columns`);
  const cells = hashGroupRows([new Vec(T.I32, byRow.ids), new Vec(T.I32, byColumn.ids)]);
  const cellValues = reduced(f, values, cells, rt);
  const at = Array.from(byColumn.first, () => new Int32Array(byRow.first.length).fill(-1));
  cells.first.forEach((row, cell) => (at[byColumn.ids[row]][byRow.ids[row]] = cell));
  const outNames = Array.from(byColumn.first, (row) => name(columnText(itemAt(column, row))));
  return tableOf([...names, ...outNames], [...index.map((c) => gather(c, byRow.first)), ...at.map((cellOf) => gatherOrNull(cellValues, cellOf))]);
}

/** A value as a column name: times by their number, bytes as col1. */
function columnText(v: Value): string {
  if (v instanceof Sym) return v.text;
  if (v instanceof Stamp || (v instanceof Narrow && (v.t === -T.DATE || v.t === -T.TIME))) return String(v.v);
  return v instanceof Narrow && v.t === -T.U8 ? `col${v.v}` : display(v);
}

function reduced(f: Value, values: Column, cells: Groups, rt: Runtime): Column {
  const kernel = f instanceof Builtin && values instanceof Vec ? GROUPED.get(f.name) : undefined;
  const known = kernel?.(values as Vec, cells);
  if (known !== undefined) return known;
  const { offsets, rows } = groupRows(cells);
  const sorted = gather(values, rows);
  const out: Value[] = [];
  for (let g = 0; g < cells.first.length; g++) {
    if ((g & 255) === 0) checkpoint();
    out.push(rt.call(f, [takeRange(sorted, offsets[g], offsets[g + 1] - offsets[g])]));
  }
  return out.every(isAtom) ? enlist(out) : new List(out);
}
