/** Reductions of a column to one value. Nulls are skipped. */
import {
  GUID_NULL_TEXT, Guid, I64_NULL, Stamp, T, Vec, f64fin, i64, i64wrap, isNull, nullOf, symOf, symText, time, type List, type Value,
} from '../lang/value.js';
import { BLOCK, checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { itemAt } from './item.js';
import { nullTest, realBlocks, widen } from './reals.js';
import { isFloatType } from './promote.js';
import { extremeLong, outer, sumLongs, sumValues } from './simd.js';
import { hashGroup } from './hashing.js';

/** Sum of a numeric or TIME column: i64 wrapped to 64 bits, f64, or time. */
export function sum(v: Vec): Value {
  if (isFloatType(v.t)) return f64fin(realTotal(v).sum);
  if (v.t === T.I64) return i64wrap(integerTotal(v).sum);
  const total = realTotal(v).sum;
  return v.t === T.TIME ? time(total) : total;
}

/** Product of a numeric column: i64 wrapped to 64 bits, or f64. */
export function product(v: Vec): Value {
  if (!isFloatType(v.t)) return i64(integerProduct(widen(v)));
  let acc = 1;
  realBlocks(v, (x, lo, hi) => {
    for (let i = lo; i < hi; i++) if (x[i] === x[i]) acc *= x[i];
  });
  return f64fin(acc);
}

/** Arithmetic mean of a numeric or temporal column as f64; 0Nf without values. */
export function mean(v: Vec): Value {
  if (v.t !== T.I64 && v.t !== T.TIMESTAMP) {
    const { sum: total, count } = realTotal(v);
    return f64fin(total / count);
  }
  const { sum: total, count } = integerTotal(v);
  return f64fin(Number(total) / count);
}

/** Least (`sign` 1) or greatest (-1) element of any column; the typed null without values. */
export function extreme(v: Vec, sign: 1 | -1): Value {
  switch (v.t) {
    case T.STR: return extremeText(v.data as string[], sign);
    case T.SYM: return symOf(extremeSymbol(v.data as Int32Array, sign));
    case T.GUID: return extremeGuid(v, sign);
    case T.I64: case T.TIMESTAMP: return extremeInteger(v, sign);
  }
  const at = extremeAt(v, sign);
  return at < 0 ? nullOf(v.t) : itemAt(v, at);
}

/** Position of the first (`from` 1) or last (-1) value of a non-empty column; where all are null, of the first or last null. */
export function outerValueAt(v: Vec, from: 1 | -1): number {
  const n = v.length;
  const isNone = nullTest(v);
  for (let k = 0; k < n; k++) {
    const i = from > 0 ? k : n - 1 - k;
    if (!isNone(i)) return i;
    if (k % BLOCK === 0) checkpoint();
  }
  return from > 0 ? 0 : n - 1;
}

/** Whether no element of a numeric column is zero. */
export const allTrue = (v: Vec): boolean => !hasReal(v, (x, lo, hi) => {
  for (let i = lo; i < hi; i++) if (x[i] === 0) return true;
  return false;
});

/** Whether some element of a numeric column is neither zero nor null. */
export const anyTrue = (v: Vec): boolean => hasReal(v, (x, lo, hi) => {
  for (let i = lo; i < hi; i++) if (x[i] === x[i] && x[i] !== 0) return true;
  return false;
});

/** The most frequent element, of several the one seen first; null without values. A list counts what is the same, across types. */
export function mode(v: Vec | List): Value {
  const { ids, first } = hashGroup(v);
  const counts = new Int32Array(first.length);
  chunks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) counts[ids[i]]++;
  });
  let best = -1;
  for (let g = 0; g < first.length; g++) {
    // The null guid is counted like any other.
    const eligible = v.t === T.GUID || !isNull(itemAt(v, first[g]));
    if (eligible && (best < 0 || counts[g] > counts[best])) best = g;
  }
  return best < 0 ? nullOf(v instanceof Vec ? v.t : T.I64) : itemAt(v, first[best]);
}

/* ── totals ──────────────────────────────────────────────────────────── */

/** Sum and number of the non-null elements, in doubles (exact for integers of at most 32 bits). */
function realTotal(v: Vec): { sum: number; count: number } {
  const n = v.length;
  if (!v.nulls) {
    let total = 0;
    realBlocks(v, (x, lo, hi) => {
      total += sumReals(x, lo, hi);
    });
    // NaN may sit in a column that does not know of its nulls: only then the slower pass below is needed.
    if (total === total) return { sum: total, count: n };
  }
  let total = 0;
  const count = new Float64Array(1);
  realBlocks(v, (x, lo, hi) => {
    total += sumValues(x, lo, hi - lo, count);
  });
  return { sum: total, count: count[0] };
}

