/** Columns from the bytes of column files; every length is checked before it is used. Errors: `corrupt`, `version`, `nyi`. */
import { Dict, F64, List, Stamp, T, Vec, Narrow, i64, intern, name, type Value, type VecData } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { alloc, anyNull } from './item.js';
import { ATTR, ELEMENT, GENERATION, HEADER, INLINE, MAGIC } from './splay-format.js';

/** Nested values may be this deep. */
const MAX_DEPTH = 512;

/**
 * The column in a file. `symbols`: the intern id of each position of the symbol file, null where there is none (error `sym` if the
 * column needs it).
 */
export function decodeColumn(bytes: Buffer, symbols: Int32Array | null): Vec | List {
  const magic = bytes.length >= 4 ? bytes.readUInt32LE(0) : 0;
  if (magic === MAGIC.STRINGS) return new List(decodeStrings(bytes));
  if (magic === MAGIC.LIST) {
    const column = new Nested(bytes, 4).value(0);
    return column instanceof List ? column : corrupt('no list');
  }
  if (magic === MAGIC.STRING_VECTOR || magic === MAGIC.TABLE) fail('nyi', 'a column file of an older kind');
  const { t, attrs, length, end } = readHeader(bytes, 0);
  const indexed = magic === MAGIC.INDEX;
  if (t === T.STR) return decodeTexts(bytes, length, end, indexed);
  if (end < bytes.length && !indexed) corrupt('bytes behind the data');
  if (t === T.SYM) return decodePositions(bytes, attrs, length, symbols);
  const data = alloc(t, length);
  const view = data as Uint8Array;
  bytes.copy(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), 0, HEADER, end);
  return withNulls(t, data, attrs);
}

/** Bytes that `peekColumn` needs, if the file has as many. */
export const PEEK = 40;

/** Type and length of the column in a file of `size` bytes that begins so; null: only the whole file tells. */
export function peekColumn(bytes: Buffer, size: number): { t: number; length: number } | null {
  const magic = bytes.length >= 4 ? bytes.readUInt32LE(0) : 0;
  if (magic === MAGIC.STRINGS && bytes.length >= 12) return { t: T.LIST, length: counted(bytes.readBigInt64LE(4), size) };
  if (magic === MAGIC.LIST && bytes.length >= 13 && bytes[4] === T.LIST) return { t: T.LIST, length: counted(bytes.readBigInt64LE(5), size) };
  if ((magic !== 0 && magic !== MAGIC.INDEX) || bytes.length < HEADER || bytes[17] !== GENERATION) return null;
  return { t: bytes[18], length: counted(bytes.readBigInt64LE(24), size) };
}

/** No element of a file takes less than a byte. */
const counted = (n: bigint, size: number): number => (n >= 0n && n <= BigInt(size) ? Number(n) : corrupt('more elements than bytes'));

/** The strings of a `STRL` file. */
export function decodeStrings(bytes: Buffer): string[] {
  if (bytes.length < 12 || bytes.readUInt32LE(0) !== MAGIC.STRINGS) corrupt('no list of strings');
  const n = countAt(bytes, 4, 4, 12);
  const out: string[] = [];
  let at = 12;
  for (let i = 0; i < n; i++) {
    const next = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32LE(at) : Infinity;
    if (next > bytes.length) corrupt('a string reaches beyond the file');
    out.push(bytes.toString('latin1', at + 4, next));
    at = next;
  }
  if (at !== bytes.length) corrupt('bytes behind the last string');
  return out;
}

interface ColumnHeader { readonly t: number; readonly attrs: number; readonly length: number; readonly end: number }

function readHeader(bytes: Buffer, at: number): ColumnHeader {
  if (bytes.length < at + HEADER) corrupt('shorter than a header');
  if (bytes[at + 17] !== GENERATION) fail('version', `column format ${bytes[at + 17]}, not ${GENERATION}`);
  const t = bytes[at + 18];
  const attrs = bytes[at + 19];
  const size = t === T.SYM ? 1 << (attrs & ATTR.WIDTH) : ELEMENT[t];
  if (size === undefined) return fail('nyi', `column type ${t}`);
  const length = countAt(bytes, at + 24, size, at + HEADER);
  return { t, attrs, length, end: at + HEADER + length * size };
}

/** A count of elements of `size` bytes that begin at `data`: never more than the bytes there are. */
function countAt(bytes: Buffer, at: number, size: number, data: number): number {
  const n = bytes.readBigInt64LE(at);
  return n >= 0n && n <= BigInt(Math.floor((bytes.length - data) / size)) ? Number(n) : corrupt('more elements than bytes');
}

/** The flag of a file is not trusted: what is null decides. */
function withNulls(t: number, data: VecData, attrs: number): Vec {
  const column = new Vec(t, data, (attrs & ATTR.NULLS) !== 0);
  return column.nulls === anyNull(column) ? column : new Vec(t, data, !column.nulls);
}

