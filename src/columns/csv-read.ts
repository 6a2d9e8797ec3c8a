/** Reads CSV bytes into columns, a window of the file at a time. */
import { I64_NULL, T, Table, Vec, symVec, type VecData } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { copyInto, copyOf } from './copy.js';
import { alloc, halves } from './item.js';
import { PARSE, SymbolTable } from './csv-cells.js';
import { Inference, SAMPLE } from './csv-infer.js';
import { CsvBlock, afterLineEnd, cellText, countColumns, findDelimiter, lineEnd } from './csv-split.js';

/** Bytes by position: a file, or bytes in memory. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into[at, at + n)` from `position` on; answers how many bytes there were. */
  read(into: Uint8Array, at: number, n: number, position: number): number;
}

/** In a schema: I16, I32 or I64, whichever is the narrowest that holds the column. */
export const NARROWEST = -1;

export interface CsvSchema {
  /** A type tag or NARROWEST for each column; null: as the cells look. */
  readonly types: readonly number[] | null;
  /** Column names of a file without a header; null: the first line has them. */
  readonly names: readonly string[] | null;
}

export const MAX_COLUMNS = 256;
const WINDOW = 8 * 2 ** 20;
/** Positions in a window fit into 31 bits. */
const MAX_WINDOW = 2 ** 29;
const LF = 10;

/** Errors: `range` too many columns, `limit` a row too long, `length` a schema with too few types, `io` an empty file, `oom`. */
export function readCsv(source: ByteSource, schema: CsvSchema): Table {
  const file = openCsv(source, schema);
  const { types } = file;
  const columns = file.rows(types)?.take(Infinity) ?? types.map((t) => emptyColumn(t));
  return new Table(file.names, columns.map((column, c) => (types[c] === NARROWEST && column.length > 0 ? narrowed(column) : column)));
}

/**
 * A file as tables of up to `rows` rows each, in order; a file without rows gives one table without rows. Integer columns that are
 * to be NARROWEST are narrow enough for the whole file. Errors as `readCsv`.
 */
export function* csvParts(source: ByteSource, schema: CsvSchema, rows: number): Generator<Table> {
  const file = openCsv(source, schema);
  const types = file.types.includes(NARROWEST) ? narrowTypes(file, rows) : file.types;
  const reader = file.rows(types);
  let any = false;
  for (let columns = reader?.take(rows) ?? null; columns !== null; columns = reader!.take(rows)) {
    any = true;
    yield new Table(file.names, columns);
  }
  if (!any) yield new Table(file.names, types.map((t) => emptyColumn(t)));
}

/** The types once the whole file has been seen. */
function narrowTypes(file: CsvFile, rows: number): readonly number[] {
  const widest = file.types.map((t) => (t === NARROWEST ? 0 : t));
  const reader = file.rows(file.types);
  for (let columns = reader?.take(rows) ?? null; columns !== null; columns = reader!.take(rows)) {
    columns.forEach((column, c) => {
      if (file.types[c] === NARROWEST) widest[c] = Math.max(widest[c], narrowed(column).t);
    });
  }
  return widest.map((t) => t || T.I64);
}

const emptyColumn = (t: number): Vec => new Vec(t === NARROWEST ? T.I64 : t, alloc(t === NARROWEST ? T.I64 : t, 0));

interface CsvFile {
  readonly names: Vec;
  /** Type tags or NARROWEST. */
  readonly types: readonly number[];
  /** A reader from the first row on; null: there are no rows. NARROWEST is read as I64. */
  rows(types: readonly number[]): Rows | null;
}

function openCsv(source: ByteSource, schema: CsvSchema): CsvFile {
  const window = new Window(source);
  if (!window.fill()) fail('io', 'the file is empty');
  const delimiter = findDelimiter(window.bytes, window.end);
  while (!window.last && lineEnd(window.bytes, 0, window.end) >= window.end - 1) window.fill();
  const columns = countColumns(window.bytes, window.end, delimiter);
  if (columns > MAX_COLUMNS) fail('range', `csv read: header has too many columns, got ${columns} (max ${MAX_COLUMNS})`);
  const block = new CsvBlock(columns, delimiter);
  const names = header(window, block, schema.names);
  if (schema.types !== null && schema.types.length < columns) fail('length', `csv read: ${columns} columns, but ${schema.types.length} types`);
  const data = window.position;
  if (data >= source.size) return { names, types: Array.from({ length: columns }, (_, c) => emptyType(schema, c)), rows: () => null };
  const types = schema.types?.slice(0, columns) ?? infer(source, data, block);
  return {
    names, types,
    rows: (of) => {
      window.seek(data);
      return new Rows(window, block, of);
    },
  };
}

/** Columns of a file that is a header only: floats, unless the schema says otherwise. */
function emptyType({ types }: CsvSchema, c: number): number {
  return types === null ? T.F64 : types[c] === NARROWEST ? T.I64 : types[c];
}

