/** Which rows of two tables belong together: by equal keys, and by the latest time. Null keys match nothing. */
import { List, T, Vec, nullOf } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { alloc, store } from './item.js';
import { listOf } from './long-list.js';
import { concatColumns } from './concat.js';
import { cast } from './cast.js';
import { gather } from './gather.js';
import { hashGroupJoint } from './hashing.js';
import { nullTest } from './reals.js';

type Column = Vec | List;

/** Pairs of rows; -1: no row on that side. */
export interface Pairs { readonly left: Int32Array; readonly right: Int32Array }

/** Rows of a joined table: a bound on what one statement can be made to allocate. */
const MAX_PAIRS = 2 ** 28;

/**
 * Rows with equal keys, in order of the left rows and for each in order of the right ones. Left rows without a partner are kept with -1
 * where `keepLeft`; right rows without one follow at the end where `keepRight`.
 */
export function equalPairs(left: readonly Column[], right: readonly Column[], keepLeft: boolean, keepRight: boolean): Pairs {
  const n = left[0].length;
  const { ids, offsets, rows } = rightByGroup(left, right);
  let count = 0;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const g = ids[i];
      const k = g < 0 ? 0 : offsets[g + 1] - offsets[g];
      count += k === 0 && keepLeft ? 1 : k;
    }
    if (count > MAX_PAIRS) fail('limit', `a join of more than ${MAX_PAIRS} rows`);
  });
  const alone = keepRight ? lonelyRight(ids, n, offsets, rows, right[0].length) : new Int32Array(0);
  const outLeft = alloc(T.I32, count + alone.length) as Int32Array;
  const outRight = alloc(T.I32, count + alone.length) as Int32Array;
  let at = 0;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const g = ids[i];
      const from = g < 0 ? 0 : offsets[g];
      const to = g < 0 ? 0 : offsets[g + 1];
      if (from === to && keepLeft) {
        outLeft[at] = i;
        outRight[at++] = -1;
      }
      for (let k = from; k < to; k++) {
        outLeft[at] = i;
        outRight[at++] = rows[k];
      }
    }
  });
  outLeft.fill(-1, at);
  outRight.set(alone, at);
  return { left: outLeft, right: outRight };
}

/** Left rows whose key no right row has. */
export function unmatchedRows(left: readonly Column[], right: readonly Column[]): Int32Array {
  const n = left[0].length;
  const { ids, offsets } = rightByGroup(left, right);
  const out = new Int32Array(n);
  let at = 0;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (ids[i] < 0 || offsets[ids[i]] === offsets[ids[i] + 1]) out[at++] = i;
  });
  return out.slice(0, at);
}

/** Elements at `rows`; the typed null where that is -1. */
export function gatherOrNull(v: Column, rows: Int32Array): Column {
  const at = new Int32Array(rows.length);
  let missing = false;
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const row = rows[i];
      missing ||= row < 0;
      at[i] = row < 0 ? 0 : row;
    }
  });
  if (!missing) return gather(v, rows);
  if (v instanceof List) {
    const read = v.reader();
    return listOf(rows.length, (out, base, lo, hi) => {
      for (let i = lo; i < hi; i++) out[i - base] = rows[i] < 0 ? null : read(rows[i]);
    });
  }
  const data = v.length === 0 ? alloc(v.t, rows.length) : gather(v, at).data;
  const none = nullOf(v.t);
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (rows[i] < 0) store(v.t, data, i, none);
  });
  return new Vec(v.t, data, v.t !== T.SYM && v.t !== T.STR && v.t !== T.B8 && v.t !== T.U8);
}

/** The left element where there is a left row, otherwise the right one; both of one type, or the right one made so. */
export function coalesced(left: Column, right: Column, pairs: Pairs): Column {
  const n = left.length;
  const fits = left instanceof Vec && right instanceof Vec && left.t !== right.t ? (cast(left.t, right) as Vec) : right;
  return gather(concatColumns([left, fits]), pairs.left.map((i, k) => (i >= 0 ? i : n + pairs.right[k])));
}

/* ── groups of both sides ────────────────────────────────────────────── */

interface RightGroups { readonly ids: Int32Array; readonly offsets: Int32Array; readonly rows: Int32Array }

/** Group numbers of the left rows, and the right rows by group. */
function rightByGroup(left: readonly Column[], right: readonly Column[]): RightGroups {
  const m = right[0].length;
  const { leftIds, rightIds, groups } = sharedIds(left, right, left[0].length, m);
  const offsets = new Int32Array(groups + 1);
  blocks(m, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (rightIds[i] >= 0) offsets[rightIds[i] + 1]++;
  });
  for (let g = 0; g < groups; g++) offsets[g + 1] += offsets[g];
  const next = offsets.slice();
  const rows = new Int32Array(offsets[groups]);
  blocks(m, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (rightIds[i] >= 0) rows[next[rightIds[i]]++] = i;
  });
  return { ids: leftIds, offsets, rows };
}

/** Group numbers that the rows of both sides share; -1: a key is null. */
export function sharedIds(left: readonly Column[], right: readonly Column[], n: number, m: number): { leftIds: Int32Array; rightIds: Int32Array; groups: number } {
  if (left.length === 0) return { leftIds: new Int32Array(n), rightIds: new Int32Array(m), groups: 1 };
  const g = hashGroupJoint(left, right);
  if (g === null) return { leftIds: new Int32Array(n).fill(-1), rightIds: new Int32Array(m).fill(-1), groups: 0 };
  const leftIds = g.ids.slice(0, n);
  const rightIds = g.ids.slice(n);
  for (const col of left) withoutNulls(col, leftIds);
  for (const col of right) withoutNulls(col, rightIds);
  return { leftIds, rightIds, groups: g.first.length };
}

function withoutNulls(col: Column, ids: Int32Array): void {
  if (col instanceof List || !col.nulls) return;
  const isNull = nullTest(col);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (isNull(i)) ids[i] = -1;
  });
}

function lonelyRight(ids: Int32Array, n: number, offsets: Int32Array, rows: Int32Array, m: number): Int32Array {
  const met = new Uint8Array(offsets.length);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (ids[i] >= 0) met[ids[i]] = 1;
  });
  checkpoint();
  const alone = new Uint8Array(m).fill(1);
  for (let g = 0; g + 1 < offsets.length; g++) if (met[g] === 1) for (let k = offsets[g]; k < offsets[g + 1]; k++) alone[rows[k]] = 0;
  const out: number[] = [];
  blocks(m, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (alone[i] === 1) out.push(i);
  });
  return Int32Array.from(out);
}
