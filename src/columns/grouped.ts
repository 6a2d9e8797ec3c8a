/**
 * Reductions by group in one pass over the rows: `ids[row]` is a group of [0, groups). Each answers a column with one element a group,
 * what the reduction of that group's elements alone would be, or undefined for a type it does not take.
 */
import { I32_NULL, I64_NULL, T, Vec, nullOf } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { alloc, halves, store } from './item.js';
import { gather } from './gather.js';
import { isFloatType, isNumericType, isTemporalType } from './promote.js';
import { fromReals, nullTest, realBlocks, reals, widen } from './reals.js';
import type { Groups } from './hashing.js';
import { keptByGroup } from './simd-groups.js';

export type GroupedReduction = (v: Vec, g: Groups) => Vec | undefined;

/** By the name of the builtin whose per-group results they are. */
export const GROUPED: ReadonlyMap<string, GroupedReduction> = new Map<string, GroupedReduction>([
  ['sum', groupedSum], ['avg', groupedMean], ['count', (_v, g) => groupedCount(g)],
  ['min', (v, g) => groupedExtreme(v, g, 1)], ['max', (v, g) => groupedExtreme(v, g, -1)],
  ['first', (v, g) => groupedEnd(v, g, 1)], ['last', (v, g) => groupedEnd(v, g, -1)],
  ['prod', groupedProduct], ['med', (v, g) => groupedQuantile(v, g, 0.5)],
  ['dev', (v, g) => groupedSpread(v, g, 0, Math.sqrt)], ['dev_pop', (v, g) => groupedSpread(v, g, 0, Math.sqrt)],
  ['stddev_pop', (v, g) => groupedSpread(v, g, 0, Math.sqrt)], ['stddev', (v, g) => groupedSpread(v, g, 1, Math.sqrt)],
  ['var', (v, g) => groupedSpread(v, g, 1, same)], ['var_pop', (v, g) => groupedSpread(v, g, 0, same)],
]);

const same = (x: number): number => x;

/** Rows of each group. */
export function groupedCount(g: Groups): Vec {
  const counts = keptByGroup('count', null, g);
  if (counts !== null) return new Vec(T.I64, BigInt64Array.from(new Int32Array(counts), BigInt));
  const { ids, first } = g;
  const out = new BigInt64Array(first.length);
  const h = halves(out);
  chunks(ids.length, (lo, hi) => countIds(ids, lo, hi, h));
  return new Vec(T.I64, out);
}

function countIds(ids: Int32Array, lo: number, hi: number, h: Int32Array): void {
  for (let i = lo; i < hi; i++) h[2 * ids[i]]++;
}

function groupedSum(v: Vec, g: Groups): Vec | undefined {
  if (isFloatType(v.t) || v.t === T.TIME) {
    const kept = keptByGroup('sum', v, g);
    const total = kept === null ? totals(v, g).total : new Float64Array(kept);
    for (let k = 0; k < total.length; k++) if (!Number.isFinite(total[k])) total[k] = NaN;
    return fromReals(v.t === T.TIME ? T.TIME : T.F64, total);
  }
  return isNumericType(v.t) ? wrappedSum(v, g) : undefined;
}

/** Sums of 64 bits with the carry by hand: exact, and no bigint is made. */
function wrappedSum(v: Vec, g: Groups): Vec {
  const sums = keptByGroup('sum', v, g);
  if (sums !== null) return new Vec(T.I64, new BigInt64Array(sums));
  const { ids, first } = g;
  const out = new BigInt64Array(first.length);
  const acc = halves(out);
  const h = halves(widen(v).data);
  const none = v.nulls ? I32_NULL : NaN;
  chunks(ids.length, (lo, hi) => addHalves(h, lo, hi, none, ids, acc));
  return new Vec(T.I64, out);
}

function addHalves(h: Int32Array, lo: number, hi: number, none: number, ids: Int32Array, acc: Int32Array): void {
  for (let i = lo; i < hi; i++) {
    const low = h[2 * i];
    const high = h[2 * i + 1];
    if (high === none && low === 0) continue;
    const k = 2 * ids[i];
    const sum = (acc[k] >>> 0) + (low >>> 0);
    acc[k] = sum;
    acc[k + 1] += high + (sum > 4294967295 ? 1 : 0);
  }
}

