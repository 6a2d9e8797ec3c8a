/**
 * Lists of millions of elements. One array for them would be made in one go, during which V8 answers nobody, and an atom of its own
 * for every element costs several times a column's memory. A long list is therefore held in parts, and those of atoms of one type as columns.
 */
import { F64, I64_NULL, List, Sym, T, Vec, asQuoted, tagOf, type Narrow, type Value } from '../lang/value.js';
import { BLOCK, blocks, checkpoint } from '../lang/interrupt.js';
import { alloc, allocList, halves, itemAt, mayHold, pack, reader, writeHalves } from './item.js';
import { roomFor } from './room.js';

/** Elements a list may have before it is held in parts: an array of so many is made within some milliseconds. */
export const LONG = 2 ** 20;

/** Elements of a part: one block of a loop, so that the place of an element is a matter of bits. */
const PART = BLOCK;
const SHIFT = Math.log2(PART);
const INSIDE = PART - 1;

type Part = Vec | Quoted | readonly Value[];

/** Quoted symbols, as the column of the symbols. */
class Quoted {
  constructor(readonly column: Vec) {}
}

/** Writes elements `[lo, hi)` to `out[lo - base]` and on. */
export type Fill = (out: Value[], base: number, lo: number, hi: number) => void;

/** A list in parts of `PART` elements (the last one of fewer), until somebody asks for all of them in one array. */
export class LongList extends List {
  #parts: readonly Part[] | null;
  readonly #length: number;

  constructor(parts: readonly Part[], length: number) {
    super(NOTHING);
    this.#parts = parts;
    this.#length = length;
  }

  override get length(): number {
    return this.#length;
  }

