/** Joins by equal keys. */
import { List, Table, Vec, name, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { gather, gatherTable } from '../columns/gather.js';
import { coalesced, equalPairs, gatherOrNull, unmatchedRows } from '../columns/join.js';
import { repeat } from '../columns/slice.js';
import { columnIndex, columnOf, namesOf, symbols, table, tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';

const ARGS = 'keys left right | left right keys';
const L = '(table [k a] (list [1 2] [10 20]))';
const R = '(table [k b] (list [2 3] [7 8]))';

export const ROWS: readonly BuiltinRow[] = [
  { name: 'inner-join', arity: 'n', args: ARGS, doc: 'rows of both tables with equal keys. Errors: type, domain, schema', example: `(inner-join [k] ${L} ${R})`, fn: (args) => joined('inner-join', args, false, false) },
  { name: 'left-join', arity: 'n', args: ARGS, doc: 'every left row, with nulls where no right row has its key', example: `(left-join [k] ${L} ${R})`, fn: (args) => joined('left-join', args, true, false) },
  { name: 'full-join', arity: 'n', args: ARGS, doc: 'as left-join, then the right rows whose key no left row has', example: `(full-join [k] ${L} ${R})`, fn: (args) => joined('full-join', args, true, true) },
  { name: 'anti-join', arity: 'n', args: ARGS, doc: 'left rows whose key no right row has', example: `(anti-join [k] ${L} ${R})`, fn: antiJoin },
];

function joined(verb: string, args: readonly Value[], keepLeft: boolean, keepRight: boolean): Value {
  const { left, right, leftKeys, rightKeys, ids } = sides(verb, args);
  const pairs = equalPairs(leftKeys, rightKeys, keepLeft, keepRight);
  const taken = (col: Column): Column => (keepRight ? gatherOrNull(col, pairs.left) : gather(col, pairs.left));
  const leftCols = namesOf(left).map((s, i) => (keepRight && ids.has(s.id) && columnIndex(right, s.id) >= 0 ? coalesced(left.cols[i], columnOf(verb, right, s, 'schema'), pairs) : taken(left.cols[i])));
  const rest = namesOf(right).filter((s) => !ids.has(s.id));
  const rightCols = rest.map((s) => gatherOrNull(columnOf(verb, right, s, 'schema'), pairs.right));
  return tableOf([...namesOf(left), ...rest], [...leftCols, ...rightCols]);
}

function antiJoin(args: readonly Value[]): Value {
  const { left, leftKeys, rightKeys } = sides('anti-join', args);
  return gatherTable(left, unmatchedRows(leftKeys, rightKeys));
}

interface Sides { readonly left: Table; readonly right: Table; readonly leftKeys: Column[]; readonly rightKeys: Column[]; readonly ids: ReadonlySet<number> }

/** Both orders of arguments: keys first, or last as in older scripts. */
function sides(verb: string, args: readonly Value[]): Sides {
  if (args.length < 3) fail('arity', `${verb}: expects keys and two tables, got ${args.length} args`);
  const first = !(args[0] instanceof Table) && args[1] instanceof Table && args[2] instanceof Table;
  const [keys, l, r] = first ? args : [args[2], args[0], args[1]];
  const left = table(verb, l);
  const right = table(verb, r);
  if (!(keys instanceof Vec || keys instanceof List)) fail('type', `${verb}: keys are a symbol list, got ${typeName(keys)}`);
  if (keys.length === 0) fail('domain', `${verb}: at least one key is needed`);
  const names = symbols(verb, keys);
  const ids = new Set(names.map((s) => s.id));
  // A key that a table does not have matches nothing, as in the reference: symbols and numbers share no value.
  if (names.some((s) => columnIndex(left, s.id) < 0 || columnIndex(right, s.id) < 0)) {
    return { left, right, ids, leftKeys: [repeat(name(''), left.length)], rightKeys: [repeat(0, right.length)] };
  }
  return { left, right, ids, leftKeys: names.map((s) => columnOf(verb, left, s, 'schema')), rightKeys: names.map((s) => columnOf(verb, right, s, 'schema')) };
}
