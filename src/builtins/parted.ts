/**
 * Partitioned tables: below the folder of a database one folder a partition (a date or a number), in each a splayed table a name, and
 * one symbol file for all. Opening reads schemas and lengths only; a column is read when it is first used.
 */
import { closeSync, fstatSync, openSync, readSync, readdirSync, statSync, type BigIntStats } from 'node:fs';
import { List, Sym, T, Vec, nullOf, symVec, type Value } from '../lang/value.js';
import { toDays } from '../lang/calendar.js';
import { RayError, fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { KEY, PartedTable, type Segment } from '../columns/parted.js';
import { repeat, takeRange } from '../columns/slice.js';
import { PEEK, decodeColumn, peekColumn } from '../columns/splay-decode.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { attempt, readBytes } from './files.js';
import { SCHEMA, SYMBOLS, folderOf, readSchema, readSplayed, readSymbols, writeSplayed } from './splayed.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: '.db.parted.get', args: 'root name', arity: 'n', example: '(type .db.parted.get)',
    doc: 'a table of all partitions below a folder; where: on its first column, date or part, reads the matching ones only. Errors: io, corrupt, sym, state: a file that changed since',
    fn: (args) => {
      exactly('.db.parted.get', args, 2);
      const root = folderOf('.db.parted.get', args[0]);
      const name = args[1] instanceof Sym ? args[1].text : fail('type', `.db.parted.get expects a sym table name, got ${typeName(args[1])}`);
      return openParted(root, name);
    },
  },
  {
    name: '.db.parted.tables', args: 'root', arity: 'n', example: '(type .db.parted.tables)',
    doc: 'names of the tables in the last partition. Errors: io',
    fn: (args) => {
      exactly('.db.parted.tables', args, 1);
      const root = folderOf('.db.parted.tables', args[0]);
      const last = partitions(root).at(-1);
      return symVec(last === undefined ? [] : tablesOf(`${root}/${last}`));
    },
  },
  {
    name: '.db.parted.fill', args: 'root', arity: 'n', restricted: true, example: '(type .db.parted.fill)',
    doc: 'writes an empty table wherever a partition lacks one that others have; answers the names of those partitions. Errors: io, corrupt',
    fn: (args) => {
      exactly('.db.parted.fill', args, 1);
      return symVec(fill(folderOf('.db.parted.fill', args[0])));
    },
  },
];

function exactly(what: string, args: readonly Value[], n: number): void {
  if (args.length !== n) fail('domain', `${what} expects ${n} argument${n === 1 ? '' : 's'}, got ${args.length}`);
}

export function openParted(root: string, name: string): PartedTable {
  if (name === '' || name[0] === '.' || name.includes('..') || /[/\\\0]/.test(name)) fail('io', `.db.parted.get: '${name}' is no name of a table`);
  const symbols = readSymbols(`${root}/${SYMBOLS}`);
  const dirs = partitions(root);
  if (dirs.length === 0) fail('io', `parted ${root}: no partition folders`);
  const files = dirs.map((dir) => {
    checkpoint();
    const folder = `${root}/${dir}/${name}`;
    const names = readSchema(folder);
    return { folder, names, columns: names.map((column) => peek(`${folder}/${column}`, symbols)) };
  });
  const [first] = files;
  if (first.names.length === 0) fail('corrupt', `parted ${first.folder}: no columns`);
  for (const { folder, names, columns } of files) {
    // The reference takes partitions without the last columns of the first one: here they have nulls.
    if (names.length > first.names.length) fail('corrupt', `parted ${folder}: ${names.length} columns, ${first.folder} has ${first.names.length}`);
    names.forEach((column, i) => {
      if (column !== first.names[i] || columns[i].t !== first.columns[i].t) fail('corrupt', `parted ${folder}: column '${column}' of type ${columns[i].t} where ${first.folder} has '${first.names[i]}' of type ${first.columns[i].t}`);
      if (columns[i].length !== columns[0].length) fail('corrupt', `parted ${folder}: column '${column}' has ${columns[i].length} rows, expected ${columns[0].length}`);
    });
  }
  const { name: keyName, keys } = partitionKeys(dirs);
  const segments = files.map(({ columns }) => new FileSegment(columns[0]?.length ?? 0, columns, symbols, first.columns.map((c) => c.t)));
  return new PartedTable(symVec([keyName, ...first.names]), { keys, segments, types: first.columns.map((c) => c.t) }, [KEY, ...first.names.keys()]);
}

/* ── files ───────────────────────────────────────────────────────────── */

interface ColumnFile { readonly path: string; readonly t: number; readonly length: number; readonly version: string }

