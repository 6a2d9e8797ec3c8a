/** Runs kernels over whole columns, chunk by chunk, interruptibly. */
import { List, T, Vec, isAtom, isNull, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { alloc } from './item.js';
import { finiteDoubles, type DoubleKernel, type IntKernel } from './kernels.js';
import { CHUNK, doubles, halves, longs, words } from './lanes.js';
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
export function doubleColumns(a: Value, b: Value, kernel: DoubleKernel): Vec | undefined {
  if (a instanceof List || b instanceof List || !isNumericColumns(a, b)) return undefined;
  const n = ((a instanceof Vec ? a : b) as Vec).length;
  const out = new Float64Array(n);
  const x = doubles(a);
  const y = doubles(b);
  let nulls = false;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i += CHUNK) {
      const m = Math.min(CHUNK, hi - i);
      x.load(i, m);
      y.load(i, m);
      kernel(x.data, x.at, y.data, y.at, out, i, m);
      if (finiteDoubles(out, i, m)) nulls = true;
    }
  });
  return new Vec(T.F64, out, nulls);
}

/** A column of the integer or temporal type `t`, where `isColumns`. `patch` puts nulls where operands have them; `makesNulls`: the kernel itself may store nulls (zero divisors). */
export function integerColumns(a: Value, b: Value, t: number, kernel: IntKernel, patch: IntKernel, makesNulls: boolean): Vec {
  const n = ((a instanceof Vec ? a : b) as Vec).length;
  const wide = t === T.I64 || t === T.TIMESTAMP;
  const nulls = (a instanceof Vec && a.nulls) || (b instanceof Vec && b.nulls);
  const result = alloc(t, n);
  const direct = wide || result instanceof Int32Array;
  const out = wide ? halves(result as BigInt64Array) : direct ? (result as Int32Array) : new Int32Array(CHUNK);
  const x = wide ? longs(a) : words(a);
  const y = wide ? longs(b) : words(b);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i += CHUNK) {
      const m = Math.min(CHUNK, hi - i);
      const at = direct ? i : 0;
      x.load(i, m);
      y.load(i, m);
      kernel(x.data, x.at, y.data, y.at, out, at, m);
      if (nulls) patch(x.data, x.at, y.data, y.at, out, at, m);
      if (!direct) narrowInto(result as Int16Array, i, out, m, nulls ? -32768 : 0);
    }
  });
  return new Vec(t, result, nulls || (makesNulls && hasNullWord(out, wide, n)));
}

/** Stores words in a narrower column; word nulls become `none`. */
function narrowInto(out: Int16Array, lo: number, from: Int32Array, n: number, none: number): void {
  for (let i = 0; i < n; i++) out[lo + i] = from[i] === -2147483648 ? none : from[i];
}

function hasNullWord(out: Int32Array, wide: boolean, n: number): boolean {
  if (!wide) return out.includes(-2147483648);
  for (let i = 0; i < n; i++) if (out[i * 2 + 1] === -2147483648 && out[i * 2] === 0) return true;
  return false;
}
