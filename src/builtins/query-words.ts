/** Verbs that exist in queries only, or mean something else there: rows instead of wholes. */
import { Builtin, List, Sym, T, Vec, intern, isNull, name, symbol, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { outerValueAt } from '../columns/aggregate.js';
import { cast } from '../columns/cast.js';
import { joinedTexts } from '../columns/choose.js';
import { columnOfLong } from '../columns/concat.js';
import { globTest } from '../columns/glob.js';
import { not } from '../columns/compare.js';
import { enlist, itemAt, packOrList } from '../columns/item.js';
import { exceptNulls, nullMask } from '../columns/nulls.js';
import { isFloatType, isIntType } from '../columns/promote.js';
import { repeat } from '../columns/slice.js';
import { isText, testText } from '../columns/strings.js';
import { isTemporal, truncate } from '../columns/temporal.js';
import { ROWS as AGGREGATE } from './aggregate.js';
import { ROWS as SETS } from './sets.js';
import { ROWS as COMPARE } from './compare.js';
import { ROWS as MATH } from './math.js';
import { ROWS as STRINGS } from './strings.js';
import { ROWS as TYPES } from './types.js';
import type { BinaryFn, BuiltinRow, UnaryFn, VariadicFn } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';

const isColumn = (v: Value): v is Vec | List => v instanceof Vec || v instanceof List;

const nilByElement: UnaryFn = (x) => (isColumn(x) ? nullMask(x) : isNull(x));

/** `like` without regard to the case of ASCII letters. */
const ilike: BinaryFn = (x, pattern) => {
  if (typeof pattern !== 'string') fail('type', `ilike: the pattern is a str, got ${typeName(pattern)}`);
  const test = globTest(lower(pattern));
  if (typeof x === 'string') return test(lower(x));
  if (x instanceof Sym) return test(lower(x.text));
  return x instanceof Vec && isText(x) ? testText(x, (s) => test(lower(s))) : fail('type', `ilike takes texts, got ${typeName(x)}`);
};
const lower = (s: string): string => s.replace(/[A-Z]+/g, (c) => c.toLowerCase());

/** Texts end to end, row by row; symbols where no part is a str column. */
const concatTexts: VariadicFn = (parts) => {
  if (parts.every((p) => typeof p === 'string')) return parts.join('');
  const whole = joinedTexts(parts);
  return whole ?? fail('type', `concat takes texts of one length, got ${parts.map(typeName).join(' ')}`);
};

/** `in` for which a null is in no list. */
const membership = (fn: BinaryFn): BinaryFn => (x, list, rt) => {
  if (!(x instanceof Vec)) return fn(x, list, rt);
  return x.length === 0 ? new Vec(T.B8, new Uint8Array(0)) : exceptNulls(fn(x, list, rt), x);
};
const nonMembership = (fn: BinaryFn): BinaryFn => (x, list, rt) => {
  const mask = not(fn(x, list, rt));
  return x instanceof Vec ? exceptNulls(mask, x) : mask;
};
const listed = (fn: BinaryFn): BinaryFn => (x, range, rt) => fn(x, range instanceof List ? enlist(range.items) : range, rt);

/** `as` that also makes F32 columns. */
const converted = (fn: BinaryFn): BinaryFn => (type, x, rt) => (type instanceof Sym && type.text === 'F32' && isColumn(x) ? cast(T.F32, x) : fn(type, x, rt));

/** `substr` whose positions may be floats, or one for all rows in a vector. */
const positioned = (fn: VariadicFn): VariadicFn => (args, rt) => fn(args.map((v, i) => (i > 0 && v instanceof Vec ? position(v) : v)), rt);
const position = (v: Vec): Value => {
  const whole = isFloatType(v.t) ? (cast(T.I64, v) as Vec) : v;
  return v.length === 1 ? itemAt(whole, 0) : whole;
};

/** The type of each element, not of the column. */
const typeByElement: UnaryFn = (x) => (x instanceof Vec ? repeat(symbol(typeName(x).toLowerCase()), x.length) : name(typeName(x)));

const named = (rows: readonly BuiltinRow[], text: string): BinaryFn => rows.find((row) => row.name === text)!.fn as BinaryFn;
const fnOf = (text: string, tag: 101 | 102 | 103, fn: UnaryFn | BinaryFn | VariadicFn, nullable = false): [number, Builtin] =>
  [intern(text), new Builtin(tag, text, fn, { atomic: true, nullable })];
const alias = (text: string, meaning: string): [number, Value] => [intern(text), name(meaning)];

/** Arithmetic of integer columns in 64 bits, however narrow they are; bytes beside floats are numbers like any other. */
const inWide = (row: BuiltinRow): [number, Value] => {
  const any = row.fn as BinaryFn;
  const fn: BinaryFn = (a, b, rt) => (isFloatByByte(a, b) ? any(a, wide(b), rt) : any(a, b, rt));
  return fnOf(row.name, T.BINARY, (a, b, rt) => (isNarrow(a, b) ? fn(wide(a), wide(b), rt) : isSingleFloat(a) || isSingleFloat(b) ? column(fn(a, b, rt)) : fn(a, b, rt)));
};
/** Outside queries arithmetic of F32 columns gives lists. */
const asColumn = (row: BuiltinRow): [number, Value] => {
  const fn = row.fn as UnaryFn;
  const inQueries: UnaryFn = (x, rt) => (isSingleFloat(x) ? column(fn(x, rt)) : fn(x, rt));
  return fnOf(row.name, T.UNARY, inQueries);
};
const isSingleFloat = (v: Value): boolean => v instanceof Vec && v.t === T.F32;
const column = (v: Value): Value => (v instanceof List && v.length > 0 ? (columnOfLong(v) ?? packOrList(v.items)) : v);
const isNarrow = (a: Value, b: Value): boolean => (a instanceof Vec || b instanceof Vec) && isIntType(Math.abs(tagOf(a))) && isIntType(Math.abs(tagOf(b)));
const isFloatByByte = (a: Value, b: Value): boolean => Math.abs(tagOf(a)) === T.F64 && Math.abs(tagOf(b)) === T.U8;
const wide = (v: Value): Value => cast(T.I64, v);
const WIDE: ReadonlySet<string> = new Set(['+', '-', '*', '%', 'div']);

/** `first` and `last` pass over nulls of every type; outside queries over those of I64 and F64 only. */
const endValue = (text: 'first' | 'last', from: 1 | -1): [number, Value] => {
  const fn = AGGREGATE.find((row) => row.name === text)!.fn as UnaryFn;
  return [intern(text), new Builtin(T.UNARY, text, (x: Value, rt: Runtime) => (x instanceof Vec && x.length > 0 ? itemAt(x, outerValueAt(x, from)) : fn(x, rt)), {})];
};

const CONCAT = fnOf('concat', T.VARIADIC, concatTexts)[1];

/** Id of a word at the head of a call in a query -> what stands there instead. */
const WORDS: ReadonlyMap<number, Value> = new Map<number, Value>([
  ...MATH.filter((row) => WIDE.has(row.name)).map(inWide), ...MATH.filter((row) => row.name === 'neg' || row.name === 'abs').map(asColumn),
  endValue('first', 1), endValue('last', -1), fnOf('nil?', T.UNARY, nilByElement, true), fnOf('ilike', T.BINARY, ilike), fnOf('type', T.UNARY, typeByElement, true),
  fnOf('in', T.BINARY, membership(named(SETS, 'in'))), fnOf('substr', T.VARIADIC, positioned(STRINGS.find((row) => row.name === 'substr')!.fn as VariadicFn)), fnOf('not-in', T.BINARY, nonMembership(named(SETS, 'in'))),
  fnOf('as', T.BINARY, converted(named(TYPES, 'as'))), fnOf('within', T.BINARY, listed(named([...SETS, ...COMPARE], 'within'))),
  alias('median', 'med'), alias('year', 'yyyy'), alias('month', 'mm'), alias('day', 'dd'), alias('hour', 'hh'), alias('second', 'ss'),
  alias('dayofweek', 'dow'), alias('dayofyear', 'doy'),
]);

const unitOf = (verb: string, unit: 'year' | 'month' | 'hour'): [string, Builtin] =>
  [verb, new Builtin(T.UNARY, verb, (x: Value) => (isTemporal(tagOf(x)) ? truncate(x as Vec, unit) : fail('type', `.${verb} of a ${typeName(x)}`)), { atomic: true })];

/** `column.verb` that is not the verb applied: where the year, month or hour of each moment began. */
export const DOTTED: ReadonlyMap<string, Builtin> = new Map([unitOf('year', 'year'), unitOf('month', 'month'), unitOf('hour', 'hour')]);

/** What stands for the word `s` at the head of a call with these arguments; undefined: the word itself. */
export function queryWord(s: Sym, args: readonly Value[], typeOf: (s: Sym) => number | undefined): Value | undefined {
  if (s.text !== 'concat') return WORDS.get(s.id);
  const texts = args.every((a) => typeof a === 'string' || (a instanceof Sym && (typeOf(a) === T.STR || typeOf(a) === T.SYM)));
  return texts && args.length >= 2 ? CONCAT : undefined;
}

/** Comparisons in which a literal is read as the type of the column on the other side. */
export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** A literal compared with a column of type `t`: a str beside SYM is the symbol of its text, an integer beside a time is its raw value. */
export function literalFor(t: number, literal: Value): Value {
  if (t === T.SYM) return typeof literal === 'string' ? symbol(literal) : literal;
  if ((t === T.DATE || t === T.TIME || t === T.TIMESTAMP) && tagOf(literal) === -T.I64) return cast(t, literal);
  return literal;
}
