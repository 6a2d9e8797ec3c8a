/** Running series: element `i` depends on elements up to `i` (or on a neighbour). Results are as long as the input. */
import { F64_NULL, I64_NULL, T, Vec, nullOf } from '../lang/value.js';
import { copyInto } from './copy.js';
import { chunks } from './chunks.js';
import { alloc, store } from './item.js';
import { gather, wordsOf } from './gather.js';
import { isFloatType } from './promote.js';
import { fromReals, nullTest, reals, widen } from './reals.js';

/** Running sum of a numeric column as I64 (wrapping) or F64; a null repeats the sum so far. */
export function sums(v: Vec): Vec {
  return isFloatType(v.t)
    ? realScan(v, 0, (x, out, lo, hi, acc) => {
      for (let i = lo; i < hi; i++) {
        if (x[i] === x[i]) acc += x[i];
        out[i] = acc;
      }
      return acc;
    })
    : bigScan(v, 0n, (d, none, out, lo, hi, acc) => {
      for (let i = lo; i < hi; i++) {
        if (d[i] !== none) acc = BigInt.asIntN(64, acc + d[i]);
        out[i] = acc;
      }
      return acc;
    });
}

/** Running product, as `sums`. */
export function products(v: Vec): Vec {
  return isFloatType(v.t)
    ? realScan(v, 1, (x, out, lo, hi, acc) => {
      for (let i = lo; i < hi; i++) {
        if (x[i] === x[i]) acc *= x[i];
        out[i] = acc;
      }
      return acc;
    })
    : bigScan(v, 1n, (d, none, out, lo, hi, acc) => {
      for (let i = lo; i < hi; i++) {
        if (d[i] !== none) acc = BigInt.asIntN(64, acc * d[i]);
        out[i] = acc;
      }
      return acc;
    });
}

/** Running mean of a numeric column as F64; null before the first value. */
export function means(v: Vec): Vec {
  let count = 0;
  return realScan(v, 0, (x, out, lo, hi, acc) => {
    for (let i = lo; i < hi; i++) {
      if (x[i] === x[i]) {
        acc += x[i];
        count++;
      }
      out[i] = acc / count;
    }
    return acc;
  });
}

/** Running minimum (`sign` 1) or maximum (-1) of a numeric or temporal column, of its type; null before the first value. */
export function extremes(v: Vec, sign: 1 | -1): Vec {
  if (v.t === T.I64 || v.t === T.TIMESTAMP) return bigExtremes(v, sign);
  const x = reals(v);
  const out = new Float64Array(x.length);
  let best = NaN;
  chunks(x.length, (lo, hi) => {
    let m = best;
    for (let i = lo; i < hi; i++) {
      const r = x[i];
      if (sign > 0 ? r < m : r > m) m = r;
      else if (m !== m) m = r;
      out[i] = m;
    }
    best = m;
  });
  return fromReals(v.t, out);
}

/** Difference from the element before: F64 for floats, otherwise (also temporal) I64; null first and next to nulls. */
export function deltas(v: Vec): Vec {
  const n = v.length;
  if (isFloatType(v.t)) {
    const x = reals(v);
    const out = new Float64Array(n).fill(NaN, 0, 1);
    chunks(n, (lo, hi) => {
      for (let i = lo || 1; i < hi; i++) out[i] = finite(x[i] - x[i - 1]);
    });
    return new Vec(T.F64, out, n > 0);
  }
  const w = widen(v);
  const d = w.data as BigInt64Array;
  const none = w.nulls ? I64_NULL : null;
  const out = new BigInt64Array(n).fill(I64_NULL, 0, 1);
  chunks(n, (lo, hi) => {
    for (let i = lo || 1; i < hi; i++) out[i] = d[i] === none || d[i - 1] === none ? I64_NULL : BigInt.asIntN(64, d[i] - d[i - 1]);
  });
  return new Vec(T.I64, out, n > 0);
}

/** Quotient of each element and the one before, as F64; null first, next to nulls and behind zeros. */
export function ratios(v: Vec): Vec {
  const x = reals(v);
  const n = x.length;
  const out = new Float64Array(n).fill(NaN, 0, 1);
  chunks(n, (lo, hi) => {
    for (let i = lo || 1; i < hi; i++) out[i] = finite(x[i] / x[i - 1]);
  });
  return new Vec(T.F64, out, n > 0);
}

