/**
 * `select`: from -> where -> by / projection -> asc, desc -> take. The clauses are read unevaluated; inside their expressions a name,
 * quoted or not, that is a column of the from-table means the column.
 */
import { Builtin, Dict, List, Sym, T, Table, Vec, isAtom, isNull, name, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { gather, gatherTable, maskToIndices } from '../columns/gather.js';
import { groupRows, hashGroupRows, type Groups } from '../columns/hashing.js';
import { enlist, items, nullAt } from '../columns/item.js';
import { repeat, takeRange } from '../columns/slice.js';
import { gradeRows } from '../columns/sort.js';
import { checkpoint } from '../lang/interrupt.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'select', arity: 'n', special: true, args: '{from: table ..}',
    doc: 'rows and columns of a table. Clauses: from where by asc desc take; every other key is an output column. Errors: type, domain, schema',
    example: '(select {from: (table [a b] (list [1 2 1] [3 4 5])) by: a s: (sum b)})',
    fn: (args, scope) => select(queryOf('select', args), scope),
  },
];

const CLAUSES: ReadonlySet<string> = new Set(['from', 'where', 'by', 'asc', 'desc', 'take']);

/** A query taken apart: its clauses, and its outputs in order. */
export interface Query {
  readonly clauses: ReadonlyMap<string, Value>;
  readonly outputs: readonly (readonly [Sym, Value])[];
  /** `asc` and `desc` in the order they were written: the first is the primary key. */
  readonly order: readonly (readonly ['asc' | 'desc', Value])[];
}

/** Reads the literal dict of a query form. Errors: `type` where there is none. */
export function queryOf(verb: string, args: readonly Value[]): Query {
  const [dict] = args;
  if (!(dict instanceof Dict) || args.length !== 1) fail('type', `${verb}: expected a literal dict of clauses`);
  const clauses = new Map<string, Value>();
  const outputs: [Sym, Value][] = [];
  const order: ['asc' | 'desc', Value][] = [];
  const exprs = items(dict.vals);
  items(dict.keys).forEach((key, i) => {
    const s = key instanceof Sym ? key : name(key as string);
    if (!CLAUSES.has(s.text)) outputs.push([s, exprs[i]]);
    else if (s.text === 'asc' || s.text === 'desc') order.push([s.text, exprs[i]]);
    else clauses.set(s.text, exprs[i]);
  });
  return { clauses, outputs, order };
}

function select(q: Query, scope: Scope): Value {
  const source = fromTable(q, scope);
  const t = filtered(source, q, scope);
  const by = q.clauses.get('by');
  const result = by === undefined ? projected(t, q, scope) : grouped(t, by, q, scope);
  return taken(ordered(result, by === undefined ? t : null, q), q, scope);
}

export function fromTable(q: Query, scope: Scope): Table {
  const from = q.clauses.get('from');
  if (from === undefined) fail('domain', 'a query needs a from: clause');
  const t = scope.eval(from);
  return t instanceof Table ? t : fail('type', `from: expected a table, got ${typeName(t)}`);
}

/* ── expressions over columns ────────────────────────────────────────── */

/** A table as names and values that expressions can see. */
export class Columns {
  readonly names: readonly Sym[];
  readonly ids: ReadonlySet<number>;
  constructor(readonly table: Table) {
    this.names = items(table.names) as Sym[];
    this.ids = new Set(this.names.map((s) => s.id));
  }
  column(s: Sym): Vec | List | undefined {
    const i = this.names.findIndex((n) => n.id === s.id);
    return i < 0 ? undefined : this.table.cols[i];
  }
}

/** Evaluates an expression with the columns visible; an unbound name in it is a `schema` error. */
export function evalOver(ast: Value, cols: Columns, values: readonly (Vec | List)[], scope: Scope): Value {
  if (ast instanceof Sym) {
    const i = cols.names.findIndex((n) => n.id === ast.id);
    if (i >= 0) return values[i];
  }
  try {
    return scope.evalWith(resolved(ast, cols), cols.names, values);
  } catch (e) {
    if (e instanceof RayError && e.code === 'name' && e.trace === null) throw new RayError('schema', e.message);
    throw e;
  }
}

const rewritten = new WeakMap<List, { readonly names: Vec; readonly ast: Value }>();

/** Quoted symbols that are columns become names; `nil?` works by element; `median` is `med`. Cached by the form's identity. */
function resolved(ast: Value, cols: Columns): Value {
  if (ast instanceof Sym) return ast.quoted && cols.ids.has(ast.id) ? name(ast.text) : ast;
  if (!(ast instanceof List) || ast.length === 0) return ast;
  const known = rewritten.get(ast);
  if (known !== undefined && sameNames(known.names, cols.table.names)) return known.ast;
  const parts = ast.items.map((part, i) => (i === 0 ? queryHead(part) : resolved(part, cols)));
  const out = parts.every((part, i) => part === ast.items[i]) ? ast : new List(parts, ast.at, ast.source);
  rewritten.set(ast, { names: cols.table.names, ast: out });
  return out;
}

