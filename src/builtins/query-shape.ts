/**
 * Expressions over groups without a loop over groups: a part of an expression has an element a row, an element a group, or is constant.
 * Verbs that work row by row are applied once to whole columns, reductions once by group numbers. What cannot be told apart so is left to
 * the general way.
 */
import { Builtin, List, Sym, T, Vec, isAtom, type Value } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { andMasks, orMasks } from '../lang/masks.js';
import { gather } from '../columns/gather.js';
import { groupRows, hashGroupRows, type Groups } from '../columns/hashing.js';
import { GROUPED, groupedCount, groupedQuantile } from '../columns/grouped.js';
import { groupedOutermost } from '../columns/grouped-slices.js';
import { enlist } from '../columns/item.js';
import type { Pass, Wanted } from '../columns/kept-groups.js';
import { isKept } from '../columns/simd-groups.js';
import { takeRange } from '../columns/slice.js';
import { evalOver, headText, resolved, type Columns } from './query-eval.js';
import type { Column } from './tables.js';
import type { Runtime, Scope } from '../lang/runtime.js';

export type Shaped =
  | { readonly kind: 'const'; readonly value: Value }
  /** One element a row, or one a group in order of first appearance. */
  | { readonly kind: 'rows' | 'groups'; readonly col: Column };

/** Verbs that work row by row without being flagged so. */
const ROW_BY_ROW: ReadonlySet<string> = new Set(['not', 'as', 'xbar', 'like', 'in', 'not-in', 'within', 'strlen', 'upper', 'lower', 'trim', 'yyyy', 'mm', 'dd', 'hh', 'minute', 'ss', 'dow', 'doy']);
/** Verbs whose other argument may be a vector that belongs to no row. */
const TAKES_VECTOR: ReadonlySet<string> = new Set(['in', 'not-in', 'within']);
const ENDS: ReadonlySet<string> = new Set(['first', 'last', 'top', 'bot']);
/** Verbs that pick values: nulls are none. */
const PICKS_VALUES: ReadonlySet<string> = new Set(['top', 'bot']);

/** The expression's value over the groups; null: only the general way can tell. */
export function shapeOver(ast: Value, cols: Columns, groups: Groups, scope: Scope, rt: Runtime): Shaped | null {
  return new Shaper(cols, groups, scope, rt).shape(resolved(ast, cols, scope));
}

/** What the groups can keep for the outputs while they are found; null: the outputs are made of more than that. */
export function keptFor(outputs: readonly Value[], cols: Columns, scope: Scope): readonly Wanted[] | null {
  const wanted: Wanted[] = [];
  const isMade = (ast: Value): boolean => {
    if (ast instanceof Sym) return cols.column(ast) === undefined;
    if (!(ast instanceof List) || ast.length === 0) return true;
    const verb = verbOf(ast, cols, scope);
    if (!(verb instanceof Builtin) || verb.flags.special) return false;
    const [, ...rest] = ast.items;
    const pass = rest.length === 1 ? PASSES.get(verb.name) : undefined;
    if (pass === undefined) return verb.flags.atomic === true && rest.every(isMade);
    const col = rest[0] instanceof Sym ? cols.column(rest[0]) : undefined;
    if (!(col instanceof Vec)) return false;
    if (!isKept(pass, col.t)) return false;
    const what = { pass, col: pass === 'count' ? null : col };
    if (!wanted.some((w) => w.pass === what.pass && w.col === what.col)) wanted.push(what);
    return true;
  };
  return outputs.every((ast) => isMade(resolved(ast, cols, scope))) && wanted.length > 0 ? wanted : null;
}

/** What reductions by groups are made of. */
const PASSES: ReadonlyMap<string, Pass> = new Map<string, Pass>([
  ['sum', 'sum'], ['avg', 'total'], ['count', 'count'], ['min', 'least'], ['max', 'greatest'],
]);

/** What the head of a form stands for; a column of a verb's name is no verb. */
function verbOf(ast: List, cols: Columns, scope: Scope): Value | undefined {
  const [head] = ast.items;
  return head instanceof Builtin ? head : head instanceof Sym && !cols.has(head) ? scope.lookup(head) : undefined;
}

class Shaper {
  constructor(readonly cols: Columns, readonly groups: Groups, readonly scope: Scope, readonly rt: Runtime) {}

  shape(ast: Value): Shaped | null {
    if (ast instanceof Sym) {
      const col = this.cols.column(ast);
      return col !== undefined ? { kind: 'rows', col } : this.#constant(ast);
    }
    if (!(ast instanceof List) || ast.length === 0) return { kind: 'const', value: ast };
    const text = headText(ast);
    if (text === 'and' || text === 'or') return this.#junction(ast, text);
    const [, ...rest] = ast.items;
    if (text === 'if') return this.#rowLocal(ast) ? this.#wholeRows(ast) : null;
    const verb = verbOf(ast, this.cols, this.scope);
    if (!(verb instanceof Builtin) || verb.flags.special) return null;
    const reduces = verb.flags.aggr === true || ENDS.has(verb.name);
    if (!reduces && verb.flags.atomic !== true && !ROW_BY_ROW.has(verb.name)) return null;
    if (verb.name === 'count' && rest.length === 1 && rest[0] instanceof List && headText(rest[0]) === 'distinct') return this.#countDistinct(rest[0]);
    const args: Shaped[] = [];
    for (const part of rest) {
      const arg = this.shape(part);
      if (arg === null) return null;
      args.push(arg);
    }
    return reduces ? this.#reduced(verb, args) : this.#rowByRow(verb, args);
  }

