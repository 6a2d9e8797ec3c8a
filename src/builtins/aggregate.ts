/** Reductions: a column to one value. */
import { Dict, F64, F64_NULL, I64_NULL, List, Narrow, T, Table, Vec, f64fin, isNull, nullOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow, UnaryFn } from '../lang/builtin.js';
import { isNumericType, isTemporalType, numberOf } from '../columns/promote.js';
import { itemAt, pack, packEach } from '../columns/item.js';
import { columnOfLong } from '../columns/concat.js';
import { rowAt } from '../columns/gather.js';
import { ListBuilder } from '../columns/long-list.js';
import { allTrue, anyTrue, extreme, mean, mode, outerValueAt, product, sum } from '../columns/aggregate.js';
import { correlation, covariance, joint, spread, variance, weighted, type Spread } from '../columns/moments.js';
import { quantile } from '../columns/quantile.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'sum', arity: 1, aggr: true, args: 'xs', doc: 'sum; integers as i64 that wraps, time as time. Errors: type for other types',
    example: '(sum [1 0Nl 3])', fn: reduce('sum', { column: sum, types: (t) => isNumericType(t) || t === T.TIME, atom: sumAtom, empty: 0 }),
  },
  {
    name: 'prod', arity: 1, aggr: true, args: 'xs', doc: 'product; integers as i64 that wraps', example: '(prod [2 3 4])',
    fn: reduce('prod', { column: product, types: isNumericType, atom: (x) => x, empty: 1 }),
  },
  {
    name: 'avg', arity: 1, aggr: true, args: 'xs', doc: 'arithmetic mean as f64; 0Nf without values', example: '(avg [1 0Nl 3])',
    fn: reduce('avg', { column: mean, types: isMeasurable, atom: avgAtom }),
  },
  { name: 'min', arity: 1, aggr: true, args: 'xs', doc: 'least element; null without values', example: '(min [3 1 2])', fn: extremeOf('min', 1) },
  { name: 'max', arity: 1, aggr: true, args: 'xs', doc: 'greatest element; null without values', example: '(max [3 1 2])', fn: extremeOf('max', -1) },
  { name: 'count', arity: 1, aggr: true, args: 'xs', doc: 'number of elements, pairs, rows or bytes, nulls included; 1 for other atoms', example: '(count [1 0Nl])', fn: count },
  { name: 'first', arity: 1, args: 'xs', doc: 'first element, byte or row; of I64 and F64 the first that is not null. Errors: domain for an empty str or table', example: '(first [1 2])', fn: (x) => endOf(x, 1) },
  { name: 'last', arity: 1, args: 'xs', doc: 'last element, byte or row; of I64 and F64 the last that is not null. Errors: domain for an empty str or table', example: '(last [1 2])', fn: (x) => endOf(x, -1) },
  { name: 'med', arity: 1, aggr: true, args: 'xs', doc: 'median as f64', example: '(med [1 2 3 4])', fn: (x) => quantileOf('med', x, 0.5) },
  { name: 'mode', arity: 1, aggr: true, args: 'xs', doc: 'most frequent element, of several the first', example: '(mode [1 2 2 3])', fn: modeOf },
  spreadRow('dev', 'population standard deviation', (s) => Math.sqrt(variance(s, 0))),
  spreadRow('dev_pop', 'population standard deviation', (s) => Math.sqrt(variance(s, 0))),
  spreadRow('stddev', 'sample standard deviation; 0Nf for fewer than 2 values', (s) => Math.sqrt(variance(s, 1))),
  spreadRow('stddev_pop', 'population standard deviation', (s) => Math.sqrt(variance(s, 0))),
  spreadRow('var', 'sample variance; 0Nf for fewer than 2 values', (s) => variance(s, 1)),
  spreadRow('var_pop', 'population variance', (s) => variance(s, 0)),
  { name: 'all', arity: 1, aggr: true, args: 'xs', doc: 'no element is zero or false; nulls do not count', example: '(all [1 0])', fn: (x) => allTrue(truthColumn('all', x)) },
  { name: 'any', arity: 1, aggr: true, args: 'xs', doc: 'some element is neither zero nor false nor null', example: '(any [0 1])', fn: (x) => anyTrue(truthColumn('any', x)) },
  pairRow('cov', 'xs ys', 'population covariance over pairs without null', '(cov [1 3] [2 6])', (a, b) => covariance(joint(a, b), 0)),
  pairRow('scov', 'xs ys', 'sample covariance; 0Nf for fewer than 2 pairs', '(scov [1 3] [2 6])', (a, b) => covariance(joint(a, b), 1)),
  pairRow('pearson_corr', 'xs ys', "Pearson's correlation; 0Nf where one side does not vary", '(pearson_corr [1 2 3] [2 4 6])', (a, b) => correlation(joint(a, b))),
  pairRow('wsum', 'weights xs', 'sum of weight x value as f64', '(wsum [1 3] [10 20])', (w, x) => weighted(w, x).total),
  pairRow('wavg', 'weights xs', 'weighted mean; 0Nf where the weights add up to zero', '(wavg [1 3] [10 20])', (w, x) => {
    const { weight, total } = weighted(w, x);
    return total / weight;
  }),
  {
    name: 'quantile', arity: 2, aggr: true, args: 'xs p', doc: 'value below which the fraction p lies, interpolated. Errors: domain outside 0..1',
    example: '(quantile [1 2 3 4] 0.5)', fn: (x, p) => quantileOf('quantile', x, fraction('quantile', p, 1)),
  },
  {
    name: 'percentile', arity: 2, aggr: true, args: 'xs p', doc: 'as quantile with p in 0..100. Errors: domain outside', example: '(percentile [1 2 3 4] 50)',
    fn: (x, p) => quantileOf('percentile', x, fraction('percentile', p, 100)),
  },
];

