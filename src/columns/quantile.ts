/** Selection by rank without a sort: quantiles, the outermost elements. */
import type { Vec } from '../lang/value.js';
import { BLOCK, blocks, checkpoint } from '../lang/interrupt.js';
import { CHUNK } from './lanes.js';
import { realBlocks } from './reals.js';

/** The value below which the fraction `p` (0..1) of a numeric or temporal column lies, interpolated linearly. Nulls are skipped; NaN without values. */
export function quantile(v: Vec, p: number): number {
  const x = new Float64Array(v.length);
  let n = 0;
  realBlocks(v, (from, lo, hi) => {
    let k = n;
    for (let i = lo; i < hi; i++) if (from[i] === from[i]) x[k++] = from[i];
    n = k;
  });
  if (n === 0) return NaN;
  const place = p * (n - 1);
  const k = Math.floor(place);
  const below = select(x, n, k);
  if (place === k) return below;
  let above = x[k + 1];
  blocks(n - k - 2, (lo, hi) => {
    for (let i = k + 2 + lo; i < k + 2 + hi; i++) if (x[i] < above) above = x[i];
  });
  return below + (above - below) * (place - k);
}

/**
 * Rows of a numeric or temporal column, ascending, among which are all nulls and the `k` (1..) least or greatest values, with
 * everything that ties with the last of them.
 */
export function outermostRows(v: Vec, k: number, greatest: boolean): Int32Array {
  const sign = greatest ? -1 : 1;
  const limit = kthLeast(v, k, sign);
  const rows = new Int32Array(v.length);
  let n = 0;
  let base = 0;
  realBlocks(v, (x, lo, hi) => {
    for (let i = lo; i < hi; i++) if (!(x[i] * sign > limit)) rows[n++] = base + i - lo;
    base += hi - lo;
  });
  return rows.subarray(0, n);
}

/** The k-th least of the values times `sign`; Infinity where there are fewer. */
function kthLeast(v: Vec, k: number, sign: 1 | -1): number {
  // Whoever is not below the k-th least so far need not be kept: a pass keeps few of many.
  const kept = new Float64Array(Math.max(2 * k, CHUNK));
  let n = 0;
  let limit = Infinity;
  realBlocks(v, (x, lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const r = x[i] * sign;
      if (r < limit) {
        kept[n++] = r;
        if (n === kept.length) {
          limit = select(kept, n, k - 1);
          n = k;
        }
      }
    }
  });
  return n >= k ? select(kept, n, k - 1) : Infinity;
}

/** Moves the k-th smallest of x[0..n) to x[k], smaller ones before it and larger ones behind; answers it. */
function select(x: Float64Array, n: number, k: number): number {
  let lo = 0;
  let hi = n - 1;
  let random = 0x9e3779b9;
  let steps = 0;
  while (lo < hi) {
    checkpoint();
    // A pivot that data cannot foresee: no input makes this quadratic.
    random = (Math.imul(random, 1664525) + 1013904223) | 0;
    const pivot = x[lo + ((random >>> 0) % (hi - lo + 1))];
    let i = lo;
    let j = hi;
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (x[j] > pivot) j--;
      if (i <= j) {
        const t = x[i];
        x[i++] = x[j];
        x[j--] = t;
        if ((++steps & (BLOCK - 1)) === 0) checkpoint();
      }
    }
    if (k <= j) hi = j;
    else if (k >= i) lo = i;
    else break;
  }
  return x[k];
}
