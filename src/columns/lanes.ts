/**
 * Operands as the kernels want them: a column (or an atom, repeated) in one of the three machine types, chunk by chunk.
 * Columns already in that type are used in place; the others are widened into a scratch buffer that stays in the cache.
 */
import { I64_NULL, Stamp, T, Vec, isNull, type Value } from '../lang/value.js';
import { integerOf, numberOf } from './promote.js';

/** Elements in a chunk: three operands of 8 bytes fit a 256 KB cache. */
export const CHUNK = 4096;

/** A chunk: `data` from `at` on (in elements, also for longs). */
export interface Lane<A> {
  data: A;
  at: number;
  /** Brings [lo, lo + n) of the operand into place; n is at most `CHUNK`. */
  load(lo: number, n: number): void;
}

/** Doubles; integer nulls become NaN where the column is flagged. */
export function doubles(v: Value): Lane<Float64Array> {
  if (!(v instanceof Vec)) return constant(new Float64Array(CHUNK).fill(isNull(v) ? NaN : numberOf(v)));
  if (v.t === T.F64) return inPlace(v.data as Float64Array);
  const scratch = new Float64Array(CHUNK);
  if (v.t === T.I64 || v.t === T.TIMESTAMP) {
    const src = halves(v.data as BigInt64Array);
    return widened(scratch, v.nulls
      ? (lo, n) => {
        for (let i = 0; i < n; i++) {
          const hi = src[(lo + i) * 2 + 1];
          const low = src[(lo + i) * 2];
          scratch[i] = hi === -2147483648 && low === 0 ? NaN : hi * 4294967296 + (low >>> 0);
        }
      }
      : (lo, n) => {
        for (let i = 0; i < n; i++) scratch[i] = src[(lo + i) * 2 + 1] * 4294967296 + (src[(lo + i) * 2] >>> 0);
      });
  }
  const none = sentinel(v);
  const src = v.data as Int32Array;
  return widened(scratch, (lo, n) => {
    for (let i = 0; i < n; i++) scratch[i] = src[lo + i] === none ? NaN : src[lo + i];
  });
}

/** 32-bit words: the low half of 64-bit operands; narrower nulls become the 32-bit one where the column is flagged. */
export function words(v: Value): Lane<Int32Array> {
  if (!(v instanceof Vec)) return constant(new Int32Array(CHUNK).fill(isNull(v) ? -2147483648 : lowWord(integerOf(v))));
  if (v.data instanceof Int32Array) return inPlace(v.data);
  const scratch = new Int32Array(CHUNK);
  if (v.data instanceof BigInt64Array) {
    const src = halves(v.data);
    const none = v.nulls ? -2147483648 : NaN;
    return widened(scratch, (lo, n) => {
      for (let i = 0; i < n; i++) {
        const low = src[(lo + i) * 2];
        scratch[i] = low === 0 && src[(lo + i) * 2 + 1] === none ? -2147483648 : low;
      }
    });
  }
  const none = sentinel(v);
  const src = v.data as Int16Array;
  return widened(scratch, (lo, n) => {
    for (let i = 0; i < n; i++) scratch[i] = src[lo + i] === none ? -2147483648 : src[lo + i];
  });
}

/** 64-bit integers as (low, high) pairs; narrower nulls become the 64-bit one where the column is flagged. */
export function longs(v: Value): Lane<Int32Array> {
  if (!(v instanceof Vec)) {
    const big = new BigInt64Array(CHUNK).fill(isNull(v) ? I64_NULL : v instanceof Stamp ? v.v : BigInt(integerOf(v)));
    return constant(halves(big));
  }
  if (v.data instanceof BigInt64Array) return inPlace(halves(v.data));
  const scratch = new Int32Array(CHUNK * 2);
  const none = sentinel(v);
  const src = v.data as Int32Array;
  return widened(scratch, (lo, n) => {
    for (let i = 0; i < n; i++) {
      const x = src[lo + i];
      scratch[i * 2] = x === none ? 0 : x;
      scratch[i * 2 + 1] = x === none ? -2147483648 : x >> 31;
    }
  });
}

/** A 64-bit column as pairs of 32-bit words, low first. */
export const halves = (data: BigInt64Array): Int32Array => new Int32Array(data.buffer, data.byteOffset, data.length * 2);

const lowWord = (v: number | bigint): number => (typeof v === 'number' ? v | 0 : Number(BigInt.asIntN(32, v)));

/** What a narrow column's nulls look like; NaN, which equals nothing, where it is not flagged. */
function sentinel(v: Vec): number {
  if (!v.nulls) return NaN;
  return v.data instanceof Int16Array ? -32768 : v.data instanceof Int32Array ? -2147483648 : NaN;
}

const inPlace = <A>(data: A): Lane<A> => {
  const lane: Lane<A> = { data, at: 0, load: (lo) => { lane.at = lo; } };
  return lane;
};
const constant = <A>(data: A): Lane<A> => ({ data, at: 0, load: () => undefined });
const widened = <A>(data: A, load: (lo: number, n: number) => void): Lane<A> => ({ data, at: 0, load });
