/** Which rows of a table lie before a time, among those with a key: as-of and window joins. */
import { List, T, Vec } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { cast } from './cast.js';
import { concatColumns } from './concat.js';
import { gather } from './gather.js';
import { sharedIds } from './join.js';
import { nullTest } from './reals.js';
import { gradeRows, orderWords } from './sort.js';

type Column = Vec | List;

/** Right rows by group and time, and for each left row a group number that both sides share (-1: a null or unmatched key). */
export interface Timeline {
  readonly leftIds: Int32Array;
  /** Right rows with a usable key and time, by group and time; rows of one time keep their order. */
  readonly order: Int32Array;
  /** Those of group `g` are `order[offsets[g] .. offsets[g + 1])`. */
  readonly offsets: Int32Array;
}

/** Lines the rows of both sides up by their equality keys (possibly none) and the right ones by time. */
export function timeline(leftKeys: readonly Column[], rightKeys: readonly Column[], leftRows: number, rightTime: Vec): Timeline {
  const { leftIds, rightIds, groups } = sharedIds(leftKeys, rightKeys, leftRows, rightTime.length);
  const rows = byTime(rightTime);
  const offsets = new Int32Array(groups + 1);
  blocks(rows.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) if (rightIds[rows[k]] >= 0) offsets[rightIds[rows[k]] + 1]++;
  });
  for (let g = 0; g < groups; g++) offsets[g + 1] += offsets[g];
  const next = offsets.slice();
  const order = new Int32Array(offsets[groups]);
  blocks(rows.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) {
      const g = rightIds[rows[k]];
      if (g >= 0) order[next[g]++] = rows[k];
    }
  });
  return { leftIds, order, offsets };
}

/**
 * For each left row the place in the timeline's order behind the last row of its group at or before `times` (`strict`: before), and
 * where its group begins; both -1 for a null time or key.
 */
export function placesUpTo(line: Timeline, rightTime: Vec, times: Vec, strict: boolean): { place: Int32Array; start: Int32Array } {
  const n = times.length;
  const { leftIds, order, offsets } = line;
  const m = order.length;
  const [a, b] = sameType(gather(rightTime, order), times);
  const [high, low] = twoWords(concatColumns([a, b]) as Vec);
  const isNull = nullTest(times);
  const place = new Int32Array(n).fill(-1);
  const start = new Int32Array(n).fill(-1);
  // Times usually rise: the search begins where the group's last one ended.
  const last = offsets.slice();
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const g = leftIds[i];
      if (g < 0 || isNull(i)) continue;
      start[i] = offsets[g];
      place[i] = last[g] = behind(high, low, m + i, offsets[g], last[g], offsets[g + 1], strict);
    }
  });
  return { place, start };
}

/** The place in the sorted [from, to) behind which all lie after element `x` (`strict`: not before it), looked for from `near` on in steps that double. */
function behind(high: Uint32Array, low: Uint32Array, x: number, from: number, near: number, to: number, strict: boolean): number {
  const h = high[x];
  const l = low[x];
  let lo = from;
  let hi = to;
  if (near === to || isAfter(high[near], low[near], h, l, strict)) {
    hi = near;
    for (let step = 1, at = near - 1; at >= from; at = near - step) {
      if (!isAfter(high[at], low[at], h, l, strict)) {
        lo = at + 1;
        break;
      }
      hi = at;
      step *= 2;
    }
  } else {
    lo = near + 1;
    for (let step = 1, at = near + 1; at < to; at = near + step) {
      if (isAfter(high[at], low[at], h, l, strict)) {
        hi = at;
        break;
      }
      lo = at + 1;
      step *= 2;
    }
  }
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (isAfter(high[mid], low[mid], h, l, strict)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}

function isAfter(h: number, l: number, xh: number, xl: number, strict: boolean): boolean {
  if (h !== xh) return h > xh;
  return strict ? l >= xl : l > xl;
}

/** Rows whose time is not null, by time; rows of one time keep their order. */
export function byTime(time: Vec): Int32Array {
  if (!time.nulls) return gradeRows([time], time.length, false);
  const isNull = nullTest(time);
  const rows = new Int32Array(time.length);
  let count = 0;
  blocks(time.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (!isNull(i)) rows[count++] = i;
  });
  const usable = rows.subarray(0, count);
  const by = gradeRows([gather(time, usable)], count, false);
  const out = new Int32Array(count);
  blocks(count, (lo, hi) => {
    for (let k = lo; k < hi; k++) out[k] = usable[by[k]];
  });
  return out;
}

/** Elements as two words in their order. Where one is enough it stands for both: equal first words are then equal second ones. */
function twoWords(v: Vec): readonly [Uint32Array, Uint32Array] {
  const words = orderWords(v);
  if (words.length === 1) return [words[0], words[0]];
  if (words.length === 2) return [words[0], words[1]];
  const by = gradeRows([v], v.length, false);
  const ranks = new Uint32Array(v.length);
  let rank = 0;
  blocks(v.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) {
      if (k > 0 && words.some((word) => word[by[k]] !== word[by[k - 1]])) rank++;
      ranks[by[k]] = rank;
    }
  });
  return [ranks, ranks];
}

/** Both in one type: their own, or else doubles or 64-bit integers. */
export function sameType(a: Vec, b: Vec): [Vec, Vec] {
  if (a.t === b.t) return [a, b];
  const t = a.t === T.F64 || b.t === T.F64 || a.t === T.F32 || b.t === T.F32 ? T.F64 : T.I64;
  return [cast(t, a) as Vec, cast(t, b) as Vec];
}
