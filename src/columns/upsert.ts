/** Where the rows of a keyed table come from once other rows were merged into it. */
import type { List, Vec } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { hashGroupJoint } from './hashing.js';

/**
 * Row numbers over the target's rows followed by the new ones: each target row or the last new row with its key (the first target row of
 * a key counts), then the new keys in order of appearance. Null keys are equal.
 */
export function merged(target: readonly (Vec | List)[], rows: readonly (Vec | List)[]): Int32Array {
  const n = target[0].length;
  const m = rows[0].length;
  const { ids, first } = hashGroupJoint(target, rows) ?? fail('type', 'keys of different types');
  const out = new Int32Array(n + m);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = i;
  });
  let end = n;
  const placeOf = new Map<number, number>();
  for (let k = n; k < n + m; k++) {
    const g = ids[k];
    const known = first[g] < n ? first[g] : placeOf.get(g);
    if (known !== undefined) out[known] = k;
    else {
      placeOf.set(g, end);
      out[end++] = k;
    }
  }
  return out.slice(0, end);
}