/** Spreadsheets mark a text as UTF-8 by three bytes before it. */
const hasMark = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The column names, and the window moved behind the header. A first line that repeats the given names is a header too. */
function header(window: Window, block: CsvBlock, given: readonly string[] | null): Vec {
  const { bytes, end } = window;
  const stop = lineEnd(bytes, 0, end);
  const saved = bytes[stop];
  bytes[stop] = LF;
  block.split(bytes, hasMark(bytes) ? 3 : 0, stop, true);
  const cells = Array.from({ length: block.columns }, (_, c) => (block.rows === 0 ? '' : cellText(bytes, block.starts[c * block.rowsMax], block.ends[c * block.rowsMax])));
  bytes[stop] = saved;
  const names = given === null ? cells : given.length >= block.columns ? given.slice(0, block.columns) : cells.map((_, c) => `V${c + 1}`);
  if (given === null || cells.every((cell, c) => cell === names[c])) window.at = afterLineEnd(bytes, stop, end);
  else if (hasMark(bytes)) window.at = 3;
  return symVec(names);
}

/** A part of the source in memory: `bytes[at, end)`, and a line feed behind it. */
class Window {
  bytes: Buffer;
  at = 0;
  end = 0;
  #next = 0;

  constructor(private readonly source: ByteSource) {
    this.bytes = Buffer.allocUnsafe(Math.min(source.size, WINDOW) + 1);
  }

  /** No bytes follow. */
  get last(): boolean {
    return this.#next >= this.source.size;
  }
  /** Of `at` in the source. */
  get position(): number {
    return this.#next - (this.end - this.at);
  }

  /** Bytes of the source from a position on. */
  left(position: number): number {
    return this.source.size - position;
  }

