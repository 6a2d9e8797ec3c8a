/** Values of the language as values of JS, and back, without losing a bit: what JS cannot hold exactly stays a value class. */
import { F64, Dict, List, T, Table, Vec, f64, i64wrap, type Value, type VecData } from '../lang/value.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { anyNull, itemAt } from './item.js';

/** What `toJs` answers: plain JS where the mapping has exactly one way back, the value class otherwise. */
export type JsValue = Value | Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array | readonly JsValue[];

/**
 * | Rayfall                     | JS                                                          |
 * |-----------------------------|-------------------------------------------------------------|
 * | null object, b8             | null, boolean                                               |
 * | i64                         | bigint (0Nl is -2n ** 63n)                                  |
 * | f64                         | number (0Nf is NaN)                                         |
 * | str of valid UTF-8          | string                                                      |
 * | U8 I16 I32 I64 F32 F64      | the typed array, shared with the value: treat it as read-only |
 * | LIST                        | array                                                       |
 * | everything else             | its class: Sym, Narrow, Stamp, Guid, Vec, Dict, Table, ..    |
 */
export function toJs(v: Value): JsValue {
  if (typeof v === 'number') return BigInt(v);
  if (typeof v === 'string') {
    const text = fromBytes(v);
    return toBytes(text) === v ? text : new Vec(T.STR, [v]);
  }
  if (v instanceof F64) return v.v;
  if (v instanceof List) return v.items.map(toJs);
  if (v instanceof Vec && ARRAYS.has(v.t)) return v.data as Exclude<VecData, string[]>;
  return v;
}
const ARRAYS: ReadonlySet<number> = new Set([T.U8, T.I16, T.I32, T.I64, T.F32, T.F64]);

/** The inverse of `toJs`; a bigint beyond 64 bits wraps. Every number is an f64: give integers as bigint. */
export function fromJs(v: JsValue): Value {
  if (typeof v === 'number') return f64(v);
  if (typeof v === 'bigint') return i64wrap(v);
  if (typeof v === 'string') return toBytes(v);
  if (Array.isArray(v)) return new List((v as readonly JsValue[]).map(fromJs));
  if (ArrayBuffer.isView(v)) {
    const t = TYPES.get(v.constructor)!;
    const vec = new Vec(t, v as VecData);
    return anyNull(vec) ? new Vec(t, v as VecData, true) : vec;
  }
  return v as Value;
}
const TYPES = new Map<unknown, number>([
  [Uint8Array, T.U8], [Int16Array, T.I16], [Int32Array, T.I32], [BigInt64Array, T.I64], [Float32Array, T.F32], [Float64Array, T.F64],
]);

/** The pairs of a dict, or a table's columns by name, in order. */
export function* entries(v: Dict | Table): Generator<[Value, Value]> {
  for (let i = 0; i < (v instanceof Dict ? v.length : v.cols.length); i++) {
    yield v instanceof Dict ? [itemAt(v.keys, i), itemAt(v.vals, i)] : [itemAt(v.names, i), v.cols[i]];
  }
}
