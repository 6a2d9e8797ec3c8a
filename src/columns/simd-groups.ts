/**
 * Grouping by keys that lie close together, and sums of few groups, on WebAssembly where there is some: a table of all keys and the
 * sums of all groups stay in the module's memory while the columns pass through it chunk by chunk.
 */
import { chunks } from './chunks.js';
import { halves } from './item.js';
import { CHUNK } from './lanes.js';
import { FREE, grouping, type Grouping } from './wasm/index.js';

/** Fewer rows than this are not worth starting the module. */
const WORTH = 16384;
/** Slots of the table of keys. */
const RANGE = 16384;
/** Groups whose sums are kept in the module's memory. */
const MOST_GROUPS = 8192;

const KEYS = FREE;
const IDS = KEYS + CHUNK * 8;
const TABLE = IDS + CHUNK * 4;
/** 16 bytes a group at most. */
const SUMS = TABLE + RANGE * 4;

interface Memory { readonly k: Grouping; readonly bytes: Uint8Array; readonly words: Int32Array; readonly doubles: Float64Array }
let memory: Memory | null | undefined;

function memoryFor(rows: number): Memory | null {
  if (rows < WORTH) return null;
  if (memory === undefined) memory = start();
  return memory;
}
function start(): Memory | null {
  const k = grouping();
  if (k === null) return null;
  const { buffer } = k.bytes;
  return { k, bytes: k.bytes, words: new Int32Array(buffer), doubles: new Float64Array(buffer) };
}

/**
 * Groups of rows whose keys are `words[i << shift]`, with `shift` 1 the low halves of 64 bits: as in `Groups`. null: the keys lie too far
 * apart, or the rows are too few.
 */
export function groupClose(words: Int32Array, shift: 0 | 1): { readonly ids: Int32Array; readonly first: Int32Array } | null {
  const n = words.length >> shift;
  const m = memoryFor(n);
  if (m === null) return null;
  const base = baseOf(words, shift);
  if (base === null) return null;
  const look = shift === 0 ? m.k.lookWords : m.k.lookLongs;
  const table = m.words.subarray(TABLE >> 2, (TABLE >> 2) + RANGE).fill(-1);
  const ids = new Int32Array(n);
  const first = new Int32Array(RANGE);
  let count = 0;
  let close = true;
  chunks(n, (lo, hi) => {
    if (!close) return;
    const size = hi - lo;
    m.words.set(words.subarray(lo << shift, hi << shift), KEYS >> 2);
    for (let at = 0; ; ) {
      at = look(KEYS, TABLE, IDS, at, size, base, RANGE);
      if (at === size) break;
      if (at < 0) {
        close = false;
        return;
      }
      table[words[(lo + at) << shift] - base] = count;
      first[count++] = lo + at;
    }
    ids.set(m.words.subarray(IDS >> 2, (IDS >> 2) + size), lo);
  });
  return close ? { ids, first: first.slice(0, count) } : null;
}

/** Where the table begins, so that the first rows' keys lie in it with room on both sides; null: they do not. */
function baseOf(words: Int32Array, shift: 0 | 1): number | null {
  let min = 2147483647;
  let max = -2147483648;
  for (let i = 0; i < CHUNK << shift; i += 1 << shift) {
    const w = words[i];
    if (shift === 1 && words[i + 1] !== w >> 31) return null;
    if (w < min) min = w;
    if (w > max) max = w;
  }
  const spare = RANGE - 1 - (max - min);
  // All of the table within 32 bits: a key beyond is then never in it.
  return spare < 0 ? null : Math.min(Math.max(-2147483648, min - (spare >> 2)), 2147483648 - RANGE);
}

/** Sums of I64 elements by group, modulo 2^64; null: too many groups, or too few rows. */
export function sumsOfLongs(x: BigInt64Array, nulls: boolean, ids: Int32Array, groups: number): BigInt64Array | null {
  const m = groups > MOST_GROUPS ? null : memoryFor(ids.length);
  if (m === null) return null;
  const words = halves(x);
  m.bytes.fill(0, SUMS, SUMS + groups * 8);
  chunks(ids.length, (lo, hi) => {
    m.words.set(words.subarray(2 * lo, 2 * hi), KEYS >> 2);
    m.words.set(ids.subarray(lo, hi), IDS >> 2);
    m.k.addLongs(KEYS, IDS, SUMS, hi - lo, nulls ? 1 : 0);
  });
  return new BigInt64Array(m.bytes.slice(SUMS, SUMS + groups * 8).buffer);
}

/** Sums and counts by group of what is not NaN, one after the other in pairs; null as in `sumsOfLongs`. `each` brings the elements in pieces of any size, in order. */
export function sumsOfDoubles(each: (body: (x: Float64Array, lo: number, hi: number) => void) => void, ids: Int32Array, groups: number): Float64Array | null {
  const m = groups > MOST_GROUPS ? null : memoryFor(ids.length);
  if (m === null) return null;
  m.bytes.fill(0, SUMS, SUMS + groups * 16);
  let row = 0;
  each((x, from, to) => {
    for (let lo = from; lo < to; lo += CHUNK) {
      const hi = Math.min(lo + CHUNK, to);
      m.doubles.set(x.subarray(lo, hi), KEYS >> 3);
      m.words.set(ids.subarray(row, row + hi - lo), IDS >> 2);
      m.k.addDoubles(KEYS, IDS, SUMS, hi - lo);
      row += hi - lo;
    }
  });
  return new Float64Array(m.bytes.slice(SUMS, SUMS + groups * 16).buffer);
}

/** Rows of each group; null as in `sumsOfLongs`. */
export function countsOfRows(ids: Int32Array, groups: number): Int32Array | null {
  const m = groups > MOST_GROUPS ? null : memoryFor(ids.length);
  if (m === null) return null;
  m.bytes.fill(0, SUMS, SUMS + groups * 4);
  chunks(ids.length, (lo, hi) => {
    m.words.set(ids.subarray(lo, hi), IDS >> 2);
    m.k.countRows(IDS, SUMS, hi - lo);
  });
  return new Int32Array(m.bytes.slice(SUMS, SUMS + groups * 4).buffer);
}
