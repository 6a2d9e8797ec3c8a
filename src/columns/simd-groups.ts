/**
 * Grouping by keys that lie close together, and reductions of few groups, on WebAssembly where there is some: a table of all keys and what
 * is kept for all groups stay in the module's memory while the columns pass through it piece by piece. Reductions that are known
 * beforehand are made in the same pass, and the rows' group numbers then never leave the module.
 */
import { I64_NULL, T, Vec, type List } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { halves } from './item.js';
import { KeptGroups, keysOf, type Keys, type Pass, type Wanted } from './kept-groups.js';
import { isFloatType, isNumericType, isTemporalType } from './promote.js';
import { loadLongs, loadReals } from './reals.js';
import { FREE, grouping, type Grouping } from './wasm/index.js';
import type { Groups } from './hashing.js';

/** Whether there is such a pass over columns of type `t`. */
export const isKept = (pass: Pass, t: number): boolean => keeperOf(pass, t) !== null;

/**
 * Groups of rows whose keys are `words[i << shift]`, with `shift` 1 the low halves of 64 bits: as in `Groups`. null: the keys lie too far
 * apart, or the rows are too few.
 */
export const groupClose = (words: Int32Array, shift: 0 | 1): Groups | null => numbered([{ words, shift }]);

/** The same for rows of several columns; null also where one is of a type that takes other ways. */
export function groupCloseRows(cols: readonly (Vec | List)[]): Groups | null {
  const keys = keysOf(cols);
  return keys === null ? null : numbered(keys);
}

/** As `groupCloseRows`; what is `wanted` is kept on the way and can be had by `keptByGroup`. null also where it is too much. */
export function groupKeeping(cols: readonly (Vec | List)[], wanted: readonly Wanted[]): Groups | null {
  const keys = keysOf(cols);
  const m = keys === null ? null : memoryFor(cols[0].length);
  if (keys === null || m === null) return null;
  const keepers: Running[] = [];
  let at = KEPT;
  const width = wanted.reduce((sum, w) => sum + keeperFor(w).bytes, 0);
  // Even, so that all begin at a multiple of 8.
  const most = Math.min(RANGE, Math.floor(ROOM / width)) & -2;
  for (const w of wanted) {
    keepers.push(started(m, w, at, most));
    at += keeperFor(w).bytes * most;
  }
  const first = eachPiece(keys, most, (_m, lo, hi) => keepAll(m, keepers, lo, hi));
  return first === null ? null : new KeptGroups(first, keepers.map((r) => ({ ...r.what, bytes: taken(m, r, first.length) })), () => numbered(keys)!.ids);
}

function numbered(keys: readonly Keys[]): Groups | null {
  let ids: Int32Array | null = null;
  const first = eachPiece(keys, RANGE, (m, lo, hi) => {
    ids ??= new Int32Array(keys[0].words.length >> keys[0].shift);
    ids.set(m.words.subarray(IDS >> 2, (IDS >> 2) + hi - lo), lo);
  });
  return first === null ? null : { ids: ids!, first };
}

/** `pass` over a column by group, as the bytes that its groups have; null: too many groups, or too few rows. `v` is null for counts. */
export function keptByGroup(pass: Pass, v: Vec | null, g: Groups): ArrayBuffer | null {
  const known = g instanceof KeptGroups ? g.kept(pass, v) : undefined;
  if (known !== undefined) return known;
  const what = { pass, col: v };
  const { ids, first } = g;
  const m = first.length * keeperFor(what).bytes > ROOM ? null : memoryFor(ids.length);
  if (m === null) return null;
  const running = started(m, what, KEPT, first.length);
  pieces(ids.length, (lo, hi) => {
    m.words.set(ids.subarray(lo, hi), IDS >> 2);
    keepAll(m, [running], lo, hi);
  });
  return taken(m, running, first.length);
}

/* ── the module ──────────────────────────────────────────────────────── */

/** Fewer rows than this are not worth starting the module. */
const WORTH = 16384;
/** Rows of a piece. */
const ROWS = 8192;
/** Slots of the table of keys. */
const RANGE = 65536;
/** Bytes for what is kept. */
const ROOM = 2 ** 19;

// Apart so that a store is not taken for one to what is loaded next: that is decided by the lower 12 bits.
const KEYS = FREE;
const IDS = KEYS + ROWS * 8 + 1024;
const X = IDS + ROWS * 4 + 1024;
const PLACES = X + ROWS * 8 + 1024;
const TABLE = PLACES + ROWS * 4;
const KEPT = TABLE + (RANGE + 4) * 4;

