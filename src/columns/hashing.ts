/**
 * Groups of equal elements. Every column becomes words of 32 bits (1, 2 or 4 an element), strings, or keys; the words go through
 * a direct table where their range is small, otherwise through open addressing.
 */
import { List, T, Vec } from '../lang/value.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { alloc, halves, nullAt } from './item.js';
import { concatItems } from './concat.js';
import { listOf } from './long-list.js';
import { copyInto, copyOf, filled, ints } from './copy.js';
import { Numbering } from './numbering.js';
import { wordsOf } from './gather.js';
import { hashKey } from './same.js';
import { groupClose, groupCloseRows } from './simd-groups.js';

/** `ids[row]` is the group of a row, numbered from 0 in order of first appearance; `first[group]` is the first row of a group. */
export interface Groups {
  readonly ids: Int32Array;
  readonly first: Int32Array;
}

/** Groups of equal elements; all nulls are one group. */
export function hashGroup(v: Vec | List): Groups {
  return v instanceof List ? groupKeys(v) : groupForm(formOf(v));
}

/** Groups of equal rows over several columns of one length (at least one column). */
export const hashGroupRows = (cols: readonly (Vec | List)[]): Groups => (cols.length > 1 ? groupCloseRows(cols) : null) ?? hashGroup(rowKey(cols));

/** One column that is equal in two rows where all of `cols` (at least one) are. */
function rowKey(cols: readonly (Vec | List)[]): Vec | List {
  let [key] = cols;
  for (let c = 1; c < cols.length; c++) {
    const g = hashGroup(key);
    if (g.first.length === g.ids.length) return new Vec(T.I32, g.ids);
    key = pairKey(g, hashGroup(cols[c]));
  }
  return key;
}

/**
 * Groups of equal rows over the rows of `a` followed by those of `b` (columns in pairs, at least one); numbers of all types compare by
 * value. Null where two paired columns have types that share no value.
 */
export function hashGroupJoint(a: readonly (Vec | List)[], b: readonly (Vec | List)[]): Groups | null {
  let g: Groups | null = null;
  for (let c = 0; c < a.length; c++) {
    const other = jointGroups(a[c], b[c], true);
    if (other === null) return null;
    g = g === null ? other : hashGroup(pairKey(g, other));
  }
  return g;
}

/** Rows by group: those of group `g` are `rows[offsets[g] .. offsets[g + 1])`, ascending. */
export function groupRows(g: Groups): { offsets: Int32Array; rows: Int32Array } {
  const { ids } = g;
  const offsets = new Int32Array(g.first.length + 1);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) offsets[ids[i] + 1]++;
  });
  blocks(g.first.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) offsets[i + 1] += offsets[i];
  });
  const next = copyOf(offsets);
  const rows = new Int32Array(ids.length);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) rows[next[ids[i]]++] = i;
  });
  return { offsets, rows };
}

/** Rows by group as one I64 column a group. */
export function groupIndexColumns(g: Groups): List {
  const { offsets, rows } = groupRows(g);
  const all = alloc(T.I64, rows.length) as BigInt64Array;
  const h = halves(all);
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) h[2 * i] = rows[i];
  });
  return listOf(g.first.length, (out, base, lo, hi) => {
    for (let k = lo; k < hi; k++) {
      if ((k & 4095) === 0) checkpoint();
      out[k - base] = new Vec(T.I64, all.subarray(offsets[k], offsets[k + 1]));
    }
  });
}

/**
 * For each needle the first position of an equal element in `haystack`, -1 where there is none. Integers of all widths compare
 * by value, and so do both floats; an integer column and a float column share values only if `loose`; other types share
 * nothing but null.
 */
