/** Verbs that exist in queries only, or mean something else there: rows instead of wholes. */
import { Builtin, List, Sym, T, Vec, intern, isNull, name, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { truthy } from '../lang/truth.js';
import { choose } from '../columns/choose.js';
import { globTest } from '../columns/glob.js';
import { nullMask } from '../columns/nulls.js';
import { isText, testText } from '../columns/strings.js';
import type { BinaryFn, UnaryFn, VariadicFn } from '../lang/builtin.js';

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

const chooseRows: VariadicFn = ([cond, yes, no = 0]) => {
  if (yes === undefined) fail('domain', 'if: expected a condition and a branch');
  if (cond instanceof Vec && cond.t === T.B8) return choose(cond, yes, no);
  return truthy(cond) ? yes : no;
};

const fnOf = (text: string, tag: 101 | 102 | 103, fn: UnaryFn | BinaryFn | VariadicFn, nullable = false): [number, Value] =>
  [intern(text), new Builtin(tag, text, fn, { atomic: true, nullable })];
const alias = (text: string, meaning: string): [number, Value] => [intern(text), name(meaning)];

/** Id of a word at the head of a call in a query -> what stands there instead. */
export const QUERY_WORDS: ReadonlyMap<number, Value> = new Map<number, Value>([
  fnOf('nil?', T.UNARY, nilByElement, true), fnOf('ilike', T.BINARY, ilike), fnOf('if', T.VARIADIC, chooseRows),
  alias('median', 'med'), alias('year', 'yyyy'), alias('month', 'mm'), alias('day', 'dd'), alias('hour', 'hh'), alias('second', 'ss'),
  alias('dayofweek', 'dow'), alias('dayofyear', 'doy'),
]);