/** Types with a mean, a spread and quantiles. */
function isMeasurable(t: number): boolean {
  return isNumericType(t) || isTemporalType(t);
}

interface Reduction {
  readonly column: (v: Vec) => Value;
  readonly types: (t: number) => boolean;
  /** Of an atom, also of one that is no number, or of a function. */
  readonly atom: (x: Value) => Value;
  /** Of the empty list; without it that is a `domain` error. */
  readonly empty?: Value;
}

function reduce(name: string, { column, types, atom, empty }: Reduction): UnaryFn {
  return (x) => {
    if (x instanceof Vec) return types(x.t) ? column(x) : refuse(name, x);
    if (x instanceof List) {
      if (x.length > 0) return column(numbers(name, x));
      return empty === undefined ? fail('domain', `${name} of an empty list`) : empty;
    }
    return isCollection(x) ? refuse(name, x) : atom(x);
  };
}

function extremeOf(name: string, sign: 1 | -1): UnaryFn {
  return reduce(name, { column: (v) => extreme(v, sign), types: () => true, atom: (x) => x });
}

function sumAtom(x: Value): Value {
  return x instanceof Narrow && (x.t === -T.I16 || x.t === -T.U8) ? (isNull(x) ? x : x.v) : x;
}

function avgAtom(x: Value): Value {
  return isNull(x) ? F64_NULL : isNumericType(-tagOf(x)) ? f64fin(numberOf(x)) : x;
}

function count(x: Value): Value {
  return typeof x === 'string' || x instanceof Vec || x instanceof List || isCollection(x) ? x.length : 1;
}

function endOf(x: Value, from: 1 | -1): Value {
  if (x instanceof Vec) return x.length === 0 ? nullOf(x.t) : itemAt(x, SKIPS_NULLS.has(x.t) ? outerValueAt(x, from) : outerAt(x, from));
  if (x instanceof List) return x.length === 0 ? nullOf(T.I64) : itemAt(x, outerAt(x, from));
  if (typeof x !== 'string' && !(x instanceof Table)) return x instanceof Dict ? refuse('first and last', x) : x;
  if (x.length === 0) fail('domain', 'there is no first or last element');
  return typeof x === 'string' ? x[outerAt(x, from)] : rowAt(x, outerAt(x, from));
}
const SKIPS_NULLS: ReadonlySet<number> = new Set([T.I64, T.F64]);