function decodePositions(bytes: Buffer, attrs: number, length: number, symbols: Int32Array | null): Vec {
  if (symbols === null) return fail('sym', 'a symbol column, but no symbol file');
  if (bytes.readUInt32LE(20) > symbols.length) corrupt('written with more symbols than the symbol file has');
  const width = attrs & ATTR.WIDTH;
  const read = [
    (i: number): number => bytes[HEADER + i],
    (i: number): number => bytes.readUInt16LE(HEADER + i * 2),
    (i: number): number => bytes.readUInt32LE(HEADER + i * 4),
    (i: number): number => Number(bytes.readBigUInt64LE(HEADER + i * 8)),
  ][width];
  const out = alloc(T.SYM, length) as Int32Array;
  blocks(length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const at = read(i);
      if (at >= symbols.length) corrupt('a symbol beyond the symbol file');
      out[i] = symbols[at];
    }
  });
  return new Vec(T.SYM, out);
}

function decodeTexts(bytes: Buffer, length: number, end: number, indexed: boolean): Vec {
  const pool = readHeader(bytes, end);
  if (pool.t !== T.U8) corrupt('no texts behind a text column');
  if (pool.end < bytes.length && !indexed) corrupt('bytes behind the data');
  return new Vec(T.STR, readTexts(bytes, HEADER, length, end + HEADER, pool.length));
}

function readTexts(bytes: Buffer, elements: number, length: number, pool: number, poolSize: number): string[] {
  const out = alloc(T.STR, length) as string[];
  blocks(length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const at = elements + i * 16;
      const size = bytes.readUInt32LE(at);
      if (size <= INLINE) {
        out[i] = size === 0 ? '' : bytes.toString('latin1', at + 4, at + 4 + size);
        continue;
      }
      const from = bytes.readUInt32LE(at + 8);
      if (from + size > poolSize) corrupt('a text beyond the texts');
      if (bytes.compare(bytes, pool + from, pool + from + 4, at + 4, at + 8) !== 0) corrupt('a text that does not begin as noted');
      out[i] = bytes.toString('latin1', pool + from, pool + from + size);
    }
  });
  return out;
}

/** A reader of nested values. */
class Nested {
  constructor(private readonly bytes: Buffer, private at: number) {}

  value(depth: number): Value {
    checkpoint();
    if (depth > MAX_DEPTH) corrupt('nested too deep');
    const t = this.bytes.readInt8(this.take(1));
    if (t === -T.STR) return this.text();
    if (t === -T.SYM) return name(this.text());
    if (t < 0) return this.atom(-t);
    if (t === T.LIST) return new List(Array.from({ length: this.count(1) }, () => this.value(depth + 1)));
    if (t === T.DICT) return this.dict(depth);
    if (t === T.SYM) return new Vec(T.SYM, Int32Array.from({ length: this.count(4) }, () => intern(this.text())));
    if (t === T.STR) return this.texts();
    const size = ELEMENT[t];
    return size === undefined ? fail('nyi', `a value of type ${t} in a list column`) : this.column(t, size);
  }

  private take(n: number): number {
    const from = this.at;
    if (n > this.bytes.length - from) corrupt('a value reaches beyond the file');
    this.at += n;
    return from;
  }

  private count(size: number): number {
    const at = this.take(8);
    return countAt(this.bytes, at, size, this.at);
  }

  private text(): string {
    const size = this.bytes.readUInt32LE(this.take(4));
    const at = this.take(size);
    return this.bytes.toString('latin1', at, at + size);
  }

  private atom(t: number): Value {
    const at = this.take(8);
    const { bytes } = this;
    const read: Record<number, () => Value> = {
      [T.B8]: () => bytes[at] !== 0,
      [T.I64]: () => i64(bytes.readBigInt64LE(at)),
      [T.F64]: () => new F64(bytes.readDoubleLE(at)),
      [T.TIMESTAMP]: () => new Stamp(bytes.readBigInt64LE(at)),
      [T.U8]: () => new Narrow(-T.U8, bytes[at]),
      [T.I16]: () => new Narrow(-T.I16, bytes.readInt16LE(at)),
      [T.I32]: () => new Narrow(-T.I32, bytes.readInt32LE(at)),
      [T.F32]: () => new Narrow(-T.F32, bytes.readDoubleLE(at)),
      [T.DATE]: () => new Narrow(-T.DATE, bytes.readInt32LE(at)),
      [T.TIME]: () => new Narrow(-T.TIME, bytes.readInt32LE(at)),
    };
    return read[t]?.() ?? fail('nyi', `an atom of type ${t} in a list column`);
  }

  private dict(depth: number): Dict {
    const keys = this.value(depth + 1);
    const vals = this.value(depth + 1);
    if (!(keys instanceof Vec || keys instanceof List) || !(vals instanceof Vec || vals instanceof List) || keys.length !== vals.length) return corrupt('no dict');
    return new Dict(keys, vals);
  }

  private texts(): Vec {
    const at = this.take(8);
    this.take(1);
    const length = countAt(this.bytes, at, ELEMENT[T.STR], this.at);
    const elements = this.take(length * ELEMENT[T.STR]);
    const size = this.count(1);
    return new Vec(T.STR, readTexts(this.bytes, elements, length, this.take(size), size));
  }

  private column(t: number, size: number): Vec {
    const length = this.count(size);
    const data = alloc(t, length);
    const view = data as Uint8Array;
    const at = this.take(length * size);
    this.bytes.copy(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), 0, at, at + length * size);
    return withNulls(t, data, 0);
  }
}

const corrupt = (what: string): never => fail('corrupt', what);