/** B8: which elements differ from the one before; the first does. Nulls are equal to each other. */
export function differs(v: Vec): Vec {
  const n = v.length;
  const out = new Uint8Array(n).fill(1, 0, 1);
  const test = v.t === T.STR ? textDiffers(v.data as string[]) : EXACT.has(v.t) ? wordsDiffer(wordsOf(v.data), EXACT.get(v.t)!) : realDiffers(reals(v));
  chunks(n, (lo, hi) => test(out, lo || 1, hi));
  return new Vec(T.B8, out);
}

/** Nulls replaced by the value before them; leading nulls stay. */
export function fillForward(v: Vec): Vec {
  if (!v.nulls) return v;
  const n = v.length;
  const from = new Int32Array(n);
  const isNone = nullTest(v);
  let last = -1;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (!isNone(i)) last = i;
      from[i] = last < 0 ? i : last;
    }
  });
  const filled = gather(v, from);
  return new Vec(v.t, filled.data, n > 0 && isNone(0));
}

/** Elements moved by one place to higher (`by` 1) or lower (-1) positions; the vacant place is null, or the zero of types without null. */
export function shift(v: Vec, by: 1 | -1): Vec {
  const n = v.length;
  if (n === 0) return v;
  const width = v.t === T.GUID ? 16 : 1;
  const data = alloc(v.t, n) as Int32Array;
  const old = v.data as Int32Array;
  copyInto(data, by > 0 ? old.subarray(0, (n - 1) * width) : old.subarray(width), by > 0 ? width : 0);
  const hasNull = v.t !== T.B8 && v.t !== T.U8 && v.t !== T.SYM;
  if (hasNull) store(v.t, data, by > 0 ? 0 : n - 1, nullOf(v.t));
  return new Vec(v.t, data, v.nulls || hasNull);
}

/* ── helpers ─────────────────────────────────────────────────────────── */

const finite = (r: number): number => (r - r === 0 ? r : NaN);

type RealScan = (x: Float64Array, out: Float64Array, lo: number, hi: number, acc: number) => number;
type BigScan = (d: BigInt64Array, none: bigint | null, out: BigInt64Array, lo: number, hi: number, acc: bigint) => bigint;

function realScan(v: Vec, start: number, step: RealScan): Vec {
  const x = reals(v);
  const out = new Float64Array(x.length);
  let acc = start;
  let nulls = false;
  chunks(x.length, (lo, hi) => {
    acc = step(x, out, lo, hi, acc);
    for (let i = lo; i < hi; i++) {
      if (out[i] - out[i] !== 0) {
        out[i] = F64_NULL.v;
        nulls = true;
      }
    }
  });
  return new Vec(T.F64, out, nulls);
}

function bigScan(v: Vec, start: bigint, step: BigScan): Vec {
  const w = widen(v);
  const d = w.data as BigInt64Array;
  const out = new BigInt64Array(d.length);
  const none = w.nulls ? I64_NULL : null;
  let acc = start;
  chunks(d.length, (lo, hi) => {
    acc = step(d, none, out, lo, hi, acc);
  });
  return new Vec(T.I64, out);
}

function bigExtremes(v: Vec, sign: 1 | -1): Vec {
  const d = v.data as BigInt64Array;
  const out = new BigInt64Array(d.length);
  const none = v.nulls ? I64_NULL : null;
  // Complementing turns the order round, and unlike negation it does so for every value.
  const flip = sign > 0 ? 0n : -1n;
  let best: bigint | null = null;
  chunks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (d[i] !== none && (best === null || (d[i] ^ flip) < best)) best = d[i] ^ flip;
      out[i] = best === null ? I64_NULL : best ^ flip;
    }
  });
  return new Vec(v.t, out, v.nulls && d[0] === none);
}

/** Types whose elements are equal when their 32-bit words are, with the words of one element. */
const EXACT = new Map<number, number>([[T.I64, 2], [T.TIMESTAMP, 2], [T.SYM, 1], [T.GUID, 4]]);

type Differ = (out: Uint8Array, lo: number, hi: number) => void;
const textDiffers = (d: string[]): Differ => (out, lo, hi) => {
  for (let i = lo; i < hi; i++) out[i] = d[i] === d[i - 1] ? 0 : 1;
};
const realDiffers = (x: Float64Array): Differ => (out, lo, hi) => {
  for (let i = lo; i < hi; i++) out[i] = x[i] === x[i - 1] || (x[i] !== x[i] && x[i - 1] !== x[i - 1]) ? 0 : 1;
};
const wordsDiffer = (w: Int32Array, width: number): Differ => (out, lo, hi) => {
  for (let i = lo; i < hi; i++) {
    for (let k = i * width; k < i * width + width; k++) if (w[k] !== w[k - width]) out[i] = 1;
  }
};
