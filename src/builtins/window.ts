/** `window`: columns of reductions over the rows around each row, within its partition. */
import { Dict, List, Narrow, Sym, T, Table, Vec, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { cast } from '../columns/cast.js';
import { items } from '../columns/item.js';
import { frames, windowed, type Frame } from '../columns/window.js';
import { Columns } from './query-eval.js';
import { tableOf, type Column } from './tables.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'window', arity: 'n', special: true, args: "{from: table part: names order: names frame: 'whole | 'running | n funcs: {out: (f column) ..}}",
    doc: 'the table with a column per function of funcs: sum avg min max count, and first last where there is an order. Errors: type, domain, range, nyi',
    example: "(window {from: (table [s t p] (list [x x y] [1 2 3] [10 20 30])) part: s order: t frame: 'running funcs: {total: (sum p)}})",
    fn: (args, scope) => window(args, scope),
  },
];

const FUNCTIONS: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'count', 'first', 'last']);
const ORDERED: ReadonlySet<string> = new Set(['first', 'last']);

function window(args: readonly Value[], scope: Scope): Value {
  if (args.length === 0) fail('arity', 'window: expects a query dict');
  const [query] = args;
  if (!(query instanceof Dict)) fail('type', `window: expected a literal dict of clauses, got ${typeName(query)}`);
  const clauses = new Map(items(query.keys).map((key, i) => [key instanceof Sym ? key.text : String(key), items(query.vals)[i]]));
  const t = scope.eval(clauses.get('from') ?? fail('domain', 'window: a query needs a from: clause'));
  if (!(t instanceof Table)) fail('type', `window: from: expected a table, got ${typeName(t)}`);
  const funcs = clauses.get('funcs');
  if (!(funcs instanceof Dict) || funcs.length === 0) fail('domain', 'window: funcs: is a dict of at least one output');
  const cols = new Columns(t);
  const frame = frameOf(clauses.get('frame'));
  const part = columnsOf(clauses.get('part'), cols);
  const order = columnsOf(clauses.get('order'), cols);
  const exprs = items(funcs.vals);
  const calls = items(funcs.keys).map((key, i) => ({ name: key as Sym, ...callOf(exprs[i], cols, order.length > 0) }));
  const layout = frames(part, order, t.length, frame);
  const added = calls.map(({ verb, col }) => windowed(verb, col, layout) ?? fail('type', `window: ${verb} does not take ${typeName(col)}`));
  return tableOf([...cols.names, ...calls.map((c) => c.name)], [...t.cols, ...added]);
}

/** `whole`, `running`, or a number of rows up to and with the current one. */
function frameOf(v: Value | undefined): Frame {
  if (v === undefined) return Infinity;
  if (v instanceof Sym) return v.text === 'whole' ? Infinity : v.text === 'running' ? 'running' : badFrame();
  const n = typeof v === 'number' ? v : typeof v === 'boolean' ? Number(v) : v instanceof Narrow && tagOf(v) >= -T.I64 ? v.v : badFrame();
  return n < 1 ? fail('range', `window: a frame of ${n} rows`) : { rows: n };
}
const badFrame = (): never => fail('domain', "window: frame: is 'whole, 'running or a number of rows");

function columnsOf(v: Value | undefined, cols: Columns): Column[] {
  if (v === undefined) return [];
  const names = v instanceof Sym ? [v] : v instanceof Vec && v.t === T.SYM ? (items(v) as Sym[]) : [];
  return names.map((s) => column(s, cols));
}

const column = (s: Sym, cols: Columns): Column => cols.column(s) ?? fail('nyi', `window: no column '${s.text}'`);

function callOf(expr: Value, cols: Columns, isOrdered: boolean): { verb: string; col: Vec } {
  const [head, input] = expr instanceof List ? expr.items : [];
  if (!(head instanceof Sym && input instanceof Sym)) fail('domain', 'window: an output is (f column)');
  if (!FUNCTIONS.has(head.text)) fail('domain', `window: no window function '${head.text}'`);
  if (ORDERED.has(head.text) && !isOrdered) fail('domain', `window: ${head.text} needs order:`);
  const col = column(input, cols);
  return col instanceof Vec ? { verb: head.text, col: col.t === T.F32 ? (cast(T.F64, col) as Vec) : col } : fail('type', `window: ${head.text} does not take ${typeName(col)}`);
}