const sameNames = (a: Vec, b: Vec): boolean => a === b || (a.length === b.length && (a.data as Int32Array).every((id, i) => id === b.data[i]));

function queryHead(head: Value): Value {
  if (head instanceof Sym && head.text === 'nil?') return NIL_BY_ELEMENT;
  return head instanceof Sym && head.text === 'median' ? name('med') : head;
}

const NIL_BY_ELEMENT = new Builtin(T.UNARY, 'nil?', (x: Value) => {
  if (!(x instanceof Vec || x instanceof List)) return isNull(x);
  const out = new Uint8Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = (x instanceof Vec ? nullAt(x, i) : isNull(x.items[i])) ? 1 : 0;
  return new Vec(T.B8, out);
}, { nullable: true });

/* ── where ───────────────────────────────────────────────────────────── */

/** The rows for which `where:` holds. */
export function filtered(t: Table, q: Query, scope: Scope): Table {
  const where = q.clauses.get('where');
  if (where === undefined) return t;
  const rows = whereRows(t, where, scope);
  return rows === null ? t : gatherTable(t, rows);
}

/** Row numbers that `where` keeps; null: all of them. */
export function whereRows(t: Table, where: Value, scope: Scope): Int32Array | null {
  const cols = new Columns(t);
  const mask = evalOver(where, cols, t.cols, scope);
  if (mask === true) return null;
  if (mask === false) return new Int32Array(0);
  if (!(mask instanceof Vec && mask.t === T.B8)) fail('type', `where: expected a B8 mask, got ${typeName(mask)}`);
  if (mask.length !== t.length) fail('length', `where: the mask has ${mask.length} rows, the table ${t.length}`);
  return maskToIndices(mask);
}

/* ── projection ──────────────────────────────────────────────────────── */

function projected(t: Table, q: Query, scope: Scope): Table {
  if (q.outputs.length === 0) return t;
  const cols = new Columns(t);
  const values = q.outputs.map(([, ast]) => evalOver(ast, cols, t.cols, scope));
  const aggregated = q.outputs.every(([, ast], i) => isScalar(values[i]) && mentions(ast, cols.ids));
  const full = values.find((v) => v instanceof Vec || v instanceof List) as Vec | List | undefined;
  const rows = aggregated ? 1 : full === undefined ? t.length : q.outputs.some(([, ast]) => ast instanceof Sym && cols.ids.has(ast.id)) ? t.length : full.length;
  return tableOf(q.outputs.map(([s]) => s), values.map((v) => spread(v, rows)));
}

const isScalar = (v: Value): boolean => !(v instanceof Vec || v instanceof List);

function spread(v: Value, rows: number): Vec | List {
  if (v instanceof Vec || v instanceof List) {
    if (v.length !== rows) fail('length', `an output has ${v.length} rows where others have ${rows}`);
    return v;
  }
  return isAtom(v) ? repeat(v, rows) : new List(new Array<Value>(rows).fill(v));
}

function mentions(ast: Value, ids: ReadonlySet<number>): boolean {
  if (ast instanceof Sym) return ids.has(ast.id);
  return ast instanceof List && ast.items.some((part) => mentions(part, ids));
}

function tableOf(names: readonly Sym[], cols: readonly (Vec | List)[]): Table {
  return new Table(new Vec(T.SYM, Int32Array.from(names, (s) => s.id)), cols);
}

/* ── by ──────────────────────────────────────────────────────────────── */

interface Keys { readonly names: Sym[]; readonly cols: (Vec | List)[] }

function keysOf(by: Value, cols: Columns, scope: Scope): Keys {
  const t = cols.table;
  const column = (s: Sym): Vec | List => cols.column(s) ?? (s.text.includes('.') ? (evalOver(s, cols, t.cols, scope) as Vec) : fail('domain', `by: no column '${s.text}'`));
  if (by instanceof Sym && cols.ids.has(by.id)) return { names: [by], cols: [column(by)] };
  if (by instanceof Sym) return { names: [by.text.includes('.') ? name('') : by], cols: [column(by)] };
  if (by instanceof Vec && by.t === T.SYM) {
    const names = items(by) as Sym[];
    return { names, cols: names.map(column) };
  }
  const spreadKey = (ast: Value): Vec | List => spread(ast instanceof Sym ? column(ast) : evalOver(ast, cols, t.cols, scope), t.length);
  if (by instanceof Dict) return { names: items(by.keys).map((k) => (k instanceof Sym ? k : name(k as string))), cols: items(by.vals).map(spreadKey) };
  return { names: [name('')], cols: [spreadKey(by)] };
}

/** Aggregates whose presence makes the reference answer groups in key order instead of first appearance. */
const SORTING: ReadonlySet<string> = new Set(['avg', 'first', 'last', 'prod']);

