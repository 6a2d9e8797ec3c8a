/** Stable radix sort of row numbers by 32-bit keys; wider keys and several columns are sorted word by word, the least significant first. */
import { chunks } from './chunks.js';

/**
 * Sorts `rows` by `keys`, where `keys[i]` is the key of `rows[i]`, ascending and stable. Answers the sorted rows; both arguments
 * are used as scratch.
 */
export function sortByKeys(keys: Uint32Array, rows: Int32Array): Int32Array {
  if (keys.length <= SMALL) return insertionSort(keys, rows);
  const counts = histograms(keys);
  if (counts === null) return rows;
  const n = keys.length;
  let spareKeys: Uint32Array | null = null;
  let spareRows: Int32Array | null = null;
  for (let digit = 0; digit < DIGITS; digit++) {
    const offsets = counts.subarray(digit * RADIX, (digit + 1) * RADIX);
    const shift = digit * BITS;
    if (offsets[(keys[0] >>> shift) & MASK] === n) continue;
    spareKeys ??= new Uint32Array(n);
    spareRows ??= new Int32Array(n);
    toOffsets(offsets);
    distribute(keys, rows, spareKeys, spareRows, offsets, shift);
    [keys, spareKeys] = [spareKeys, keys];
    [rows, spareRows] = [spareRows, rows];
  }
  return rows;
}

/** Words alone, ascending; the argument is used as scratch. */
export function sortWords(words: Uint32Array): Uint32Array {
  if (words.length <= SMALL) return words.sort();
  const counts = histograms(words);
  if (counts === null) return words;
  const n = words.length;
  let spare: Uint32Array | null = null;
  for (let digit = 0; digit < DIGITS; digit++) {
    const offsets = counts.subarray(digit * RADIX, (digit + 1) * RADIX);
    const shift = digit * BITS;
    if (offsets[(words[0] >>> shift) & MASK] === n) continue;
    const to: Uint32Array = (spare ??= new Uint32Array(n));
    const from = words;
    toOffsets(offsets);
    chunks(n, (lo, hi) => scatterWords(from, to, offsets, shift, lo, hi));
    [words, spare] = [to, from];
  }
  return words;
}

function scatterWords(words: Uint32Array, to: Uint32Array, offsets: Int32Array, shift: number, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) to[offsets[(words[i] >>> shift) & MASK]++] = words[i];
}

/** 0 .. n-1. */
export function rowNumbersTo(n: number): Int32Array {
  const rows = new Int32Array(n);
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) rows[i] = i;
  });
  return rows;
}

const BITS = 11;
const RADIX = 1 << BITS;
const MASK = RADIX - 1;
const DIGITS = 3;
/** Below this the histograms cost more than moving the elements one by one. */
const SMALL = 64;

function insertionSort(keys: Uint32Array, rows: Int32Array): Int32Array {
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i];
    const row = rows[i];
    let j = i - 1;
    for (; j >= 0 && keys[j] > key; j--) {
      keys[j + 1] = keys[j];
      rows[j + 1] = rows[j];
    }
    keys[j + 1] = key;
    rows[j + 1] = row;
  }
  return rows;
}

/** How often each digit has each value; null where the keys are in order already. */
function histograms(keys: Uint32Array): Int32Array | null {
  const counts = new Int32Array(DIGITS * RADIX);
  let ordered = true;
  chunks(keys.length, (lo, hi) => {
    countDigits(keys, lo, hi, counts);
    ordered &&= inOrder(keys, lo || 1, hi);
  });
  return ordered ? null : counts;
}

function countDigits(keys: Uint32Array, lo: number, hi: number, counts: Int32Array): void {
  for (let i = lo; i < hi; i++) {
    const k = keys[i];
    counts[k & MASK]++;
    counts[RADIX + ((k >>> BITS) & MASK)]++;
    counts[2 * RADIX + (k >>> (2 * BITS))]++;
  }
}

function inOrder(keys: Uint32Array, lo: number, hi: number): boolean {
  for (let i = lo; i < hi; i++) if (keys[i] < keys[i - 1]) return false;
  return true;
}

function toOffsets(counts: Int32Array): void {
  let at = 0;
  for (let d = 0; d < RADIX; d++) {
    const c = counts[d];
    counts[d] = at;
    at += c;
  }
}

function distribute(keys: Uint32Array, rows: Int32Array, toKeys: Uint32Array, toRows: Int32Array, offsets: Int32Array, shift: number): void {
  chunks(keys.length, (lo, hi) => scatter(keys, rows, toKeys, toRows, offsets, shift, lo, hi));
}

function scatter(
  keys: Uint32Array, rows: Int32Array, toKeys: Uint32Array, toRows: Int32Array, offsets: Int32Array, shift: number, lo: number, hi: number,
): void {
  for (let i = lo; i < hi; i++) {
    const k = keys[i];
    const at = offsets[(k >>> shift) & MASK]++;
    toKeys[at] = k;
    toRows[at] = rows[i];
  }
}