export function positionsIn(haystack: Vec | List, needles: Vec | List, loose = false): Int32Array {
  const n = haystack.length;
  const groups = jointGroups(haystack, needles, loose);
  if (groups === null) return nullPositions(haystack as Vec, needles as Vec);
  const { ids, first } = groups;
  const out = new Int32Array(needles.length);
  for (let i = 0; i < out.length; i++) {
    if ((i & 65535) === 0) checkpoint();
    const at = first[ids[n + i]];
    out[i] = at < n ? at : -1;
  }
  return out;
}

/* ── forms ───────────────────────────────────────────────────────────── */

interface Words { readonly width: 1 | 2 | 4; readonly words: Int32Array }
type Form = Words | readonly string[];

function formOf(v: Vec): Form {
  switch (v.t) {
    case T.STR: return v.data as string[];
    case T.B8: case T.U8: case T.I16: return { width: 1, words: new Int32Array(v.data as Uint8Array) };
    case T.I32: case T.DATE: case T.TIME: case T.SYM: return { width: 1, words: v.data as Int32Array };
    case T.F32: case T.F64: return { width: 2, words: floatWords(v) };
    case T.GUID: return { width: 4, words: wordsOf(v.data) };
    default: return { width: 2, words: halves(v.data) };
  }
}

/** Groups over both columns end to end; null where their types share nothing but null. */
function jointGroups(a: Vec | List, b: Vec | List, loose: boolean): Groups | null {
  if (a instanceof List || b instanceof List) return groupKeys(concatItems([a, b]));
  if (a.t === b.t) return groupForm(joined(formOf(a), formOf(b)));
  const integers = INTEGER.has(a.t) && INTEGER.has(b.t);
  if (integers) return groupPairs(joinedWords(integerWords(a), integerWords(b)));
  const floats = (FLOAT.has(a.t) || INTEGER.has(a.t)) && (FLOAT.has(b.t) || INTEGER.has(b.t));
  if (floats && (loose || (FLOAT.has(a.t) && FLOAT.has(b.t)))) return groupPairs(joinedWords(floatWords(a), floatWords(b)));
  return null;
}

const INTEGER = new Set<number>([T.B8, T.U8, T.I16, T.I32, T.I64]);
const FLOAT = new Set<number>([T.F32, T.F64]);

function joined(a: Form, b: Form): Form {
  if ('words' in a && 'words' in b) return { width: a.width, words: joinedWords(a.words, b.words) };
  return (a as string[]).concat(b as string[]);
}

function joinedWords(a: Int32Array, b: Int32Array): Int32Array {
  const out = new Int32Array(a.length + b.length);
  copyInto(out, a, 0);
  copyInto(out, b, a.length);
  return out;
}

/** Integers of any width as 64-bit words, with the null of 64 bits. */
function integerWords(v: Vec): Int32Array {
  if (v.t === T.I64) return halves(v.data);
  const d = v.data as Int32Array;
  const out = new Int32Array(d.length * 2);
  blocks(d.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      out[2 * i] = d[i];
      out[2 * i + 1] = d[i] >> 31;
      if (nullAt(v, i)) {
        out[2 * i] = 0;
        out[2 * i + 1] = -2147483648;
      }
    }
  });
  return out;
}

/** Numbers as f64 words, with one bit pattern for zero and one for null. */
function floatWords(v: Vec): Int32Array {
  const n = v.length;
  const out = new Float64Array(n);
  const d = v.data;
  const w = wordsOf(out);
  const mayBeNull = INTEGER.has(v.t);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const x = Number(d[i]);
      if (x !== x || (mayBeNull && nullAt(v, i))) w[2 * i + 1] = 0x7ff80000;
      else out[i] = x + 0;
    }
  });
  return w;
}

function nullPositions(haystack: Vec, needles: Vec): Int32Array {
  const out = filled(needles.length, -1);
  if (!haystack.nulls || !needles.nulls) return out;
  let first = 0;
  while (first < haystack.length && !nullAt(haystack, first)) first++;
  if (first === haystack.length) return out;
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (nullAt(needles, i)) out[i] = first;
  });
  return out;
}

/* ── tables ──────────────────────────────────────────────────────────── */

