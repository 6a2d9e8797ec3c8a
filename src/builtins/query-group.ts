/** `by:` of a query: groups, their order, and what an output is over them. */
import { Dict, List, Sym, T, Table, Vec, isAtom, name, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import { groupKeepingDirect } from '../columns/direct-groups.js';
import { gather } from '../columns/gather.js';
import { groupRows, hashGroupRows, type Groups } from '../columns/hashing.js';
import { enlist, items } from '../columns/item.js';
import { groupKeeping } from '../columns/simd-groups.js';
import { repeat, takeRange } from '../columns/slice.js';
import { gradeRows } from '../columns/sort.js';
import { Columns, evalOver, headText, prepareOver, type Query } from './query-eval.js';
import { keptFor, shapeOver, type Shaped } from './query-shape.js';
import { tableOf, type Column } from './tables.js';
import type { Runtime, Scope } from '../lang/runtime.js';

/** One row a group: the keys, then each output; without outputs the first row of each group. Errors: `domain` unknown key. */
export function grouped(t: Table, by: Value, q: Query, scope: Scope, rt: Runtime): Table {
  const cols = new Columns(t);
  const keys = keysOf(by, cols, scope);
  const visible = by instanceof Dict ? withKeys(cols, keys) : cols;
  // A key named again under its own name is there already.
  const outputs = q.outputs.filter(([s, ast]) => !(ast instanceof Sym && ast.id === s.id && keys.names.some((k) => k.id === s.id)));
  const groups = groupsFor(keys.cols, outputs.map(([, ast]) => ast), visible, scope);
  const order = groupOrder(keys, groups, q);
  const first = order === null ? groups.first : gatherIds(groups.first, order);
  const keyCols = keys.cols.map((c) => gather(c, first));
  if (q.outputs.length === 0) {
    const keyIds = new Set(keys.names.map((s) => s.id));
    const rest = cols.names.filter((s) => !keyIds.has(s.id));
    return tableOf([...keys.names, ...rest], [...keyCols, ...rest.map((s) => gather(cols.column(s)!, first))]);
  }
  const slices = new Slices(groups, order);
  return tableOf([...keys.names, ...outputs.map(([s]) => s)], [...keyCols, ...outputs.map(([, ast]) => output(ast, visible, slices, scope, rt))]);
}

/** Groups of equal keys, with what the outputs are made of where that can be had in the same pass. */
function groupsFor(keys: readonly Column[], outputs: readonly Value[], cols: Columns, scope: Scope): Groups {
  const wanted = keptFor(outputs, cols, scope);
  return (wanted === null ? null : (groupKeeping(keys, wanted) ?? groupKeepingDirect(keys, wanted))) ?? hashGroupRows(keys);
}

/** Outputs see computed keys by the names they are given. */
function withKeys(cols: Columns, keys: Keys): Columns {
  const added = keys.names.flatMap((s, i) => (cols.has(s) ? [] : [i]));
  return added.length === 0 ? cols : new Columns(tableOf([...cols.names, ...added.map((i) => keys.names[i])], [...cols.table.cols, ...added.map((i) => keys.cols[i])]));
}

/** One value a group, as a column over all rows of the group: what `update` with `by:` adds. */
export function spreadOverGroups(ast: Value, key: Column, cols: Columns, scope: Scope, rt: Runtime): Column {
  const groups = hashGroupRows([key]);
  const slices = new Slices(groups, null);
  const shaped = shapeOver(ast, cols, groups, scope, rt);
  if (shaped?.kind === 'rows') return shaped.col;
  const perGroup = shaped === null ? eachGroup(ast, cols, slices, scope) : settled(shaped, slices);
  return perGroup instanceof Vec ? gather(perGroup, groups.ids) : ungrouped(perGroup, slices);
}

/** Vectors of each group put back in the order of the rows. Errors: `length`. */
function ungrouped(parts: List, slices: Slices): Column {
  const { rows } = slices.byGroup;
  const out = new Array<Value>(rows.length);
  parts.items.forEach((part, g) => {
    const [lo, hi] = slices.range(g);
    if (!(part instanceof Vec || part instanceof List)) return out.fill(part, 0, 0), rows.subarray(lo, hi).forEach((row) => (out[row] = part));
    if (part.length !== hi - lo) fail('length', `a group of ${hi - lo} rows gave ${part.length}`);
    items(part).forEach((v, k) => (out[rows[lo + k]] = v));
  });
  return enlist(out);
}

/* ── keys and order ──────────────────────────────────────────────────── */

interface Keys { readonly names: Sym[]; readonly cols: Column[] }

function keysOf(by: Value, cols: Columns, scope: Scope): Keys {
  const { length } = cols.table;
  const column = (s: Sym): Column => cols.column(s) ?? (s.text.includes('.') ? (evalOver(s, cols, scope) as Vec) : fail('domain', `by: no column '${s.text}'`));
  if (by instanceof Sym) return { names: [cols.has(by) || !by.text.includes('.') ? by : name('')], cols: [column(by)] };
  if (by instanceof Vec && by.t === T.SYM) {
    const names = items(by) as Sym[];
    return { names, cols: names.map(column) };
  }
  const computed = (ast: Value): Column => {
    const v = ast instanceof Sym ? column(ast) : evalOver(ast, cols, scope);
    if (!(v instanceof Vec || v instanceof List)) return isAtom(v) ? repeat(v, length) : fail('type', 'by: a key is a column or an atom');
    return v.length === length ? v : fail('length', `by: a key of ${v.length} rows for ${length}`);
  };
  if (by instanceof Dict) return named(by, cols, computed);
  return { names: [computedName(by, cols)], cols: [computed(by)] };
}

/** {out: expr ..}: names that are new or their own column, each once, over columns. Errors: `domain`, `length`. */
function named(by: Dict, cols: Columns, computed: (ast: Value) => Column): Keys {
  const names = items(by.keys).map((k) => (k instanceof Sym ? k : name(k as string)));
  const exprs = items(by.vals);
  names.forEach((s, i) => {
    const own = exprs[i] instanceof Sym && exprs[i].id === s.id;
    if ((cols.has(s) && !own) || names.some((other, k) => k < i && other.id === s.id)) fail('domain', `by: the name '${s.text}' is taken`);
    if (isAtom(exprs[i]) && !(exprs[i] instanceof Sym)) fail('length', 'by: a constant is no key');
  });
  return { names, cols: exprs.map(computed) };
}

/** `xbar` keeps the name of its column; other expressions have none. */
function computedName(by: Value, cols: Columns): Sym {
  const [, column] = by instanceof List && headText(by) === 'xbar' ? by.items : [];
  return column instanceof Sym && cols.has(column) ? column : name('');
}

/** Aggregates whose presence makes the reference answer groups in key order instead of first appearance. */
const SORTING: ReadonlySet<string> = new Set(['avg', 'first', 'last', 'prod']);
const UNSORTED: ReadonlySet<number> = new Set([T.STR, T.SYM, T.F64, T.F32, T.GUID]);

/** Groups in the order of the result; null: as they appeared. */
function groupOrder(keys: Keys, groups: Groups, q: Query): Int32Array | null {
  const [key] = keys.cols;
  const sorting = q.outputs.some(([, ast]) => ast instanceof List && ast.items[0] instanceof Sym && SORTING.has(ast.items[0].text));
  if (!sorting || keys.cols.length !== 1 || !(key instanceof Vec) || UNSORTED.has(key.t)) return null;
  const at = gather(key, groups.first);
  return gradeRows([at], at.length, false);
}

function gatherIds(from: Int32Array, at: Int32Array): Int32Array {
  return gather(new Vec(T.I32, from), at).data as Int32Array;
}

/* ── outputs ─────────────────────────────────────────────────────────── */

/** The rows of each group of the result, worked out when the first output asks. */
class Slices {
  #byGroup: { offsets: Int32Array; rows: Int32Array } | null = null;
  constructor(readonly groups: Groups, readonly order: Int32Array | null) {}
  get count(): number {
    return this.groups.first.length;
  }
  get byGroup(): { offsets: Int32Array; rows: Int32Array } {
    return (this.#byGroup ??= groupRows(this.groups));
  }
  /** Where the rows of the `i`-th group of the result lie in `byGroup.rows`. */
  range(i: number): [number, number] {
    const g = this.order === null ? i : this.order[i];
    return [this.byGroup.offsets[g], this.byGroup.offsets[g + 1]];
  }
}

function output(ast: Value, cols: Columns, slices: Slices, scope: Scope, rt: Runtime): Column {
  const shaped = shapeOver(ast, cols, slices.groups, scope, rt);
  return shaped === null ? eachGroup(ast, cols, slices, scope) : settled(shaped, slices);
}

/** A shaped value as an output column, in the order of the result. */
function settled(v: Shaped, slices: Slices): Column {
  if (v.kind === 'const') return isAtom(v.value) ? repeat(v.value, slices.count) : new List(new Array<Value>(slices.count).fill(v.value));
  if (v.kind === 'groups') return slices.order === null ? v.col : gather(v.col, slices.order);
  const sorted = gather(v.col, slices.byGroup.rows);
  const out = new Array<Value>(slices.count);
  for (let i = 0; i < out.length; i++) {
    if ((i & 4095) === 0) checkpoint();
    const [lo, hi] = slices.range(i);
    out[i] = takeRange(sorted, lo, hi - lo);
  }
  return new List(out);
}

/** The general way: the expression evaluated for each group, with the columns cut to it. */
function eachGroup(ast: Value, cols: Columns, slices: Slices, scope: Scope): Column {
  if (slices.count === 0) return emptyOutput(ast, cols, scope);
  const code = prepareOver(ast, cols, scope);
  const sorted = cols.table.cols.map((c) => gather(c, slices.byGroup.rows));
  const out = new Array<Value>(slices.count);
  for (let i = 0; i < out.length; i++) {
    if ((i & 255) === 0) checkpoint();
    const [lo, hi] = slices.range(i);
    out[i] = code(sorted.map((c) => takeRange(c, lo, hi - lo)));
  }
  return out.every(isAtom) ? enlist(out) : new List(out);
}

/** The type of an output without groups: what the expression answers for no rows. */
function emptyOutput(ast: Value, cols: Columns, scope: Scope): Column {
  const v = evalOver(ast, cols, scope);
  return v instanceof Vec || v instanceof List ? takeRange(v, 0, 0) : isAtom(v) ? takeRange(enlist([v]), 0, 0) : new List([]);
}
