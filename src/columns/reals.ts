/** Numeric and temporal columns as doubles, NaN for null: what statistics and running kernels work on. */
import { I16_NULL, I32_NULL, T, Vec, type VecData } from '../lang/value.js';
import { chunks } from './chunks.js';
import { CHUNK } from './lanes.js';
import { alloc, halves } from './item.js';
import { wordsOf } from './gather.js';
import { longsToDoubles } from './simd.js';

/** All elements of a numeric or temporal column. An F64 column answers its own storage: do not write to it. */
export function reals(v: Vec): Float64Array {
  if (v.t === T.F64) return v.data as Float64Array;
  const out = new Float64Array(v.length);
  chunks(out.length, (lo, hi) => LOAD[v.t](v, lo, hi, out, lo));
  return out;
}

/** Runs `body` over the elements in order, `x[lo] .. x[hi - 1]` at a time; `x` is valid during the call only. */
export function realBlocks(v: Vec, body: (x: Float64Array, lo: number, hi: number) => void): void {
  const n = v.length;
  if (v.t === T.F64) {
    const x = v.data as Float64Array;
    chunks(n, (lo, hi) => body(x, lo, hi));
    return;
  }
  const load = LOAD[v.t];
  const scratch = new Float64Array(Math.min(n, CHUNK));
  chunks(n, (lo, hi) => {
    load(v, lo, hi, scratch, 0);
    body(scratch, 0, hi - lo);
  });
}

/** A column of type `t` (numeric or temporal, not 8 bytes of integer) from doubles that are values of that type; NaN becomes null. */
export function fromReals(t: number, x: Float64Array): Vec {
  const n = x.length;
  let nulls = false;
  if (t === T.F64) {
    chunks(n, (lo, hi) => {
      for (let i = lo; i < hi; i++) if (x[i] !== x[i]) nulls = true;
    });
    return new Vec(t, x, nulls);
  }
  const data = alloc(t, n) as Int32Array;
  const none = t === T.I16 ? I16_NULL : t === T.F32 ? NaN : t === T.B8 || t === T.U8 ? 0 : I32_NULL;
  chunks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const r = x[i];
      if (r !== r) nulls = true;
      data[i] = r === r ? r : none;
    }
  });
  return new Vec(t, data, nulls);
}

/** A B8, U8, I16, I32, DATE, TIME, I64 or TIMESTAMP column as an I64 column; nulls stay null. */
export function widen(v: Vec): Vec {
  if (v.t === T.I64) return v;
  if (v.t === T.TIMESTAMP) return new Vec(T.I64, v.data, v.nulls);
  const out = new BigInt64Array(v.length);
  const h = halves(out);
  chunks(v.length, (lo, hi) => loadLongs(v, lo, hi, h, 2 * lo));
  return new Vec(T.I64, out, v.nulls);
}

/** Elements [lo, hi) of a column of at most 32 bits as halves of I64 elements, from `out[at]` on; nulls stay null. */
export function loadLongs(v: Vec, lo: number, hi: number, out: Int32Array, at: number): void {
  const d = v.data as Int32Array;
  const none = v.nulls ? (v.t === T.I16 ? I16_NULL : I32_NULL) : NaN;
  for (let i = lo; i < hi; i++, at += 2) {
    const x = d[i];
    const isNone = x === none;
    out[at] = isNone ? 0 : x;
    out[at + 1] = isNone ? I32_NULL : x >> 31;
  }
}

/** Elements [lo, hi) of a numeric or temporal column as doubles, from `out[at]` on. */
export const loadReals = (v: Vec, lo: number, hi: number, out: Float64Array, at: number): void => LOAD[v.t](v, lo, hi, out, at);

/** Tells whether element `i` is null, for loops; any column type. */
export function nullTest(v: Vec): (i: number) => boolean {
  if (!v.nulls || v.t === T.SYM || v.t === T.STR) return () => false;
  if (v.t === T.GUID) {
    const w = wordsOf(v.data);
    return (i) => (w[4 * i] | w[4 * i + 1] | w[4 * i + 2] | w[4 * i + 3]) === 0;
  }
  if (v.t === T.I64 || v.t === T.TIMESTAMP) {
    const h = halves(v.data);
    return (i) => h[2 * i + 1] === I32_NULL && h[2 * i] === 0;
  }
  const x = reals(v);
  return (i) => x[i] !== x[i];
}

type Load = (v: Vec, lo: number, hi: number, out: Float64Array, at: number) => void;

// NaN as the sentinel of a column without nulls: no element equals it. One loop an element type keeps each loop fast.
const loadU8: Load = (v, lo, hi, out, at) => {
  const d = v.data as Uint8Array;
  for (let i = lo; i < hi; i++) out[at++] = d[i];
};
const loadI16: Load = (v, lo, hi, out, at) => {
  const d = v.data as Int16Array;
  const none = v.nulls ? I16_NULL : NaN;
  for (let i = lo; i < hi; i++) out[at++] = d[i] === none ? NaN : d[i];
};
const loadI32: Load = (v, lo, hi, out, at) => {
  const d = v.data as Int32Array;
  const none = v.nulls ? I32_NULL : NaN;
  for (let i = lo; i < hi; i++) out[at++] = d[i] === none ? NaN : d[i];
};
const loadI64: Load = (v, lo, hi, out, at) => longsToDoubles(v.data as BigInt64Array, lo, out, at, hi - lo, v.nulls);
const loadFloat: Load = (v, lo, hi, out, at) => {
  const d: VecData = v.data as Float32Array | Float64Array;
  for (let i = lo; i < hi; i++) out[at++] = d[i];
};

const LOAD: Record<number, Load> = {
  [T.B8]: loadU8, [T.U8]: loadU8, [T.I16]: loadI16, [T.I32]: loadI32, [T.I64]: loadI64, [T.F32]: loadFloat, [T.F64]: loadFloat,
  [T.DATE]: loadI32, [T.TIME]: loadI32, [T.TIMESTAMP]: loadI64,
};