function groupedMean(v: Vec, g: Groups): Vec | undefined {
  if (!isNumericType(v.t) && !isTemporalType(v.t)) return undefined;
  const { total, count } = totals(v, g);
  for (let k = 0; k < total.length; k++) {
    const mean = total[k] / count[k];
    total[k] = Number.isFinite(mean) ? mean : NaN;
  }
  return fromReals(T.F64, total);
}

function groupedProduct(v: Vec, g: Groups): Vec | undefined {
  if (!isNumericType(v.t)) return undefined;
  const { ids, first } = g;
  const seen = new Uint8Array(first.length);
  if (isFloatType(v.t)) {
    const out = new Float64Array(first.length).fill(1);
    const x = reals(v);
    blocks(ids.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) {
        if (x[i] !== x[i]) continue;
        out[ids[i]] *= x[i];
        seen[ids[i]] = 1;
      }
    });
    return fromReals(T.F64, out.map((p, k) => (Number.isFinite(p) && seen[k] !== 0 ? p : NaN)));
  }
  const d = widen(v).data as BigInt64Array;
  const none = v.nulls ? I64_NULL : null;
  const out = new BigInt64Array(first.length).fill(1n);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (d[i] === none) continue;
      out[ids[i]] = BigInt.asIntN(64, out[ids[i]] * d[i]);
      seen[ids[i]] = 1;
    }
  });
  return unseenToNull(new Vec(T.I64, out), seen);
}

/* ── extremes and ends ───────────────────────────────────────────────── */

function groupedExtreme(v: Vec, g: Groups, sign: 1 | -1): Vec | undefined {
  if (!isNumericType(v.t) && !isTemporalType(v.t)) return undefined;
  const isLong = v.t === T.I64 || v.t === T.TIMESTAMP;
  const kept = keptByGroup(sign > 0 ? 'least' : 'greatest', v, g);
  if (kept !== null) return isLong ? withNulls(v, new BigInt64Array(kept)) : fromReals(v.t, new Float64Array(kept));
  if (isLong) return longExtreme(v, g, sign);
  const { ids, first } = g;
  const best = new Float64Array(first.length).fill(NaN);
  let at = 0;
  realBlocks(v, (x, lo, hi) => {
    if (sign > 0) leastOf(x, lo, hi, ids, at, best);
    else greatestOf(x, lo, hi, ids, at, best);
    at += hi - lo;
  });
  return fromReals(v.t, best);
}

/** Results of 64 bits, null for the groups of a column with nulls that have no value. */
const withNulls = (v: Vec, data: BigInt64Array): Vec => new Vec(v.t, data, v.nulls && data.includes(I64_NULL));

// A comparison with NaN is false: the first value of a group always goes in.
function leastOf(x: Float64Array, lo: number, hi: number, ids: Int32Array, at: number, best: Float64Array): void {
  for (let i = lo; i < hi; i++) {
    const g = ids[at++];
    if (x[i] === x[i] && !(x[i] >= best[g])) best[g] = x[i];
  }
}
function greatestOf(x: Float64Array, lo: number, hi: number, ids: Int32Array, at: number, best: Float64Array): void {
  for (let i = lo; i < hi; i++) {
    const g = ids[at++];
    if (x[i] === x[i] && !(x[i] <= best[g])) best[g] = x[i];
  }
}

function longExtreme(v: Vec, { ids, first }: Groups, sign: 1 | -1): Vec {
  const h = halves(v.data);
  const none = v.nulls ? I32_NULL : NaN;
  const out = alloc(v.t, first.length) as BigInt64Array;
  const acc = halves(out);
  const seen = new Uint8Array(first.length);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const low = h[2 * i];
      const high = h[2 * i + 1];
      if (high === none && low === 0) continue;
      const g = ids[i];
      const above = high > acc[2 * g + 1] || (high === acc[2 * g + 1] && low >>> 0 > acc[2 * g] >>> 0);
      if (seen[g] !== 0 && above === sign > 0) continue;
      seen[g] = 1;
      acc[2 * g] = low;
      acc[2 * g + 1] = high;
    }
  });
  return unseenToNull(new Vec(v.t, out), seen);
}

