/** Elements of columns as atoms, and atoms packed into columns: the border between the two representations. */
import {
  F64, Guid, I16_NULL, I32_NULL, I64_NULL, List, Narrow, Stamp, Sym, T, Vec, i64, isAtom, isFunction, isNull, symOf, tagOf,
  type NarrowTag, type Value, type VecData,
} from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { BLOCK, checkpoint, someBlock } from '../lang/interrupt.js';

/** Which bits of a position are set when a loop is to look whether it is interrupted. */
const LOOK = BLOCK - 1;
import { roomFor } from './room.js';

/** Element `i` (in range) as an atom. */
export function itemAt(v: Vec | List, i: number): Value {
  return v instanceof List ? v.item(i) : READ[v.t](v.data, i);
}

/** Element `i`, or the typed null (`null` for a list) outside the range. */
export function itemOr(v: Vec | List, i: number, none: Value): Value {
  return i >= 0 && i < v.length ? itemAt(v, i) : none;
}

/** All elements as atoms. */
export function items(v: Vec | List): readonly Value[] {
  if (v instanceof List) return v.items;
  const n = v.length;
  const out = new Array<Value>(n);
  if (v.t === T.I64) {
    const h = halves(v.data);
    for (let i = 0; i < n; i++) {
      if ((i & LOOK) === LOOK) checkpoint();
      out[i] = readHalves(h, i);
    }
    return out;
  }
  const read = READ[v.t];
  for (let i = 0; i < n; i++) {
    if ((i & LOOK) === LOOK) checkpoint();
    out[i] = read(v.data, i);
  }
  return out;
}

/**
 * A column of 8-byte elements as little-endian 32-bit halves: element `i` is `[2i]` (low) and `[2i + 1]` (high). Loops over
 * halves make no bigints.
 */
export function halves(data: VecData): Int32Array {
  const d = data as BigInt64Array;
  return new Int32Array(d.buffer, d.byteOffset, d.length * 2);
}

/** Element `i` of an I64 column, given by its halves, as an i64 atom. */
export function readHalves(h: Int32Array, i: number): number | bigint {
  const lo = h[2 * i];
  const hi = h[2 * i + 1];
  if (hi === lo >> 31) return lo;
  if (hi > -2097152 && hi < 2097152) return hi * 4294967296 + (lo >>> 0);
  return i64((BigInt(hi) << 32n) | BigInt(lo >>> 0));
}

/** Stores an i64 atom at element `i` of an I64 column given by its halves. */
export function writeHalves(h: Int32Array, i: number, v: number | bigint): void {
  if (typeof v === 'number') {
    h[2 * i] = v;
    h[2 * i + 1] = Math.floor(v / 4294967296);
  } else {
    h[2 * i] = Number(BigInt.asIntN(32, v));
    h[2 * i + 1] = Number(v >> 32n);
  }
}

/** A function that reads elements as atoms; quicker than `itemAt` in loops. */
export function reader(v: Vec | List): (i: number) => Value {
  if (v instanceof List) return v.reader();
  if (v.t === T.I64) {
    const h = halves(v.data);
    return (i) => readHalves(h, i);
  }
  const read = READ[v.t];
  const data = v.data;
  return (i) => read(data, i);
}

type Reader = (data: VecData, i: number) => Value;
const narrow = (t: NarrowTag): Reader => (d, i) => new Narrow(t, d[i] as number);
const READ: Record<number, Reader> = {
  [T.B8]: (d, i) => d[i] !== 0,
  [T.U8]: narrow(-T.U8 as NarrowTag), [T.I16]: narrow(-T.I16 as NarrowTag), [T.I32]: narrow(-T.I32 as NarrowTag),
  [T.I64]: (d, i) => i64((d as BigInt64Array)[i]),
  [T.F32]: narrow(-T.F32 as NarrowTag),
  [T.F64]: (d, i) => new F64(d[i] as number),
  [T.DATE]: narrow(-T.DATE as NarrowTag), [T.TIME]: narrow(-T.TIME as NarrowTag),
  [T.TIMESTAMP]: (d, i) => new Stamp(d[i] as bigint),
  [T.GUID]: (d, i) => new Guid(String.fromCharCode(...(d as Uint8Array).subarray(i * 16, i * 16 + 16))),
  [T.SYM]: (d, i) => symOf(d[i] as number),
  [T.STR]: (d, i) => d[i] as string,
};

