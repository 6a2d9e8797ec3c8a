/**
 * Cells of CSV columns into typed arrays, straight from the bytes. A cell that is no value of its column's type is null (false and 0
 * in B8 and U8 columns, which have none).
 */
import { GUID_NULL_TEXT, I16_NULL, I32_NULL, I64_MAX, I64_NULL, T, intern, symText, type VecData } from '../lang/value.js';
import { toDays } from '../lang/calendar.js';
import { halves } from './item.js';
import { cellText } from './csv-split.js';

/** One column of a block; see CsvBlock for `starts` and `ends`, here from index `from` on. */
export interface Cells {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly from: number;
  readonly rows: number;
  readonly symbols: SymbolTable;
}

/** Stores the cells at `out[at..]`; true when one was null. */
export type ParseCells = (cells: Cells, out: VecData, at: number) => boolean;

/** By type tag. */
export const PARSE: Readonly<Record<number, ParseCells>> = {
  [T.B8]: (cells, out, at) => put(cells, out as Uint8Array, at, bool, 0),
  [T.U8]: (cells, out, at) => put(cells, out as Uint8Array, at, integer, 0),
  [T.I16]: (cells, out, at) => put(cells, out as Int16Array, at, integer, I16_NULL),
  [T.I32]: (cells, out, at) => put(cells, out as Int32Array, at, integer, I32_NULL),
  [T.I64]: parseI64,
  [T.F32]: (cells, out, at) => put(cells, out as Float32Array, at, single, NaN),
  [T.F64]: parseF64,
  [T.DATE]: (cells, out, at) => put(cells, out as Int32Array, at, days, I32_NULL),
  [T.TIME]: (cells, out, at) => put(cells, out as Int32Array, at, milliseconds, I32_NULL),
  [T.TIMESTAMP]: parseStamps,
  [T.GUID]: parseGuids,
  [T.SYM]: parseSymbols,
  [T.STR]: parseTexts,
};

/** Texts of cells -> intern ids, without making a string of a text seen before. */
export class SymbolTable {
  #slots = new Int32Array(4096).fill(-1);
  #hashes = new Int32Array(4096);
  #used = 0;

