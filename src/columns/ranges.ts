/** Reductions over ranges of a column: `[from[k], to[k])` for each k. What windows and window joins are made of. */
import { Vec, nullOf } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { concatColumns } from './concat.js';
import { gather } from './gather.js';
import { store } from './item.js';
import { repeat, takeRange } from './slice.js';
import type { GroupedReduction } from './grouped.js';

/** Rows taken apart at once: bounds the memory of wide windows, and how long an interrupt waits. */
const BATCH = 1 << 19;

/**
 * One element a range, or undefined where the reduction does not take the type. An empty range gives what the reduction gives for no
 * values; `emptyNull` makes that null.
 */
export function reduceRanges(reduce: GroupedReduction, v: Vec, from: Int32Array, to: Int32Array, emptyNull: boolean): Vec | undefined {
  const parts: Vec[] = [];
  for (let lo = 0; lo < from.length || parts.length === 0;) {
    checkpoint();
    let hi = lo;
    let size = 0;
    while (hi < from.length && (hi === lo || size + to[hi] - from[hi] <= BATCH)) {
      size += Math.max(0, to[hi] - from[hi]);
      hi++;
    }
    const part = batch(reduce, v, from, to, lo, hi, size, emptyNull);
    if (part === undefined) return undefined;
    parts.push(part);
    lo = hi;
  }
  return concatColumns(parts);
}

function batch(reduce: GroupedReduction, v: Vec, from: Int32Array, to: Int32Array, lo: number, hi: number, size: number, emptyNull: boolean): Vec | undefined {
  const ids = new Int32Array(size);
  const rows = new Int32Array(size);
  const first = new Int32Array(hi - lo);
  const empty: number[] = [];
  let at = 0;
  for (let k = lo; k < hi; k++) {
    first[k - lo] = at;
    if (to[k] <= from[k]) empty.push(k - lo);
    for (let i = from[k]; i < to[k]; i++) {
      ids[at] = k - lo;
      rows[at++] = i;
    }
  }
  // An empty range has no first row: it borrows one, and what comes of it is overwritten.
  for (const k of empty) first[k] = 0;
  const out = reduce(size === 0 ? takeRange(v, 0, 0) : gather(v, rows), { ids, first: size === 0 ? new Int32Array(0) : first });
  if (out === undefined) return undefined;
  if (size === 0) return emptyColumn(reduce, v, out, hi - lo, emptyNull);
  if (!emptyNull || empty.length === 0) return out;
  for (const k of empty) store(out.t, out.data, k, nullOf(out.t));
  return new Vec(out.t, out.data, true);
}

function emptyColumn(reduce: GroupedReduction, v: Vec, none: Vec, n: number, emptyNull: boolean): Vec {
  return emptyNull ? repeat(nullOf(none.t), n) : reduce(takeRange(v, 0, 0), { ids: new Int32Array(0), first: new Int32Array(n) })!;
}