interface Memory { readonly k: Grouping; readonly bytes: Uint8Array; readonly words: Int32Array; readonly doubles: Float64Array; readonly longs: BigInt64Array }
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
  return { k, bytes: k.bytes, words: new Int32Array(buffer), doubles: new Float64Array(buffer), longs: new BigInt64Array(buffer) };
}

function pieces(n: number, body: (lo: number, hi: number) => void): void {
  blocks(n, (from, to) => {
    for (let lo = from; lo < to; lo += ROWS) body(lo, lo + ROWS < to ? lo + ROWS : to);
  });
}

/* ── looking up ──────────────────────────────────────────────────────── */

/** Runs `body` over the rows with their group numbers in place; answers the groups' first rows, or null where they are too far apart or more than `most`. */
function eachPiece(keys: readonly Keys[], most: number, body: (m: Memory, lo: number, hi: number) => void): Int32Array | null {
  const n = keys[0].words.length >> keys[0].shift;
  const m = memoryFor(n);
  const parts = m === null ? null : partsOf(keys);
  if (m === null || parts === null) return null;
  const table = m.words.subarray(TABLE >> 2, (TABLE >> 2) + RANGE + 1).fill(-1);
  const first = new Int32Array(most);
  let count = 0;
  let close = true;
  pieces(n, (lo, hi) => {
    if (!close) return;
    for (let at = 0; ; ) {
      at = look(m, parts, lo, hi, at);
      if (at === hi - lo) break;
      const slot = slotOf(parts, lo + at);
      if (slot < 0 || count === most) {
        close = false;
        return;
      }
      table[slot] = count;
      first[count++] = lo + at;
    }
    body(m, lo, hi);
  });
  return close ? first.slice(0, count) : null;
}

/** Group numbers for the rows of a piece from `from` on: up to the one whose group is not known. */
function look(m: Memory, parts: readonly Part[], lo: number, hi: number, from: number): number {
  const size = hi - lo;
  const [{ words, shift, base }] = parts;
  if (parts.length === 1) {
    if (from === 0) m.words.set(words.subarray(lo << shift, hi << shift), KEYS >> 2);
    return (shift === 0 ? m.k.lookWords : m.k.lookLongs)(KEYS, TABLE, IDS, from, size, base, RANGE);
  }
  if (from === 0) {
    m.bytes.fill(0, PLACES, PLACES + size * 4);
    for (const p of parts) {
      m.words.set(p.words.subarray(lo << p.shift, hi << p.shift), KEYS >> 2);
      (p.shift === 0 ? m.k.placeWords : m.k.placeLongs)(KEYS, PLACES, size, p.base, p.range);
    }
  }
  return m.k.lookWords(PLACES, TABLE, IDS, from, size, 0, RANGE);
}

/** The place of a row's keys in the table; -1: they lie outside of it. */
function slotOf(parts: readonly Part[], row: number): number {
  let slot = 0;
  for (const { words, shift, base, range } of parts) {
    const key = words[row << shift];
    const distance = key - base;
    if (distance < 0 || distance >= range || (shift === 1 && words[2 * row + 1] !== key >> 31)) return -1;
    slot = slot * range + distance;
  }
  return slot;
}

/** The part of a key in the table: keys of [base, base + range). */
interface Part extends Keys { readonly base: number; readonly range: number }

/** Where the table begins, so that the first rows' keys lie in it with room on both sides; null: they do not. */
function partsOf(keys: readonly Keys[]): Part[] | null {
  const spans = keys.map(spanOf);
  const used = spans.reduce((product, s) => product * (s.max - s.min + 1), 1);
  if (!(used <= RANGE)) return null;
  const room = (RANGE / used) ** (1 / keys.length);
  return keys.map((k, i) => {
    const { min, max } = spans[i];
    const span = max - min + 1;
    const range = keys.length === 1 ? RANGE : Math.floor(span * room);
    // All of the table within 32 bits: a key beyond is then never in it.
    return { ...k, range, base: Math.min(Math.max(-2147483648, min - ((range - span) >> 2)), 2147483648 - range) };
  });
}

/** Between which the keys of the first rows lie; nowhere, where they take more than 32 bits. */
function spanOf({ words, shift }: Keys): { min: number; max: number } {
  let min = 2147483647;
  let max = -2147483648;
  for (let i = 0; i < ROWS << shift; i += 1 << shift) {
    const w = words[i];
    if (shift === 1 && words[i + 1] !== w >> 31) return { min: 0, max: NaN };
    if (w < min) min = w;
    if (w > max) max = w;
  }
  return { min, max };
}