/** Elements the largest column may have: row ids must fit into 32 bits, and boxed elements into the JS heap. */
const MAX_ELEMENTS = 2 ** 30;
export const MAX_BOXED = 2 ** 25;

/** A zeroed column of `n` elements. Errors: `oom` where that many cannot be had. */
export function alloc(t: number, n: number): VecData {
  if (n > (t === T.STR ? MAX_BOXED : MAX_ELEMENTS)) fail('oom', `a column of ${n} elements`);
  try {
    return ALLOC[t](n);
  } catch (e) {
    if (e instanceof RangeError) fail('oom', `a column of ${n} elements`);
    throw e;
  }
}

/** An array for the `n` elements of a list. Errors: `oom` where that many cannot be had. */
export function allocList(n: number): Value[] {
  roomForList(n);
  return new Array<Value>(n);
}

/** Errors: `oom` where a list cannot have `n` elements that all are on the heap. */
export function roomForList(n: number): void {
  mayHold(n);
  roomFor(n);
}

/** Errors: `oom` for more elements than a list may have. */
export function mayHold(n: number): void {
  if (n > MAX_BOXED) fail('oom', `a list of ${n} elements`);
}
const ALLOC: Record<number, (n: number) => VecData> = {
  [T.B8]: (n) => new Uint8Array(n), [T.U8]: (n) => new Uint8Array(n), [T.I16]: (n) => new Int16Array(n),
  [T.I32]: (n) => new Int32Array(n), [T.I64]: (n) => new BigInt64Array(n), [T.F32]: (n) => new Float32Array(n),
  [T.F64]: (n) => new Float64Array(n), [T.DATE]: (n) => new Int32Array(n), [T.TIME]: (n) => new Int32Array(n),
  [T.TIMESTAMP]: (n) => new BigInt64Array(n), [T.GUID]: (n) => new Uint8Array(n * 16), [T.SYM]: (n) => new Int32Array(n),
  [T.STR]: (n) => {
    roomFor(n);
    return new Array<string>(n).fill('');
  },
};

/** Stores an atom of the column's own type at `i`. */
export function store(t: number, data: VecData, i: number, v: Value): void {
  switch (t) {
    case T.B8: data[i] = v === true ? 1 : 0; break;
    case T.I64: (data as BigInt64Array)[i] = BigInt(v as number | bigint); break;
    case T.F64: data[i] = (v as F64).v; break;
    case T.TIMESTAMP: data[i] = (v as Stamp).v; break;
    case T.SYM: data[i] = (v as Sym).id; break;
    case T.STR: data[i] = v as string; break;
    case T.GUID: for (let k = 0; k < 16; k++) data[i * 16 + k] = (v as Guid).v.charCodeAt(k); break;
    // The null of u8 is -1 and its columns have none.
    case T.U8: data[i] = Math.max((v as Narrow).v, 0); break;
    default: data[i] = (v as Narrow).v;
  }
}

/** A column of atoms that all have tag `-t`. */
export function pack(t: number, atoms: readonly Value[]): Vec {
  const data = alloc(t, atoms.length);
  let nulls = false;
  if (t === T.I64) {
    const h = halves(data);
    for (let i = 0; i < atoms.length; i++) {
      if ((i & LOOK) === LOOK) checkpoint();
      const v = atoms[i] as number | bigint;
      writeHalves(h, i, v);
      nulls ||= v === I64_NULL;
    }
  } else {
    for (let i = 0; i < atoms.length; i++) {
      if ((i & LOOK) === LOOK) checkpoint();
      store(t, data, i, atoms[i]);
      nulls ||= isNull(atoms[i]);
    }
  }
  return new Vec(t, data, nulls);
}

