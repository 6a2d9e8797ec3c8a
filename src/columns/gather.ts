/** Picking elements by position, of every column type. */
import { Dict, List, T, Table, Vec, type Value, type VecData } from '../lang/value.js';
import { BLOCK, blocks } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { alloc, halves, itemAt } from './item.js';
import { LongList, listOf } from './long-list.js';

/** Elements of `v` at `indices`, in that order; every index must be in range. Keeps the type and the has-nulls flag. */
export function gather(v: Vec, indices: Int32Array): Vec;
export function gather(v: Vec | List, indices: Int32Array): Vec | List;
export function gather(v: Vec | List, indices: Int32Array): Vec | List {
  if (v instanceof List) return gatherList(v, indices);
  const out = alloc(v.t, indices.length);
  GATHER[WIDTH[v.t]](v.data, out, indices);
  return new Vec(v.t, out, v.nulls);
}

/** The rows of `t` at `indices` (in range), in that order. */
export function gatherTable(t: Table, indices: Int32Array): Table {
  return new Table(t.names, t.cols.map((c) => gather(c, indices)));
}

/** Row `i` (in range) of a table as a dict of column name -> element. */
export function rowAt(t: Table, i: number): Dict {
  return new Dict(t.names, new List(t.cols.map((c) => itemAt(c, i))));
}

/** Positions of the true elements of a B8 column, ascending. No branch depends on the data: half of them would be guessed wrong. */
export function maskToIndices(mask: Vec): Int32Array {
  const m = mask.data as Uint8Array;
  let count = 0;
  chunks(m.length, (lo, hi) => (count += countTrue(m, lo, hi)));
  // One more: behind the last true element each false one writes there.
  const out = new Int32Array(count + 1);
  let at = 0;
  chunks(m.length, (lo, hi) => (at = writeTrue(m, lo, hi, out, at)));
  return out.subarray(0, count);
}

/** 1 for every byte but 0. */
const isTrue = (byte: number): number => (byte + 255) >> 8;

function countTrue(m: Uint8Array, lo: number, hi: number): number {
  let count = 0;
  for (let i = lo; i < hi; i++) count += isTrue(m[i]);
  return count;
}
function writeTrue(m: Uint8Array, lo: number, hi: number, out: Int32Array, at: number): number {
  for (let i = lo; i < hi; i++) {
    out[at] = i;
    at += isTrue(m[i]);
  }
  return at;
}

/** The numbers of [0, n) that are not among `rows` (ascending), ascending. */
export function unusedRows(rows: Int32Array, n: number): Int32Array {
  const out = new Int32Array(n - rows.length);
  let at = 0;
  let next = 0;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      if (next < rows.length && rows[next] === i) next++;
      else out[at++] = i;
    }
  });
  return out;
}

/** Row numbers as an I64 column; -1 becomes null. */
export function indexColumn(indices: Int32Array): Vec {
  const data = alloc(T.I64, indices.length) as BigInt64Array;
  const h = halves(data);
  let nulls = false;
  blocks(indices.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const at = indices[i];
      h[2 * i] = at;
      if (at < 0) {
        h[2 * i] = 0;
        h[2 * i + 1] = -2147483648;
        nulls = true;
      }
    }
  });
  return new Vec(T.I64, data, nulls);
}

/** The elements of an I64 column as row numbers; null where one of them is outside [0, length). */
export function rowNumbers(v: Vec, length: number): Int32Array | null {
  const h = halves(v.data);
  const out = new Int32Array(v.length);
  let ok = true;
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi && ok; i++) {
      const at = h[2 * i];
      if (h[2 * i + 1] !== 0 || at < 0 || at >= length) ok = false;
      out[i] = at;
    }
  });
  return ok ? out : null;
}

/** Bytes an element takes by tag; 0: held as JS values. */
export const WIDTH: Record<number, number> = {
  [T.B8]: 1, [T.U8]: 1, [T.I16]: 2, [T.I32]: 4, [T.I64]: 8, [T.F32]: 4, [T.F64]: 8, [T.DATE]: 4, [T.TIME]: 4,
  [T.TIMESTAMP]: 8, [T.GUID]: 16, [T.SYM]: 4, [T.STR]: 0,
};

function gatherList(v: List, at: Int32Array): List {
  if (at.length <= BLOCK && !(v instanceof LongList)) return new List(gatherFew(v.items, at));
  const read = v.reader();
  return listOf(at.length, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = read(at[i]);
  });
}

function gatherFew(from: readonly Value[], at: Int32Array): Value[] {
  const out = new Array<Value>(at.length);
  for (let i = 0; i < out.length; i++) out[i] = from[at[i]];
  return out;
}

/** 32-bit words of a column of 4-, 8- or 16-byte elements. */
export function wordsOf(data: VecData): Int32Array {
  const d = data as Int32Array;
  return new Int32Array(d.buffer, d.byteOffset, d.byteLength >> 2);
}

// One loop a width: a loop shared by several typed-array classes is several times slower.
const GATHER: Record<number, (from: VecData, to: VecData, at: Int32Array) => void> = {
  0: (from, to, at) => {
    const src = from as string[];
    const out = to as string[];
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = src[at[i]];
    });
  },
  1: (from, to, at) => {
    const src = from as Uint8Array;
    const out = to as Uint8Array;
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = src[at[i]];
    });
  },
  2: (from, to, at) => {
    const src = from as Int16Array;
    const out = to as Int16Array;
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = src[at[i]];
    });
  },
  4: (from, to, at) => {
    const src = wordsOf(from);
    const out = wordsOf(to);
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = src[at[i]];
    });
  },
  8: (from, to, at) => {
    if (at.length >= MANY) return gatherLongs(longsOf(from), longsOf(to), at);
    const src = wordsOf(from);
    const out = wordsOf(to);
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) {
        const j = 2 * at[i];
        out[2 * i] = src[j];
        out[2 * i + 1] = src[j + 1];
      }
    });
  },
  16: (from, to, at) => {
    const src = wordsOf(from);
    const out = wordsOf(to);
    blocks(at.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) {
        const j = 4 * at[i];
        for (let k = 0; k < 4; k++) out[4 * i + k] = src[j + k];
      }
    });
  },
};

/** From here on the loop is compiled soon enough: then it moves 64 bits at once, and makes no bigints of them. */
const MANY = 65536;
const longsOf = (data: VecData): BigInt64Array => {
  const { buffer, byteOffset, length } = data as BigInt64Array;
  return new BigInt64Array(buffer, byteOffset, length);
};

function gatherLongs(from: BigInt64Array, to: BigInt64Array, at: Int32Array): void {
  chunks(at.length, (lo, hi) => moveLongs(from, to, at, lo, hi));
}
function moveLongs(from: BigInt64Array, to: BigInt64Array, at: Int32Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) to[i] = from[at[i]];
}