/* ── keeping ─────────────────────────────────────────────────────────── */

interface Keeper {
  /** A group's. */
  readonly bytes: 4 | 8 | 16;
  readonly kernel: Exclude<keyof Grouping, 'bytes' | 'lookLongs' | 'lookWords'>;
  /** What narrow columns are widened to. */
  readonly elements: 'longs' | 'reals';
  /** What all groups have before the first row. */
  readonly begin: 'zero' | 'greatest' | 'null' | 'NaN';
}
/** A keeper at work on a column: its groups' bytes begin at `at`. */
interface Running { readonly what: Wanted; readonly keeper: Keeper; readonly at: number; readonly words: Int32Array | null }

const SUM_OF_REALS: Keeper = { bytes: 8, kernel: 'addReals', elements: 'reals', begin: 'zero' };
const SUM: Keeper = { bytes: 8, kernel: 'addLongs', elements: 'longs', begin: 'zero' };
const COUNT: Keeper = { bytes: 4, kernel: 'countRows', elements: 'longs', begin: 'zero' };
const OF_LONGS: Record<'total' | 'least' | 'greatest', Keeper> = {
  total: { bytes: 16, kernel: 'addLongsAsDoubles', elements: 'longs', begin: 'zero' },
  least: { bytes: 8, kernel: 'leastLongs', elements: 'longs', begin: 'greatest' },
  greatest: { bytes: 8, kernel: 'greatestLongs', elements: 'longs', begin: 'null' },
};
const OF_REALS: Record<'total' | 'least' | 'greatest', Keeper> = {
  total: { bytes: 16, kernel: 'addDoubles', elements: 'reals', begin: 'zero' },
  least: { bytes: 8, kernel: 'leastDoubles', elements: 'reals', begin: 'NaN' },
  greatest: { bytes: 8, kernel: 'greatestDoubles', elements: 'reals', begin: 'NaN' },
};

function keeperOf(pass: Pass, t: number): Keeper | null {
  if (pass === 'count') return COUNT;
  if (pass === 'sum') return isFloatType(t) || t === T.TIME ? SUM_OF_REALS : isNumericType(t) ? SUM : null;
  if (t === T.I64 || t === T.TIMESTAMP) return OF_LONGS[pass];
  return isNumericType(t) || isTemporalType(t) ? OF_REALS[pass] : null;
}
const keeperFor = ({ pass, col }: Wanted): Keeper => keeperOf(pass, col === null ? 0 : col.t)!;

function started(m: Memory, what: Wanted, at: number, groups: number): Running {
  const keeper = keeperFor(what);
  const { begin } = keeper;
  const end = at + groups * keeper.bytes;
  if (begin === 'zero') m.bytes.fill(0, at, end);
  else if (begin === 'NaN') m.doubles.fill(NaN, at >> 3, end >> 3);
  else m.longs.fill(begin === 'null' ? I64_NULL : 2n ** 63n - 1n, at >> 3, end >> 3);
  const data = what.col?.data;
  return { what, keeper, at, words: data instanceof BigInt64Array || data instanceof Float64Array ? halves(data) : null };
}

/** A piece of rows whose group numbers are in place. */
function keepAll(m: Memory, keepers: readonly Running[], lo: number, hi: number): void {
  let loaded: Vec | null = null;
  for (const { what: { col }, keeper, at, words } of keepers) {
    if (col !== null && loaded !== col) {
      if (words !== null) m.words.set(words.subarray(2 * lo, 2 * hi), X >> 2);
      else if (keeper.elements === 'longs') loadLongs(col, lo, hi, m.words, X >> 2);
      else loadReals(col, lo, hi, m.doubles, X >> 3);
      // Narrow elements are loaded in one of two forms.
      loaded = words === null ? null : col;
    }
    m.k[keeper.kernel](X, IDS, at, hi - lo, col?.nulls ? 1 : 0);
  }
}

/** What was kept, as bytes of its own. */
function taken(m: Memory, { keeper, what, at }: Running, groups: number): ArrayBuffer {
  const bytes = m.bytes.slice(at, at + groups * keeper.bytes);
  // With nulls 1 was taken from all: a group of nothing else comes out as null.
  if (keeper.kernel === 'leastLongs' && what.col!.nulls) {
    const longs = new BigInt64Array(bytes.buffer);
    for (let g = 0; g < groups; g++) longs[g] = BigInt.asIntN(64, longs[g] + 1n);
  }
  return bytes.buffer;
}
