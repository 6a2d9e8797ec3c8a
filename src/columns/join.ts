/** Which rows of two tables belong together: by equal keys, and by the latest time. Null keys match nothing. */
import { List, T, Vec, nullOf } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { alloc, allocList, store } from './item.js';
import { concatColumns } from './concat.js';
import { cast } from './cast.js';
import { gather } from './gather.js';
import { hashGroupJoint } from './hashing.js';
import { nullTest } from './reals.js';
import { gradeRows } from './sort.js';

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

/** Right rows sorted by group and time, and for each left row a group number that both sides share (-1: a null or unmatched key). */
export interface Timeline {
  readonly leftIds: Int32Array;
  readonly rightIds: Int32Array;
  /** Right rows with a usable key and time, by group and time; rows of one time keep their order. */
  readonly order: Int32Array;
}

/** Lines the rows of both sides up by their equality keys (possibly none) and the right ones by time. */
export function timeline(leftKeys: readonly Column[], rightKeys: readonly Column[], leftRows: number, rightTime: Vec): Timeline {
  const m = rightTime.length;
  const { leftIds, rightIds } = sharedIds(leftKeys, rightKeys, leftRows, m);
  const isNull = nullTest(rightTime);
  const usable = new Int32Array(m);
  let count = 0;
  for (let i = 0; i < m; i++) if (rightIds[i] >= 0 && !isNull(i)) usable[count++] = i;
  const rows = usable.subarray(0, count);
  const by = gradeRows([new Vec(T.I32, pick(rightIds, rows)), gather(rightTime, rows)], count, false);
  return { leftIds, rightIds, order: pick(rows, by) };
}

/**
 * For each left row how many places of the timeline's order lie, within its group, at or before `times` (`strict`: before), as an index
 * into `order`: the first place of the group where it is none. -1 for a null time or key.
 */
export function placesUpTo(line: Timeline, rightTime: Vec, times: Vec, strict: boolean): { place: Int32Array; start: Int32Array } {
  const n = times.length;
  const { leftIds, order } = line;
  const m = order.length;
  const rightSorted = gather(rightTime, order);
  const rightGroups = pick(line.rightIds, order);
  const isNull = nullTest(times);
  // One order over both sides: among equal times the side that is to count comes first.
  const [a, b] = sameType(rightSorted, times);
  const ids = new Int32Array(m + n);
  ids.set(rightGroups, strict ? n : 0);
  ids.set(leftIds, strict ? 0 : m);
  const merged = gradeRows([new Vec(T.I32, ids), concatColumns(strict ? [b, a] : [a, b])], m + n, false);
  const rightAt = strict ? n : 0;
  const leftAt = strict ? 0 : m;
  const place = new Int32Array(n).fill(-1);
  const start = new Int32Array(n).fill(-1);
  let group = -2;
  let first = 0;
  let passed = 0;
  blocks(m + n, (lo, hi) => {
    for (let k = lo; k < hi; k++) {
      const row = merged[k];
      if (ids[row] !== group) {
        group = ids[row];
        first = passed;
      }
      if (row >= rightAt && row < rightAt + m) passed++;
      else if (group >= 0 && !isNull(row - leftAt)) {
        place[row - leftAt] = passed;
        start[row - leftAt] = first;
      }
    }
  });
  return { place, start };
}

/** Elements at `rows`; the typed null where that is -1. */
export function gatherOrNull(v: Column, rows: Int32Array): Column {
  let missing = false;
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (rows[i] < 0) missing = true;
  });
  if (!missing) return gather(v, rows);
  if (v instanceof List) return new List(Object.assign(allocList(rows.length), Array.from(rows, (i) => (i < 0 ? null : v.items[i]))));
  const data = alloc(v.t, 1);
  store(v.t, data, 0, nullOf(v.t));
  const n = v.length;
  const extended = concatColumns([v, new Vec(v.t, data, v.t !== T.SYM && v.t !== T.STR && v.t !== T.B8 && v.t !== T.U8)]);
  return gather(extended, rows.map((i) => (i < 0 ? n : i)));
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

function sharedIds(left: readonly Column[], right: readonly Column[], n: number, m: number): { leftIds: Int32Array; rightIds: Int32Array; groups: number } {
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
  for (let i = 0; i < n; i++) if (ids[i] >= 0) met[ids[i]] = 1;
  checkpoint();
  const alone = new Uint8Array(m).fill(1);
  for (let g = 0; g + 1 < offsets.length; g++) if (met[g] === 1) for (let k = offsets[g]; k < offsets[g + 1]; k++) alone[rows[k]] = 0;
  const out: number[] = [];
  for (let i = 0; i < m; i++) if (alone[i] === 1) out.push(i);
  return Int32Array.from(out);
}

function sameType(a: Vec, b: Vec): [Vec, Vec] {
  if (a.t === b.t) return [a, b];
  const t = a.t === T.F64 || b.t === T.F64 || a.t === T.F32 || b.t === T.F32 ? T.F64 : T.I64;
  return [cast(t, a) as Vec, cast(t, b) as Vec];
}

function pick(from: Int32Array, rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = from[rows[i]];
  });
  return out;
}
