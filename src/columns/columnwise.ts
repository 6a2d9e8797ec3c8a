/** Runs kernels over whole columns, chunk by chunk, interruptibly. */
import { List, T, Vec, isAtom, isNull, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { alloc } from './item.js';
import {
  hasNullLong, nullWords, quotientsOfDoubles, type DoubleOperation, type LongOperation, type WordKernel,
} from './kernels.js';
import { CHUNK, doubles, longs, words, type Lane } from './lanes.js';
import { isNumericType } from './promote.js';

/** A column and a column, or a column and an atom that is not null: lengths agree, and there is an element to take a type from. */
export function isColumns(a: Value, b: Value): boolean {
  if (a instanceof Vec) {
    if (b instanceof Vec) {
      if (a.length !== b.length) fail('length', `operands of ${a.length} and ${b.length} elements`);
      return a.length > 0;
    }
    return a.length > 0 && isAtom(b) && !isNull(b);
  }
  return b instanceof Vec && b.length > 0 && isAtom(a) && !isNull(a);
}

export const isNumericColumns = (a: Value, b: Value): boolean =>
  isColumns(a, b) && isNumericType(Math.abs(tagOf(a))) && isNumericType(Math.abs(tagOf(b)));

/** An f64 column from two numeric operands; undefined where one is no number or a list, or the result would be empty. */
export function doubleColumns(a: Value, b: Value, operation: DoubleOperation): Vec | undefined {
  if (a instanceof List || b instanceof List || !isNumericColumns(a, b)) return undefined;
  const n = columnLength(a, b);
  const out = new Float64Array(n);
  const nulls = run(n, doubles(a, n), doubles(b, n), (x, xi, y, yi, lo, m) => operation(x, xi, y, yi, out, lo, m));
  return new Vec(T.F64, out, nulls);
}

/** An I64 column of the floors of quotients, under the conditions of `doubleColumns`. */
export function quotientColumns(a: Value, b: Value): Vec | undefined {
  if (a instanceof List || b instanceof List || !isNumericColumns(a, b)) return undefined;
  const n = columnLength(a, b);
  const out = new BigInt64Array(n);
  const nulls = run(n, doubles(a, n), doubles(b, n), (x, xi, y, yi, lo, m) => quotientsOfDoubles(x, xi, y, yi, out, lo, m));
  return new Vec(T.I64, out, nulls);
}

/**
 * An I64 or TIMESTAMP column (`t`) of operands for which `isColumns` holds. Nulls of flagged operands come through;
 * `sentinels`: what the operation itself makes to look like a null is one.
 */
export function longColumns(a: Value, b: Value, t: number, operation: LongOperation, sentinels = false): Vec {
  const n = columnLength(a, b);
  const nulls = flagged(a) || flagged(b);
  const out = new BigInt64Array(n);
  run(n, longs(a, n), longs(b, n), (x, xi, y, yi, lo, m) => {
    operation(x, xi, y, yi, out, lo, m, nulls);
    return false;
  });
  return new Vec(t, out, nulls || (sentinels && hasNullLong(out, n)));
}

/** As `longColumns`, for a column of at most 32 bits. */
export function wordColumns(a: Value, b: Value, t: number, kernel: WordKernel, sentinels = false): Vec {
  const n = columnLength(a, b);
  const nulls = flagged(a) || flagged(b);
  const result = alloc(t, n);
  const out = result instanceof Int32Array ? result : null;
  const scratch = out ?? new Int32Array(Math.min(n, CHUNK));
  run(n, words(a, n), words(b, n), (x, xi, y, yi, lo, m) => {
    const at = out === null ? 0 : lo;
    kernel(x, xi, y, yi, scratch, at, m);
    if (nulls) nullWords(x, xi, y, yi, scratch, at, m);
    if (out === null) narrowInto(result as Int16Array, lo, scratch, m, nulls ? -32768 : 0);
    return false;
  });
  return new Vec(t, result, nulls || (sentinels && out !== null && out.includes(-2147483648)));
}

/** Hands chunks of two operands to `body`, with a checkpoint now and then; answers whether any of them answered true. */
export function run<A>(n: number, x: Lane<A>, y: Lane<A>, body: (x: A, xi: number, y: A, yi: number, lo: number, m: number) => boolean): boolean {
  let any = false;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i += CHUNK) {
      const m = Math.min(CHUNK, hi - i);
      x.load(i, m);
      y.load(i, m);
      if (body(x.data, x.at, y.data, y.at, i, m)) any = true;
    }
  });
  return any;
}

const columnLength = (a: Value, b: Value): number => (a instanceof Vec ? a : (b as Vec)).length;
const flagged = (v: Value): boolean => v instanceof Vec && v.nulls;

/** Stores words in a narrower column; word nulls become `none`. */
function narrowInto(out: Int16Array, lo: number, from: Int32Array, n: number, none: number): void {
  for (let i = 0; i < n; i++) out[lo + i] = from[i] === -2147483648 ? none : from[i];
}