/** First or last element of each group that is not null; null where there is none. */
function groupedEnd(v: Vec, g: Groups, from: 1 | -1): Vec {
  const skips = v.nulls;
  if (from > 0 && !skips) return gather(v, g.first);
  const isNull = skips ? nullTest(v) : () => false;
  const rows = g.first.slice();
  const met = new Uint8Array(rows.length);
  const { ids } = g;
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if ((from > 0 && met[ids[i]] !== 0) || (skips && isNull(i))) continue;
      met[ids[i]] = 1;
      rows[ids[i]] = i;
    }
  });
  return gather(v, rows);
}

/* ── spread and quantiles ────────────────────────────────────────────── */

function groupedSpread(v: Vec, g: Groups, free: 0 | 1, of: (variance: number) => number): Vec | undefined {
  if (!isNumericType(v.t) && !isTemporalType(v.t)) return undefined;
  const { ids, first } = g;
  const x = reals(v);
  const n = first.length;
  // Measured from a value of the group: equal values then have a spread of exactly zero.
  const origin = new Float64Array(n).fill(NaN);
  const mean = new Float64Array(n);
  const count = new Int32Array(n);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const k = ids[i];
      const r = x[i];
      if (r !== r) continue;
      if (count[k]++ === 0) origin[k] = r;
      mean[k] += r - origin[k];
    }
  });
  for (let k = 0; k < n; k++) mean[k] = origin[k] + mean[k] / count[k];
  const squares = new Float64Array(n);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const d = x[i] - mean[ids[i]];
      if (d === d) squares[ids[i]] += d * d;
    }
  });
  for (let k = 0; k < n; k++) {
    const r = count[k] > free ? of(squares[k] / (count[k] - free)) : NaN;
    squares[k] = Number.isFinite(r) ? r : NaN;
  }
  return fromReals(T.F64, squares);
}

/** The value below which the fraction `p` of each group lies, interpolated. */
export function groupedQuantile(v: Vec, { ids, first }: Groups, p: number): Vec | undefined {
  if (!isNumericType(v.t) && !isTemporalType(v.t)) return undefined;
  const x = reals(v);
  const offsets = new Int32Array(first.length + 1);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (x[i] === x[i]) offsets[ids[i] + 1]++;
  });
  for (let k = 1; k < offsets.length; k++) offsets[k] += offsets[k - 1];
  const sorted = new Float64Array(offsets[first.length]);
  const next = offsets.slice();
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (x[i] === x[i]) sorted[next[ids[i]]++] = x[i];
  });
  const out = new Float64Array(first.length).fill(NaN);
  blocks(first.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) {
      const n = offsets[k + 1] - offsets[k];
      if (n === 0) continue;
      const part = sorted.subarray(offsets[k], offsets[k + 1]).sort();
      const place = p * (n - 1);
      const below = Math.floor(place);
      out[k] = below === place ? part[below] : part[below] + (part[below + 1] - part[below]) * (place - below);
    }
  });
  return fromReals(T.F64, out);
}

/* ── helpers ─────────────────────────────────────────────────────────── */

function totals(v: Vec, g: Groups): { total: Float64Array; count: Float64Array } {
  const { first } = g;
  const total = new Float64Array(first.length);
  const count = new Float64Array(first.length);
  const kept = keptByGroup('total', v, g);
  if (kept !== null) {
    const sums = new Float64Array(kept);
    for (let k = 0; k < total.length; k++) {
      total[k] = sums[2 * k];
      count[k] = sums[2 * k + 1];
    }
    return { total, count };
  }
  const { ids } = g;
  let at = 0;
  realBlocks(v, (x, lo, hi) => {
    addTo(x, lo, hi, ids, at, total, count);
    at += hi - lo;
  });
  return { total, count };
}

function addTo(x: Float64Array, lo: number, hi: number, ids: Int32Array, at: number, total: Float64Array, count: Float64Array): void {
  for (let i = lo; i < hi; i++) {
    const g = ids[at++];
    const r = x[i];
    if (r === r) {
      total[g] += r;
      count[g]++;
    }
  }
}

function unseenToNull(v: Vec, seen: Uint8Array): Vec {
  let nulls = false;
  for (let g = 0; g < seen.length; g++) {
    if (seen[g] !== 0) continue;
    store(v.t, v.data, g, nullOf(v.t));
    nulls = true;
  }
  return new Vec(v.t, v.data, nulls);
}