// Four sums at a time: additions of one sum must wait for each other.
function sumReals(x: Float64Array, lo: number, hi: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = lo;
  for (; i + 3 < hi; i += 4) {
    a += x[i];
    b += x[i + 1];
    c += x[i + 2];
    d += x[i + 3];
  }
  for (; i < hi; i++) a += x[i];
  return a + b + (c + d);
}

/** Exact sum (not yet wrapped) and number of the non-null elements of an I64 or TIMESTAMP column. */
function integerTotal(v: Vec): { sum: bigint; count: number } {
  const data = v.data as BigInt64Array;
  const parts = new Float64Array(2);
  let total = 0n;
  let nulls = 0;
  chunks(v.length, (lo, hi) => {
    parts.fill(0);
    nulls += sumLongs(data, lo, hi - lo, parts);
    total += (BigInt(parts[1]) << 32n) + BigInt(parts[0]);
  });
  if (!v.nulls) nulls = 0;
  return { sum: total - BigInt(nulls) * I64_NULL, count: v.length - nulls };
}

function integerProduct(v: Vec): bigint {
  const d = v.data as BigInt64Array;
  const none = v.nulls ? I64_NULL : 1n;
  let acc = 1n;
  chunks(d.length, (lo, hi) => {
    let p = acc;
    for (let i = lo; i < hi; i++) if (d[i] !== none) p = BigInt.asIntN(64, p * d[i]);
    acc = p;
  });
  return acc;
}

/* ── extremes ────────────────────────────────────────────────────────── */

function extremeInteger(v: Vec, sign: 1 | -1): Value {
  const data = v.data as BigInt64Array;
  let best: bigint | null = null;
  chunks(data.length, (lo, hi) => {
    best = outer(best, extremeLong(data, lo, hi - lo, sign, v.nulls), sign);
  });
  if (best === null) return nullOf(v.t);
  return v.t === T.I64 ? i64(best) : new Stamp(best);
}

/** Position of the first extreme element of a column of doubles or of at most 32 bits; -1 without values. */
function extremeAt(v: Vec, sign: 1 | -1): number {
  let best = Infinity;
  let at = -1;
  let base = 0;
  realBlocks(v, (x, lo, hi) => {
    const m = sign > 0 ? leastReal(x, lo, hi, best) : -greatestReal(x, lo, hi, -best);
    if (m < best) {
      best = m;
      at = base + x.subarray(lo, hi).indexOf(sign > 0 ? m : -m);
    }
    base += hi - lo;
  });
  return at;
}

function leastReal(x: Float64Array, lo: number, hi: number, m: number): number {
  for (let i = lo; i < hi; i++) if (x[i] < m) m = x[i];
  return m;
}
function greatestReal(x: Float64Array, lo: number, hi: number, m: number): number {
  for (let i = lo; i < hi; i++) if (x[i] > m) m = x[i];
  return m;
}

function extremeText(d: string[], sign: 1 | -1): string {
  let best = d.length > 0 ? d[0] : '';
  chunks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (sign > 0 ? d[i] < best : d[i] > best) best = d[i];
  });
  return best;
}

function extremeSymbol(d: Int32Array, sign: 1 | -1): number {
  let best = d.length > 0 ? d[0] : 0;
  chunks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (d[i] !== best && (sign > 0 ? symText(d[i]) < symText(best) : symText(d[i]) > symText(best))) best = d[i];
    }
  });
  return best;
}

function extremeGuid(v: Vec, sign: 1 | -1): Value {
  let best = GUID_NULL_TEXT;
  chunks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const g = (itemAt(v, i) as Guid).v;
      if (g !== GUID_NULL_TEXT && (best === GUID_NULL_TEXT || (sign > 0 ? g < best : g > best))) best = g;
    }
  });
  return best === GUID_NULL_TEXT ? nullOf(T.GUID) : new Guid(best);
}

/* ── helpers ─────────────────────────────────────────────────────────── */

function hasReal(v: Vec, test: (x: Float64Array, lo: number, hi: number) => boolean): boolean {
  let found = false;
  realBlocks(v, (x, lo, hi) => {
    found ||= test(x, lo, hi);
  });
  return found;
}
