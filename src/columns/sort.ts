/** Order of columns: permutations, ranks, binary search. Nulls are below every value, equal elements keep their order. */
import { List, T, Vec, symCount, symText } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { gather, indexColumn, wordsOf } from './gather.js';
import { halves } from './item.js';
import { rowNumbersTo, sortByKeys } from './radix.js';
import { outermostRows } from './quantile.js';
import { nullTest, reals } from './reals.js';
import { takeRange } from './slice.js';
import { sortedIntegers } from './sort-integers.js';

/** Row numbers in ascending or descending order of the elements. */
export const grade = (v: Vec, descending: boolean): Int32Array => gradeRows([v], v.length, descending);

/**
 * Row numbers in the order of several columns of `n` rows, the first one counting most; `descending` for all of them or one by one.
 * Columns that are lists do not order rows.
 */
export function gradeRows(cols: readonly (Vec | List)[], n: number, descending: boolean | readonly boolean[]): Int32Array {
  let rows = rowNumbersTo(n);
  let inOrder = true;
  for (let c = cols.length - 1; c >= 0; c--) {
    const col = cols[c];
    if (col instanceof List) continue;
    const down = typeof descending === 'boolean' ? descending : descending[c];
    const words = orderWords(col);
    for (let w = words.length - 1; w >= 0; w--) {
      const keys = inOrder ? words[w] : gatherKeys(words[w], rows);
      if (down) complement(keys);
      rows = sortByKeys(keys, rows);
      inOrder = false;
    }
  }
  return rows;
}

/** The elements in order. */
export const sorted = (v: Vec, descending: boolean): Vec => sortedIntegers(v, descending) ?? gather(v, grade(v, descending));

/** I64: the place of each element in ascending order. */
export function ranks(v: Vec): Vec {
  return indexColumn(inverse(grade(v, false)));
}

/** I64: each element's rank scaled to `buckets` of about equal size; empty for fewer than one bucket. */
export function bucketRanks(v: Vec, buckets: number): Vec {
  const n = v.length;
  if (!(buckets >= 1)) return new Vec(T.I64, new BigInt64Array(0));
  const rank = inverse(grade(v, false));
  const out = new BigInt64Array(n);
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = BigInt(Math.floor((rank[i] * buckets) / n));
  });
  return new Vec(T.I64, out);
}

/**
 * The `k` greatest elements, greatest first, or the `k` least, least first. Where that leaves elements out a null counts as the
 * greatest; where it takes all of them it is the least, as in every other order.
 */
export function outermost(v: Vec, k: number, greatest: boolean): Vec {
  if (k >= v.length) return sorted(v, greatest);
  if (k <= 0) return takeRange(v, 0, 0);
  const few = MEASURED.has(v.t) && k < v.length / 8 ? gather(v, outermostRows(v, k, greatest)) : v;
  const rows = grade(few, greatest);
  const n = rows.length;
  const nulls = few.nulls ? countNulls(few) : 0;
  const picked = new Int32Array(n);
  picked.set(greatest ? rows.subarray(n - nulls) : rows.subarray(nulls));
  picked.set(greatest ? rows.subarray(0, n - nulls) : rows.subarray(0, nulls), greatest ? nulls : n - nulls);
  return gather(few, picked.subarray(0, k));
}
const MEASURED: ReadonlySet<number> = new Set([T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP]);

/** Last position of an ascending I64 column whose element is at most `x`; -1: none. */
export function lastAtMost(v: Vec, x: bigint): number {
  const d = v.data as BigInt64Array;
  let lo = 0;
  let hi = d.length - 1;
  while (lo <= hi) {
    const mid = (lo + hi) >> 1;
    if (d[mid] <= x) lo = mid + 1;
    else hi = mid - 1;
  }
  return hi;
}

/** First position of an ascending I64 column whose element is at least `x`, at most the last one; -1 for an empty column. */
export function firstAtLeast(v: Vec, x: bigint): number {
  const d = v.data as BigInt64Array;
  let lo = 0;
  let hi = d.length - 1;
  while (lo <= hi) {
    const mid = (lo + hi) >> 1;
    if (d[mid] >= x) hi = mid - 1;
    else lo = mid + 1;
  }
  return Math.min(lo, d.length - 1);
}

/** I64: `find` for every element of an I64 column. */
export function searchAll(v: Vec, needles: Vec, find: (v: Vec, x: bigint) => number): Vec {
  const d = needles.data as BigInt64Array;
  const out = new BigInt64Array(d.length);
  chunks(d.length, (lo, hi) => {
    // A search in a long column misses the cache at every step.
    checkpoint();
    for (let i = lo; i < hi; i++) out[i] = BigInt(find(v, d[i]));
  });
  return new Vec(T.I64, out);
}

/* ── keys ────────────────────────────────────────────────────────────── */

/** A column as unsigned 32-bit words in the order of its elements, the most significant first; the words are the caller's. */
export function orderWords(v: Vec): Uint32Array[] {
  switch (v.t) {
    case T.I64: case T.TIMESTAMP: return longKeys(v);
    case T.F64: return doubleKeys(v.data as Float64Array);
    case T.F32: return doubleKeys(reals(v));
    case T.SYM: return [symbolKeys(v.data as Int32Array)];
    case T.STR: return [textRanks(v.data as string[])];
    case T.GUID: return guidKeys(v);
    default: return [smallKeys(v.data as Int32Array)];
  }
}

