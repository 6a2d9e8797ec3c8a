/** Text: strings and symbols, atoms and columns. Lengths and positions count bytes. */
import { F64, I64_NULL, List, Narrow, Sym, T, Vec, isNull, isSeq, isVec, name, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { typeName } from '../lang/type-names.js';
import { items, packEach, packOrList } from '../columns/item.js';
import { takeRange } from '../columns/slice.js';
import { globSearch, globTest } from '../columns/glob.js';
import { byPieces, joinEach, joinTexts } from '../columns/text.js';
import { countText, cutAt, isText, mapText, mapTextAt, replaceAll, testText, texts } from '../columns/strings.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'split', arity: 2, args: 'x sep', fn: split, example: '(split "a,b,c" ",")',
    doc: 'The parts of a str or sym between separators, as a list of strs; or a str, vector or list cut before the indices `sep`.',
  },
  {
    name: 'str-join', arity: 2, args: 'xs sep', fn: join, example: '(str-join ["a" "b"] ",")',
    doc: 'Strings or symbols joined into one str with a separator between them.',
  },
  {
    name: 'str-find', arity: 2, args: 'x pattern', fn: find, example: '(str-find "banana" "na")',
    doc: 'Byte offset of the first match, 0Nl without one; ? and [a-z] match as in `like`. Errors: domain for a * in the pattern.',
  },
  {
    name: 'strlen', arity: 1, args: 'x', example: '(strlen "hello")', doc: 'Length in bytes of a str or sym, or of each of a vector.',
    fn: (x) => {
      const s = textOf(x);
      if (s !== null) return s.length;
      return isVec(x) && isText(x) ? countText(x, (t) => t.length) : noText('strlen', x);
    },
  },
  { name: 'upper', arity: 1, args: 'x', fn: (x) => each('upper', x, upper), example: '(upper "ab")', doc: 'ASCII letters in upper case.' },
  { name: 'lower', arity: 1, args: 'x', fn: (x) => each('lower', x, lower), example: '(lower "AB")', doc: 'ASCII letters in lower case.' },
  { name: 'trim', arity: 1, args: 'x', fn: (x) => each('trim', x, trim), example: '(trim "  a b ")', doc: 'Without white space at both ends.' },
  {
    name: 'substr', arity: 'n', args: 'x start len', fn: substr, example: '(substr "abcdef" 2 3)',
    doc: '`len` bytes from position `start` (the first is 1) on; a negative length takes the rest. A vector takes a vector of either, too.',
  },
  {
    name: 'replace', arity: 'n', args: 'x from to', example: '(replace "a-b-c" "-" "_")', doc: 'Every occurrence of `from` replaced by `to`.',
    fn: (args) => {
      threeArgs('replace', args);
      const from = textOf(args[1]) ?? noText('replace', args[1]);
      const to = textOf(args[2]) ?? noText('replace', args[2]);
      return each('replace', args[0], (s) => replaceAll(s, from, to));
    },
  },
  {
    name: 'like', arity: 2, args: 'x pattern', example: '(like "hello" "h*o")',
    doc: 'Whether the whole text matches a pattern: * any bytes, ? one byte, [abc] [a-z] one of them, [!abc] none of them.',
    fn: (x, pattern) => {
      if (typeof pattern !== 'string') return fail('type', `like: pattern must be a str, got ${typeName(pattern)}`);
      const test = globTest(pattern);
      const s = textOf(x);
      if (s !== null) return test(s);
      return isVec(x) && isText(x) ? testText(x, test) : noText('like', x);
    },
  },
];

/** The bytes of a str or sym; null for everything else. */
const textOf = (x: Value): string | null => (typeof x === 'string' ? x : x instanceof Sym ? x.text : null);

const noText = (what: string, x: Value): never => fail('type', `${what}: expected str or sym, got ${typeName(x)}`);

function threeArgs(what: string, args: readonly Value[]): void {
  if (args.length !== 3) fail('arity', `${what} expects 3 arguments, got ${args.length}`);
}

/** `f` of an atom or of every element, in the type it came in. */
function each(what: string, x: Value, f: (s: string) => string): Value {
  if (typeof x === 'string') return f(x);
  if (x instanceof Sym) return name(f(x.text));
  return isVec(x) && isText(x) ? mapText(x, f) : noText(what, x);
}

// Bytes beyond ASCII are parts of UTF-8 characters: JS must not see them as letters.
const upper = (s: string): string => byPieces(s, (p) => (ASCII.test(p) ? p.toUpperCase() : p.replace(/[a-z]+/g, (run) => run.toUpperCase())));
const lower = (s: string): string => byPieces(s, (p) => (ASCII.test(p) ? p.toLowerCase() : p.replace(/[A-Z]+/g, (run) => run.toLowerCase())));
const ASCII = /^[\x00-\x7f]*$/;
const isSpace = (c: number): boolean => c === 32 || (c >= 9 && c <= 13);

