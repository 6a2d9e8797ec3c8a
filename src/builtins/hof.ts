/** Higher-order functions. They call lambdas, unary and binary builtins; variadic ones are refused. */
import { Builtin, T, type List, Table, Vec, isFunction, isSeq, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';
import { enlist, isSingle, itemAt, packEach, reader } from '../columns/item.js';
import { columnOfLong } from '../columns/concat.js';
import { gather, gatherTable, indexColumn, maskToIndices } from '../columns/gather.js';
import { listFrom } from '../columns/long-list.js';
import { pick } from '../columns/lookup.js';
import {
  eachPrior, foldLeft, foldRight, mapEach, priorByOperator, scanByOperator, scanLeft, scanRight, zipEach, type Fn1, type Fn2,
} from '../columns/each.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'map', arity: 'n', args: 'f xs', doc: 'list of f of every element; (map f a xs) calls f with a and every element of xs', example: '(map (fn [x] (* x x)) [1 2 3])',
    fn: (args, rt) => map('map', args, rt),
  },
  { name: 'pmap', arity: 'n', args: 'f xs', doc: 'as map', example: '(pmap (fn [x] (* x x)) [1 2 3])', fn: (args, rt) => map('pmap', args, rt) },
  {
    name: 'map-left', arity: 'n', args: 'f xs y', doc: 'f of every element of xs with the whole y', example: '(map-left + [1 2] [10 20])',
    fn: (args, rt) => mapSide('map-left', args, rt),
  },
  {
    name: 'map-right', arity: 'n', args: 'f x ys', doc: 'f of the whole x with every element of ys', example: '(map-right + [1 2] [10 20])',
    fn: (args, rt) => mapSide('map-right', args, rt),
  },
  {
    name: 'fold', arity: 'n', args: 'f init xs', doc: 'f(f(init, x0), x1) and so on; without init the first element starts. Errors: domain when there is neither', example: '(fold + 10 [1 2 3])',
    fn: (args, rt) => fold('fold', args, rt),
  },
  { name: 'fold-left', arity: 'n', args: 'f init xs', doc: 'as fold', example: '(fold-left - 10 [1 2 3])', fn: (args, rt) => fold('fold-left', args, rt) },
  {
    name: 'fold-right', arity: 'n', args: 'f init xs', doc: 'f(x0, f(x1, init)) from the right; without init the last element starts', example: '(fold-right - 10 [1 2 3])',
    fn: (args, rt) => foldFromRight(args, rt),
  },
  { name: 'scan', arity: 'n', args: 'f xs', doc: 'every accumulator of a fold without init', example: '(scan + [1 2 3])', fn: (args, rt) => scan('scan', args, rt) },
  { name: 'scan-left', arity: 'n', args: 'f xs', doc: 'as scan', example: '(scan-left + [1 2 3])', fn: (args, rt) => scan('scan-left', args, rt) },
  {
    name: 'scan-right', arity: 'n', args: 'f xs', doc: 'every accumulator of a fold from the right', example: '(scan-right + [1 2 3])',
    fn: (args, rt) => {
      const [f, xs] = atLeast('scan-right', 2, args);
      return scanRight(seq('scan-right', xs), binary(f, rt));
    },
  },
  {
    name: 'prior', arity: 'n', args: 'f xs', doc: 'f of every element and its predecessor; the first is paired with itself', example: '(prior - [1 3 6])',
    fn: (args, rt) => {
      const [f, xs] = atLeast('prior', 2, args);
      return (xs instanceof Vec ? priorByOperator(xs, f) : undefined) ?? eachPrior(seq('prior', xs), binary(f, rt));
    },
  },
  {
    name: 'filter', arity: 2, args: 'xs mask', doc: 'elements, rows or bytes where the b8 mask is true. Errors: length', example: '(filter [1 2 3] [true false true])',
    fn: filter,
  },
  {
    name: 'apply', arity: 'n', args: 'f xs ys', doc: 'f of the elements pairwise, as far as the shorter goes; two atoms: f of them', example: '(apply + [1 2] [3 4])',
    fn: (args, rt) => {
      const [f, a, b] = atLeast('apply', 3, args);
      if (isSingle(a) && isSingle(b)) return binary(f, rt)(a, b);
      return zipEach(seq('apply', a), seq('apply', b), binary(f, rt));
    },
  },
];