function smallKeys(d: Int32Array): Uint32Array {
  const out = new Uint32Array(d.length);
  chunks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = d[i] ^ 0x80000000;
  });
  return out;
}

function longKeys(v: Vec): Uint32Array[] {
  const h = halves(v.data);
  const n = v.length;
  const low = new Uint32Array(n);
  if (offsetKeys(h, v.nulls, low)) return [low];
  const high = new Uint32Array(n);
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      low[i] = h[2 * i];
      high[i] = h[2 * i + 1] ^ 0x80000000;
    }
  });
  return [high, low];
}

/** Where all values are close together: their distances from the least one, plus 1 (0 is null), into `out`. Answers whether they are. */
function offsetKeys(h: Int32Array, nulls: boolean, out: Uint32Array): boolean {
  const none = nulls ? -2147483648 : NaN;
  let least = Infinity;
  let greatest = -Infinity;
  chunks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const high = h[2 * i + 1];
      const low = h[2 * i];
      if (high === none && low === 0) continue;
      const x = high * 4294967296 + (low >>> 0);
      if (x < least) least = x;
      if (x > greatest) greatest = x;
    }
  });
  if (greatest - least >= 4294967295 || least < -9007199254740991 || greatest > 9007199254740991) return false;
  const base = (least | 0) - 1;
  chunks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = h[2 * i + 1] === none && h[2 * i] === 0 ? 0 : h[2 * i] - base;
  });
  return true;
}

function doubleKeys(x: Float64Array): Uint32Array[] {
  const n = x.length;
  const bits = new Int32Array(x.buffer, x.byteOffset, n * 2);
  const high = new Uint32Array(n);
  const low = new Uint32Array(n);
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      // NaN and both zeros have more than one bit pattern.
      const r = x[i];
      const b = r === 0 ? 0 : bits[2 * i + 1];
      const flip = b >> 31;
      high[i] = r === r ? b ^ (flip | 0x80000000) : 0;
      low[i] = r === r ? bits[2 * i] ^ flip : 0;
    }
  });
  return [high, low];
}

function guidKeys(v: Vec): Uint32Array[] {
  const w = wordsOf(v.data);
  return [0, 1, 2, 3].map((k) => {
    const out = new Uint32Array(v.length);
    chunks(out.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = swapBytes(w[4 * i + k]);
    });
    return out;
  });
}
const swapBytes = (x: number): number => (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);

function symbolKeys(ids: Int32Array): Uint32Array {
  const place = new Int32Array(symCount());
  const used: number[] = [];
  chunks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (place[ids[i]] === 0) {
        used.push(ids[i]);
        place[ids[i]] = 1;
      }
    }
  });
  const rank = textRanks(used.map(symText));
  used.forEach((id, k) => (place[id] = rank[k]));
  const out = new Uint32Array(ids.length);
  chunks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = place[ids[i]];
  });
  return out;
}

/** The place of each text among the different texts in byte order. */
function textRanks(texts: readonly string[]): Uint32Array {
  const n = texts.length;
  const prefixes = new Uint32Array(n);
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) prefixes[i] = prefix(texts[i]);
  });
  const rows = sortByKeys(prefixes.slice(), rowNumbersTo(n));
  let calls = 0;
  const byText = (a: number, b: number): number => {
    if ((++calls & 4095) === 0) checkpoint();
    return texts[a] < texts[b] ? -1 : texts[a] === texts[b] ? a - b : 1;
  };
  for (let lo = 0, hi = 1; hi <= n; hi++) {
    if (hi < n && prefixes[rows[hi]] === prefixes[rows[lo]]) continue;
    if (hi - lo > 1) rows.subarray(lo, hi).sort(byText);
    lo = hi;
  }
  const out = new Uint32Array(n);
  let rank = 0;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (i > 0 && texts[rows[i]] !== texts[rows[i - 1]]) rank++;
      out[rows[i]] = rank;
    }
  });
  return out;
}

/** The first four bytes as a number; a text that ends sooner counts as one with zero bytes behind it. */
function prefix(s: string): number {
  let p = 0;
  for (let k = 0; k < 4; k++) p = (p << 8) | (k < s.length ? s.charCodeAt(k) : 0);
  return p >>> 0;
}

/* ── helpers ─────────────────────────────────────────────────────────── */

function gatherKeys(keys: Uint32Array, rows: Int32Array): Uint32Array {
  const out = new Uint32Array(rows.length);
  chunks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = keys[rows[i]];
  });
  return out;
}

function complement(keys: Uint32Array): void {
  chunks(keys.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) keys[i] = ~keys[i];
  });
}

function inverse(rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  chunks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[rows[i]] = i;
  });
  return out;
}

function countNulls(v: Vec): number {
  const isNone = nullTest(v);
  let count = 0;
  chunks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (isNone(i)) count++;
  });
  return count;
}
