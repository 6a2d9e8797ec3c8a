/** Splayed tables: a folder with one file a column, the schema `.d`, and the symbols `.sym` of it or of the database above it. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { List, T, Table, Vec, intern, symVec, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { texts } from '../columns/strings.js';
import { decodeColumn, decodeStrings } from '../columns/splay-decode.js';
import { SymbolFile, encodeColumn, encodePositions, encodeSymbols, symbolPositions } from '../columns/splay-encode.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { attempt, makeFolder, readBytes, replaceFile } from './files.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: '.db.splayed.set', args: 'folder table symbolfile', arity: 'n', restricted: true, example: '(type .db.splayed.set)',
    doc: 'stores a table as a splayed one; answers the table. Errors: io, nyi, reserve, domain: two columns of one name',
    fn: (args) => {
      if (args.length < 2 || args.length > 3) fail('domain', `.db.splayed.set expects 2 or 3 arguments, got ${args.length}`);
      const folder = folderOf('.db.splayed.set', args[0]);
      const table = args[1];
      if (!(table instanceof Table)) return fail('type', `.db.splayed.set expects a table, got ${typeName(table)}`);
      writeSplayed(folder, table, textOrNull(args[2]));
      return table;
    },
  },
  {
    name: '.db.splayed.get', args: 'folder symbolfile', arity: 'n', example: '(type .db.splayed.get)',
    doc: 'a splayed table. Errors: io, corrupt, version, sym: symbols without a symbol file',
    fn: (args) => {
      if (args.length < 1 || args.length > 2) fail('domain', `.db.splayed.get expects 1 or 2 arguments, got ${args.length}`);
      return readSplayed(folderOf('.db.splayed.get', args[0]), textOrNull(args[1]));
    },
  },
];

export const SCHEMA = '.d';
export const SYMBOLS = '.sym';

/** Stores a table; `symbolFile`: null: the one the folder implies. The schema is written last: until then the table is not there. */
export function writeSplayed(folder: string, table: Table, symbolFile: string | null): void {
  const names = texts(table.names);
  const stored = names.flatMap((name, i) => (isFileName(name) ? [{ name, column: table.cols[i] }] : []));
  if (new Set(stored.map((s) => s.name)).size < stored.length) fail('domain', 'two columns of one name');
  const symbolic = stored.some(({ column }) => column instanceof Vec && column.t === T.SYM);
  const symbols = symbolFile ?? impliedSymbols(folder, true)!;
  if (symbolic) refuseCollision(folder, symbols, stored.map((s) => s.name));
  // Encoded before anything is written: what cannot be stored must leave what is there as it is.
  const others = new Map(stored.flatMap(({ name, column }) => (column instanceof Vec && column.t === T.SYM ? [] : [[name, encodeColumn(column)]])));
  makeFolder(folder);
  if (symbolic) {
    const file = new SymbolFile(existsSync(fromBytes(symbols)) ? loadSymbols(symbols) : []);
    const positions = new Map(stored.flatMap(({ name, column }) => (column instanceof Vec && column.t === T.SYM ? [[name, symbolPositions(column, file)]] : [])));
    // Before the columns: they must never refer to symbols that are not there.
    if (file.symbols.length > file.stored) replaceFile(symbols, [encodeSymbols(file.symbols)]);
    for (const [name, at] of positions) others.set(name, encodePositions(at, file.symbols.length));
  }
  for (const { name } of stored) replaceFile(`${folder}/${name}`, others.get(name)!);
  replaceFile(`${folder}/${SCHEMA}`, encodeColumn(new Vec(T.STR, stored.map((s) => s.name))));
  sweep(folder, new Set(stored.map((s) => s.name)));
}

