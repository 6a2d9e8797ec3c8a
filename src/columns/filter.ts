/** Rows of tables by a mask. */
import { Table, Vec, type List } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { WIDTH, gather, maskToIndices } from './gather.js';
import { alloc } from './item.js';
import { FREE, filtering, type Filtering } from './wasm/index.js';

type Column = Vec | List;

/** The rows of `t` whose element of the B8 column `mask` (as long as the table) is true, in their order. */
export function filterTable(t: Table, mask: Vec): Table {
  return new Table(t.names, filterColumns(t.cols, mask));
}

/**
 * The same for columns of one length. The pieces of all columns that a piece of the mask is about are brought into the memory of the
 * WebAssembly module one after the other: read from end to end columns come in at the speed of the memory, element by element they
 * do not. Few rows of many are fetched singly.
 */
export function filterColumns(cols: readonly Column[], mask: Vec): Column[] {
  const bytes = mask.data as Uint8Array;
  const m = bytes.length < WORTH ? null : start();
  const count = m === null ? 0 : countTrue(m, bytes);
  if (m === null || count * FEW < bytes.length) return gathered(cols, maskToIndices(mask));
  if (count === bytes.length) return [...cols];
  const picked = cols.map((c) => (c instanceof Vec && WIDTH[c.t] > 0 ? pickingOf(c, count) : null));
  const picking = picked.filter((p) => p !== null);
  let at = 0;
  if (picking.length > 0) pieces(bytes.length, (lo, hi) => (at += pickPiece(m, bytes, picking, lo, hi, at)));
  const others = picking.length === cols.length ? null : maskToIndices(mask);
  return picked.map((p, i) => (p === null ? gather(cols[i], others!) : p.to));
}

const gathered = (cols: readonly Column[], rows: Int32Array): Column[] => cols.map((c) => gather(c, rows));

/* ── pieces ──────────────────────────────────────────────────────────── */

/** Fewer rows than this are not worth starting the module. */
const WORTH = 16384;
/** One row of so many, and the lines of the memory between them need not be read. */
const FEW = 64;
/** Rows of a piece. */
const ROWS = 4096;

// Apart so that a store is not taken for one to what is loaded next: that is decided by the lower 12 bits.
const MASK = FREE;
const PLACES = MASK + ROWS + 1024;
const X = PLACES + ROWS * 4 + 1024;
const R = X + ROWS * 16 + 1024;

let memory: Filtering | null | undefined;
const start = (): Filtering | null => (memory === undefined ? (memory = filtering()) : memory);

function pieces(n: number, body: (lo: number, hi: number) => void): void {
  blocks(n, (from, to) => {
    for (let lo = from; lo < to; lo += ROWS) body(lo, lo + ROWS < to ? lo + ROWS : to);
  });
}

function countTrue(m: Filtering, mask: Uint8Array): number {
  let count = 0;
  pieces(mask.length, (lo, hi) => (count += m.countTrue(MASK, load(m, mask, lo, hi))));
  return count;
}

/** Brings a piece of the mask in; answers its length, filled up to whole groups of 64. */
function load(m: Filtering, mask: Uint8Array, lo: number, hi: number): number {
  m.bytes.set(mask.subarray(lo, hi), MASK);
  const n = hi - lo;
  const whole = (n + 63) & -64;
  if (n < whole) m.bytes.fill(0, MASK + n, MASK + whole);
  return whole;
}

interface Picking { readonly from: Uint8Array; readonly into: Uint8Array; readonly to: Vec; readonly width: number; readonly pick: Filtering['pick1'] }

function pickingOf(v: Vec, count: number): Picking {
  const to = new Vec(v.t, alloc(v.t, count), v.nulls);
  const width = WIDTH[v.t];
  return { from: bytesOf(v), into: bytesOf(to), to, width, pick: memory![PICKS[width]] };
}
const PICKS: Readonly<Record<number, 'pick1' | 'pick2' | 'pick4' | 'pick8' | 'pick16'>> = { 1: 'pick1', 2: 'pick2', 4: 'pick4', 8: 'pick8', 16: 'pick16' };

function bytesOf(v: Vec): Uint8Array {
  const { buffer, byteOffset, byteLength } = v.data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Rows [lo, hi) of all columns, to place `at` of the results; answers how many are picked. */
function pickPiece(m: Filtering, mask: Uint8Array, picking: readonly Picking[], lo: number, hi: number, at: number): number {
  const count = m.placesOf(MASK, load(m, mask, lo, hi), PLACES);
  if (count === 0) return 0;
  for (const { from, into, width, pick } of picking) {
    const part = from.subarray(lo * width, hi * width);
    if (count === hi - lo) into.set(part, at * width);
    else {
      m.bytes.set(part, X);
      pick(X, PLACES, R, count);
      into.set(m.bytes.subarray(R, R + count * width), at * width);
    }
  }
  return count;
}