function groupForm(form: Form): Groups {
  if (!('words' in form)) return groupStrings(form);
  if (form.width === 1) return groupSingles(form.words);
  return form.width === 2 ? groupPairs(form.words) : groupQuads(form.words);
}

function groupKeys(v: List): Groups {
  const read = v.reader();
  return groupBy(v.length, (i) => hashKey(read(i)));
}
const groupStrings = (values: readonly string[]): Groups => groupBy(values.length, (i) => values[i]);

function groupBy(n: number, key: (i: number) => unknown): Groups {
  const numbers = new Numbering();
  const firsts: number[] = [];
  const ids = new Int32Array(n);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const id = numbers.of(key(i));
      if (id === firsts.length) firsts.push(i);
      ids[i] = id;
    }
  });
  return { ids, first: ints(firsts) };
}

/** Ranges up to this (or twice the rows) are counted in a direct table. */
const DIRECT = 65536;

function groupSingles(words: Int32Array): Groups {
  const n = words.length;
  const close = groupClose(words, 0);
  if (close !== null) return close;
  const { min, range } = rangeOfKeys(words, 0)!;
  if (range <= Math.max(DIRECT, 2 * n)) return groupDirect(words, 0, min, range);
  const pairs = new Int32Array(n * 2);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) pairs[2 * i] = words[i];
  });
  return groupHashed(pairs);
}

/** The range [min, min + range) of keys `words[i << shift]`, with `shift` 1 the low halves of 64 bits; null: one of them takes more than 32. */
export function rangeOfKeys(words: Int32Array, shift: 0 | 1): { readonly min: number; readonly range: number } | null {
  const span = { min: 2147483647, max: -2147483648 };
  let narrow = true;
  chunks(words.length >> shift, (lo, hi) => {
    if (shift === 0) widenRange(words, lo, hi, span);
    else if (narrow) narrow = widenPairRange(words, lo, hi, span);
  });
  return narrow ? { min: span.min, range: Math.max(0, span.max - span.min + 1) } : null;
}

// The loops stand in functions of their own, called once a chunk: they are compiled after the first few, not when the column ends.
function widenRange(words: Int32Array, lo: number, hi: number, range: { min: number; max: number }): void {
  let { min, max } = range;
  for (let i = lo; i < hi; i++) {
    const w = words[i];
    if (w < min) min = w;
    if (w > max) max = w;
  }
  range.min = min;
  range.max = max;
}

/** As `widenRange`, over pairs that are one word with its sign; false where one is more. */
function widenPairRange(words: Int32Array, lo: number, hi: number, range: { min: number; max: number }): boolean {
  let { min, max } = range;
  let wide = 0;
  for (let i = 2 * lo; i < 2 * hi; i += 2) {
    const w = words[i];
    wide |= words[i + 1] ^ (w >> 31);
    if (w < min) min = w;
    if (w > max) max = w;
  }
  range.min = min;
  range.max = max;
  return wide === 0;
}

/** `words[i << shift]` is the key of row i. */
function groupDirect(words: Int32Array, shift: 0 | 1, min: number, range: number): Groups {
  const n = words.length >> shift;
  const table: Direct = { words, shift, min, ids: new Int32Array(n), idOf: new Int32Array(range).fill(-1), first: new Int32Array(Math.min(n, range)), count: 0 };
  chunks(n, (lo, hi) => directChunk(table, lo, hi));
  return { ids: table.ids, first: table.first.slice(0, table.count) };
}

interface Direct { readonly words: Int32Array; readonly shift: number; readonly min: number; readonly ids: Int32Array; readonly idOf: Int32Array; readonly first: Int32Array; count: number }

function directChunk(table: Direct, lo: number, hi: number): void {
  const { words, shift, min, ids, idOf, first } = table;
  let { count } = table;
  for (let i = lo; i < hi; i++) {
    const slot = words[i << shift] - min;
    let id = idOf[slot];
    if (id < 0) {
      id = count++;
      idOf[slot] = id;
      first[id] = i;
    }
    ids[i] = id;
  }
  table.count = count;
}

