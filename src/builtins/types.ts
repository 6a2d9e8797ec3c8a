/** Types and conversions between them. */
import { Dict, List, Narrow, Sym, T, Table, Vec, isNull, isSeq, name, symCount, symOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { typeName } from '../lang/type-names.js';
import { cast } from '../columns/cast.js';
import { randomGuids } from '../columns/guid.js';
import { symbolsOf } from '../columns/strings.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'type', arity: 1, args: 'x', nullable: true, example: '(type [1 2])',
    doc: 'The name of the type: lower case for atoms, upper case for vectors and containers, ? for functions.',
    fn: (x) => name(typeName(x)),
  },
  {
    name: 'as', arity: 2, args: "'type x", fn: as, example: "(as 'i64 \"42\")",
    doc: 'Converts a value, vectors and lists element by element; also tables to dicts and back. Errors: domain for an unknown type or bad text.',
  },
  {
    name: 'guid', arity: 1, args: 'n', example: '(count (guid 3))', doc: 'A vector of n random guids (version 4).',
    fn: (n, rt) => {
      if (!COUNTS.has(-tagOf(n))) fail('type', `guid expects an integer, got ${typeName(n)}`);
      const count = n instanceof Narrow ? n.v : Number(n);
      return isNull(n) || count < 0 ? fail('domain', 'guid expects a count of 0 or more') : randomGuids(count, () => rt.host.random());
    },
  },
  {
    name: 'sym-name', arity: 1, args: 'id', example: '(type (sym-name 0))',
    doc: 'The symbol of an intern id, or the symbols of a vector of ids; symbols pass. Errors: domain for an unknown id.',
    fn: (x) => {
      if (x instanceof Sym || (x instanceof Vec && x.t === T.SYM)) return x;
      if (x instanceof Vec && x.t === T.I64) return symbolsOf(x);
      if (typeof x !== 'number' && typeof x !== 'bigint') return fail('type', `sym-name expects i64, got ${typeName(x)}`);
      return x >= 0 && x < symCount() ? symOf(Number(x)) : fail('domain', 'no symbol has this id');
    },
  },
  { name: 'rc', arity: 1, args: 'x', fn: () => 1, example: '(rc 5)', doc: 'Always 1: values are not counted here.' },
  {
    name: 'nil?', arity: 1, args: 'x', nullable: true, fn: (x) => isNull(x), example: '(nil? 0Nl)',
    doc: 'Whether x is null or a null of some type.',
  },
];

const COUNTS: ReadonlySet<number> = new Set([T.B8, T.U8, T.I16, T.I32, T.I64]);

/** Names of targets, in lower case. */
const TARGETS: ReadonlyMap<string, number> = new Map([
  ['b8', T.B8], ['bool', T.B8], ['u8', T.U8], ['i16', T.I16], ['i32', T.I32], ['i64', T.I64], ['f64', T.F64], ['date', T.DATE],
  ['time', T.TIME], ['timestamp', T.TIMESTAMP], ['guid', T.GUID], ['sym', T.SYM], ['symbol', T.SYM], ['str', T.STR],
  ['dict', T.DICT], ['table', T.TABLE],
]);

function as(target: Value, x: Value): Value {
  if (!(target instanceof Sym)) return fail('type', `as expects a symbol first, got ${typeName(target)}`);
  const tag = TARGETS.get(target.text.toLowerCase());
  if (tag === undefined) return fail('domain', `as: no type is called ${target.text}`);
  return tag === T.DICT ? toDict(x) : tag === T.TABLE ? toTable(x) : cast(tag, x);
}

function toDict(x: Value): Value {
  if (isNull(x)) return fail('domain', 'a null has no dict');
  if (x instanceof Dict) return x;
  return x instanceof Table ? new Dict(x.names, new List(x.cols)) : fail('type', `cannot cast ${typeName(x)} to dict`);
}

function toTable(x: Value): Value {
  if (isNull(x)) return fail('domain', 'a null has no table');
  if (x instanceof Table) return x;
  if (!(x instanceof Dict)) return fail('type', `cannot cast ${typeName(x)} to table`);
  const { keys, vals } = x;
  if (!(keys instanceof Vec) || keys.t !== T.SYM || !(vals instanceof List)) return fail('type', 'a table needs symbol keys and a list of columns');
  const cols = vals.items.map((col) => (isSeq(col) ? col : fail('type', `a column is a vector or list, not ${typeName(col)}`)));
  if (cols.some((col) => col.length !== cols[0].length)) fail('length', 'the columns of a table have one length');
  return new Table(keys, cols);
}
