/** Truthiness, as `if`, `and`, `or` and `not` see it. */
import { F64, isNull, type Value } from './value.js';

/**
 * False are `null`, every typed null, `false`, i64 `0` and f64 `0.0`. Everything else is true, also zeros of the narrow types,
 * empty strings and empty vectors.
 */
export function truthy(v: Value): boolean {
  if (typeof v === 'boolean') return v;
  if (typeof v === 'number') return v !== 0;
  if (v instanceof F64) return v.v === v.v && v.v !== 0;
  return !isNull(v);
}