function trim(s: string): string {
  let from = 0;
  let to = s.length;
  while (from < to && isSpace(s.charCodeAt(from))) if ((++from & 0xfffff) === 0) checkpoint();
  while (to > from && isSpace(s.charCodeAt(to - 1))) if ((--to & 0xfffff) === 0) checkpoint();
  return s.slice(from, to);
}

function substr(args: readonly Value[]): Value {
  threeArgs('substr', args);
  const [x, start, len] = args;
  if (!isCount(start) || !isCount(len)) fail('type', 'substr: start and length must be integers');
  if (isVec(x) && isText(x)) {
    const from = counts(start, x.length);
    const size = counts(len, x.length);
    return mapTextAt(x, (s, i) => part(s, from(i), size(i)));
  }
  if ((isSeq(start) || isSeq(len)) && !isNull(start) && !isNull(len)) fail('type', 'substr: a vector of positions needs a vector of texts');
  return each('substr', x, (s) => part(s, toCount(start), toCount(len)));
}

/** NaN, a null position or length, gives the empty text. */
function part(s: string, start: number, len: number): string {
  if (start !== start || len !== len) return '';
  const from = Math.max(start - 1, 0);
  return len < 0 ? s.slice(from) : s.slice(from, from + len);
}

const COUNT_ATOMS: ReadonlySet<number> = new Set([T.I64, T.I32, T.I16, T.U8, T.B8, T.F64]);
function isCount(v: Value): boolean {
  const tag = tagOf(v);
  return tag < 0 ? COUNT_ATOMS.has(-tag) : tag === T.I64 || tag === T.I32;
}

/** A position or length as a JS number; NaN for a null. */
function toCount(v: Value): number {
  if (isNull(v)) return NaN;
  return v instanceof F64 ? Math.trunc(v.v) : v instanceof Narrow ? v.v : Number(v);
}

/** Reader of the position or length for row `i`: an atom and a vector of one element hold for all rows. */
function counts(v: Value, rows: number): (i: number) => number {
  if (!isVec(v)) {
    const all = toCount(v);
    return () => all;
  }
  const numbers = items(v).map(toCount);
  if (numbers.length === 1) return () => numbers[0];
  if (numbers.length !== rows) fail('length', `substr: ${rows} texts but ${numbers.length} positions`);
  return (i) => numbers[i];
}

function find(x: Value, pattern: Value): Value {
  const search = globSearch(textOf(pattern) ?? noText('str-find', pattern));
  if (search === null) return fail('domain', "str-find: '*' has no meaning in a search pattern");
  const s = textOf(x);
  if (s !== null) {
    const at = search(s);
    return at < 0 ? I64_NULL : at;
  }
  if (isVec(x) && isText(x)) return countText(x, search);
  return x instanceof List ? countText(textColumn('str-find', x), search) : noText('str-find', x);
}

function join(xs: Value, sep: Value): Value {
  const between = textOf(sep) ?? noText('str-join', sep);
  const one = textOf(xs);
  if (one !== null) return one;
  if (isVec(xs) && isText(xs)) return joinTexts(texts(xs), between);
  if (!(xs instanceof List)) return noText('str-join', xs);
  const read = xs.reader();
  return joinEach(xs.length, (i) => textOf(read(i)) ?? noText('str-join', read(i)), between);
}

function textColumn(what: string, xs: List): Vec {
  const read = xs.reader();
  return packEach(T.STR, xs.length, (i) => textOf(read(i)) ?? noText(what, read(i)));
}

function split(x: Value, sep: Value): Value {
  if (isVec(sep) && (sep.t === T.I64 || sep.t === T.I32 || sep.t === T.I16) && (typeof x === 'string' || isSeq(x))) return cut(x, sep);
  const s = textOf(x) ?? noText('split', x);
  if (typeof sep !== 'string') return fail('type', `split: separator must be a str, got ${typeName(sep)}`);
  return sep === '' || s === '' ? new List([s]) : cutAt(s, sep);
}

/** Parts that begin at the given indices; null without any index. */
function cut(x: string | Vec | List, at: Vec): Value {
  const n = x.length;
  const starts = items(at).map((i) => (isNull(i) ? 0 : Math.min(Math.max(toCount(i), 0), n)));
  if (starts.length === 0) return null;
  return new List(starts.map((from, i) => {
    const to = Math.max(from, i + 1 < starts.length ? starts[i + 1] : n);
    if (typeof x === 'string') return x.slice(from, to);
    const run = takeRange(x, from, to - from);
    return run instanceof List && typeof run.items[0] !== 'string' ? packOrList(run.items) : run;
  }));
}
