/**
 * What the rules of grammar/rfl.ohm that make a value make: one action a rule, used by the generated reader and by ohm alike.
 * A token's action gets its slice of the text, a node's the values beneath it.
 */
import { toDays } from './calendar.js';
import { RayError, type ErrorCode } from './errors.js';
import { blocks, someBlock } from './interrupt.js';
import {
  Dict, F64, F64_NULL, I64_MAX, I64_NULL, List, Narrow, Stamp, Sym, T, Vec, i64, isNull, name as nameOf, nullOf, symbol as symbolOf, tagOf,
  type Value, type VecData,
} from './value.js';
import type { Source } from './source.js';

/** Forms inside forms; deeper sources are refused so that no reader or evaluator can run out of stack on them. */
export const MAX_DEPTH = 1024;
/** Elements of a vector literal. */
const MAX_VECTOR = 4096;
/** Top-level forms of a source. */
const MAX_FORMS = 256;
/** Decoded bytes after which a string literal with an escape in it must end. */
const MAX_ESCAPED = 4094;

export type TokenAction = (text: string, start: number, end: number) => Value;
export type NodeAction = (values: Value[], start: number, source: Source) => Value;

export const tokens = {
  hex, typedNull, date, timestamp, time, float, int, name, keyName, keyword: quoted, bind: name, string, char, symbol: quoted,
} satisfies Record<string, TokenAction>;

export const nodes = { source, list, vector, dict } satisfies Record<string, NodeAction>;

/** Refuses a literal; the reader adds the source to the trace. */
function refuse(code: ErrorCode, at: number, message: string): never {
  const error = new RayError(code, message);
  error.trace = [{ source: null, at, lambda: false }];
  throw error;
}

export function tooDeep(at: number): never {
  refuse('parse', at, `nesting too deep, limit ${MAX_DEPTH}`);
}

/* ── numbers ─────────────────────────────────────────────────────────── */

const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const digit = (text: string, at: number): number => text.charCodeAt(at) - ZERO;
const pair = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

function int(text: string, start: number, end: number): Value {
  if (text.charCodeAt(end - 1) > NINE) return suffixed(text, start, end);
  // 15 digits are below 2^53.
  return end - start <= 15 ? small(text, start, end) : large(text, start, end);
}

function small(text: string, start: number, end: number): number {
  const negative = text.charCodeAt(start) === MINUS;
  let v = 0;
  for (let i = negative ? start + 1 : start; i < end; i++) v = v * 10 + digit(text, i);
  return negative ? 0 - v : v;
}

function large(text: string, start: number, end: number): Value {
  const negative = text.charCodeAt(start) === MINUS;
  let from = negative ? start + 1 : start;
  while (from < end - 1 && text.charCodeAt(from) === ZERO) from++;
  const digits = text.slice(from, end);
  if (digits.length <= 19) {
    const v = negative ? -BigInt(digits) : BigInt(digits);
    if (v >= I64_NULL && v <= I64_MAX) return i64(v);
  }
  return finite(negative ? -Number(digits) : Number(digits));
}

const SUFFIX: Record<string, { tag: number; max: number; type: string }> = {
  h: { tag: -T.I16, max: 32767, type: 'i16' },
  i: { tag: -T.I32, max: 2147483647, type: 'i32' },
};

function suffixed(text: string, start: number, end: number): Value {
  const { tag, max, type } = SUFFIX[text[end - 1]];
  const v = int(text, start, end - 1);
  if (typeof v !== 'number' || v < -max || v > max) return refuse('domain', start, `${type} literal out of range [-${max},${max}], got ${short(text.slice(start, end - 1))}`);
  return new Narrow(tag, v);
}

