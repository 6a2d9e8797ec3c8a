/** Values as JSON text. */
import {
  Dict, F64, Guid, I64_NULL, List, Narrow, Stamp, Sym, T, Table, Vec, isNull, symText, tagOf, type Value,
} from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { dateText, guidText, stampText, timeText } from '../lang/format.js';
import { checkpoint } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import { halves, itemAt, nullAt, readHalves } from './item.js';
import { MAX_TEXT } from './json-parse.js';
import { MAX_DEPTH, isUtf8, quoted } from './json-scan.js';

/**
 * | Rayfall                       | JSON                                                                     |
 * |-------------------------------|--------------------------------------------------------------------------|
 * | null object, every typed null | null                                                                     |
 * | b8                            | true, false                                                              |
 * | u8 i16 i32 i64                | the integer, all of its digits                                           |
 * | f32 f64                       | the shortest number that reads back as the same, with `.0` or an exponent; null where it is not finite |
 * | str, sym                      | string; `domain` where its bytes are not UTF-8                            |
 * | guid                          | string of 8-4-4-4-12 hex digits                                          |
 * | date, time                    | "YYYY-MM-DD", "HH:MM:SS.mmm"                                             |
 * | timestamp                     | "YYYY-MM-DDTHH:MM:SS.nnnnnnnnn"                                           |
 * | vector, list                  | array                                                                    |
 * | dict                          | object; keys are atoms, written as strings; of equal keys the first counts |
 * | table                         | array of objects, one a row                                              |
 * | functions, errors             | `type`                                                                   |
 *
 * The text has no line break. Errors besides: `limit` for depth and size.
 */
export function formatJson(v: Value): string {
  return value(v, 0);
}

type Element = (i: number) => string;

function value(v: Value, depth: number): string {
  switch (typeof v) {
    case 'number': return String(v);
    case 'string': return text(v);
    case 'boolean': return v ? 'true' : 'false';
    case 'bigint': return v === I64_NULL ? 'null' : String(v);
  }
  if (v instanceof Dict) return object(v, deeper(depth));
  if (v instanceof List || v instanceof Vec) return array(v.length, element(v, deeper(depth)));
  if (v instanceof Table) return rows(v, deeper(deeper(depth)));
  return isNull(v) ? 'null' : v instanceof Sym ? symbolText(v.id) : atom(v);
}

function atom(v: Value): string {
  if (v instanceof F64) return real(v.v);
  if (v instanceof Stamp) return stamp(v.v);
  if (v instanceof Guid) return guid(v.v);
  return v instanceof Narrow ? NARROW[-v.t](v.v) : fail('type', `json: no text for ${typeName(v)}`);
}

const deeper = (depth: number): number => (depth >= MAX_DEPTH ? fail('limit', `json: nested more than ${MAX_DEPTH} deep`) : depth + 1);

function array(n: number, at: Element): string {
  return '[' + joined(n, at) + ']';
}

/** Joined in chunks: the parts of a chunk are garbage before those of the next are made, and a long loop can be interrupted. */
function joined(n: number, at: Element): string {
  let out = '';
  for (let lo = 0; lo < n; lo += CHUNK) {
    checkpoint();
    const hi = Math.min(n, lo + CHUNK);
    const parts = new Array<string>(hi - lo);
    for (let i = lo; i < hi; i++) parts[i - lo] = at(i);
    out += (lo === 0 ? '' : ',') + parts.join(',');
    if (out.length > MAX_TEXT) fail('limit', `json: a text of more than ${MAX_TEXT} bytes`);
  }
  return out;
}
const CHUNK = 4096;

function object(v: Dict, depth: number): string {
  const { keys } = v;
  const vals = element(v.vals, depth);
  const seen = new Set<string>();
  const parts: string[] = [];
  for (let i = 0; i < keys.length; i++) {
    if (i % CHUNK === 0) checkpoint();
    const key = keyText(itemAt(keys, i));
    if (seen.has(key)) continue;
    seen.add(key);
    parts.push(key);
    parts.push(vals(i));
  }
  return '{' + joined(parts.length >> 1, (i) => parts[2 * i] + ':' + parts[2 * i + 1]) + '}';
}

