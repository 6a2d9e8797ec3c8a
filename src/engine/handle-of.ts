/** Handles as scripts give them. */
import { isNull, type Value } from '../lang/value.js';

/** A handle given as an i64 or i32 atom; null: neither. */
export function handleOf(v: Value): number | null {
  if (typeof v === 'number') return v;
  if (typeof v === 'bigint') return isNull(v) ? -1 : Number(v);
  return v !== null && typeof v === 'object' && v.t === -4 ? (v as { v: number }).v : null;
}
