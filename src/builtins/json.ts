/** JSON in and out; the mapping of types stands with `parseJson` and `formatJson`. */
import type { BuiltinRow } from '../lang/builtin.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { parseJson } from '../columns/json-parse.js';
import { formatJson } from '../columns/json-format.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: '.json.parse', arity: 1, args: 'str', doc: 'the value of a JSON text: integers exactly, objects as dicts, arrays of like objects as tables. parse, range, limit',
    example: '(.json.parse "[1,null,9007199254740993]")',
    fn: (s) => (typeof s === 'string' ? parseJson(s) : fail('type', `.json.parse expects a str, got ${typeName(s)}`)),
  },
  {
    name: '.json.format', arity: 1, nullable: true, args: 'x', doc: 'x as JSON in one line: tables as arrays of objects, symbols and temporals as strings. type: functions, domain: texts that are not UTF-8',
    example: "(.json.format {a: [1 2] b: 'x})",
    fn: (x) => formatJson(x),
  },
];
