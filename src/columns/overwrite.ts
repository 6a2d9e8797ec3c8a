/** Single elements of a column replaced. */
import { T, Vec, type VecData } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { itemAt, store } from './item.js';

/** A copy of `v` with element `rows[k]` (in range) replaced by `values[k]`, of the same type; a later one counts. */
export function overwritten(v: Vec, rows: Int32Array, values: Vec): Vec {
  const data = (v.t === T.STR ? (v.data as string[]).slice() : v.data.slice()) as VecData;
  blocks(rows.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) store(v.t, data, rows[k], itemAt(values, k));
  });
  return new Vec(v.t, data, v.nulls || values.nulls);
}
