/** Reductions over frames of rows: partitions laid out one after another in their order, and a range of them for each row. */
import { List, T, Vec } from '../lang/value.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { concatColumns } from './concat.js';
import { gather } from './gather.js';
import { GROUPED, groupedCount } from './grouped.js';
import { hashGroupRows } from './hashing.js';
import { movingExtreme, movingMean, movingSum } from './moving.js';
import { nullMask } from './nulls.js';
import { isNumericType, isTemporalType } from './promote.js';
import { reduceRanges } from './ranges.js';
import { extremes, means, sums } from './series.js';
import { takeRange } from './slice.js';
import { gradeRows } from './sort.js';

/** The whole partition, from its first row to the current one, or so many rows up to and with the current one. */
export type Frame = typeof Infinity | 'running' | { readonly rows: number };

export interface Layout {
  readonly frame: Frame;
  /** Rows by partition and order, the partition of each row, and where each partition begins in `rows` (one more entry: the end). */
  readonly rows: Int32Array;
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
}

export function frames(part: readonly (Vec | List)[], order: readonly (Vec | List)[], n: number, frame: Frame): Layout {
  const groups = part.length === 0 ? { ids: new Int32Array(n), first: new Int32Array(n === 0 ? 0 : 1) } : hashGroupRows(part);
  // As in other queries nulls stand behind every value.
  const keys = order.flatMap((key) => (key instanceof Vec && key.nulls ? [nullMask(key), key] : [key]));
  const rows = gradeRows([new Vec(T.I32, groups.ids), ...keys], n, false);
  const offsets = new Int32Array(groups.first.length + 1);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) offsets[groups.ids[i] + 1]++;
  });
  for (let g = 1; g < offsets.length; g++) offsets[g] += offsets[g - 1];
  return { frame, rows, ids: groups.ids, offsets };
}

/** One element a row, in the order of the table; undefined where the reduction does not take the type. */
export function windowed(verb: string, v: Vec, layout: Layout): Vec | undefined {
  const { frame, rows } = layout;
  if (verb !== 'count' && verb !== 'first' && verb !== 'last' && !isNumericType(v.t) && !isTemporalType(v.t)) return ordinal(verb, v, layout);
  const ordered = gather(v, rows);
  const out = frame === Infinity ? wholePartitions(verb, ordered, layout) : verb === 'first' || verb === 'last' ? ends(verb, ordered, layout) : trailing(verb, ordered, layout);
  return out === undefined ? undefined : gather(out, inverse(rows));
}

/** Rank columns stand in for types without arithmetic: their least and greatest are found by order. */
function ordinal(verb: string, v: Vec, layout: Layout): Vec | undefined {
  if (verb !== 'min' && verb !== 'max') return undefined;
  const by = gradeRows([v], v.length, false);
  const places = new Vec(T.I32, inverse(by));
  const at = windowed(verb, places, layout);
  return at === undefined ? undefined : gather(gather(v, by), at.data as Int32Array);
}

function wholePartitions(verb: string, ordered: Vec, { offsets }: Layout): Vec | undefined {
  const ids = partitionIds(offsets, ordered.length);
  const groups = { ids, first: offsets.slice(0, -1) };
  const perGroup = verb === 'count' ? groupedCount(groups) : verb === 'first' ? gather(ordered, groups.first) : verb === 'last' ? gather(ordered, offsets.slice(1).map((end) => end - 1)) : GROUPED.get(verb)!(ordered, groups);
  return perGroup && gather(perGroup, ids);
}

/** First and last row of a frame, null or not. */
function ends(verb: string, ordered: Vec, layout: Layout): Vec {
  return verb === 'last' ? ordered : gather(ordered, frameStarts(layout));
}

/** Frames that end at the current row: short ones row by row, long ones by running sums. */
function trailing(verb: string, ordered: Vec, layout: Layout): Vec | undefined {
  const from = frameStarts(layout);
  if (verb === 'count') return new Vec(T.I64, BigInt64Array.from(from, (lo, i) => BigInt(i + 1 - lo)));
  let work = 0;
  blocks(from.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) work += i + 1 - from[i];
  });
  if (work <= 64 * from.length) return reduceRanges(GROUPED.get(verb)!, ordered, from, from.map((_, i) => i + 1), false);
  const { frame, offsets } = layout;
  const width = typeof frame === 'object' ? frame.rows : Infinity;
  const parts: Vec[] = [];
  for (let g = 0; g + 1 < offsets.length; g++) {
    if ((g & 63) === 0) checkpoint();
    parts.push(SERIES[verb](takeRange(ordered, offsets[g], offsets[g + 1] - offsets[g]), width));
  }
  return concatColumns(parts);
}

const SERIES: Record<string, (v: Vec, width: number) => Vec> = {
  sum: (v, w) => (w >= v.length ? sums(v) : movingSum(v, w)),
  avg: (v, w) => (w >= v.length ? means(v) : movingMean(v, w)),
  min: (v, w) => (w >= v.length ? extremes(v, 1) : movingExtreme(v, w, 1)),
  max: (v, w) => (w >= v.length ? extremes(v, -1) : movingExtreme(v, w, -1)),
};

function frameStarts({ frame, offsets }: Layout): Int32Array {
  const n = offsets[offsets.length - 1];
  const width = typeof frame === 'object' ? frame.rows : Infinity;
  const out = new Int32Array(n);
  for (let g = 0; g + 1 < offsets.length; g++) {
    if ((g & 4095) === 0) checkpoint();
    for (let i = offsets[g]; i < offsets[g + 1]; i++) out[i] = Math.max(offsets[g], i + 1 - width);
  }
  return out;
}

function partitionIds(offsets: Int32Array, n: number): Int32Array {
  const out = new Int32Array(n);
  for (let g = 0; g + 1 < offsets.length; g++) out.fill(g, offsets[g], offsets[g + 1]);
  return out;
}

function inverse(rows: Int32Array): Int32Array {
  const out = new Int32Array(rows.length);
  blocks(rows.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[rows[i]] = i;
  });
  return out;
}
