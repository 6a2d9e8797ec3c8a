/** Running and moving series: results as long as the input. */
import { Narrow, T, Table, Vec, isNull, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { isNumericType, isTemporalType } from '../columns/promote.js';
import { deltas, differs, extremes, fillForward, means, products, ratios, shift, sums } from '../columns/series.js';
import { movingCount, movingDeviation, movingExtreme, movingMean, movingSum, movingVariance } from '../columns/moving.js';

export const ROWS: readonly BuiltinRow[] = [
  running('sums', 'running sum as i64 or f64; nulls repeat it', '(sums [1 0Nl 3])', isNumericType, sums),
  running('avgs', 'running mean as f64; nulls repeat it', '(avgs [2 4 6])', isNumericType, means),
  running('mins', 'least value so far', '(mins [3 1 2])', isOrdered, (v) => extremes(v, 1)),
  running('maxs', 'greatest value so far', '(maxs [3 1 4])', isOrdered, (v) => extremes(v, -1)),
  running('prds', 'running product as i64 or f64', '(prds [2 3 4])', isNumericType, products),
  running('deltas', 'difference from the element before; null first', '(deltas [10 15 13])', isOrdered, deltas),
  running('ratios', 'quotient of each element and the one before as f64; null first', '(ratios [2 4 8])', isNumericType, ratios),
  running('differ', 'which elements differ from the one before; the first does', '(differ [1 1 2])', () => true, differs),
  {
    name: 'fills', arity: 1, args: 'xs', doc: 'nulls replaced by the value before them, in a table column by column', example: '(fills [0Nl 1 0Nl 3])',
    fn: (x) => (x instanceof Table ? new Table(x.names, x.cols.map((c) => fillForward(column('fills', c, () => true)))) : fillForward(column('fills', x, () => true))),
  },
  running('lag', 'the element before; null first', '(lag [10 20 30])', (t) => t !== T.STR, (v) => shift(v, 1)),
  running('lead', 'the element behind; null last', '(lead [10 20 30])', (t) => t !== T.STR, (v) => shift(v, -1)),
  moving('msum', 'sum', '(msum 2 [1 2 3 4])', isNumericType, movingSum),
  moving('mavg', 'mean as f64', '(mavg 3 [1 2 3 4])', isNumericType, movingMean),
  moving('mmin', 'least value', '(mmin 2 [3 2 4 1])', isOrdered, (v, n) => movingExtreme(v, n, 1)),
  moving('mmax', 'greatest value', '(mmax 2 [3 2 4 1])', isOrdered, (v, n) => movingExtreme(v, n, -1)),
  moving('mcount', 'number of values that are not null', '(mcount 3 [1 0Nl 3 4])', () => true, movingCount),
  moving('mvar', 'population variance', '(mvar 2 [1 3 5])', isNumericType, movingVariance),
  moving('mdev', 'population standard deviation', '(mdev 2 [1 3 5])', isNumericType, movingDeviation),
];

function isOrdered(t: number): boolean {
  return isNumericType(t) || isTemporalType(t);
}

function running(name: string, doc: string, example: string, types: (t: number) => boolean, of: (v: Vec) => Vec): BuiltinRow {
  return { name, arity: 1, args: 'xs', doc, example, fn: (x) => of(column(name, x, types)) };
}

function moving(name: string, what: string, example: string, types: (t: number) => boolean, of: (v: Vec, n: number) => Vec): BuiltinRow {
  return {
    name, arity: 2, args: 'n xs', doc: `${what} of the last n elements. Errors: range for n below 1`, example,
    fn: (n, x) => {
      const size = windowSize(name, n);
      const v = column(name, x, types);
      return of(v, Math.min(size, Math.max(1, v.length)));
    },
  };
}

function column(name: string, x: Value, types: (t: number) => boolean): Vec {
  return x instanceof Vec && types(x.t) ? x : fail('type', `${name} does not take ${typeName(x)}`);
}

function windowSize(name: string, n: Value): number {
  const whole = typeof n === 'number' || typeof n === 'bigint' || typeof n === 'boolean' || (n instanceof Narrow && WHOLE.has(n.t));
  if (!whole || isNull(n)) fail('type', `the window of ${name} is a whole number`);
  const size = Number(n instanceof Narrow ? n.v : n);
  return size >= 1 ? size : fail('range', `the window of ${name} is at least 1`);
}
const WHOLE: ReadonlySet<number> = new Set([-T.U8, -T.I16, -T.I32]);
