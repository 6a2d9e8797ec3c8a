/** Columns as the bytes of column files; `splay-format.ts` shows the layout. */
import { Dict, F64, List, Narrow, Stamp, Sym, T, Vec, symText, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import { anyNull } from './item.js';
import { texts } from './strings.js';
import { ATTR, ELEMENT, GENERATION, HEADER, INLINE, MAGIC } from './splay-format.js';

/** Positions of symbols in a symbol file; new ones are appended. */
export class SymbolFile {
  readonly #positions = new Map<string, number>();
  readonly symbols: string[] = [];
  /** Symbols that the file on disk holds. */
  readonly stored: number;

  constructor(stored: readonly string[]) {
    this.stored = stored.length;
    for (const symbol of stored.length === 0 ? [''] : stored) this.#add(symbol);
  }

  position(symbol: string): number {
    return this.#positions.get(symbol) ?? this.#add(symbol);
  }

  #add(symbol: string): number {
    const at = this.symbols.push(symbol) - 1;
    if (!this.#positions.has(symbol)) this.#positions.set(symbol, at);
    return at;
  }
}

/** Enters the symbols of a SYM column; answers the position of each row. */
export function symbolPositions(column: Vec, file: SymbolFile): Int32Array {
  const ids = column.data as Int32Array;
  const known = new Map<number, number>();
  const out = new Int32Array(ids.length);
  blocks(ids.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      let at = known.get(ids[i]);
      if (at === undefined) known.set(ids[i], (at = file.position(symText(ids[i]))));
      out[i] = at;
    }
  });
  return out;
}

/** The bytes of a SYM column's file, from its positions in a symbol file of `symbols` entries. */
export function encodePositions(positions: Int32Array, symbols: number): Uint8Array[] {
  const width = symbols <= 255 ? 0 : symbols <= 65535 ? 1 : 2;
  const data = width === 0 ? Uint8Array.from(positions) : width === 1 ? Uint16Array.from(positions) : positions;
  return [header(T.SYM, width, positions.length, symbols), bytesOf(data)];
}

/** The bytes of any other column's file. Errors: `nyi` for values the format has no place for. */
export function encodeColumn(column: Vec | List): Uint8Array[] {
  if (column instanceof List) return encodeList(column);
  if (column.t === T.STR) return encodeTexts(column);
  return [header(column.t, column.nulls && anyNull(column) ? ATTR.NULLS : 0, column.length), bytesOf(column.data as Uint8Array)];
}

export function encodeSymbols(symbols: readonly string[]): Uint8Array {
  return encodeStrings(symbols);
}

/** The first bytes of a column file. */
export function header(t: number, attrs: number, length: number, symbols = 0): Buffer {
  const out = Buffer.alloc(HEADER);
  out[17] = GENERATION;
  out[18] = t;
  out[19] = attrs;
  out.writeUInt32LE(symbols, 20);
  out.writeUInt32LE(length, 24);
  return out;
}

export const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function encodeTexts(column: Vec): Uint8Array[] {
  const { elements, pool } = textElements(column.data as string[]);
  return [header(T.STR, 0, column.length), elements, header(T.U8, 0, pool.length), pool];
}

/** The elements of texts and the long ones among them; `base`: bytes of long texts before these. Errors: `range`. */
export function textElements(all: readonly string[], base = 0): { elements: Buffer; pool: Buffer } {
  let size = 0;
  blocks(all.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (all[i].length > INLINE) size += all[i].length;
  });
  if (base + size > 0xffffffff) fail('range', 'more than 4 GiB of text in one column');
  const pool = Buffer.allocUnsafe(size);
  const elements = Buffer.alloc(all.length * ELEMENT[T.STR]);
  let at = 0;
  blocks(all.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const s = all[i];
      elements.writeUInt32LE(s.length, i * 16);
      elements.write(s.length > INLINE ? s.slice(0, 4) : s, i * 16 + 4, 'latin1');
      if (s.length <= INLINE) continue;
      elements.writeUInt32LE(base + at, i * 16 + 8);
      at += pool.write(s, at, 'latin1');
    }
  });
  return { elements, pool };
}

/** `STRL`, count, and each string with its length. */
function encodeStrings(all: readonly string[]): Buffer {
  let size = 12;
  blocks(all.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) size += 4 + all[i].length;
  });
  const out = Buffer.allocUnsafe(size);
  out.writeUInt32LE(MAGIC.STRINGS, 0);
  out.writeBigInt64LE(BigInt(all.length), 4);
  let at = 12;
  blocks(all.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      at = out.writeUInt32LE(all[i].length, at);
      at += out.write(all[i], at, 'latin1');
    }
  });
  return out;
}

/* ── nested values ───────────────────────────────────────────────────── */

function encodeList(list: List): Uint8Array[] {
  if (list.items.every((v) => typeof v === 'string')) return [encodeStrings(list.items as string[])];
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC.LIST, 0);
  const out: Uint8Array[] = [magic];
  nested(list, out);
  return out;
}

function nested(v: Value, out: Uint8Array[]): void {
  checkpoint();
  const t = tagOf(v);
  out.push(Uint8Array.of(t & 255));
  if (v instanceof List) {
    out.push(count(v.length));
    for (const item of v.items) nested(item, out);
  } else if (v instanceof Dict) {
    nested(v.keys, out);
    nested(v.vals, out);
  } else if (v instanceof Vec) nestedColumn(v, out);
  else if (typeof v === 'string') out.push(withLength(v));
  else if (v instanceof Sym) out.push(withLength(v.text));
  else out.push(atom(v));
}

function nestedColumn(v: Vec, out: Uint8Array[]): void {
  out.push(count(v.length));
  if (v.t === T.SYM) for (const text of texts(v)) out.push(withLength(text));
  else if (v.t === T.STR) {
    const { elements, pool } = textElements(v.data as string[]);
    out.push(Uint8Array.of(0), elements, count(pool.length), pool);
  } else out.push(bytesOf(v.data as Uint8Array));
}

/** The 8 bytes of an atom. */
function atom(v: Value): Buffer {
  const out = Buffer.alloc(8);
  if (typeof v === 'number' || typeof v === 'bigint') out.writeBigInt64LE(BigInt(v));
  else if (typeof v === 'boolean') out[0] = v ? 1 : 0;
  else if (v instanceof F64) out.writeDoubleLE(v.v);
  else if (v instanceof Stamp) out.writeBigInt64LE(v.v);
  else if (v instanceof Narrow && v.t === -T.F32) out.writeDoubleLE(v.v);
  else if (v instanceof Narrow) out.writeBigInt64LE(BigInt(v.v));
  else fail('nyi', `a ${typeName(v)} inside a list column cannot be stored`);
  return out;
}

function count(n: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt(n));
  return out;
}

function withLength(text: string): Buffer {
  const out = Buffer.allocUnsafe(4 + text.length);
  out.writeUInt32LE(text.length, 0);
  out.write(text, 4, 'latin1');
  return out;
}