  #constant(ast: Sym): Shaped | null {
    if (ast.quoted) return { kind: 'const', value: ast };
    return { kind: 'const', value: evalOver(ast, this.cols, this.scope) };
  }

  /** Nothing in it looks beyond its own row. */
  #rowLocal(ast: Value): boolean {
    if (!(ast instanceof List) || ast.length === 0) return !(ast instanceof Vec || ast instanceof List) && !(ast instanceof Sym && !ast.quoted && !this.cols.has(ast));
    const [, ...rest] = ast.items;
    const text = headText(ast);
    const verb = verbOf(ast, this.cols, this.scope);
    const local = text === 'if' || text === 'and' || text === 'or' || (verb instanceof Builtin && !verb.flags.aggr && (verb.flags.atomic === true || ROW_BY_ROW.has(verb.name)));
    return local && rest.every((part) => this.#rowLocal(part));
  }

  #wholeRows(ast: Value): Shaped | null {
    const value = evalOver(ast, this.cols, this.scope);
    if (isAtom(value)) return { kind: 'const', value };
    return (value instanceof Vec || value instanceof List) && value.length === this.groups.ids.length ? { kind: 'rows', col: value } : null;
  }

  #junction(ast: List, how: 'and' | 'or'): Shaped | null {
    const parts = ast.items.slice(1).map((part) => this.shape(part));
    if (parts.length < 2 || parts.some((p) => p === null || p.kind !== 'rows' || p.col.t !== T.B8)) return null;
    const cols = parts.map((p) => (p as { col: Vec }).col as Value);
    return { kind: 'rows', col: cols.reduce(how === 'and' ? andMasks : orMasks) as Vec };
  }

  #rowByRow(verb: Builtin, args: readonly Shaped[]): Shaped | null {
    const kind = args.some((a) => a.kind === 'rows') ? 'rows' : args.some((a) => a.kind === 'groups') ? 'groups' : 'const';
    const values: Value[] = [];
    for (const a of args) {
      if (a.kind === 'const') {
        if ((a.value instanceof Vec || a.value instanceof List) && kind !== 'const' && !TAKES_VECTOR.has(verb.name)) return null;
        values.push(a.value);
      } else values.push(a.kind === kind ? a.col : gather(a.col, this.groups.ids));
    }
    const value = this.rt.call(verb, values);
    if (kind === 'const') return { kind, value };
    const n = kind === 'rows' ? this.groups.ids.length : this.groups.first.length;
    return (value instanceof Vec || value instanceof List) && value.length === n ? { kind, col: value } : null;
  }

  #reduced(verb: Builtin, args: readonly Shaped[]): Shaped | null {
    const [x, ...rest] = args.map((a) => this.#aligned(a));
    if (x === undefined || x.kind !== 'rows' || rest.some((a) => a.kind === 'groups')) return null;
    if (args.length === 1) {
      if (verb.name === 'count') return { kind: 'groups', col: groupedCount(this.groups) };
      const reduced = x.col instanceof Vec ? GROUPED.get(verb.name)?.(x.col, this.groups) : undefined;
      if (reduced !== undefined) return { kind: 'groups', col: reduced };
    }
    if (PICKS_VALUES.has(verb.name) && x.col instanceof Vec && rest[0]?.kind === 'const' && typeof rest[0].value === 'number') {
      return { kind: 'groups', col: groupedOutermost(x.col, this.groups, rest[0].value, verb.name === 'top') };
    }
    const p = rest[0]?.kind === 'const' ? FRACTIONS.get(verb.name)?.(rest[0].value) : undefined;
    const quantile = p !== undefined && x.col instanceof Vec ? groupedQuantile(x.col, this.groups, p) : undefined;
    return { kind: 'groups', col: quantile ?? this.#eachSlice(verb, [x, ...rest]) };
  }

  /** A vector from outside with an element for each row counts as a column. */
  #aligned(a: Shaped): Shaped {
    return a.kind === 'const' && (a.value instanceof Vec || a.value instanceof List) && a.value.length === this.groups.ids.length ? { kind: 'rows', col: a.value } : a;
  }

  /** A reduction without a kernel of its own: called on the slice of each group. */
  #eachSlice(verb: Builtin, args: readonly Shaped[]): Column {
    const { offsets, rows } = groupRows(this.groups);
    const sorted = args.map((a) => (a.kind === 'const' ? a.value : gather((a as { col: Column }).col, rows)));
    const out = new Array<Value>(this.groups.first.length);
    for (let g = 0; g < out.length; g++) {
      if ((g & 255) === 0) checkpoint();
      const lo = offsets[g];
      const n = offsets[g + 1] - lo;
      out[g] = this.rt.call(verb, sorted.map((v, k) => (args[k].kind === 'const' ? v : takeRange(v as Column, lo, n))));
    }
    return out.every(isAtom) ? enlist(out) : new List(out);
  }

  #countDistinct(call: List): Shaped | null {
    const x = call.length === 2 ? this.shape(call.items[1]) : null;
    if (x === null || x.kind !== 'rows') return null;
    const pairs = hashGroupRows([new Vec(T.I32, this.groups.ids), x.col]);
    const ids = gather(new Vec(T.I32, this.groups.ids), pairs.first).data as Int32Array;
    return { kind: 'groups', col: groupedCount({ ids, first: this.groups.first }) };
  }
}

/** A fraction given as f64 in range; everything else is the builtin's to judge. */
const FRACTIONS: ReadonlyMap<string, (p: Value) => number | undefined> = new Map([
  ['quantile', (p: Value) => within(p, 1)], ['percentile', (p: Value) => within(p, 100)],
]);
function within(p: Value, whole: number): number | undefined {
  const x = typeof p === 'number' ? p : typeof p === 'object' && p !== null && p.t === -T.F64 ? (p as { v: number }).v : NaN;
  return x >= 0 && x <= whole ? x / whole : undefined;
}
