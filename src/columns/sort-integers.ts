/** Integers in order. Equal ones cannot be told apart, so that no row numbers need be moved with them. */
import { I16_NULL, I32_NULL, T, Vec } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { alloc, halves } from './item.js';
import { sortWords } from './radix.js';

/**
 * The elements of a column of integers or times, ascending (nulls first) or descending (nulls last). null where another way is needed:
 * for other types, and for values that are further apart than 32 bits or beyond the precision of doubles.
 */
export function sortedIntegers(v: Vec, descending: boolean): Vec | null {
  const from = sourceOf(v);
  if (from === null) return null;
  const n = v.length;
  const span = { least: Infinity, greatest: -Infinity, count: 0 };
  chunks(n, (lo, hi) => widenSpan(from, lo, hi, span));
  const { least, greatest, count } = span;
  const range = greatest - least + 1;
  if (!(range <= 2 ** 32 && Number.isSafeInteger(least) && Number.isSafeInteger(greatest))) return null;
  const data = alloc(v.t, n);
  const to: Target = { words: from.shift === 1 ? halves(data) : (data as Int32Array), shift: from.shift, least, at: descending ? 0 : n - count };
  if (range <= Math.max(n, SMALL)) {
    const counts = new Int32Array(range);
    chunks(n, (lo, hi) => countDistances(from, lo, hi, least, counts));
    chunks(range, (lo, hi) => spreadCounts(counts, lo, hi, descending, to));
  } else {
    const distances = new Uint32Array(count);
    let at = 0;
    chunks(n, (lo, hi) => (at = writeDistances(from, lo, hi, least, distances, at)));
    const sorted = sortWords(distances);
    chunks(count, (lo, hi) => spreadDistances(sorted, lo, hi, descending, to));
  }
  for (let i = descending ? count : 0, end = i + n - count; i < end; i++) {
    if ((i & 65535) === 0) checkpoint();
    if (from.shift === 1) to.words[2 * i + 1] = I32_NULL;
    else to.words[i] = from.none;
  }
  return new Vec(v.t, data, v.nulls);
}

/** Element i is `words[i << shift]`, with `shift` 1 the low half of 64 bits. `none`: what stands for null, there in the high half; NaN: nothing does. */
interface Source { readonly words: Int32Array; readonly shift: 0 | 1; readonly none: number }

function sourceOf(v: Vec): Source | null {
  switch (v.t) {
    case T.I64: case T.TIMESTAMP: return { words: halves(v.data), shift: 1, none: v.nulls ? I32_NULL : NaN };
    case T.I32: case T.DATE: case T.TIME: return { words: v.data as Int32Array, shift: 0, none: v.nulls ? I32_NULL : NaN };
    case T.I16: return { words: v.data as Int32Array, shift: 0, none: v.nulls ? I16_NULL : NaN };
    case T.U8: case T.B8: return { words: v.data as Int32Array, shift: 0, none: NaN };
    default: return null;
  }
}

/** Counters that are had for nothing. */
const SMALL = 4096;

function widenSpan({ words, shift, none }: Source, lo: number, hi: number, span: { least: number; greatest: number; count: number }): void {
  let { least, greatest, count } = span;
  for (let i = lo; i < hi; i++) {
    const low = words[i << shift];
    const high = shift === 1 ? words[2 * i + 1] : low;
    if (high === none && (shift === 0 || low === 0)) continue;
    const x = shift === 1 ? high * 4294967296 + (low >>> 0) : low;
    if (x < least) least = x;
    if (x > greatest) greatest = x;
    count++;
  }
  span.least = least;
  span.greatest = greatest;
  span.count = count;
}

/* Distances from the least value are below 2^32: the low halves tell them. */

function countDistances({ words, shift, none }: Source, lo: number, hi: number, least: number, counts: Int32Array): void {
  const base = least | 0;
  for (let i = lo; i < hi; i++) {
    const low = words[i << shift];
    if (words[(i << shift) + shift] === none && (shift === 0 || low === 0)) continue;
    counts[(low - base) >>> 0]++;
  }
}

function writeDistances({ words, shift, none }: Source, lo: number, hi: number, least: number, out: Uint32Array, at: number): number {
  const base = least | 0;
  for (let i = lo; i < hi; i++) {
    const low = words[i << shift];
    if (words[(i << shift) + shift] === none && (shift === 0 || low === 0)) continue;
    out[at++] = low - base;
  }
  return at;
}

/* ── writing ─────────────────────────────────────────────────────────── */

/** The next element goes to place `at`. */
interface Target { readonly words: Int32Array; readonly shift: 0 | 1; readonly least: number; at: number }

/** The `lo`-th to `hi`-th of all distances in order, as often as they were counted. */
function spreadCounts(counts: Int32Array, lo: number, hi: number, descending: boolean, to: Target): void {
  const { words, shift, least } = to;
  let { at } = to;
  for (let k = lo; k < hi; k++) {
    const distance = descending ? counts.length - 1 - k : k;
    const x = least + distance;
    const high = Math.floor(x / 4294967296);
    for (let end = at + counts[distance]; at < end; at++) {
      if ((at & 65535) === 0) checkpoint();
      words[at << shift] = x;
      if (shift === 1) words[2 * at + 1] = high;
    }
  }
  to.at = at;
}

function spreadDistances(sorted: Uint32Array, lo: number, hi: number, descending: boolean, to: Target): void {
  const { words, shift, least } = to;
  let { at } = to;
  for (let k = lo; k < hi; k++, at++) {
    const x = least + sorted[descending ? sorted.length - 1 - k : k];
    words[at << shift] = x;
    if (shift === 1) words[2 * at + 1] = Math.floor(x / 4294967296);
  }
  to.at = at;
}