function map(who: string, args: Value[], rt: Runtime): Value {
  const [f, a, b] = atLeast(who, 2, args);
  if (args.length === 2) return mapEach(seq(who, a), unary(f, rt));
  const call = binary(f, rt);
  return isSeq(b) ? mapEach(b, (x) => call(a, x)) : call(a, b);
}

function mapSide(who: 'map-left' | 'map-right', args: Value[], rt: Runtime): Value {
  if (args.length !== 3) fail('domain', `${who} takes 3 arguments, got ${args.length}`);
  const [f, a, b] = args;
  const call = binary(f, rt);
  const over = who === 'map-left' ? a : b;
  if (!isSeq(over)) return call(a, b);
  const all = mapEach(over, who === 'map-left' ? (x) => call(x, b) : (x) => call(a, x));
  return columnOfLong(all) ?? enlist(all.items);
}

function fold(who: string, args: Value[], rt: Runtime): Value {
  const [f, a, b] = atLeast(who, 2, args);
  if (args.length > 2) return foldLeft(seq(who, b), binary(f, rt), a);
  const xs = seq(who, a);
  if (xs.length === 0) fail('domain', `${who} of nothing needs an initial value`);
  return foldLeft(xs, binary(f, rt), itemAt(xs, 0), 1);
}

function foldFromRight(args: Value[], rt: Runtime): Value {
  const [f, a, b] = atLeast('fold-right', 2, args);
  if (args.length > 2) return foldRight(seq('fold-right', b), binary(f, rt), a);
  const xs = seq('fold-right', a);
  if (xs.length === 0) fail('domain', 'fold-right of nothing needs an initial value');
  return foldRight(xs, binary(f, rt), itemAt(xs, xs.length - 1), 1);
}

function scan(who: string, args: Value[], rt: Runtime): Value {
  const [f, xs] = atLeast(who, 2, args);
  return (xs instanceof Vec ? scanByOperator(xs, f) : undefined) ?? scanLeft(seq(who, xs), binary(f, rt));
}

function filter(xs: Value, mask: Value): Value {
  const picks = mask instanceof Vec && mask.t === T.B8;
  if (picks && xs instanceof Table) return gatherTable(xs, chosen(xs.length, mask));
  if (picks && typeof xs === 'string') return pick(xs, indexColumn(chosen(xs.length, mask)));
  if (!isSeq(xs) || !isSeq(mask)) fail('type', `filter expects a collection and a mask, got ${typeName(xs)} and ${typeName(mask)}`);
  if (picks && xs instanceof Vec) return gather(xs, chosen(xs.length, mask));
  return listFrom(gather(xs, chosen(xs.length, mask)));
}

/** Positions a mask of `n` elements chooses. */
function chosen(n: number, mask: Vec | List): Int32Array {
  if (mask.length !== n) fail('length', `a mask of ${mask.length} for ${n} elements`);
  if (mask instanceof Vec && mask.t === T.B8) return maskToIndices(mask);
  const read = reader(mask);
  return maskToIndices(packEach(T.B8, n, (i) => {
    const flag = read(i);
    return typeof flag === 'boolean' ? flag : fail('type', `a mask consists of b8, got ${typeName(flag)}`);
  }));
}

/* ── arguments ───────────────────────────────────────────────────────── */

function atLeast(who: string, n: number, args: Value[]): Value[] {
  return args.length < n ? fail('domain', `${who} takes at least ${n} arguments, got ${args.length}`) : args;
}

function seq(who: string, v: Value): Vec | List {
  return isSeq(v) ? v : fail('type', `${who} goes over a vector or list, got ${typeName(v)}`);
}

/** What cannot be called is refused at the first call, so that an empty collection takes any `f`. */
function refuse(f: Value, rt: Runtime): () => never {
  if (f instanceof Builtin && f.flags.restricted && rt.restricted) fail('access', `'${f.name}' is restricted`);
  return () => fail('type', isFunction(f) ? 'a function of another kind was expected' : `not callable: ${typeName(f)}`);
}

function unary(f: Value, rt: Runtime): Fn1 {
  if (!isFunction(f) || (f instanceof Builtin && f.t !== T.UNARY)) return refuse(f, rt);
  return rt.fn1(f);
}

/** A unary builtin is called with the first of the two. */
function binary(f: Value, rt: Runtime): Fn2 {
  if (!isFunction(f) || f.t === T.VARIADIC) return refuse(f, rt);
  return f.t === T.UNARY ? rt.fn1(f) : rt.fn2(f);
}
