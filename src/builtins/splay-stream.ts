/** Writes a splayed table piece by piece: its columns never are in memory as a whole, and until the end the folder stays as it was. */
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { T, Vec, type Table } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { fail } from '../lang/errors.js';
import { fromBytes } from '../lang/text.js';
import { anyNull } from '../columns/item.js';
import { texts } from '../columns/strings.js';
import { SymbolFile, bytesOf, encodeColumn, encodeSymbols, header, symbolPositions, textElements } from '../columns/splay-encode.js';
import { ATTR, HEADER } from '../columns/splay-format.js';
import { attempt, makeFolder, replaceFile } from './files.js';
import { SCHEMA, SYMBOLS, isFileName, loadSymbols, refuseCollision, sweep } from './splayed.js';

/** Four bytes a symbol: how many there will be is not known when the first is written. */
const WIDE_SYMBOLS = 2;

/** Stores the tables, all of one schema and none with LIST columns, as one splayed table. Errors: `io`, `domain`, `range`, and what making the tables raises. */
export function writeSplayedParts(folder: string, parts: Iterable<Table>): void {
  makeFolder(folder);
  const symbolFile = `${folder}/${SYMBOLS}`;
  const symbols = new SymbolFile(existsSync(fromBytes(symbolFile)) ? loadSymbols(symbolFile) : []);
  let columns: ColumnWriter[] = [];
  try {
    for (const part of parts) {
      if (columns.length === 0) columns = open(folder, part, symbols, symbolFile);
      part.cols.forEach((column, i) => columns[i].append(column as Vec));
    }
    if (symbols.symbols.length > symbols.stored && columns.some((c) => c.t === T.SYM)) replaceFile(symbolFile, [encodeSymbols(symbols.symbols)]);
    for (const column of columns) column.finish(symbols.symbols.length);
  } catch (e) {
    for (const column of columns) column.abandon();
    throw e;
  }
  const names = columns.map((column) => column.name);
  replaceFile(`${folder}/${SCHEMA}`, encodeColumn(new Vec(T.STR, names)));
  sweep(folder, new Set(names));
}

function open(folder: string, first: Table, symbols: SymbolFile, symbolFile: string): ColumnWriter[] {
  const names = texts(first.names);
  if (new Set(names).size < names.length) fail('domain', 'two columns of one name');
  const odd = names.find((name) => !isFileName(name));
  if (odd !== undefined) fail('domain', `'${odd}' is no name of a file`);
  if (first.cols.some((column) => column.t === T.SYM)) refuseCollision(folder, symbolFile, names);
  return names.map((name, i) => new ColumnWriter(folder, name, first.cols[i].t, symbols));
}

/** One column, in a file beside its own, and a second one for long texts. */
class ColumnWriter {
  readonly #path: string;
  readonly #elements: number;
  readonly #pool: number | null;
  #rows = 0;
  #pooled = 0;
  #nulls = false;

  constructor(folder: string, readonly name: string, readonly t: number, private readonly symbols: SymbolFile) {
    this.#path = `${folder}/${name}`;
    this.#elements = attempt(this.#path, (file) => openSync(`${file}.tmp`, 'w'));
    this.#pool = t === T.STR ? attempt(this.#path, (file) => openSync(`${file}.tmp2`, 'w+')) : null;
    this.#write(this.#elements, Buffer.alloc(HEADER));
  }

  append(column: Vec): void {
    this.#rows += column.length;
    this.#nulls ||= column.nulls && anyNull(column);
    if (this.t === T.SYM) this.#write(this.#elements, bytesOf(symbolPositions(column, this.symbols)));
    else if (this.#pool === null) this.#write(this.#elements, bytesOf(column.data as Uint8Array));
    else {
      const { elements, pool } = textElements(texts(column), this.#pooled);
      this.#write(this.#elements, elements);
      this.#write(this.#pool, pool);
      this.#pooled += pool.length;
    }
  }

  /** Puts the file in its place. */
  finish(symbols: number): void {
    if (this.#pool !== null) this.#appendPool(this.#pool);
    const head = this.t === T.SYM ? header(T.SYM, WIDE_SYMBOLS, this.#rows, symbols) : header(this.t, this.#nulls ? ATTR.NULLS : 0, this.#rows);
    attempt(this.#path, (file) => {
      writeSync(this.#elements, head, 0, HEADER, 0);
      fsyncSync(this.#elements);
      closeSync(this.#elements);
      renameSync(`${file}.tmp`, file);
    });
  }

  abandon(): void {
    for (const suffix of ['.tmp', '.tmp2']) rmSync(fromBytes(this.#path + suffix), { force: true });
    for (const fd of [this.#elements, this.#pool]) {
      try {
        if (fd !== null) closeSync(fd);
      } catch {
        // Closed already.
      }
    }
  }

  #appendPool(pool: number): void {
    this.#write(this.#elements, header(T.U8, 0, this.#pooled));
    const bytes = Buffer.allocUnsafe(2 ** 20);
    for (let at = 0; at < this.#pooled;) {
      checkpoint();
      const n = attempt(this.#path, () => readSync(pool, bytes, 0, bytes.length, at));
      this.#write(this.#elements, bytes.subarray(0, n));
      at += n;
    }
    closeSync(pool);
    rmSync(fromBytes(`${this.#path}.tmp2`));
  }

  #write(fd: number, bytes: Uint8Array): void {
    attempt(this.#path, () => {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
    });
  }
}
