/**
 * Growing columns. Values are immutable, yet a table that takes a row at a time must not be copied for each: a column may lie at
 * the front of a larger buffer, and whoever holds the longest view of that buffer may write behind it. Older values keep their
 * shorter views and see nothing.
 */
import { List, T, Vec, isNull, nullOf, tagOf, type Value, type VecData } from '../lang/value.js';
import { cast } from './cast.js';
import { concatColumns } from './concat.js';
import { copyInto } from './copy.js';
import { pack } from './item.js';

type Typed = Exclude<VecData, string[]>;

/** Bytes of a buffer that some column already shows. */
const shown = new WeakMap<ArrayBufferLike, number>();

/** `v` followed by `more`, which has the same type. */
export function append(v: Vec, more: Vec): Vec {
  const nulls = v.nulls || more.nulls;
  if (v.t === T.STR) return concatColumns([v, more]);
  const data = v.data as Typed;
  const extra = more.data as Typed;
  const bytes = data.byteLength + extra.byteLength;
  const end = data.byteOffset + data.byteLength;
  if (shown.get(data.buffer) !== end || data.byteOffset + bytes > data.buffer.byteLength) return new Vec(v.t, grown(data, extra, bytes), nulls);
  const view = viewOf(data, data.buffer, data.byteOffset, bytes);
  copyInto(view, extra, data.length);
  shown.set(data.buffer, data.byteOffset + bytes);
  return new Vec(v.t, view, nulls);
}

function grown(data: Typed, extra: Typed, bytes: number): Typed {
  const buffer = new ArrayBuffer(Math.max(bytes * 2, 128));
  const view = viewOf(data, buffer, 0, bytes);
  copyInto(view, data, 0);
  copyInto(view, extra, data.length);
  shown.set(buffer, bytes);
  return view;
}

function viewOf(like: Typed, buffer: ArrayBufferLike, offset: number, bytes: number): Typed {
  const Kind = like.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => Typed;
  return new Kind(buffer, offset, bytes / like.BYTES_PER_ELEMENT);
}

/**
 * What is put into a column of type `t`, as a column of that type: an atom is one row, a vector or list several. Integers fit any
 * integer column and floats; a null of any type, and the null object, is the column's null. Undefined: a value of another type.
 */
export function fitting(t: number, v: Value): Vec | undefined {
  if (v instanceof Vec) return v.t === t ? v : convertible(v.t, t) || v.length === 0 ? (cast(t, v) as Vec) : undefined;
  const values = v instanceof List ? v.items : [v];
  const atoms: Value[] = [];
  for (const value of values) {
    const tag = -tagOf(value);
    if (tag === t) atoms.push(value);
    else if (isNull(value)) atoms.push(nullOf(t));
    else if (convertible(tag, t)) atoms.push(cast(t, value));
    else return undefined;
  }
  return pack(t, atoms);
}

const INTEGERS: ReadonlySet<number> = new Set([T.U8, T.I16, T.I32, T.I64]);
const convertible = (from: number, to: number): boolean => INTEGERS.has(from) && (INTEGERS.has(to) || to === T.F64 || to === T.F32);
