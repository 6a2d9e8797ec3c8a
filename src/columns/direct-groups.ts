/**
 * Reductions by a key whose values lie in a range not much larger than their number: what is kept stands at the key's place in a table as
 * long as the range, and the groups are numbered in the end. Their rows' numbers are not worked out.
 */
import { I32_NULL, T, type List, type Vec } from '../lang/value.js';
import { chunks } from './chunks.js';
import { hashGroup, rangeOfKeys, type Groups } from './hashing.js';
import { halves } from './item.js';
import { KeptGroups, keysOf, type Keys, type Wanted } from './kept-groups.js';

/** Fewer rows are grouped before much is gained. */
const WORTH = 65536;

/** Groups with what is `wanted`; null: the keys are several or lie too far apart, or there is no such way to keep something. */
export function groupKeepingDirect(cols: readonly (Vec | List)[], wanted: readonly Wanted[]): Groups | null {
  const keys = cols.length === 1 ? keysOf(cols) : null;
  const n = cols[0].length;
  if (keys === null || n < WORTH || !wanted.every(isKeptDirect)) return null;
  const [key] = keys;
  const span = rangeOfKeys(key.words, key.shift);
  if (span === null || span.range > n / 2) return null;
  const table: Table = { ...key, ...span, seen: new Uint8Array(span.range), first: new Int32Array(span.range), places: new Int32Array(span.range), count: 0 };
  const keepers = wanted.map((w) => keeperOf(w, table));
  chunks(n, (lo, hi) => {
    findFirst(table, lo, hi);
    for (const { add } of keepers) add(lo, hi);
  });
  const first = table.first.slice(0, table.count);
  const kept = wanted.map((w, i) => ({ ...w, bytes: numbered(table, keepers[i]) }));
  return new KeptGroups(first, kept, () => hashGroup(cols[0]).ids);
}

/** `words[i << shift]` is the key of row i; its place in the table is that less `min`. By group: the first row, and the place. */
interface Table extends Keys {
  readonly min: number;
  readonly range: number;
  readonly seen: Uint8Array;
  readonly first: Int32Array;
  readonly places: Int32Array;
  count: number;
}

function findFirst(table: Table, lo: number, hi: number): void {
  const { words, shift, min, seen, first, places } = table;
  let { count } = table;
  for (let i = lo; i < hi; i++) {
    const slot = words[i << shift] - min;
    if (seen[slot] !== 0) continue;
    seen[slot] = 1;
    first[count] = i;
    places[count++] = slot;
  }
  table.count = count;
}

/* ── keeping ─────────────────────────────────────────────────────────── */

/** What is kept, `size` words of 32 bits a place. */
interface Keeper { readonly kept: Int32Array; readonly size: number; add(lo: number, hi: number): void }

const isKeptDirect = ({ pass, col }: Wanted): boolean =>
  pass === 'count' || (col !== null && ((pass === 'sum' && (col.t === T.I64 || col.t === T.F64)) || (pass === 'total' && col.t === T.F64)));

function keeperOf({ pass, col }: Wanted, table: Table): Keeper {
  if (col === null) {
    const counts = new Int32Array(table.range);
    return { kept: counts, size: 1, add: (lo, hi) => countKeys(table, lo, hi, counts) };
  }
  if (col.t === T.I64) {
    const kept = new Int32Array(2 * table.range);
    const h = halves(col.data);
    const none = col.nulls ? I32_NULL : NaN;
    return { kept, size: 2, add: (lo, hi) => addLongs(table, h, none, lo, hi, kept) };
  }
  const x = col.data as Float64Array;
  const isTotal = pass === 'total';
  const sums = new Float64Array(isTotal ? 2 * table.range : table.range);
  return { kept: new Int32Array(sums.buffer), size: isTotal ? 4 : 2, add: (lo, hi) => (isTotal ? addTotals(table, x, lo, hi, sums) : addDoubles(table, x, lo, hi, sums)) };
}

function countKeys({ words, shift, min }: Table, lo: number, hi: number, counts: Int32Array): void {
  for (let i = lo; i < hi; i++) counts[words[i << shift] - min]++;
}

function addDoubles({ words, shift, min }: Table, x: Float64Array, lo: number, hi: number, sums: Float64Array): void {
  for (let i = lo; i < hi; i++) if (x[i] === x[i]) sums[words[i << shift] - min] += x[i];
}

/** Sums and the number of values, in pairs. */
function addTotals({ words, shift, min }: Table, x: Float64Array, lo: number, hi: number, sums: Float64Array): void {
  for (let i = lo; i < hi; i++) {
    if (x[i] !== x[i]) continue;
    const at = 2 * (words[i << shift] - min);
    sums[at] += x[i];
    sums[at + 1]++;
  }
}

/** Sums of 64 bits with the carry by hand: exact, and no bigint is made. */
function addLongs({ words, shift, min }: Table, h: Int32Array, none: number, lo: number, hi: number, sums: Int32Array): void {
  for (let i = lo; i < hi; i++) {
    const low = h[2 * i];
    const high = h[2 * i + 1];
    if (high === none && low === 0) continue;
    const at = 2 * (words[i << shift] - min);
    const sum = (sums[at] >>> 0) + (low >>> 0);
    sums[at] = sum;
    sums[at + 1] += high + (sum > 4294967295 ? 1 : 0);
  }
}

/** What is kept at the groups' places, in the order of the groups. */
function numbered({ places, count }: Table, { kept, size }: Keeper): ArrayBuffer {
  const out = new Int32Array(count * size);
  chunks(count, (lo, hi) => {
    for (let g = lo; g < hi; g++) {
      const at = places[g] * size;
      for (let k = 0; k < size; k++) out[g * size + k] = kept[at + k];
    }
  });
  return out.buffer;
}