function outerAt(x: { readonly length: number }, from: 1 | -1): number {
  return from > 0 ? 0 : x.length - 1;
}

function modeOf(x: Value): Value {
  if (x instanceof Vec || x instanceof List) return mode(x);
  return isCollection(x) ? refuse('mode', x) : x;
}

/** `x` as a column whose spread or quantiles can be told; null objects in lists are skipped where `sparse`. */
function measurable(name: string, x: Value, sparse: boolean): Vec {
  if (x instanceof Vec) return isMeasurable(x.t) ? x : x.length === 0 ? EMPTY_I64 : refuse(name, x);
  if (x instanceof List) return numbers(name, sparse ? withoutNulls(x) : x);
  if (isNumericType(-tagOf(x))) return pack(-tagOf(x), [x]);
  return isNull(x) ? EMPTY_I64 : refuse(name, x);
}

function withoutNulls(list: List): List {
  const kept = new ListBuilder();
  const read = list.reader();
  blocks(list.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (read(i) !== null) kept.push(read(i));
  });
  return kept.list();
}

function quantileOf(name: string, x: Value, p: number): Value {
  return f64fin(quantile(measurable(name, x, true), p));
}

function fraction(name: string, p: Value, whole: number): number {
  if (!isNumericType(-tagOf(p))) refuse(name, p);
  const q = numberOf(p) / whole;
  return !isNull(p) && q >= 0 && q <= 1 ? q : fail('domain', `${name} takes a fraction of 0..${whole}`);
}

function spreadRow(name: string, doc: string, of: (s: Spread) => number): BuiltinRow {
  return { name, arity: 1, aggr: true, args: 'xs', doc, example: `(${name} [1 2 4])`, fn: (x) => f64fin(of(spread(measurable(name, x, false)))) };
}

function pairRow(name: string, args: string, doc: string, example: string, of: (a: Vec, b: Vec) => number): BuiltinRow {
  return {
    name, arity: 2, aggr: true, args, doc, example,
    fn: (a, b) => {
      if (!(a instanceof Vec)) return refuse(name, a);
      if (!(b instanceof Vec)) return refuse(name, b);
      if (a.length !== b.length) fail('length', `${name} of ${a.length} and ${b.length} elements`);
      if (!isNumericType(a.t)) return refuse(name, a);
      if (!isNumericType(b.t)) return refuse(name, b);
      return f64fin(of(a, b));
    },
  };
}

function truthColumn(name: string, x: Value): Vec {
  if (x instanceof List) return numbers(name, x);
  if (isNumericType(-tagOf(x))) return pack(-tagOf(x), [x]);
  return x instanceof Vec && isNumericType(x.t) ? x : refuse(name, x);
}

/** A list of numeric atoms as a column: F64 if one of them is a float, otherwise I64. Errors: `type` for any other element. */
function numbers(name: string, list: List): Vec {
  const long = columnOfLong(list);
  if (long?.t === T.F64 || long?.t === T.I64) return long;
  const read = list.reader();
  let float = false;
  blocks(list.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const t = -tagOf(read(i));
      if (!isNumericType(t)) refuse(name, list);
      float ||= t === T.F64 || t === T.F32;
    }
  });
  return packEach(float ? T.F64 : T.I64, list.length, (i) => widest(read(i), float));
}

function widest(item: Value, float: boolean): Value {
  if (float) return isNull(item) ? F64_NULL : new F64(numberOf(item));
  return isNull(item) ? I64_NULL : typeof item === 'bigint' ? item : numberOf(item);
}

const EMPTY_I64 = new Vec(T.I64, new BigInt64Array(0));

const isCollection = (x: Value): x is Dict | Table => x instanceof Dict || x instanceof Table;

function refuse(name: string, x: Value): never {
  return fail('type', `${name} does not take ${typeName(x)}`);
}