/** Text from the source for a message: a token may be megabytes long. */
const short = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 37)}...`);

const finite = (v: number): F64 => (Number.isFinite(v) ? new F64(v) : F64_NULL);

const POWERS = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

function float(text: string, start: number, end: number): Value {
  // Up to 15 digits and a power of ten up to 22 are exact doubles, so that one division rounds correctly.
  if (end - start <= 16) {
    const negative = text.charCodeAt(start) === MINUS;
    let v = 0;
    let point = end;
    for (let i = negative ? start + 1 : start; i < end; i++) {
      const d = digit(text, i);
      if (d >= 0 && d <= 9) v = v * 10 + d;
      else if (d === -2) point = i + 1;
      else return finite(parseFloat(text.slice(start, end)));
    }
    v /= POWERS[end - point];
    return new F64(negative ? -v : v);
  }
  return finite(parseFloat(text.slice(start, end)));
}

function hex(text: string, _start: number, end: number): Value {
  // Only the last two digits are within a byte.
  const digits = text.slice(end - 2, end).replace('x', '');
  return new Narrow(-T.U8, parseInt(digits, 16));
}

const NULL_TYPES: Record<string, number> = { h: T.I16, i: T.I32, l: T.I64, f: T.F64, d: T.DATE, t: T.TIME, p: T.TIMESTAMP, N: T.I64 };

function typedNull(text: string, _start: number, end: number): Value {
  return nullOf(NULL_TYPES[text[end - 1]]);
}

/* ── dates and times ─────────────────────────────────────────────────── */

/** Days since 2000-01-01 of the `YYYY.MM.DD` at `at`; a day the month lacks rolls over into the next. */
function days(text: string, at: number): number {
  const year = pair(text, at) * 100 + pair(text, at + 2);
  const month = pair(text, at + 5);
  const day = pair(text, at + 8);
  if (month < 1 || month > 12 || day < 1 || day > 31) {
    refuse('parse', at, `invalid date ${text.slice(at, at + 10)}: month must be 1-12, day 1-31`);
  }
  // The language lays the literals of year 0 over those of year 1.
  return toDays(year, month, day) + (year === 0 ? 366 : 0);
}

function date(text: string, start: number, _end: number): Value {
  return new Narrow(-T.DATE, days(text, start));
}

/** Seconds of the `hh:mm:ss` at `at`. */
const seconds = (text: string, at: number): number => pair(text, at) * 3600 + pair(text, at + 3) * 60 + pair(text, at + 6);

function time(text: string, start: number, end: number): Value {
  const negative = text.charCodeAt(start) === MINUS;
  const at = negative ? start + 1 : start;
  // What follows the point counts milliseconds; it is no decimal fraction.
  const ms = seconds(text, at) * 1000 + (end > at + 9 ? small(text, at + 9, end) : 0);
  return new Narrow(-T.TIME, negative ? 0 - ms : ms);
}

const DAY_NS = 86400n * 1000000000n;
/** The last day, and minus the first, whose nanoseconds fit 64 bits. */
const LAST_DAY = Number(I64_MAX / DAY_NS);

function timestamp(text: string, start: number, end: number): Value {
  const day = days(text, start);
  const clock = start + 11;
  if (pair(text, clock) > 23 || pair(text, clock + 3) > 59 || pair(text, clock + 6) > 59) {
    refuse('parse', start, `invalid time ${text.slice(clock, clock + 8)}`);
  }
  if (day > LAST_DAY || day < -LAST_DAY) refuse('parse', start, 'timestamp year out of representable range');
  const fraction = text.slice(clock + 9, Math.min(end, clock + 18)).padEnd(9, '0');
  return new Stamp(BigInt.asIntN(64, BigInt(day) * DAY_NS + BigInt(seconds(text, clock)) * 1000000000n + BigInt(fraction)));
}

/* ── names, symbols, text ────────────────────────────────────────────── */

/** V8 keeps a slice of 13 or more characters as a view that holds the whole source: a symbol would hold it for ever. */
const VIEW = 13;
const SMALL_SOURCE = 4096;

function slice(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  // Nothing is saved where the part is most of the source.
  return end - start < VIEW || text.length < SMALL_SOURCE || 2 * (end - start) > text.length ? part : Buffer.from(part, 'latin1').toString('latin1');
}

const TRUE = nameOf('true');
const FALSE = nameOf('false');

function name(text: string, start: number, end: number): Value {
  const sym = nameOf(slice(text, start, end));
  return sym === TRUE ? true : sym === FALSE ? false : sym;
}

function keyName(text: string, start: number, end: number): Value {
  return nameOf(slice(text, start, end));
}

function quoted(text: string, start: number, end: number): Value {
  return symbolOf(slice(text, start + 1, end));
}

function string(text: string, start: number, end: number): Value {
  const raw = slice(text, start + 1, end - 1);
  return raw.includes('\\') ? unescape(raw, start) : raw;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"' };

function unescape(raw: string, start: number): string {
  let out = '';
  for (let i = 0; i < raw.length;) {
    if (out.length >= MAX_ESCAPED) refuse('domain', start, `string literal exceeds ${MAX_ESCAPED}-byte escape buffer`);
    const ch = raw[i++];
    if (ch !== '\\') {
      out += ch;
      continue;
    }
    const code = octals(raw, i, raw.length);
    if (code.length > 0) {
      out += code.text;
      i += code.length;
    } else {
      out += ESCAPES[raw[i]] ?? '\\' + raw[i];
      i++;
    }
  }
  return out;
}

/** The byte that up to three octal digits at `at` name, and how many there are. */
function octals(text: string, at: number, end: number): { text: string; length: number } {
  let v = 0;
  let n = 0;
  for (; n < 3 && at + n < end && digit(text, at + n) >= 0 && digit(text, at + n) <= 7; n++) v = v * 8 + digit(text, at + n);
  return { text: String.fromCharCode(v & 255), length: n };
}

const CHAR_ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r' };

function char(text: string, start: number, end: number): Value {
  if (text[start + 1] !== '\\') return text[start + 1];
  const code = octals(text, start + 2, end - 1);
  return code.length > 0 ? code.text : CHAR_ESCAPES[text[start + 2]] ?? text[start + 2];
}

/* ── nodes ───────────────────────────────────────────────────────────── */

const DO = nameOf('do');

function source(forms: Value[], start: number, from: Source): Value {
  if (forms.length === 1) return forms[0];
  if (forms.length > MAX_FORMS) refuse('domain', start, `too many top-level expressions, limit ${MAX_FORMS}`);
  return new List([DO, ...forms], start, from);
}

function list(items: Value[], start: number, from: Source): Value {
  return new List(items, start, from);
}

function dict(pairs: Value[], _start: number, _from: Source): Value {
  const n = pairs.length >> 1;
  const keys = new Array<Value>(n);
  const vals = new Array<Value>(n);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      keys[i] = pairs[2 * i];
      vals[i] = pairs[2 * i + 1];
    }
  });
  const tag = commonTag(keys);
  return new Dict(tag < 0 ? column(-tag, keys) : new List(keys), new List(vals));
}

function vector(items: Value[], start: number, _from: Source): Value {
  const n = items.length;
  if (n === 0) return new Vec(T.I64, new BigInt64Array(0));
  if (n > MAX_VECTOR) refuse('limit', start, `vector literal of more than ${MAX_VECTOR} elements`);
  const tag = commonTag(items);
  if (tag < 0) return column(-tag, items);
  if (items.every((v) => tagOf(v) === -T.I64 || tagOf(v) === -T.F64)) return column(T.F64, items.map(toF64));
  refuse('domain', start, 'vector literal mixes incompatible element types');
}

const toF64 = (v: Value): F64 => (v instanceof F64 ? v : isNull(v) ? F64_NULL : new F64(Number(v)));

/** The tag all values have; 0 where they differ or there are none. */
function commonTag(values: readonly Value[]): number {
  if (values.length === 0) return 0;
  const tag = tagOf(values[0]);
  const differ = someBlock(values.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (tagOf(values[i]) !== tag) return true;
    return false;
  });
  return differ ? 0 : tag;
}

/** A vector of atoms that all have tag `-t`. */
function column(t: number, atoms: readonly Value[]): Vec {
  return new Vec(t, COLUMN[t](atoms), NULLABLE.has(t) && atoms.some(isNull));
}

const NULLABLE: ReadonlySet<number> = new Set([T.I16, T.I32, T.I64, T.F64, T.DATE, T.TIME, T.TIMESTAMP]);

const narrow = (make: (n: number) => Uint8Array | Int16Array | Int32Array) => (atoms: readonly Value[]): VecData => {
  const data = make(atoms.length);
  for (let i = 0; i < data.length; i++) data[i] = (atoms[i] as Narrow).v;
  return data;
};
const int32 = narrow((n) => new Int32Array(n));

const COLUMN: Record<number, (atoms: readonly Value[]) => VecData> = {
  [T.B8]: (atoms) => Uint8Array.from(atoms, Number),
  [T.U8]: narrow((n) => new Uint8Array(n)),
  [T.I16]: narrow((n) => new Int16Array(n)),
  [T.I32]: int32, [T.DATE]: int32, [T.TIME]: int32,
  [T.I64]: int64,
  [T.F64]: (atoms) => {
    const data = new Float64Array(atoms.length);
    for (let i = 0; i < data.length; i++) data[i] = (atoms[i] as F64).v;
    return data;
  },
  [T.TIMESTAMP]: (atoms) => BigInt64Array.from(atoms, (v) => (v as Stamp).v),
  [T.SYM]: (atoms) => {
    const data = new Int32Array(atoms.length);
    for (let i = 0; i < data.length; i++) data[i] = (atoms[i] as Sym).id;
    return data;
  },
  [T.STR]: (atoms) => atoms as string[],
};

const TWO_32 = 2 ** 32;

/** Written as halves: a bigint for each element would cost more than reading its digits. */
function int64(atoms: readonly Value[]): VecData {
  const data = new BigInt64Array(atoms.length);
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < atoms.length; i++) {
    const v = atoms[i] as number | bigint;
    if (typeof v === 'bigint') data[i] = v;
    else {
      halves[2 * i + LOW] = v;
      halves[2 * i + 1 - LOW] = Math.floor(v / TWO_32);
    }
  }
  return data;
}
/** Where the low half of a 64-bit element lies: 0 on little-endian machines. */
const LOW = new Int32Array(new BigInt64Array([1n]).buffer)[0] === 1 ? 0 : 1;