export function readSplayed(folder: string, symbolFile: string | null): Table {
  const names = readSchema(folder);
  const at = symbolFile ?? impliedSymbols(folder, false);
  const symbols = at === null ? null : readSymbols(at);
  const columns = names.map((name) => readColumn(folder, name, symbols));
  for (const [i, column] of columns.entries()) {
    if (column.length !== columns[0].length) fail('corrupt', `splayed ${folder}: column '${names[i]}' has ${column.length} rows, expected ${columns[0].length}`);
  }
  return new Table(symVec(names), columns);
}

/** The column names of a splayed table. Errors: `io`, `corrupt`. */
export function readSchema(folder: string): readonly string[] {
  const schema = readColumn(folder, SCHEMA, null);
  if (!(schema instanceof Vec) || schema.t !== T.STR) return fail('corrupt', `splayed ${folder}: .d is no list of names`);
  const names = texts(schema);
  if (!names.every(isFileName)) fail('corrupt', `splayed ${folder}: a column name in .d that is no file name`);
  return names;
}

/** The intern id of each position of a symbol file; null: there is no such file. Errors: `corrupt`. */
export const readSymbols = (path: string): Int32Array | null => (existsSync(fromBytes(path)) ? Int32Array.from(loadSymbols(path), intern) : null);

/** A column of a splayed table. Errors: `io`, `corrupt`, `version`, `sym`. */
function readColumn(folder: string, name: string, symbols: Int32Array | null): Vec | List {
  const path = `${folder}/${name}`;
  const bytes = attempt(path, (file) => readBytes(file));
  try {
    return decodeColumn(bytes, symbols);
  } catch (e) {
    throw e instanceof RayError && e.code !== 'cancel' ? new RayError(e.code, `${path}: ${e.message}`) : e;
  }
}

export function loadSymbols(path: string): string[] {
  const symbols = decodeStrings(attempt(path, (file) => readBytes(file)));
  if (symbols.length > 0 && symbols[0] !== '') fail('corrupt', `${path}: the symbol at 0 is not empty`);
  return symbols;
}

/** The symbol file of a folder: its own; below a partition the database's. Null (reading): there is none. */
function impliedSymbols(folder: string, toWrite: boolean): string | null {
  const own = join(folder, SYMBOLS);
  if (!toWrite && existsSync(fromBytes(own))) return own;
  const partition = dirname(folder.replace(/(?<=.)\/+$/, ''));
  if (folder.includes('/') && PARTITION.test(basename(partition)) && partition.includes('/')) {
    const shared = join(dirname(partition), SYMBOLS);
    return toWrite || existsSync(fromBytes(shared)) ? shared : null;
  }
  return toWrite ? own : null;
}
/** Names of partitions: dates and numbers. */
const PARTITION = /^[\d.]*\d[\d.]*$/;

/** A symbol file beside the columns must not have the name of one, nor its lock. */
export function refuseCollision(folder: string, symbols: string, names: readonly string[]): void {
  if (resolve(dirname(symbols)) !== resolve(folder)) return;
  const base = basename(symbols);
  if (names.includes(base) || names.includes(`${base}.lk`)) fail('reserve', `the symbol file ${symbols} would overwrite a column`);
}

/** Removes the files of columns the table no longer has. */
export function sweep(folder: string, names: ReadonlySet<string>): void {
  attempt(folder, (dir) => {
    for (const file of readdirSync(dir)) {
      const name = toBytes(file);
      if (name.startsWith('.') || names.has(name) || (name.endsWith('.link') && names.has(name.slice(0, -5)))) continue;
      const path = join(dir, file);
      if (statSync(path).isFile()) rmSync(path);
    }
  });
}

export const isFileName = (name: string): boolean => name !== '' && name[0] !== '.' && !/[/\\\0]/.test(name);

export function folderOf(what: string, v: Value): string {
  return typeof v === 'string' && v !== '' && !v.includes('\0') ? v : fail('type', `${what} expects a string dir path, got ${typeName(v)}`);
}

const textOrNull = (v: Value | undefined): string | null => (typeof v === 'string' && v !== '' ? v : null);
