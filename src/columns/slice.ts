/** Contiguous parts and arrangements of columns: slices, repetition, reversal. */
import { Dict, List, T, Table, Vec, isNull, tagOf, type Value, type VecData } from '../lang/value.js';
import { BLOCK, blocks } from '../lang/interrupt.js';
import { ascending, copyOf, reversedCopy } from './copy.js';
import { alloc, mayHold, store } from './item.js';
import { LongList, listOf } from './long-list.js';
import { gather } from './gather.js';

export type Rows = Vec | List | Dict | Table;

/** Elements, pairs or rows `[start, start + count)`; the range must lie inside. */
export function takeRange(v: Vec, start: number, count: number): Vec;
export function takeRange(v: List, start: number, count: number): List;
export function takeRange(v: Table, start: number, count: number): Table;
export function takeRange(v: Vec | List, start: number, count: number): Vec | List;
export function takeRange(v: Rows, start: number, count: number): Rows;
export function takeRange(v: Rows, start: number, count: number): Rows {
  if (start === 0 && count === v.length) return v;
  if (v instanceof List) return sublist(v, start, count);
  if (v instanceof Vec) return new Vec(v.t, part(v, start, start + count), v.nulls);
  return perColumn(v, (c) => takeRange(c, start, count));
}

function sublist(v: List, start: number, count: number): List {
  if (count <= BLOCK && !(v instanceof LongList)) return new List(v.items.slice(start, start + count));
  const read = v.reader();
  return listOf(count, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = read(start + i);
  });
}

function reversedList(v: List): List {
  const n = v.length;
  if (n <= BLOCK) return new List(v.items.toReversed());
  const read = v.reader();
  return listOf(n, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = read(n - 1 - i);
  });
}

function part({ t, data }: Vec, start: number, end: number): VecData {
  if (Array.isArray(data)) return data.slice(start, end);
  return t === T.GUID ? copyOf(data.subarray(start * 16, end * 16)) : copyOf(data.subarray(start, end));
}

/** `count` elements beginning at `start` mod the length, around the end as often as needed; an empty vector gives zeros, an empty list nothing. */
export function cycle(v: Rows, start: number, count: number): Rows {
  if (!(v instanceof Vec || v instanceof List)) return perColumn(v, (c) => cycle(c, start, count) as Vec | List);
  const n = v.length;
  if (n === 0) return v instanceof List ? v : new Vec(v.t, alloc(v.t, count));
  if (start + count <= n) return takeRange(v, start, count);
  if (v instanceof List) mayHold(count);
  return gather(v, cyclicIndices(n, start, count));
}

/** `count` copies of an atom as a column. */
export function repeat(atom: Value, count: number): Vec {
  const t = -tagOf(atom);
  const data = alloc(t, count);
  if (count > 0) {
    store(t, data, 0, atom);
    if (t === T.GUID) repeatGuid(data as Uint8Array, count);
    else {
      blocks(count, (lo, hi) => {
        (data as Uint8Array).fill((data as Uint8Array)[0], lo, hi);
      });
    }
  }
  return new Vec(t, data, isNull(atom));
}

function repeatGuid(data: Uint8Array, count: number): void {
  blocks(count, (lo, hi) => {
    for (let i = Math.max(lo, 1); i < hi; i++) data.copyWithin(i * 16, 0, 16);
  });
}

/** Last element first. */
export function reversed(v: Vec | List): Vec | List {
  if (v.length <= 1) return v;
  if (v instanceof List) return reversedList(v);
  if (v.t !== T.GUID) return new Vec(v.t, Array.isArray(v.data) ? v.data.toReversed() : reversedCopy(v.data), v.nulls);
  return gather(v, reversedCopy(ascending(v.length)));
}

/** 0 .. n-1 as an I64 column. */
export function iota(n: number): Vec {
  const data = alloc(T.I64, n) as BigInt64Array;
  const h = new Int32Array(data.buffer, data.byteOffset, n * 2);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) h[2 * i] = i;
  });
  return new Vec(T.I64, data);
}

function perColumn(v: Dict | Table, f: (c: Vec | List) => Vec | List): Dict | Table {
  if (v instanceof Table) return new Table(v.names, v.cols.map(f));
  return new Dict(f(v.keys), f(v.vals));
}

function cyclicIndices(n: number, start: number, count: number): Int32Array {
  const out = alloc(T.I32, count) as Int32Array;
  blocks(count, (lo, hi) => {
    let at = (start + lo) % n;
    for (let i = lo; i < hi; i++) {
      out[i] = at;
      if (++at === n) at = 0;
    }
  });
  return out;
}
