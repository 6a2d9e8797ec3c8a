/**
 * Moving windows of the last `w` (1..) elements; results are as long as the input, nulls are skipped.
 *
 * The column is cut into blocks of `w`. A window is the rest of one block and the beginning of the next: the rests of a block
 * are accumulated backwards once it is passed, the beginnings while walking. So nothing is ever subtracted again, a value that
 * left the window leaves no rounding error behind, and the work does not grow with `w`.
 */
import { F64_NULL, I64_NULL, T, Vec } from '../lang/value.js';
import { BLOCK, checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { indexColumn } from './gather.js';
import { isFloatType } from './promote.js';
import { fromReals, nullTest, reals, widen } from './reals.js';

/** Sum as I64 (wrapping) or F64; 0 without values. */
export function movingSum(v: Vec, w: number): Vec {
  if (!isFloatType(v.t)) return movingBigSum(widen(v), w);
  const x = reals(v);
  const out = new Float64Array(x.length);
  walk(x.length, w, () => {
    const rest = new Float64Array(w + 1);
    return {
      back: (start, end) => {
        rest[w] = 0;
        for (let i = end - 1; i >= start; i--) rest[i - start] = rest[i - start + 1] + (x[i] === x[i] ? x[i] : 0);
      },
      forth: (start, end, behind) => {
        let acc = 0;
        for (let i = start; i < end; i++) {
          if (x[i] === x[i]) acc += x[i];
          out[i] = behind ? acc + rest[i - start + 1] : acc;
        }
      },
    };
  });
  return finiteColumn(out);
}

/** Number of values, of any column type. */
export function movingCount(v: Vec, w: number): Vec {
  return indexColumn(windowCounts(v, w));
}

/** Mean as F64; null without values. */
export function movingMean(v: Vec, w: number): Vec {
  return movingMoments(v, w, (_m2, count, total) => total / count);
}

/** Population variance as F64; null without values. */
export function movingVariance(v: Vec, w: number): Vec {
  return movingMoments(v, w, (m2, count) => m2 / count);
}

/** Population standard deviation as F64; null without values. */
export function movingDeviation(v: Vec, w: number): Vec {
  return movingMoments(v, w, (m2, count) => Math.sqrt(m2 / count));
}

/** Least (`sign` 1) or greatest (-1) value of a numeric or temporal column, of its type; null without values. */
export function movingExtreme(v: Vec, w: number, sign: 1 | -1): Vec {
  if (v.t === T.I64 || v.t === T.TIMESTAMP) return movingBigExtreme(v, w, sign);
  const x = reals(v);
  const out = new Float64Array(x.length);
  walk(x.length, w, () => {
    const rest = new Float64Array(w + 1);
    return {
      back: (start, end) => {
        let best = Infinity;
        for (let i = end - 1; i >= start; i--) {
          if (x[i] * sign < best) best = x[i] * sign;
          rest[i - start] = best;
        }
        rest[w] = Infinity;
      },
      forth: (start, end, behind) => {
        let best = Infinity;
        for (let i = start; i < end; i++) {
          if (x[i] * sign < best) best = x[i] * sign;
          const m = behind && rest[i - start + 1] < best ? rest[i - start + 1] : best;
          out[i] = m === Infinity ? NaN : m * sign;
        }
      },
    };
  });
  return fromReals(v.t, out);
}

/* ── the walk ────────────────────────────────────────────────────────── */

interface Steps {
  /** Accumulates the rests of the full block [start, end): what a window that begins inside it takes from it. */
  back(start: number, end: number): void;
  /** Accumulates and stores the block [start, end); `behind`: windows also reach into the rests of the block before. */
  forth(start: number, end: number, behind: boolean): void;
}

function walk(n: number, w: number, make: () => Steps): void {
  const steps = make();
  let unchecked = 0;
  for (let start = 0; start < n; start += w) {
    if ((unchecked += w) >= BLOCK) {
      checkpoint();
      unchecked = 0;
    }
    if (start > 0) steps.back(start - w, start);
    steps.forth(start, Math.min(n, start + w), start > 0);
  }
}

function movingMoments(v: Vec, w: number, answer: (m2: number, count: number, total: number) => number): Vec {
  const x = reals(v);
  const out = new Float64Array(x.length);
  walk(x.length, w, () => {
    const counts = new Float64Array(w + 1);
    const means = new Float64Array(w + 1);
    const spreads = new Float64Array(w + 1);
    return {
      back: (start, end) => {
        let count = 0;
        let mean = 0;
        let m2 = 0;
        for (let i = end - 1; i >= start; i--) {
          if (x[i] === x[i]) {
            const d = x[i] - mean;
            mean += d / ++count;
            m2 += d * (x[i] - mean);
          }
          counts[i - start] = count;
          means[i - start] = mean;
          spreads[i - start] = m2;
        }
      },
      forth: (start, end, behind) => {
        let count = 0;
        let mean = 0;
        let m2 = 0;
        for (let i = start; i < end; i++) {
          if (x[i] === x[i]) {
            const d = x[i] - mean;
            mean += d / ++count;
            m2 += d * (x[i] - mean);
          }
          const k = i - start + 1;
          const before = behind ? counts[k] : 0;
          if (before === 0) out[i] = answer(m2, count, mean * count);
          else if (count === 0) out[i] = answer(spreads[k], before, means[k] * before);
          else {
            const d = means[k] - mean;
            const both = count + before;
            out[i] = answer(m2 + spreads[k] + (d * d * count * before) / both, both, mean * count + means[k] * before);
          }
        }
      },
    };
  });
  return finiteColumn(out);
}

/* ── 64-bit integers ─────────────────────────────────────────────────── */

// Sums that wrap can be taken back exactly: no blocks needed.
function movingBigSum(v: Vec, w: number): Vec {
  const d = v.data as BigInt64Array;
  const out = new BigInt64Array(d.length);
  const none = v.nulls ? I64_NULL : null;
  let acc = 0n;
  chunks(d.length, (lo, hi) => {
    let a = acc;
    for (let i = lo; i < hi; i++) {
      if (d[i] !== none) a = BigInt.asIntN(64, a + d[i]);
      if (i >= w && d[i - w] !== none) a = BigInt.asIntN(64, a - d[i - w]);
      out[i] = a;
    }
    acc = a;
  });
  return new Vec(T.I64, out);
}

const TOP = 2n ** 63n - 1n;

function movingBigExtreme(v: Vec, w: number, sign: 1 | -1): Vec {
  const d = v.data as BigInt64Array;
  const n = d.length;
  const out = new BigInt64Array(n);
  const none = v.nulls ? I64_NULL : null;
  // Complementing turns the order round, and unlike negation it does so for every value.
  const flip = sign > 0 ? 0n : -1n;
  const key = (i: number): bigint => (d[i] === none ? TOP : d[i] ^ flip);
  walk(n, w, () => {
    const rest = new BigInt64Array(w + 1);
    return {
      back: (start, end) => {
        rest[w] = TOP;
        for (let i = end - 1; i >= start; i--) {
          const x = key(i);
          rest[i - start] = x < rest[i - start + 1] ? x : rest[i - start + 1];
        }
      },
      forth: (start, end, behind) => {
        let best = TOP;
        for (let i = start; i < end; i++) {
          const x = key(i);
          if (x < best) best = x;
          const other = behind ? rest[i - start + 1] : TOP;
          out[i] = (other < best ? other : best) ^ flip;
        }
      },
    };
  });
  if (!v.nulls) return new Vec(v.t, out);
  const counts = windowCounts(v, w);
  let nulls = false;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (counts[i] === 0) {
        out[i] = I64_NULL;
        nulls = true;
      }
    }
  });
  return new Vec(v.t, out, nulls);
}

function windowCounts(v: Vec, w: number): Int32Array {
  const n = v.length;
  const out = new Int32Array(n);
  const isNone = nullTest(v);
  let count = 0;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (!isNone(i)) count++;
      if (i >= w && !isNone(i - w)) count--;
      out[i] = count;
    }
  });
  return out;
}

function finiteColumn(out: Float64Array): Vec {
  let nulls = false;
  chunks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (out[i] - out[i] !== 0) {
        out[i] = F64_NULL.v;
        nulls = true;
      }
    }
  });
  return new Vec(T.F64, out, nulls);
}