  id(bytes: Buffer, start: number, end: number): number {
    if (end < 0) return intern(cellText(bytes, start, end));
    let hash = 0;
    for (let p = start; p < end; p++) hash = Math.imul(hash ^ bytes[p], 0x9e3779b1) ^ (hash >>> 15);
    const mask = this.#slots.length - 1;
    let i = (hash ^ (hash >>> 16)) & mask;
    for (; ; i = (i + 1) & mask) {
      const id = this.#slots[i];
      if (id < 0) break;
      if (this.#hashes[i] === hash && isText(bytes, start, end, symText(id))) return id;
    }
    const id = intern(bytes.toString('latin1', start, end));
    this.#slots[i] = id;
    this.#hashes[i] = hash;
    if (++this.#used * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length * 2 - 1;
    this.#slots = new Int32Array(slots.length * 2).fill(-1);
    this.#hashes = new Int32Array(slots.length * 2);
    for (let j = 0; j < slots.length; j++) {
      if (slots[j] < 0) continue;
      let i = (hashes[j] ^ (hashes[j] >>> 16)) & mask;
      while (this.#slots[i] >= 0) i = (i + 1) & mask;
      this.#slots[i] = slots[j];
      this.#hashes[i] = hashes[j];
    }
  }
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** `read` answers a number, NaN for what is no value. */
function put(cells: Cells, out: Uint8Array | Int16Array | Int32Array | Float32Array, at: number, read: (b: Buffer, s: number, e: number) => number, none: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  let nulls = false;
  for (let r = 0; r < rows; r++) {
    const v = read(bytes, starts[from + r], ends[from + r]);
    if (v === v) out[at + r] = v;
    else {
      out[at + r] = none;
      nulls = true;
    }
  }
  return nulls;
}

/* ── numbers ─────────────────────────────────────────────────────────── */

/** An integer; exact up to 15 digits, beyond them modulo 2^32 only. */
function integer(bytes: Buffer, start: number, end: number): number {
  const v = digits(bytes, start, end);
  return v === v ? v : wrapped(bytes, start, end);
}

/** A sign and 1 to 15 digits; NaN for all else. */
function digits(bytes: Buffer, start: number, end: number): number {
  let p = start;
  const sign = bytes[p];
  if (sign === 45 || sign === 43) p++;
  if (p >= end || end - p > 15) return NaN;
  let v = 0;
  for (; p < end; p++) {
    const d = bytes[p] - 48;
    if (d < 0 || d > 9) return NaN;
    v = v * 10 + d;
  }
  return sign === 45 ? -v : v;
}

function wrapped(bytes: Buffer, start: number, end: number): number {
  const v = long(bytes, start, end);
  return v === I64_NULL ? NaN : Number(BigInt.asIntN(32, v));
}

/** An integer of 64 bits; the null for what is none. */
function long(bytes: Buffer, start: number, end: number): bigint {
  if (end - start <= 15) return I64_NULL;
  const text = bytes.toString('latin1', start, end);
  if (!/^[+-]?\d+$/.test(text)) return I64_NULL;
  const v = BigInt(text[0] === '+' ? text.slice(1) : text);
  return v > I64_MAX || v < I64_NULL ? I64_NULL : v;
}

function parseI64(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  const h = halves(out);
  let nulls = false;
  for (let r = 0; r < rows; r++) {
    const start = starts[from + r];
    const end = ends[from + r];
    const v = digits(bytes, start, end);
    const i = 2 * (at + r);
    if (v === v) {
      h[i] = v;
      h[i + 1] = Math.floor(v / 4294967296);
      continue;
    }
    const exact = long(bytes, start, end);
    (out as BigInt64Array)[at + r] = exact;
    nulls ||= exact === I64_NULL;
  }
  return nulls;
}

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));

/** Digits with at most one point are one exact quotient while they are 15 at most; everything else goes through a text. */
function real(bytes: Buffer, start: number, end: number): number {
  let p = start;
  const sign = bytes[p];
  if (sign === 45 || sign === 43) p++;
  if (end - p > 16 || p >= end) return realText(bytes, start, end);
  let v = 0;
  let n = 0;
  let point = -1;
  for (; p < end; p++) {
    const d = bytes[p] - 48;
    if (d >= 0 && d <= 9) {
      v = v * 10 + d;
      n++;
    } else if (d === -2 && point < 0) point = p;
    else return realText(bytes, start, end);
  }
  if (n === 0 || n > 15) return realText(bytes, start, end);
  if (point >= 0) v /= POWERS[end - point - 1];
  return sign === 45 ? 0 - v : v;
}

function realText(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return NaN;
  const text = bytes.toString('latin1', start, end);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return NaN;
  const v = Number(text);
  return Number.isFinite(v) ? v : NaN;
}

function single(bytes: Buffer, start: number, end: number): number {
  const v = Math.fround(real(bytes, start, end));
  return Number.isFinite(v) ? v : NaN;
}

function parseF64(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  const to = out as Float64Array;
  let nulls = false;
  for (let r = 0; r < rows; r++) {
    const v = real(bytes, starts[from + r], ends[from + r]);
    to[at + r] = v;
    nulls ||= v !== v;
  }
  return nulls;
}

function bool(bytes: Buffer, start: number, end: number): number {
  if (end - start === 1) return bytes[start] === 49 ? 1 : 0;
  if (end - start !== 4) return 0;
  const text = bytes.toString('latin1', start, end);
  return text === 'true' || text === 'TRUE' ? 1 : 0;
}

/* ── dates and times ─────────────────────────────────────────────────── */

/** The number of `n` digits at `p`; NaN where one is none. */
function figures(bytes: Buffer, p: number, n: number): number {
  let v = 0;
  for (const stop = p + n; p < stop; p++) {
    const d = bytes[p] - 48;
    if (d < 0 || d > 9) return NaN;
    v = v * 10 + d;
  }
  return v;
}

/** `YYYY-MM-DD` with any separators; what follows is ignored. A day beyond its month rolls over. */
function days(bytes: Buffer, start: number, end: number): number {
  if (end - start < 10) return NaN;
  const year = figures(bytes, start, 4);
  const month = figures(bytes, start + 5, 2);
  const day = figures(bytes, start + 8, 2);
  return year === year && month >= 1 && month <= 12 && day >= 1 && day <= 31 ? toDays(year, month, day) : NaN;
}

/** `[-]H..H:MM:SS[.fff]`; hours are not bounded by a day. */
function milliseconds(bytes: Buffer, start: number, end: number): number {
  const minus = end > start && bytes[start] === 45;
  const first = minus ? start + 1 : start;
  let p = first;
  let hours = 0;
  for (; p < end && bytes[p] >= 48 && bytes[p] <= 57; p++) hours = hours * 10 + bytes[p] - 48;
  if (p === first || p - first > 7 || p + 6 > end) return NaN;
  const minutes = figures(bytes, p + 1, 2);
  const seconds = figures(bytes, p + 4, 2);
  if (!(minutes <= 59 && seconds <= 59)) return NaN;
  const ms = hours * 3600000 + minutes * 60000 + seconds * 1000 + fraction(bytes, p + 6, end, 3);
  return ms > 2147483647 ? NaN : minus ? -ms : ms;
}

/** A fraction at `p`, in units of 10^-places; 0 where there is none. */
function fraction(bytes: Buffer, p: number, end: number, places: number): number {
  if (p >= end || bytes[p] !== 46) return 0;
  let v = 0;
  for (let i = 1; i <= places; i++) {
    const d = p + i < end ? bytes[p + i] - 48 : -1;
    if (d < 0 || d > 9) return v * POWERS[places - i + 1];
    v = v * 10 + d;
  }
  return v;
}

/** `YYYY-MM-DD{T| }HH:MM:SS[.f][Z|+HH:MM]` as seconds since 2000-01-01; NaN for what is none. */
function stampSeconds(bytes: Buffer, start: number, end: number): number {
  if (end - start < 19) return NaN;
  const day = days(bytes, start, start + 10);
  const hours = figures(bytes, start + 11, 2);
  const minutes = figures(bytes, start + 14, 2);
  const seconds = figures(bytes, start + 17, 2);
  if (day !== day || !(hours <= 23 && minutes <= 59 && seconds <= 59)) return NaN;
  let p = start + 19;
  if (p < end && bytes[p] === 46) for (p++; p < end && p < start + 29 && bytes[p] >= 48 && bytes[p] <= 57;) p++;
  return day * 86400 + hours * 3600 + minutes * 60 + seconds - (p < end ? offset(bytes, p, end) : 0);
}

/** Seconds east of UTC of `+HH[[:]MM]`; 0 for `Z` and for what is no offset. */
function offset(bytes: Buffer, p: number, end: number): number {
  const sign = bytes[p] === 43 ? 1 : bytes[p] === 45 ? -1 : 0;
  if (sign === 0 || end - p < 3) return 0;
  const hours = figures(bytes, p + 1, 2);
  const m = p + 3 < end && bytes[p + 3] === 58 ? p + 4 : p + 3;
  const minutes = m + 2 <= end ? figures(bytes, m, 2) : 0;
  if (!(hours <= 23) || minutes > 59) return 0;
  return sign * (hours * 3600 + (minutes === minutes ? minutes * 60 : 0));
}

/** Seconds whose nanoseconds fit into 64 bits. */
const MAX_SECONDS = 9223372035;

function parseStamps(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  const h = halves(out);
  let nulls = false;
  for (let r = 0; r < rows; r++) {
    const start = starts[from + r];
    const end = ends[from + r];
    const seconds = stampSeconds(bytes, start, end);
    const i = 2 * (at + r);
    if (!(seconds >= -MAX_SECONDS && seconds <= MAX_SECONDS)) {
      h[i] = 0;
      h[i + 1] = I32_NULL;
      nulls = true;
      continue;
    }
    // seconds * 1e9 + ns in doubles: the upper part times 65536, and a lower part below 2^48.
    const upper = Math.floor(seconds / 65536);
    const product = upper * 1e9;
    const high = Math.floor(product / 65536);
    const low = (product - high * 65536) * 65536 + (seconds - upper * 65536) * 1e9 + fraction(bytes, start + 19, end, 9);
    h[i] = low;
    h[i + 1] = high + Math.floor(low / 4294967296);
  }
  return nulls;
}

/* ── guids and texts ─────────────────────────────────────────────────── */

/** Where the two digits of each byte stand in `8-4-4-4-12`. */
const GUID_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const HEX = new Int8Array(256).fill(-1);
for (let d = 0; d < 16; d++) for (const c of [d.toString(16), d.toString(16).toUpperCase()]) HEX[c.charCodeAt(0)] = d;

function parseGuids(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  const to = out as Uint8Array;
  let nulls = false;
  for (let r = 0; r < rows; r++) {
    const start = starts[from + r];
    let ok = ends[from + r] - start === 36 && bytes[start + 8] === 45 && bytes[start + 13] === 45 && bytes[start + 18] === 45 && bytes[start + 23] === 45;
    const base = (at + r) * 16;
    for (let k = 0; ok && k < 16; k++) {
      const high = HEX[bytes[start + GUID_AT[k]]];
      const low = HEX[bytes[start + GUID_AT[k] + 1]];
      if (high < 0 || low < 0) ok = false;
      else to[base + k] = high * 16 + low;
    }
    if (ok) continue;
    to.fill(0, base, base + GUID_NULL_TEXT.length);
    nulls = true;
  }
  return nulls;
}

function parseSymbols(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows, symbols } = cells;
  const to = out as Int32Array;
  for (let r = 0; r < rows; r++) to[at + r] = symbols.id(bytes, starts[from + r], ends[from + r]);
  return false;
}

/** Texts up to this length are copied when cut from a longer one; longer ones would keep the whole block alive. */
const COPIED = 12;

function parseTexts(cells: Cells, out: VecData, at: number): boolean {
  const { bytes, starts, ends, from, rows } = cells;
  const to = out as string[];
  if (rows === 0) return false;
  const base = starts[from];
  const lastEnd = ends[from + rows - 1];
  const block = bytes.toString('latin1', base, lastEnd < 0 ? ~lastEnd : lastEnd);
  for (let r = 0; r < rows; r++) {
    const start = starts[from + r];
    const end = ends[from + r];
    to[at + r] = end >= 0 && end - start <= COPIED ? block.substring(start - base, end - base) : cellText(bytes, start, end);
  }
  return false;
}
