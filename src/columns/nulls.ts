/** Which elements are null, as a mask. */
import { List, T, Vec, isNull, type Value } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { nullTest } from './reals.js';

/** B8: true where an element is null. */
export function nullMask(v: Vec | List): Vec {
  const out = new Uint8Array(v.length);
  const read = v instanceof List ? v.reader() : null;
  const test = v instanceof Vec ? nullTest(v) : (i: number): boolean => isNull(read!(i));
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = test(i) ? 1 : 0;
  });
  return new Vec(T.B8, out);
}

/** Rows whose element is not null; null: all of them. */
export function usableRows(v: Vec | List): Int32Array | null {
  if (v instanceof Vec && !v.nulls) return null;
  const mask = nullMask(v).data as Uint8Array;
  const out = new Int32Array(mask.length);
  let n = 0;
  blocks(mask.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (mask[i] === 0) out[n++] = i;
  });
  return n === mask.length ? null : out.slice(0, n);
}

/** A mask with false where `v` is null. */
export function exceptNulls(mask: Value, v: Vec): Value {
  if (!(mask instanceof Vec && mask.t === T.B8) || !v.nulls) return mask;
  const test = nullTest(v);
  const from = mask.data as Uint8Array;
  const out = new Uint8Array(from.length);
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = from[i] !== 0 && !test(i) ? 1 : 0;
  });
  return new Vec(T.B8, out);
}