function groupPairs(words: Int32Array): Groups {
  const n = words.length >> 1;
  const close = groupClose(words, 1);
  if (close !== null) return close;
  const span = rangeOfKeys(words, 1);
  return span !== null && span.range <= Math.max(DIRECT, 2 * n) ? groupDirect(words, 1, span.min, span.range) : groupHashed(words);
}

/** Open addressing over pairs of words; slots hold group ids, the keys stay in the column. */
function groupHashed(words: Int32Array): Groups {
  const n = words.length >> 1;
  const ids = new Int32Array(n);
  let first: Int32Array = new Int32Array(256);
  let mask = 1023;
  let slots: Int32Array = filled(mask + 1, -1);
  let count = 0;
  for (let i = 0; i < n; i++) {
    if ((i & 65535) === 0) checkpoint();
    const lo = words[2 * i];
    const hi = words[2 * i + 1];
    let s = mix(lo, hi) & mask;
    let id = slots[s];
    while (id >= 0) {
      const at = 2 * first[id];
      if (words[at] === lo && words[at + 1] === hi) break;
      s = (s + 1) & mask;
      id = slots[s];
    }
    if (id < 0) {
      id = count++;
      if (id === first.length) first = grown(first);
      first[id] = i;
      slots[s] = id;
      if (count * 2 > mask) {
        mask = mask * 2 + 1;
        slots = rehashed(words, first, count, mask);
      }
    }
    ids[i] = id;
  }
  return { ids, first: copyOf(first.subarray(0, count)) };
}

function rehashed(words: Int32Array, first: Int32Array, count: number, mask: number): Int32Array {
  const slots = filled(mask + 1, -1);
  blocks(count, (lo, hi) => {
    for (let id = lo; id < hi; id++) {
      const at = 2 * first[id];
      let s = mix(words[at], words[at + 1]) & mask;
      while (slots[s] >= 0) s = (s + 1) & mask;
      slots[s] = id;
    }
  });
  return slots;
}

/** Quads as pairs of the groups of their halves. */
function groupQuads(words: Int32Array): Groups {
  const n = words.length >> 2;
  const left = new Int32Array(n * 2);
  const right = new Int32Array(n * 2);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      left[2 * i] = words[4 * i];
      left[2 * i + 1] = words[4 * i + 1];
      right[2 * i] = words[4 * i + 2];
      right[2 * i + 1] = words[4 * i + 3];
    }
  });
  return groupHashed(interleaved(groupHashed(left).ids, groupHashed(right).ids));
}

/** Equal where both group numbers are: one word where that is enough to tell the pairs apart in a direct table. */
function pairKey(a: Groups, b: Groups): Vec {
  const n = a.ids.length;
  const width = b.first.length;
  if (a.first.length * width >= Math.max(DIRECT, 2 * n)) return new Vec(T.I64, new BigInt64Array(interleaved(a.ids, b.ids).buffer));
  const words = new Int32Array(n);
  chunks(n, (lo, hi) => pairWords(a.ids, b.ids, width, words, lo, hi));
  return new Vec(T.I32, words);
}

function pairWords(a: Int32Array, b: Int32Array, width: number, words: Int32Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) words[i] = Math.imul(a[i], width) + b[i];
}

function interleaved(a: Int32Array, b: Int32Array): Int32Array {
  const out = new Int32Array(a.length * 2);
  blocks(a.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      out[2 * i] = a[i];
      out[2 * i + 1] = b[i];
    }
  });
  return out;
}

function grown(a: Int32Array): Int32Array {
  const out = new Int32Array(a.length * 2);
  copyInto(out, a, 0);
  return out;
}

function mix(lo: number, hi: number): number {
  let h = Math.imul(lo, 0x9e3779b1) ^ Math.imul(hi ^ (lo >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}
