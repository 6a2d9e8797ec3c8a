/** CSV files: `read-csv` and `write-csv`, also named `.csv.read` and `.csv.write`, and CSV straight into a splayed table. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { Sym, T, Table, Vec, symText, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { cast } from '../columns/cast.js';
import { itemAt, pack } from '../columns/item.js';
import { isNumericType } from '../columns/promote.js';
import { texts } from '../columns/strings.js';
import { MAX_COLUMNS, NARROWEST, csvParts, readCsv, type ByteSource, type CsvSchema } from '../columns/csv-read.js';
import { csvText } from '../columns/csv-write.js';
import type { BuiltinRow, VariadicFn } from '../lang/builtin.js';
import { attempt, pathOf, readBytes, replaceFile } from './files.js';
import { openParted } from './parted.js';
import { Progress } from './progress.js';
import { writeSplayedParts } from './splay-stream.js';
import { SYMBOLS, isFileName, readSplayed, writeSplayed } from './splayed.js';
import type { Runtime } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  ...named(['read-csv', '.csv.read'], '[names] [types] path', 'a CSV file as a table; types and names where they are not given. Errors: io, type, length, limit, range', (args, rt) => {
    if (args.length < 1 || args.length > 3) fail('arity', `read-csv: expects 1 to 3 arguments, got ${args.length}`);
    const { schema, rest } = schemaOf('read-csv', args);
    return withFile(pathOf('read-csv', rest[0]), rt, (source) => readCsv(source, schema));
  }),
  ...named(['write-csv', '.csv.write'], 'table path', 'writes a table as a CSV file, whole or not at all; answers 0. Errors: io, type', (args) => {
    if (args.length < 2) fail('arity', `write-csv: expects 2 arguments, got ${args.length}`);
    const [table, path] = args;
    if (!(table instanceof Table)) return fail('type', `write-csv: first argument must be table, got ${typeName(table)}`);
    if (table.cols.length === 0) fail('type', 'write-csv: a table without columns');
    const file = pathOf('write-csv', path);
    if (file === '') fail('type', 'write-csv: empty path');
    replaceFile(file, csvText(table));
    return 0;
  }),
  {
    name: '.csv.splayed', args: '[names] [types] path folder', arity: 'n', restricted: true, example: '(type .csv.splayed)',
    doc: 'reads a CSV file and stores it as a splayed table; answers the table. Errors: as read-csv and .db.splayed.set',
    fn: (args, rt) => {
      if (args.length < 2 || args.length > 4) fail('arity', `csv.splayed: expects 2 to 4 arguments, got ${args.length}`);
      const folder = args[args.length - 1];
      if (typeof folder !== 'string' || folder === '') return fail('type', `csv.splayed: target dir must be str, got ${typeName(folder)}`);
      const { schema, rest } = schemaOf('csv.splayed', args.slice(0, -1));
      if (rest.length !== 1) fail('domain', 'csv.splayed: invalid argument arrangement');
      withFile(pathOf('csv.splayed', rest[0]), rt, (source) => writeSplayedParts(folder, csvParts(source, schema, ROWS_AT_ONCE)));
      return readSplayed(folder, null);
    },
  },
  {
    name: '.csv.parted', args: '[names] [types] path rows root name', arity: 'n', restricted: true, example: '(type .csv.parted)',
    doc: 'reads a CSV file and stores it as a partitioned table: partitions 0, 1, .. of a number of rows each, a million where it is not given; answers the table. Errors: as read-csv and .db.parted.get, range, domain',
    fn: (args, rt) => {
      if (args.length < 3 || args.length > 6) fail('arity', `csv.parted: expects 3 to 6 arguments, got ${args.length}`);
      const [root, name] = args.slice(-2);
      if (typeof root !== 'string' || root === '') return fail('type', `csv.parted: root dir must be str, got ${typeName(root)}`);
      if (!(name instanceof Sym)) return fail('type', `csv.parted: table name must be sym, got ${typeName(name)}`);
      if (!isFileName(name.text) || name.text.includes('..')) fail('domain', `csv.parted: '${name.text}' is no name of a table`);
      const given = args.slice(0, -2);
      const rows = given.length >= 2 && isNumericType(-tagOf(given[given.length - 1])) ? rowsOf(given.pop()!) : ROWS_AT_ONCE;
      const { schema, rest } = schemaOf('csv.parted', given);
      if (rest.length !== 1) fail('domain', 'csv.parted: invalid argument arrangement');
      withFile(pathOf('csv.parted', rest[0]), rt, (source) => {
        let partition = 0;
        for (const part of csvParts(source, schema, rows)) writeSplayed(`${root}/${partition++}/${name.text}`, part, `${root}/${SYMBOLS}`);
      });
      return openParted(root, name.text);
    },
  },
];

function named(names: readonly string[], args: string, doc: string, fn: VariadicFn): BuiltinRow[] {
  return names.map((name) => ({ name, args, doc, fn, arity: 'n', restricted: true, example: `(type ${name})` }));
}

const TYPES: ReadonlyMap<string, number> = new Map([
  ['B8', T.B8], ['U8', T.U8], ['I16', T.I16], ['I32', T.I32], ['I64', T.I64], ['INT', NARROWEST], ['F32', T.F32], ['F64', T.F64],
  ['SYMBOL', T.SYM], ['STR', T.STR], ['DATE', T.DATE], ['TIME', T.TIME], ['TIMESTAMP', T.TIMESTAMP], ['GUID', T.GUID],
]);

/** The schema that arguments begin with, and the arguments behind it. */
function schemaOf(what: string, args: readonly Value[]): { schema: CsvSchema; rest: readonly Value[] } {
  const symbols = (i: number): Vec | null => {
    const v = args[i];
    return v instanceof Vec && v.t === T.SYM && i < args.length - 1 ? v : null;
  };
  const first = symbols(0);
  if (first === null) return { schema: { types: null, names: null }, rest: args };
  const second = symbols(1);
  const types = second ?? first;
  if (types.length > MAX_COLUMNS) fail('limit', `${what}: more than ${MAX_COLUMNS} columns`);
  const tags = Array.from(types.data as Int32Array, (id) => TYPES.get(symText(id)) ?? fail('type', `${what}: unknown column type '${symText(id)}'`));
  if (second === null) return { schema: { types: tags, names: null }, rest: args.slice(1) };
  if (first.length !== tags.length) fail('length', `${what}: names and types must match, got ${first.length} names and ${tags.length} types`);
  return { schema: { types: tags, names: texts(first) }, rest: args.slice(2) };
}

/** Rows that are in memory at once, and of a partition unless a script says otherwise. */
const ROWS_AT_ONCE = 1_000_000;

function rowsOf(v: Value): number {
  const n = Number(itemAt(cast(T.I64, pack(-tagOf(v), [v])) as Vec, 0));
  return n > 0 ? n : fail('range', `csv.parted: rows per partition must be positive, got ${n}`);
}

function withFile<R>(path: string, rt: Runtime, body: (source: ByteSource) => R): R {
  return attempt(path, (file) => {
    if (!statSync(file).isFile()) return body(inMemory(readBytes(file)));
    const fd = openSync(file, 'r');
    const { size } = fstatSync(fd);
    const progress = new Progress(rt.host, path, size);
    try {
      return body({
        size,
        read: (into, at, n, position) => {
          progress.reached(position);
          return n === 0 ? 0 : readSync(fd, into, at, n, position);
        },
      });
    } finally {
      progress.end();
      closeSync(fd);
    }
  });
}

/** What a pipe gave, as a file that can be read at any place. */
const inMemory = (bytes: Buffer): ByteSource =>
  ({ size: bytes.length, read: (into, at, n, position) => bytes.copy(into, at, position, position + n) });