  /** Errors: `oom` where one array has no room. */
  override get items(): readonly Value[] {
    if (this.#parts !== null) {
      const out = allocList(this.#length);
      const read = this.reader();
      blocks(out.length, (lo, hi) => {
        for (let i = lo; i < hi; i++) out[i] = read(i);
      });
      this.held = out;
      this.#parts = null;
    }
    return this.held;
  }

  override item(i: number): Value {
    if (this.#parts === null || i >= this.#length) return this.held[i];
    const part = this.#parts[i >> SHIFT];
    return part instanceof Vec ? itemAt(part, i & INSIDE) : part instanceof Quoted ? asQuoted(itemAt(part.column, i & INSIDE) as Sym) : part[i & INSIDE];
  }

  override reader(): (i: number) => Value {
    if (this.#parts === null) return super.reader();
    const readers = this.#parts.map(readerOf);
    return (i) => readers[i >> SHIFT](i & INSIDE);
  }

  /** The parts as columns, where every one is a column; whether symbols are quoted is lost. */
  columns(): readonly Vec[] | null {
    const columns = (this.#parts ?? []).flatMap((part) => (part instanceof Vec ? [part] : part instanceof Quoted ? [part.column] : []));
    return this.#parts?.length === columns.length ? columns : null;
  }
}
const NOTHING: readonly Value[] = [];

function readerOf(part: Part): (i: number) => Value {
  if (part instanceof Vec) return reader(part);
  if (!(part instanceof Quoted)) return (i) => part[i];
  const read = reader(part.column);
  return (i) => asQuoted(read(i) as Sym);
}

/** A list of `n` elements that `fill` makes block by block, the last block first where `backward`. Errors: `oom`. */
export function listOf(n: number, fill: Fill, backward = false): List {
  if (n <= BLOCK) {
    const out = new Array<Value>(n);
    checkpoint();
    fill(out, 0, 0, n);
    return new List(out);
  }
  if (n <= LONG) {
    const out = allocList(n);
    eachBlock(n, backward, (lo, hi) => fill(out, 0, lo, hi));
    return new List(out);
  }
  mayHold(n);
  const parts = new Parts(n);
  eachBlock(n, backward, (lo, hi) => {
    const out = parts.next(hi - lo);
    fill(out, lo, lo, hi);
    parts.add(out);
  });
  return new LongList(backward ? parts.all.reverse() : parts.all, n);
}

/** A list whose length is known when its last element is. */
export class ListBuilder {
  readonly #parts = new Parts(LOOKED_AT * PART);
  #out: Value[] = [];
  #full = 0;

  /** Errors: `oom`. */
  push(v: Value): void {
    this.#out.push(v);
    if (this.#out.length < PART) return;
    checkpoint();
    mayHold((this.#full += PART));
    this.#parts.add(this.#out);
    this.#out = [];
  }

  /** The list; nothing may be pushed any more. */
  list(): List {
    if (this.#full === 0) return new List(this.#out);
    const n = this.#full + this.#out.length;
    if (this.#out.length > 0) this.#parts.add(this.#out);
    const long = new LongList(this.#parts.all, n);
    return n <= LONG ? new List(long.items) : long;
  }
}

class Parts {
  readonly all: Part[] = [];
  #boxed = 0;
  #spare: Value[] | null = null;

  /** `n`: elements that are to come at least. */
  constructor(private readonly n: number) {}

  /** An array for the next `n` elements. One whose elements went into a column serves again. */
  next(n: number): Value[] {
    const spare = this.#spare;
    this.#spare = null;
    return spare?.length === n ? spare : new Array<Value>(n);
  }

  add(values: Value[]): void {
    const column = columnOf(values);
    this.all.push(column ?? values);
    if (column !== null) this.#spare = values;
    else if (++this.#boxed % LOOKED_AT === 1) roomFor(this.#boxed === 1 ? this.n : LOOKED_AT * PART);
  }
}

/** Parts in arrays between two looks at the room in the heap. */
const LOOKED_AT = 16;

function eachBlock(n: number, backward: boolean, body: (lo: number, hi: number) => void): void {
  const count = Math.ceil(n / BLOCK);
  for (let k = 0; k < count; k++) {
    checkpoint();
    const lo = (backward ? count - 1 - k : k) * BLOCK;
    body(lo, Math.min(lo + BLOCK, n));
  }
}

/** The elements of a vector or list as a list; those of a long vector stay where they are. */
export function listFrom(v: Vec | List): List {
  if (v instanceof List) return v;
  const n = v.length;
  if (n <= LONG || v.t === T.STR) {
    const read = reader(v);
    return listOf(n, (out, base, lo, hi) => {
      for (let i = lo; i < hi; i++) out[i - base] = read(i);
    });
  }
  mayHold(n);
  const width = v.t === T.GUID ? 16 : 1;
  const data = v.data as Int32Array;
  const parts = Array.from({ length: Math.ceil(n / PART) }, (_, p) => new Vec(v.t, data.subarray(p * PART * width, Math.min((p + 1) * PART, n) * width), v.nulls));
  return new LongList(parts, n);
}

/** Atoms of one type as a column from which exactly the same ones can be read; null where there is none. */
function columnOf(values: readonly Value[]): Vec | Quoted | null {
  const first = values[0];
  if (typeof first === 'number' || typeof first === 'bigint') return longColumn(values);
  if (first instanceof F64) return floatColumn(values);
  if (first instanceof Sym) return symColumn(values, first.quoted);
  const tag = tagOf(first);
  const same = KEPT.get(-tag);
  if (same === undefined) return null;
  for (let i = 0; i < values.length; i++) if (tagOf(values[i]) !== tag || !same(values[i])) return null;
  return pack(-tag, values);
}

const always = (): boolean => true;
/** Type -> which of its atoms a column keeps as they are. Strs are not moved: their column would be an array as well. */
const KEPT = new Map<number, (v: Value) => boolean>([
  [T.B8, (v) => typeof v === 'boolean'], [T.U8, (v) => (v as Narrow).v >= 0], [T.F32, (v) => Object.is(Math.fround((v as Narrow).v), (v as Narrow).v)],
  [T.I16, always], [T.I32, always], [T.DATE, always], [T.TIME, always], [T.TIMESTAMP, always], [T.GUID, always],
]);

function longColumn(values: readonly Value[]): Vec | null {
  const data = alloc(T.I64, values.length);
  const h = halves(data);
  let nulls = false;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v === 'number') {
      h[2 * i] = v;
      h[2 * i + 1] = (v | 0) === v ? v >> 31 : Math.floor(v / 4294967296);
    } else if (typeof v === 'bigint') {
      writeHalves(h, i, v);
      nulls ||= v === I64_NULL;
    } else return null;
  }
  return new Vec(T.I64, data, nulls);
}

function symColumn(values: readonly Value[], quoted: boolean): Vec | Quoted | null {
  const ids = alloc(T.SYM, values.length) as Int32Array;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!(v instanceof Sym) || v.quoted !== quoted) return null;
    ids[i] = v.id;
  }
  const column = new Vec(T.SYM, ids);
  return quoted ? new Quoted(column) : column;
}

function floatColumn(values: readonly Value[]): Vec | null {
  const data = alloc(T.F64, values.length) as Float64Array;
  let nulls = false;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!(v instanceof F64)) return null;
    data[i] = v.v;
    nulls ||= v.v !== v.v;
  }
  return new Vec(T.F64, data, nulls);
}