function peek(path: string, symbols: Int32Array | null): ColumnFile {
  return attempt(path, (file) => {
    const fd = openSync(file, 'r');
    try {
      const stats = fstatSync(fd, { bigint: true });
      const version = versionOf(stats);
      const size = Number(stats.size);
      const bytes = Buffer.alloc(Math.min(PEEK, size));
      readSync(fd, bytes, 0, bytes.length, 0);
      const known = named(path, () => peekColumn(bytes, size));
      if (known?.t === T.SYM && symbols === null) fail('sym', `${path}: a symbol column, but no symbol file`);
      if (known !== null) return { path, ...known, version };
      const column = named(path, () => decodeColumn(readBytes(file), symbols));
      return { path, t: column.t, length: column.length, version };
    } finally {
      closeSync(fd);
    }
  });
}

/** The files of one partition; what was read stays in memory as long as a table that has this segment. */
class FileSegment implements Segment {
  readonly #columns: (Vec | List | undefined)[] = [];
  constructor(readonly rows: number, private readonly files: readonly ColumnFile[], private readonly symbols: Int32Array | null, private readonly types: readonly number[]) {}

  column(i: number): Vec | List {
    return (this.#columns[i] ??= i < this.files.length ? this.#read(this.files[i]) : nulls(this.types[i], this.rows));
  }
  share(i: number, view: Vec | List): void {
    this.#columns[i] = view;
  }

  #read({ path, t, version }: ColumnFile): Vec | List {
    return attempt(path, (file) => {
      if (versionOf(statSync(file, { bigint: true })) !== version) fail('state', `${path} changed since the table was opened`);
      const column = named(path, () => decodeColumn(readBytes(file), this.symbols));
      return column.t === t && column.length === this.rows ? column : fail('corrupt', `${path}: not the column that its header announces`);
    });
  }
}

const versionOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino}/${size}/${mtimeNs}`;

const nulls = (t: number, rows: number): Vec | List => (t === T.LIST ? new List(new Array<Value>(rows).fill(null)) : repeat(nullOf(t), rows));

function named<R>(path: string, body: () => R): R {
  try {
    return body();
  } catch (e) {
    throw e instanceof RayError && e.code !== 'cancel' ? new RayError(e.code, `${path}: ${e.message}`) : e;
  }
}

/* ── folders ─────────────────────────────────────────────────────────── */

/** Names of the partitions of a database: whole numbers by value, others in bytewise order. Errors: `io`. */
function partitions(root: string): string[] {
  const names = entries(root).filter((name) => name[0] !== '.' && PARTITION_CHARACTERS.test(name));
  return names.every(isNumber) ? names.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) : names;
}
const isNumber = (dir: string): boolean => /^\d+$/.test(dir);
const PARTITION_CHARACTERS = /^[\d.]+$/;

function tablesOf(partition: string): string[] {
  return entries(partition).filter((name) => name[0] !== '.' && isFile(`${partition}/${name}/${SCHEMA}`));
}

const entries = (folder: string): string[] => attempt(folder, (dir) => readdirSync(dir).map(toBytes).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
const isFile = (path: string): boolean => statSync(fromBytes(path), { throwIfNoEntry: false })?.isFile() ?? false;

/** All dates: DATE keys named `date`; all whole numbers: I64; else SYM, both named `part`. */
function partitionKeys(dirs: readonly string[]): { name: string; keys: Vec } {
  if (dirs.every((dir) => DATE.test(dir))) return { name: 'date', keys: new Vec(T.DATE, Int32Array.from(dirs, dayOf)) };
  if (dirs.every(isNumber)) return { name: 'part', keys: new Vec(T.I64, BigInt64Array.from(dirs, (dir) => BigInt.asIntN(64, BigInt(dir)))) };
  return { name: 'part', keys: symVec(dirs) };
}
const DATE = /^\d{4}\.(0[1-9]|1[0-2])\.(0[1-9]|[12]\d|3[01])$/;
const dayOf = (dir: string): number => toDays(Number(dir.slice(0, 4)), Number(dir.slice(5, 7)), Number(dir.slice(8)));

/** The partitions that were filled. Each missing table gets the schema of the last partition that has it. */
function fill(root: string): string[] {
  const dirs = partitions(root);
  const present = dirs.map((dir) => new Set(tablesOf(`${root}/${dir}`)));
  const symbolFile = `${root}/${SYMBOLS}`;
  const filled = new Set<string>();
  for (const name of new Set(present.flatMap((names) => [...names]))) {
    const from = dirs[present.findLastIndex((names) => names.has(name))];
    const template = takeRange(readSplayed(`${root}/${from}/${name}`, isFile(symbolFile) ? symbolFile : null), 0, 0);
    dirs.forEach((dir, p) => {
      if (present[p].has(name)) return;
      writeSplayed(`${root}/${dir}/${name}`, template, symbolFile);
      filled.add(dir);
    });
  }
  return [...filled].sort();
}
