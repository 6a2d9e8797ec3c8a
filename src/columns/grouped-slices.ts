/** Parts of each group as vectors of their own. */
import { List, T, Vec, type Value } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { gather } from './gather.js';
import { allocList } from './item.js';
import { usableRows } from './nulls.js';
import { takeRange } from './slice.js';
import { gradeRows } from './sort.js';
import type { Groups } from './hashing.js';

/** The `k` greatest values of each group, greatest first, or the `k` least, least first; nulls are no values. */
export function groupedOutermost(v: Vec, { ids, first }: Groups, k: number, greatest: boolean): List {
  const rows = usableRows(v);
  const values = rows === null ? v : gather(v, rows);
  const groups = new Vec(T.I32, rows === null ? ids : (gather(new Vec(T.I32, ids), rows).data as Int32Array));
  const n = values.length;
  const sorted = gather(values, gradeRows([groups, values], n, [false, greatest]));
  const offsets = new Int32Array(first.length + 1);
  const keys = groups.data as Int32Array;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) offsets[keys[i] + 1]++;
  });
  const out: Value[] = allocList(first.length);
  blocks(first.length, (lo, hi) => {
    for (let g = lo; g < hi; g++) {
      offsets[g + 1] += offsets[g];
      out[g] = takeRange(sorted, offsets[g], Math.max(0, Math.min(k, offsets[g + 1] - offsets[g])));
    }
  });
  return new List(out);
}
