/** Joins by time: the latest right row of each left one, and reductions over a time window around it. */
import { Dict, F64, List, Sym, T, Table, Vec, nullOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { gather } from '../columns/gather.js';
import { latestRows } from '../columns/asof.js';
import { gatherOrNull } from '../columns/join.js';
import { placesUpTo, timeline } from '../columns/join-time.js';
import { GROUPED, type GroupedReduction } from '../columns/grouped.js';
import { reduceRanges } from '../columns/ranges.js';
import { items } from '../columns/item.js';
import { isNumericType, isTemporalType } from '../columns/promote.js';
import { repeat } from '../columns/slice.js';
import { columnOf, namesOf, symbols, table, tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Scope } from '../lang/runtime.js';

const L = '(table [s t] (list [a b] [10 20]))';
const R = '(table [s t p] (list [a a] [5 9] [1.5 2.5]))';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'asof-join', arity: 'n', args: '[keys .. time] left right', doc: 'each left row with the latest right row of its keys and a time not after its own. Errors: arity, type, domain, schema',
    example: `(asof-join [s t] ${L} ${R})`, fn: asofJoin,
  },
  windowRow('window-join', 'the right rows inside the window and the last one before it', false),
  windowRow('window-join1', 'the right rows inside the window', true),
];

function windowRow(name: string, which: string, strict: boolean): BuiltinRow {
  return {
    name, arity: 'n', special: true, args: '[keys .. time] (list from to) left right {out: (f column) ..}',
    doc: `left rows with reductions over ${which}. Errors: type, domain`,
    example: `(${name} [s t] (list [4 4] [9 9]) ${L} ${R} {top: (max p)})`,
    fn: (args, scope) => windowJoin(name, args, scope, strict),
  };
}

function asofJoin(args: readonly Value[]): Value {
  if (args.length < 3) fail('arity', `asof-join: expects keys, left table and right table, got ${args.length} args`);
  return latest('asof-join', args[0], table('asof-join', args[1]), table('asof-join', args[2]));
}

function latest(verb: string, keys: Value, left: Table, right: Table): Value {
  if (!(keys instanceof Vec || keys instanceof List) || keys.length === 0) fail('domain', `${verb}: keys must be a non-empty symbol list`);
  const names = symbols(verb, keys);
  const timeName = names[names.length - 1];
  const leftTime = timeOf(verb, left, timeName);
  const rightTime = timeOf(verb, right, timeName);
  const equal = names.slice(0, -1);
  const keysIn = (t: Table): Column[] => equal.map((s) => columnOf(verb, t, s, 'schema'));
  const rows = latestRows(keysIn(left), keysIn(right), leftTime, rightTime);
  const ids = new Set(names.map((s) => s.id));
  const rest = namesOf(right).filter((s) => !ids.has(s.id));
  return tableOf([...namesOf(left), ...rest], [...left.cols, ...rest.map((s) => gatherOrNull(columnOf(verb, right, s, 'schema'), rows))]);
}

function timeOf(verb: string, t: Table, s: Sym): Vec {
  const col = columnOf(verb, t, s, 'schema');
  return col instanceof Vec ? col : fail('type', `${verb}: the time key is a vector, got ${typeName(col)}`);
}

/* ── windows ─────────────────────────────────────────────────────────── */

function windowJoin(verb: string, args: readonly Value[], scope: Scope, strict: boolean): Value {
  if (args.length < 4) fail('domain', `${verb}: expects keys, intervals, left and right tables, got ${args.length} args`);
  const [keys, intervals, l, r] = args.slice(0, 4).map((arg) => scope.eval(arg));
  // The older form (join left right [keys] 'time) is an asof join.
  if (keys instanceof Table && intervals instanceof Table) return older(verb, keys, intervals, l, r);
  const left = table(verb, l);
  const right = table(verb, r);
  const names = symbols(verb, keys);
  if (names.length < 2) fail('domain', `${verb}: keys are at least one equality key and the time, got ${names.length}`);
  const column = (t: Table, s: Sym): Column => columnOf(verb, t, s, 'domain');
  const timeName = names[names.length - 1];
  const rightTime = column(right, timeName) as Vec;
  column(left, timeName);
  const [from, to] = bounds(verb, intervals, left.length);
  const equal = names.slice(0, -1);
  const outputs = reductions(verb, args[4], right);
  const line = timeline(equal.map((s) => column(left, s)), equal.map((s) => column(right, s)), left.length, rightTime);
  const end = placesUpTo(line, rightTime, to, false);
  const begin = placesUpTo(line, rightTime, from, strict);
  // Not strict: the window begins with the last row not after its lower end, if there is one.
  const lo = strict ? begin.place : begin.place.map((p, i) => (p > begin.start[i] ? p - 1 : p));
  const cols = outputs.map(({ reduce, source, emptyNull }) => {
    if (source === null) return repeat(nullOf(T.I64), left.length);
    const sorted = gather(source, line.order);
    return reduceRanges(reduce, sorted, lo, end.place, emptyNull) ?? fail('type', `${verb}: cannot reduce ${typeName(source)}`);
  });
  return tableOf([...namesOf(left), ...outputs.map((o) => o.name)], [...left.cols, ...cols]);
}

function older(verb: string, left: Table, right: Table, keys: Value, time: Value): Value {
  if (!(time instanceof Sym)) fail('type', `${verb}: time key must be a symbol, got ${typeName(time)}`);
  return latest(verb, new List([...symbols(verb, keys), time]), left, right);
}

function bounds(verb: string, intervals: Value, n: number): [Vec, Vec] {
  const [from, to] = intervals instanceof List ? intervals.items : [];
  if (from instanceof Vec && to instanceof Vec && from.length === n && to.length === n) return [from, to];
  return fail('domain', `${verb}: intervals are two vectors as long as the left table`);
}

interface Output { readonly name: Sym; readonly reduce: GroupedReduction; readonly source: Vec | null; readonly emptyNull: boolean }

function reductions(verb: string, dict: Value | undefined, right: Table): Output[] {
  if (!(dict instanceof Dict)) return [];
  const exprs = items(dict.vals);
  return items(dict.keys).map((key, i) => reduction(verb, key as Sym, exprs[i], right));
}

function reduction(verb: string, name: Sym, expr: Value, right: Table): Output {
  // A bare column is accepted and gives nulls, as in the reference.
  if (expr instanceof Sym) return { name, reduce: () => undefined, source: null, emptyNull: true };
  const [head, col] = expr instanceof List ? expr.items : [];
  if (!(head instanceof Sym && col instanceof Sym)) fail('domain', `${verb}: an output is (f column)`);
  const reduce = GROUPED.get(head.text) ?? fail('domain', `${verb}: no reduction '${head.text}'`);
  const source = columnOf(verb, right, col, 'domain');
  const measurable = source instanceof Vec && (isNumericType(source.t) || isTemporalType(source.t));
  if (head.text === 'count') return { name, reduce, source: measurable ? source : repeat(new F64(0), source.length), emptyNull: false };
  if (!measurable) fail('type', `${verb}: source must be numeric, got ${typeName(source)}`);
  return { name, reduce, source, emptyNull: head.text !== 'sum' };
}
