/** Reductions of a column to one value. Nulls are skipped. */
import {
  GUID_NULL_TEXT, Guid, I64_NULL, T, Vec, f64fin, i64, i64wrap, isNull, nullOf, symOf, symText, time, type List, type Value,
} from '../lang/value.js';
import { BLOCK, checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { halves, itemAt } from './item.js';
import { nullTest, realBlocks, widen } from './reals.js';
import { isFloatType } from './promote.js';
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
export function realTotal(v: Vec): { sum: number; count: number } {
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
  let nulls = 0;
  realBlocks(v, (x, lo, hi) => {
    nulls += countNaN(x, lo, hi);
    total += sumValues(x, lo, hi);
  });
  return { sum: total, count: n - nulls };
}

function countNaN(x: Float64Array, lo: number, hi: number): number {
  let k = 0;
  for (let i = lo; i < hi; i++) if (x[i] !== x[i]) k++;
  return k;
}

function sumValues(x: Float64Array, lo: number, hi: number): number {
  let a = 0;
  let b = 0;
  let i = lo;
  for (; i + 1 < hi; i += 2) {
    const p = x[i];
    const q = x[i + 1];
    a += p === p ? p : 0;
    b += q === q ? q : 0;
  }
  if (i < hi && x[i] === x[i]) a += x[i];
  return a + b;
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
export function integerTotal(v: Vec): { sum: bigint; count: number } {
  const h = halves(v.data);
  const low = new Uint32Array(h.buffer, h.byteOffset, h.length);
  const parts = new Float64Array(2);
  let total = 0n;
  let nulls = 0;
  chunks(v.length, (lo, hi) => {
    sumHalves(low, h, lo, hi, parts);
    if (v.nulls) nulls += countNullHalves(h, lo, hi);
    total += (BigInt(parts[1]) << 32n) + BigInt(parts[0]);
  });
  return { sum: total - BigInt(nulls) * I64_NULL, count: v.length - nulls };
}

// A block's halves add up exactly in doubles: 2^16 elements below 2^32 stay below 2^48.
function sumHalves(low: Uint32Array, h: Int32Array, lo: number, hi: number, parts: Float64Array): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 2 * lo;
  const end = 2 * hi;
  for (; i + 3 < end; i += 4) {
    a += low[i];
    b += h[i + 1];
    c += low[i + 2];
    d += h[i + 3];
  }
  if (i < end) {
    a += low[i];
    b += h[i + 1];
  }
  parts[0] = a + c;
  parts[1] = b + d;
}

function countNullHalves(h: Int32Array, lo: number, hi: number): number {
  let k = 0;
  for (let i = 2 * lo; i < 2 * hi; i += 2) if (h[i + 1] === -2147483648 && h[i] === 0) k++;
  return k;
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

/** Position of the first extreme element of a numeric or temporal column; -1 without values. */
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
  const exact = v.t !== T.I64 && v.t !== T.TIMESTAMP;
  return exact || at < 0 || Math.abs(best) < 9007199254740992 ? at : extremeBigAt(v, sign);
}

function leastReal(x: Float64Array, lo: number, hi: number, m: number): number {
  for (let i = lo; i < hi; i++) if (x[i] < m) m = x[i];
  return m;
}
function greatestReal(x: Float64Array, lo: number, hi: number, m: number): number {
  for (let i = lo; i < hi; i++) if (x[i] > m) m = x[i];
  return m;
}

// Doubles cannot tell large integers apart.
function extremeBigAt(v: Vec, sign: 1 | -1): number {
  const d = v.data as BigInt64Array;
  const flip = sign > 0 ? 0n : -1n;
  const none = v.nulls ? I64_NULL : null;
  let at = -1;
  let best = 0n;
  chunks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const x = d[i];
      if (x === none) continue;
      if (at < 0 || (x ^ flip) < best) {
        best = x ^ flip;
        at = i;
      }
    }
  });
  return at;
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