  /** Moves what is left to the front and reads on; a row longer than the window makes it grow. False: there was nothing more. */
  fill(): boolean {
    checkpoint();
    this.bytes.copyWithin(0, this.at, this.end);
    this.end -= this.at;
    this.at = 0;
    if (this.end * 2 > this.bytes.length && !this.last) {
      if (this.bytes.length > MAX_WINDOW) fail('limit', 'csv read: a row of more than 512 MiB');
      const grown = Buffer.allocUnsafe(this.bytes.length * 2);
      this.bytes.copy(grown, 0, 0, this.end);
      this.bytes = grown;
    }
    const n = this.source.read(this.bytes, this.end, Math.min(this.bytes.length - 1 - this.end, this.source.size - this.#next), this.#next);
    // A file that became shorter meanwhile ends where it ends.
    this.#next = n === 0 ? this.source.size : this.#next + n;
    this.end += n;
    this.bytes[this.end] = LF;
    return n > 0;
  }

  seek(position: number): void {
    const start = this.#next - this.end;
    if (position >= start && position <= this.#next) {
      this.at = position - start;
      return;
    }
    this.at = this.end = 0;
    this.#next = position;
    this.fill();
  }
}

/* ── columns ─────────────────────────────────────────────────────────── */

interface Column { readonly t: number; data: VecData; nulls: boolean }

/** The rows of a window's source from where it stands. */
class Rows {
  readonly #symbols = new SymbolTable();
  /** Rows of the block that were taken, and where the block ends in the window; -1: no block yet. */
  #taken = 0;
  #after = -1;
  /** Rows of earlier calls. */
  #before = 0;
  readonly #started: number;

  constructor(private readonly window: Window, private readonly block: CsvBlock, private readonly types: readonly number[]) {
    this.#started = window.position;
  }

  /** The next rows, at most `max`, as columns; null: there are no more. */
  take(max: number): Vec[] | null {
    const { window, block } = this;
    const columns: Column[] = this.types.map((t) => ({ t: t === NARROWEST ? T.I64 : t, data: alloc(T.U8, 0), nulls: false }));
    let capacity = 0;
    let rows = 0;
    while (rows < max && (this.#rest() > 0 || this.#nextBlock())) {
      const n = Math.min(this.#rest(), max - rows);
      if (rows + n > capacity) {
        capacity = Math.min(max, this.#estimate(rows + n));
        for (const column of columns) grow(column, capacity, rows);
      }
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c];
        const cells = { bytes: window.bytes, starts: block.starts, ends: block.ends, from: c * block.rowsMax + this.#taken, rows: n, symbols: this.#symbols };
        if (PARSE[column.t](cells, column.data, rows)) column.nulls = true;
      }
      rows += n;
      this.#taken += n;
    }
    this.#before += rows;
    return rows === 0 ? null : columns.map((column) => finished(column, rows));
  }

  #rest(): number {
    return this.#after < 0 ? 0 : this.block.rows - this.#taken;
  }

  /** The rows so far say how many the rest holds. */
  #estimate(rows: number): number {
    const done = this.window.position + (this.#after - this.window.at) - this.#started;
    return Math.max(Math.ceil((this.#before + rows) * Math.max(this.window.left(this.#started) / done, 1) * 1.02) - this.#before, rows);
  }

  #nextBlock(): boolean {
    const { window, block } = this;
    if (this.#after >= 0) window.at = this.#after;
    if (this.#after >= 0 && window.last && window.at >= window.end) return false;
    for (;;) {
      checkpoint();
      const next = block.split(window.bytes, window.at, window.end, window.last);
      this.#taken = 0;
      if (block.rows > 0) {
        this.#after = next;
        return true;
      }
      this.#after = -1;
      if (!window.fill()) return false;
    }
  }
}

function grow(column: Column, capacity: number, rows: number): void {
  if (column.t === T.STR) {
    column.data = rows === 0 ? [] : column.data;
    return;
  }
  const wider = alloc(column.t, capacity) as Uint8Array;
  const per = column.t === T.GUID ? 16 : 1;
  if (rows > 0) copyInto(wider, (column.data as Uint8Array).subarray(0, rows * per), 0);
  column.data = wider;
}

function finished({ t, data, nulls }: Column, rows: number): Vec {
  const length = t === T.GUID ? rows * 16 : rows;
  return new Vec(t, data.length === length ? data : Array.isArray(data) ? data.slice(0, length) : copyOf(data.subarray(0, length)), nulls && t !== T.B8 && t !== T.U8);
}

/** An integer column in the narrowest type that has room for its values and, where it has nulls, for the null. */
function narrowed(column: Vec): Vec {
  const { nulls } = column;
  const data = column.data as BigInt64Array;
  let min = 2n ** 63n;
  let max = I64_NULL;
  blocks(data.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const v = data[i];
      if (v === I64_NULL) continue;
      if (v < min) min = v;
      if (v > max) max = v;
    }
  });
  if (min > max) return column;
  for (const [t, bits] of [[T.I16, 16n], [T.I32, 32n]] as const) {
    const top = 2n ** (bits - 1n);
    if (max >= top || min < -top || (nulls && min === -top)) continue;
    const out = alloc(t, data.length) as Int32Array;
    const low = halves(data);
    const none = -Number(top);
    blocks(data.length, (lo, hi) => {
      // The null is the only value whose lower half says nothing of its sign.
      for (let i = lo; i < hi; i++) out[i] = low[2 * i] === 0 && low[2 * i + 1] !== 0 ? none : low[2 * i];
    });
    return new Vec(t, out, nulls);
  }
  return column;
}

/* ── types ───────────────────────────────────────────────────────────── */

/** Offsets kept of the rows of a file; of a longer one every second, fourth, .. row is. */
const KEPT = 2 ** 20;

/** The types of columns, from rows spread evenly over the file. */
function infer(source: ByteSource, data: number, block: CsvBlock): number[] {
  const { offsets, stride, rows } = rowOffsets(source, data);
  const sample = Math.min(rows, SAMPLE);
  const window = new Window(source);
  const lines: Uint8Array[] = [];
  for (let i = 0; i < sample; i++) {
    const row = sample < rows ? Math.floor((i * (rows - 1)) / (sample - 1)) : i;
    window.seek(offsets[Math.floor(row / stride)]);
    while (!window.last && lineEnd(window.bytes, window.at, window.end) >= window.end - 1) window.fill();
    const stop = lineEnd(window.bytes, window.at, window.end);
    lines.push(Uint8Array.from(window.bytes.subarray(window.at, stop)), LINE_FEED);
  }
  // Cut as one text: many calls for one row each would teach the compiler that rows come alone.
  const text = Buffer.concat(lines);
  const inference = new Inference(block.columns);
  for (let at = 0; at < text.length - 1;) {
    at = block.split(text, at, text.length - 1, true);
    inference.rows(text, block);
  }
  return inference.types();
}
const LINE_FEED = Uint8Array.of(LF);

function rowOffsets(source: ByteSource, data: number): { offsets: Float64Array; stride: number; rows: number } {
  const window = new Window(source);
  window.seek(data);
  const offsets = new Float64Array(Math.min(KEPT, source.size - data));
  let stride = 1;
  let rows = 0;
  for (;;) {
    checkpoint();
    const { bytes, end, last } = window;
    const base = window.position - window.at;
    let p = window.at;
    while (p < end) {
      const stop = lineEnd(bytes, p, end);
      if (stop >= end - 1 && !last) break;
      if (rows % stride === 0) {
        if (rows / stride === KEPT) {
          for (let i = 0; i < KEPT / 2; i++) offsets[i] = offsets[2 * i];
          stride *= 2;
        }
        if (rows % stride === 0) offsets[rows / stride] = base + p;
      }
      rows++;
      p = afterLineEnd(bytes, stop, end);
    }
    window.at = p;
    if (last || !window.fill()) return { offsets, stride, rows };
  }
}