function grouped(t: Table, by: Value, q: Query, scope: Scope): Table {
  const cols = new Columns(t);
  const keys = keysOf(by, cols, scope);
  const groups = hashGroupRows(keys.cols);
  const order = groupOrder(keys, groups, q);
  const first = gatherFirst(groups, order);
  const keyCols = keys.cols.map((c) => gather(c, first));
  if (q.outputs.length === 0) {
    const keyIds = new Set(keys.names.map((s) => s.id));
    const rest = cols.names.filter((s) => !keyIds.has(s.id));
    return tableOf([...keys.names, ...rest], [...keyCols, ...rest.map((s) => gather(cols.column(s)!, first))]);
  }
  const parts = new Parts(t, groups, order);
  return tableOf([...keys.names, ...q.outputs.map(([s]) => s)], [...keyCols, ...q.outputs.map(([, ast]) => aggregate(ast, cols, parts, scope))]);
}

function groupOrder(keys: Keys, groups: Groups, q: Query): Int32Array {
  const n = groups.first.length;
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const [key] = keys.cols;
  const sorting = q.outputs.some(([, ast]) => ast instanceof List && ast.items[0] instanceof Sym && SORTING.has(ast.items[0].text));
  if (!sorting || keys.cols.length !== 1 || !(key instanceof Vec) || key.t === T.STR || key.t === T.F64 || key.t === T.F32 || key.t === T.GUID) return order;
  const at = gather(key, groups.first);
  // Symbols in order of their creation: what the ids say.
  const sortable = at.t === T.SYM ? new Vec(T.I32, at.data) : at;
  return gradeRows([sortable], n, false);
}

const gatherFirst = (g: Groups, order: Int32Array): Int32Array => order.map((k) => g.first[k]);

/** The columns of a table in group order, so that each group is a slice. */
class Parts {
  readonly #rows: Int32Array;
  readonly #offsets: Int32Array;
  readonly #cols = new Map<number, Vec | List>();
  constructor(readonly table: Table, groups: Groups, readonly order: Int32Array) {
    const { offsets, rows } = groupRows(groups);
    this.#rows = rows;
    this.#offsets = offsets;
  }
  get count(): number {
    return this.order.length;
  }
  /** The values of all columns in the `i`-th group of the result. */
  group(i: number): (Vec | List)[] {
    const k = this.order[i];
    const [lo, hi] = [this.#offsets[k], this.#offsets[k + 1]];
    return this.table.cols.map((_, c) => takeRange(this.#column(c), lo, hi - lo));
  }
  #column(c: number): Vec | List {
    let col = this.#cols.get(c);
    if (col === undefined) this.#cols.set(c, (col = gather(this.table.cols[c], this.#rows)));
    return col;
  }
}

/** One output over all groups: a column of scalars, or a LIST of what each group gave. */
function aggregate(ast: Value, cols: Columns, parts: Parts, scope: Scope): Vec | List {
  const out: Value[] = new Array<Value>(parts.count);
  for (let i = 0; i < out.length; i++) {
    if ((i & 255) === 0) checkpoint();
    out[i] = evalOver(ast, cols, parts.group(i), scope);
  }
  if (out.length === 0) return emptyOutput(ast, cols, scope);
  return out.every(isAtom) ? enlist(out) : new List(out);
}

/** The type of an output without groups: what the expression answers for no rows. */
function emptyOutput(ast: Value, cols: Columns, scope: Scope): Vec | List {
  const v = evalOver(ast, cols, cols.table.cols, scope);
  return v instanceof Vec || v instanceof List ? takeRange(v, 0, 0) : isAtom(v) ? takeRange(enlist([v]), 0, 0) : new List([]);
}

/* ── order and take ──────────────────────────────────────────────────── */

/** Sorts a result by `asc:` and `desc:`. Sort columns of an ungrouped query may be of the from-table (`base`) without being projected. */
function ordered(result: Table, base: Table | null, q: Query): Table {
  if (q.order.length === 0) return result;
  const cols = new Columns(result);
  const from = base !== null && base.length === result.length ? new Columns(base) : null;
  const keys: (Vec | List)[] = [];
  const descending: boolean[] = [];
  for (const [how, by] of q.order) {
    const names = by instanceof Sym ? [by] : by instanceof Vec && by.t === T.SYM ? (items(by) as Sym[]) : fail('domain', `${how}: expected column names`);
    for (const s of names) {
      keys.push(cols.column(s) ?? from?.column(s) ?? fail('nyi', `${how}: no column '${s.text}'`));
      descending.push(how === 'desc');
    }
  }
  return gatherTable(result, gradeRows(keys, result.length, descending));
}

function taken(t: Table, q: Query, scope: Scope): Table {
  const take = q.clauses.get('take');
  if (take === undefined) return t;
  const n = scope.eval(take);
  const [start, count] = n instanceof Vec && n.t === T.I64 && n.length === 2 ? items(n).map(Number) : typeof n === 'number' ? (n < 0 ? [Math.max(0, t.length + n), -n] : [0, n]) : fail('domain', 'take: expected a count or [start count]');
  const lo = Math.min(Math.max(start < 0 ? t.length + start : start, 0), t.length);
  return takeRange(t, lo, Math.min(Math.max(count, 0), t.length - lo));
}