function keyText(key: Value): string {
  if (tagOf(key) >= 0) fail('type', `json: no key of an object: ${typeName(key)}`);
  const out = value(key, 0);
  return out.charCodeAt(0) === 34 ? out : '"' + out + '"';
}

function rows(t: Table, depth: number): string {
  const heads = Array.from({ length: t.cols.length }, (_, k) => (k === 0 ? '{' : ',') + symbolText((itemAt(t.names, k) as Sym).id) + ':');
  const cells = t.cols.map((col) => element(col, depth));
  return array(t.length, (i) => {
    let row = '';
    for (let k = 0; k < heads.length; k++) row += heads[k] + cells[k](i);
    return row + '}';
  });
}

/** How element `i` of a column is written. */
function element(v: Vec | List, depth: number): Element {
  if (v instanceof List) {
    const read = v.reader();
    return (i) => value(read(i), depth);
  }
  const write = WRITE[v.t](v);
  return v.t === T.I64 || v.t === T.F64 || v.t === T.F32 || v.t === T.SYM || v.t === T.STR || v.t === T.B8 || v.t === T.U8 ? write : (i) => (nullAt(v, i) ? 'null' : write(i));
}

function i64Writer(v: Vec): Element {
  const h = halves(v.data);
  return (i) => {
    const x = readHalves(h, i);
    return x === I64_NULL ? 'null' : String(x);
  };
}
const plain = (v: Vec, f: (x: number) => string): Element => {
  const data = v.data as Int32Array;
  return (i) => f(data[i]);
};

const WRITE: Record<number, (v: Vec) => Element> = {
  [T.B8]: (v) => plain(v, (x) => (x === 0 ? 'false' : 'true')),
  [T.U8]: (v) => plain(v, String), [T.I16]: (v) => plain(v, String), [T.I32]: (v) => plain(v, String),
  [T.I64]: i64Writer,
  [T.F32]: (v) => plain(v, real), [T.F64]: (v) => plain(v, real),
  [T.DATE]: (v) => plain(v, date), [T.TIME]: (v) => plain(v, time),
  [T.TIMESTAMP]: (v) => (i) => stamp((v.data as BigInt64Array)[i]),
  [T.GUID]: (v) => (i) => guid((itemAt(v, i) as Guid).v),
  [T.SYM]: (v) => {
    const ids = v.data as Int32Array;
    const known = new Map<number, string>();
    return (i) => {
      let out = known.get(ids[i]);
      if (out === undefined) known.set(ids[i], (out = symbolText(ids[i])));
      return out;
    };
  },
  [T.STR]: (v) => (i) => text((v.data as string[])[i]),
};

const text = (s: string): string => (isUtf8(s) ? quoted(s) : fail('domain', 'json: the bytes of a text are not UTF-8'));
const symbolText = (id: number): string => text(symText(id));
const date = (days: number): string => '"' + dateText(days).replaceAll('.', '-') + '"';
const time = (ms: number): string => '"' + timeText(ms) + '"';
const stamp = (ns: bigint): string => '"' + stampText(ns).replace('D', 'T').replace('.', '-').replace('.', '-') + '"';
const guid = (bytes: string): string => '"' + guidText(bytes) + '"';

function real(x: number): string {
  if (!Number.isFinite(x)) return 'null';
  const digits = String(x);
  // Without a point or an exponent it would be read as an integer.
  return Number.isInteger(x) && !digits.includes('e') ? digits + '.0' : digits;
}

const NARROW: Record<number, (v: number) => string> = {
  [T.B8]: () => 'null', [T.U8]: String, [T.I16]: String, [T.I32]: String, [T.F32]: real, [T.DATE]: date, [T.TIME]: time,
};
