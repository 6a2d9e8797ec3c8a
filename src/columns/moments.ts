/** Spread of one column and of pairs of columns. Nulls, and pairs with a null, are skipped. */
import type { Vec } from '../lang/value.js';
import { chunks } from './chunks.js';
import { realBlocks, reals } from './reals.js';

/** Number of values, their mean and the sum of their squared distances from it. */
export interface Spread { readonly count: number; readonly mean: number; readonly m2: number }

export function spread(v: Vec): Spread {
  // Measured from the first value: equal values then have a spread of exactly zero.
  let origin = NaN;
  let count = 0;
  let total = 0;
  realBlocks(v, (x, lo, hi) => {
    if (origin !== origin) origin = firstValue(x, lo, hi);
    total += sumFrom(x, lo, hi, origin);
    count += countValues(x, lo, hi);
  });
  const mean = origin + total / count;
  let m2 = 0;
  realBlocks(v, (x, lo, hi) => {
    m2 += squaresFrom(x, lo, hi, mean);
  });
  return { count, mean, m2 };
}

/** Variance over `count - free` degrees of freedom; NaN where there are none. */
export const variance = (s: Spread, free: 0 | 1): number => (s.count > free ? s.m2 / (s.count - free) : NaN);

/** Sums of squares and products of the distances from the means over the pairs of two columns of one length. */
export interface Joint { readonly count: number; readonly sxx: number; readonly sxy: number; readonly syy: number }

export function joint(a: Vec, b: Vec): Joint {
  const x = reals(a);
  const y = reals(b);
  const n = x.length;
  let x0 = NaN;
  let y0 = NaN;
  let count = 0;
  let sx = 0;
  let sy = 0;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi && x0 !== x0; i++) {
      if (x[i] === x[i] && y[i] === y[i]) {
        x0 = x[i];
        y0 = y[i];
      }
    }
    for (let i = lo; i < hi; i++) {
      const p = x[i] - x0;
      const q = y[i] - y0;
      if (p === p && q === q) {
        sx += p;
        sy += q;
        count++;
      }
    }
  });
  const mx = x0 + sx / count;
  const my = y0 + sy / count;
  let sxx = 0;
  let sxy = 0;
  let syy = 0;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const p = x[i] - mx;
      const q = y[i] - my;
      if (p === p && q === q) {
        sxx += p * p;
        sxy += p * q;
        syy += q * q;
      }
    }
  });
  return { count, sxx, sxy, syy };
}

/** Covariance over `count - free` degrees of freedom; NaN where there are none. */
export const covariance = (j: Joint, free: 0 | 1): number => (j.count > free ? j.sxy / (j.count - free) : NaN);

/** Pearson's correlation; NaN where one side does not vary. */
export function correlation(j: Joint): number {
  const scale = Math.sqrt(j.sxx) * Math.sqrt(j.syy);
  return scale > 0 ? Math.max(-1, Math.min(1, j.sxy / scale)) : NaN;
}

/** Sum of the weights and of weight x value over the pairs of two columns of one length. */
export function weighted(weights: Vec, values: Vec): { weight: number; total: number } {
  const w = reals(weights);
  const x = reals(values);
  let weight = 0;
  let total = 0;
  chunks(w.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const p = w[i] * x[i];
      if (p === p) {
        weight += w[i];
        total += p;
      }
    }
  });
  return { weight, total };
}

function sumFrom(x: Float64Array, lo: number, hi: number, origin: number): number {
  let s = 0;
  for (let i = lo; i < hi; i++) {
    const d = x[i] - origin;
    s += d === d ? d : 0;
  }
  return s;
}

function squaresFrom(x: Float64Array, lo: number, hi: number, origin: number): number {
  let s = 0;
  for (let i = lo; i < hi; i++) {
    const d = x[i] - origin;
    s += d === d ? d * d : 0;
  }
  return s;
}

function countValues(x: Float64Array, lo: number, hi: number): number {
  let c = 0;
  for (let i = lo; i < hi; i++) if (x[i] === x[i]) c++;
  return c;
}

function firstValue(x: Float64Array, lo: number, hi: number): number {
  for (let i = lo; i < hi; i++) if (x[i] === x[i]) return x[i];
  return NaN;
}
