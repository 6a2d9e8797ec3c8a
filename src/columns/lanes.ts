/**
 * Operands as the kernels want them: a column (or an atom, repeated) in one of the three machine types, chunk by chunk.
 * Columns already in that type are used in place; the others are widened into a scratch buffer that stays in the cache.
 */
import { I64_NULL, T, Vec, isNull, type Value } from '../lang/value.js';
import { halves } from './kernels.js';
import { integerOf, numberOf } from './promote.js';
import { longsToDoubles } from './simd.js';

/** Elements in a chunk: three operands of 8 bytes fit a 256 KB cache. */
export const CHUNK = 4096;

/** A chunk: `data` from `at` on (in elements). */
export interface Lane<A> {
  data: A;
  at: number;
  /** Brings [lo, lo + n) of the operand into place; n is at most `CHUNK`. */
  load(lo: number, n: number): void;
}

/** Doubles of an operand beside (or being) a column of `n`; integer nulls become NaN where the column is flagged. */
export function doubles(v: Value, n: number): Lane<Float64Array> {
  const size = Math.min(n, CHUNK);
  if (!(v instanceof Vec)) return constant(new Float64Array(size).fill(isNull(v) ? NaN : numberOf(v)));
  if (v.t === T.F64) return inPlace(v.data as Float64Array);
  const scratch = new Float64Array(size);
  if (v.data instanceof BigInt64Array) {
    const src = v.data;
    return widened(scratch, (lo, m) => longsToDoubles(src, lo, scratch, 0, m, v.nulls));
  }
  const none = sentinel(v);
  const src = v.data as Int32Array;
  return widened(scratch, (lo, m) => {
    for (let i = 0; i < m; i++) scratch[i] = src[lo + i] === none ? NaN : src[lo + i];
  });
}

/** 32-bit words: the low half of 64-bit operands; other widths' nulls become the 32-bit one where the column is flagged. */
export function words(v: Value, n: number): Lane<Int32Array> {
  const size = Math.min(n, CHUNK);
  if (!(v instanceof Vec)) return constant(new Int32Array(size).fill(isNull(v) ? MIN32 : lowWord(integerOf(v))));
  if (v.data instanceof Int32Array) return inPlace(v.data);
  const scratch = new Int32Array(size);
  if (v.data instanceof BigInt64Array) {
    const src = halves(v.data);
    const none = v.nulls ? MIN32 : NaN;
    return widened(scratch, (lo, m) => {
      for (let i = 0; i < m; i++) {
        const low = src[(lo + i) * 2];
        scratch[i] = low === 0 && src[(lo + i) * 2 + 1] === none ? MIN32 : low;
      }
    });
  }
  const none = sentinel(v);
  const src = v.data as Int16Array;
  return widened(scratch, (lo, m) => {
    for (let i = 0; i < m; i++) scratch[i] = src[lo + i] === none ? MIN32 : src[lo + i];
  });
}

/** 64-bit integers; narrower nulls become the 64-bit one where the column is flagged. */
export function longs(v: Value, n: number): Lane<BigInt64Array> {
  const size = Math.min(n, CHUNK);
  if (!(v instanceof Vec)) return constant(new BigInt64Array(size).fill(isNull(v) ? I64_NULL : BigInt(integerOf(v))));
  if (v.data instanceof BigInt64Array) return inPlace(v.data);
  const scratch = new BigInt64Array(size);
  const to = halves(scratch);
  const none = sentinel(v);
  const src = v.data as Int32Array;
  return widened(scratch, (lo, m) => {
    for (let i = 0; i < m; i++) {
      const x = src[lo + i];
      to[i * 2] = x === none ? 0 : x;
      to[i * 2 + 1] = x === none ? MIN32 : x >> 31;
    }
  });
}

const MIN32 = -2147483648;

const lowWord = (v: number | bigint): number => (typeof v === 'number' ? v | 0 : Number(BigInt.asIntN(32, v)));

/** What a narrow column's nulls look like; NaN, which equals nothing, where it is not flagged. */
function sentinel(v: Vec): number {
  if (!v.nulls) return NaN;
  return v.data instanceof Int16Array ? -32768 : v.data instanceof Int32Array ? MIN32 : NaN;
}

const inPlace = <A>(data: A): Lane<A> => {
  const lane: Lane<A> = { data, at: 0, load: (lo) => { lane.at = lo; } };
  return lane;
};
const constant = <A>(data: A): Lane<A> => ({ data, at: 0, load: () => undefined });
const widened = <A>(data: A, load: (lo: number, n: number) => void): Lane<A> => ({ data, at: 0, load });