/** A column of what `at` gives for each position: atoms of tag `-t`. */
export function packEach(t: number, n: number, at: (i: number) => Value): Vec {
  const data = alloc(t, n);
  const h = t === T.I64 ? halves(data) : null;
  let nulls = false;
  for (let i = 0; i < n; i++) {
    if ((i & LOOK) === LOOK) checkpoint();
    const v = at(i);
    if (h !== null) writeHalves(h, i, v as number | bigint);
    else store(t, data, i, v);
    nulls ||= isNull(v);
  }
  return new Vec(t, data, nulls);
}

/** A column where all values are atoms of one type, otherwise a list; the empty sequence is a list. */
export function packOrList(values: readonly Value[]): Vec | List {
  if (values.length === 0) return new List(values);
  const t = -tagOf(values[0]);
  if (t <= 0 || t > T.STR) return new List(values);
  for (let i = 1; i < values.length; i++) {
    if ((i & LOOK) === LOOK) checkpoint();
    if (tagOf(values[i]) !== -t) return new List(values);
  }
  return pack(t, values);
}

/** One thing, not a collection of things: an atom, a function or the null object. */
export const isSingle = (v: Value): boolean => v === null || isAtom(v) || isFunction(v);

/** As `packOrList`, but without elements an empty I64 column, and a mix of i64 and f64 becomes F64. */
export function enlist(values: readonly Value[]): Vec | List {
  if (values.length === 0) return new Vec(T.I64, alloc(T.I64, 0));
  const mixed = isMixed(values);
  if (!mixed) return packOrList(values);
  return pack(T.F64, values.map((v) => (v instanceof F64 ? v : new F64(isNull(v) ? NaN : Number(v)))));
}

/** Nothing but i64 and f64, and both of them. */
function isMixed(values: readonly Value[]): boolean {
  let floats = 0;
  for (let i = 0; i < values.length; i++) {
    if ((i & LOOK) === LOOK) checkpoint();
    const v = values[i];
    if (!isNumber(v)) return false;
    if (v instanceof F64) floats++;
  }
  return floats > 0 && floats < values.length;
}

const isNumber = (v: Value): boolean => v instanceof F64 || typeof v === 'number' || typeof v === 'bigint';

/** Element `i` of a vector is null by its bits (sentinel, NaN, zero guid). B8, U8, SYM and STR elements never are. */
export function nullAt(v: Vec, i: number): boolean {
  switch (v.t) {
    case T.I64: case T.TIMESTAMP: return v.data[i] === I64_NULL;
    case T.F64: case T.F32: return v.data[i] !== v.data[i];
    case T.I32: case T.DATE: case T.TIME: return v.data[i] === -2147483648;
    case T.I16: return v.data[i] === -32768;
    case T.GUID: return isNull(itemAt(v, i));
    default: return false;
  }
}

/** Whether any element is null by its bits. */
export function anyNull(v: Vec): boolean {
  if (v.t === T.GUID) {
    return someBlock(v.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) if (nullAt(v, i)) return true;
      return false;
    });
  }
  const none = SENTINELS[v.t];
  // The search of the engine: NaN is found like any other number.
  return none !== undefined && someBlock(v.length, (lo, hi) => (v.data as Int32Array).subarray(lo, hi).includes(none as number));
}
const SENTINELS: Readonly<Record<number, number | bigint>> = {
  [T.I16]: I16_NULL, [T.I32]: I32_NULL, [T.I64]: I64_NULL, [T.F32]: NaN, [T.F64]: NaN, [T.DATE]: I32_NULL, [T.TIME]: I32_NULL, [T.TIMESTAMP]: I64_NULL,
};

/** An i64 atom from a bigint of 64 bits. */
export { i64 };
