/** CSV files: `read-csv` and `write-csv`, also named `.csv.read` and `.csv.write`, and CSV straight into a splayed table. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { T, Table, Vec, symText, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { texts } from '../columns/strings.js';
import { MAX_COLUMNS, NARROWEST, readCsv, type CsvSchema } from '../columns/csv-read.js';
import { csvText } from '../columns/csv-write.js';
import type { BuiltinRow, VariadicFn } from '../lang/builtin.js';
import { attempt, pathOf, replaceFile } from './files.js';
import { readSplayed, writeSplayed } from './splayed.js';

export const ROWS: readonly BuiltinRow[] = [
  ...named(['read-csv', '.csv.read'], '[names] [types] path', 'a CSV file as a table; types and names where they are not given. Errors: io, type, length, limit, range', (args) => {
    if (args.length < 1 || args.length > 3) fail('arity', `read-csv: expects 1 to 3 arguments, got ${args.length}`);
    const { schema, rest } = schemaOf('read-csv', args);
    return readFile(pathOf('read-csv', rest[0]), schema);
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
    fn: (args) => {
      if (args.length < 2 || args.length > 4) fail('arity', `csv.splayed: expects 2 to 4 arguments, got ${args.length}`);
      const folder = args[args.length - 1];
      if (typeof folder !== 'string' || folder === '') return fail('type', `csv.splayed: target dir must be str, got ${typeName(folder)}`);
      const { schema, rest } = schemaOf('csv.splayed', args.slice(0, -1));
      if (rest.length !== 1) fail('domain', 'csv.splayed: invalid argument arrangement');
      writeSplayed(folder, readFile(pathOf('csv.splayed', rest[0]), schema), null);
      return readSplayed(folder, null);
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

function readFile(path: string, schema: CsvSchema): Table {
  return attempt(path, (file) => {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      return readCsv({ size, read: (into, at, n, position) => (n === 0 ? 0 : readSync(fd, into, at, n, position)) }, schema);
    } finally {
      closeSync(fd);
    }
  });
}
