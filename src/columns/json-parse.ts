/** JSON text as values. Objects are built of symbols and vectors: no key ever becomes a property name. */
import { Dict, F64, List, T, Table, Vec, intern, isNull, nullOf, symText, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import { pack, packOrList } from './item.js';
import { MAX_DEPTH, QUOTE, isUtf8, numberEnd, numberIs, skipSpace, stringEnd, stringIs, unescape } from './json-scan.js';

/** Largest text, in bytes. Default 256 MiB, as the largest frame of the wire: nothing longer can have come from a peer. */
export const MAX_TEXT = 256 << 20;

/**
 * | JSON                                   | Rayfall                                                        |
 * |----------------------------------------|----------------------------------------------------------------|
 * | null, true, false                      | the null object, b8                                            |
 * | number without fraction and exponent   | i64, exactly; beyond 64 bits `range`                           |
 * | other number                           | f64; too large for it `range`                                  |
 * | string                                 | str (UTF-8)                                                    |
 * | array of one kind of scalar            | vector; among numbers `null` is the vector's null, and i64 next to f64 becomes f64 where that is exact |
 * | array of objects with the same keys    | table                                                          |
 * | other array, empty array               | list                                                           |
 * | object                                 | dict with symbols as keys; of a key given twice the last counts |
 *
 * Errors: `parse` with the offset for other texts, `limit` for depth and size, `range`.
 */
export function parseJson(text: string): Value {
  if (text.length > MAX_TEXT) fail('limit', `json: a text of ${text.length} bytes, the limit is ${MAX_TEXT}`);
  if (!isUtf8(text)) fail('parse', 'json: the text is not UTF-8');
  const parser = new Parser(text);
  const v = parser.value(skipSpace(text, 0), 0);
  const end = skipSpace(text, parser.at);
  return end === text.length ? v : bad(end, 'text after the value');
}

const bad = (at: number, what: string): never => fail('parse', `json: ${what} at byte ${at}`);

/** The keys of an object. Objects at one depth tend to look alike: the keys of the last one are tried first. */
interface Shape { readonly names: Vec; readonly ids: Int32Array; readonly texts: readonly string[] }
const NO_SHAPE: Shape = { names: new Vec(T.SYM, new Int32Array(0)), ids: new Int32Array(0), texts: [] };

class Parser {
  /** Behind the value that was read last. */
  at = 0;
  #made = 0;
  readonly #shapes: Shape[] = [];
  constructor(private readonly s: string) {}

  value(i: number, depth: number): Value {
    if ((++this.#made & 0xfff) === 0) checkpoint();
    const { s } = this;
    const c = s.charCodeAt(i);
    if (c === QUOTE) return this.#string(i + 1);
    if (c === 123) return this.#object(i, deeper(depth));
    if (c === 91) return this.#array(i, deeper(depth));
    if (c === 45 || (c >= 48 && c <= 57)) return this.#number(i);
    if (c === 116 && s.startsWith('true', i)) return (this.at = i + 4), true;
    if (c === 102 && s.startsWith('false', i)) return (this.at = i + 5), false;
    if (c === 110 && s.startsWith('null', i)) return (this.at = i + 4), null;
    return bad(i, 'no value');
  }

  #number(i: number): Value {
    const { s } = this;
    const end = numberEnd(s, i);
    if (end < 0) bad(i, 'no number');
    this.at = end;
    if (numberIs.integer && end - i <= 15) {
      // 15 digits are a safe integer; adding 0 takes the sign off -0.
      return Number(s.slice(i, end)) + 0;
    }
    const digits = s.slice(i, end);
    return numberIs.integer ? integer(digits) : real(digits);
  }

  #string(from: number): string {
    const { s } = this;
    const end = stringEnd(s, from);
    if (end < 0) bad(from - 1, 'a string that does not end, or holds what must be escaped');
    this.at = end + 1;
    const raw = s.slice(from, end);
    return stringIs.plain ? own(raw, s) : unescape(raw);
  }

  #key(i: number): number {
    const { s } = this;
    if (s.charCodeAt(i) !== QUOTE) bad(i, 'no key');
    const end = stringEnd(s, i + 1);
    if (end < 0) bad(i, 'a key that does not end');
    this.at = end + 1;
    const raw = s.slice(i + 1, end);
    return keyId(stringIs.plain ? raw : unescape(raw));
  }

  #object(i: number, depth: number): Value {
    const { s } = this;
    const shape = this.#shapes[depth] ?? NO_SHAPE;
    // Null as long as the keys are those of `shape`.
    let ids: number[] | null = null;
    const vals: Value[] = [];
    let positions: Map<number, number> | null = null;
    i = skipSpace(s, i + 1);
    if (s.charCodeAt(i) === 125) return (this.at = i + 1), new Dict(NO_SHAPE.names, new List([]));
    for (;;) {
      const k = vals.length;
      let known = -1;
      if (ids === null && k < shape.texts.length && isKey(s, i, shape.texts[k])) this.at = i + shape.texts[k].length + 2;
      else {
        ids ??= Array.from(shape.ids.subarray(0, k));
        const id = this.#key(i);
        if (positions === null && k >= FEW_KEYS) positions = new Map(ids.map((key, j) => [key, j]));
        known = positions === null ? ids.indexOf(id) : (positions.get(id) ?? -1);
        if (known < 0) {
          positions?.set(id, k);
          ids.push(id);
        }
      }
      i = skipSpace(s, this.at);
      if (s.charCodeAt(i) !== 58) bad(i, 'no colon');
      const v = this.value(skipSpace(s, i + 1), depth);
      if (known >= 0) vals[known] = v;
      else vals.push(v);
      i = skipSpace(s, this.at);
      const c = s.charCodeAt(i);
      if (c === 125) break;
      if (c !== 44) bad(i, 'no comma and no end of the object');
      i = skipSpace(s, i + 1);
    }
    this.at = i + 1;
    const { names } = ids === null && vals.length === shape.ids.length ? shape : this.#reshape(depth, ids ?? Array.from(shape.ids.subarray(0, vals.length)));
    return new Dict(names, new List(vals));
  }

  #reshape(depth: number, keys: readonly number[]): Shape {
    const ids = Int32Array.from(keys);
    return (this.#shapes[depth] = { names: new Vec(T.SYM, ids), ids, texts: keys.map(symText).map((text) => (/["\\\x00-\x1f]/.test(text) ? '' : text)) });
  }

  #array(i: number, depth: number): Value {
    const { s } = this;
    const items: Value[] = [];
    i = skipSpace(s, i + 1);
    if (s.charCodeAt(i) === 93) return (this.at = i + 1), new List(items);
    for (;;) {
      items.push(this.value(i, depth));
      i = skipSpace(s, this.at);
      const c = s.charCodeAt(i);
      if (c === 93) break;
      if (c !== 44) bad(i, 'no comma and no end of the array');
      i = skipSpace(s, i + 1);
    }
    this.at = i + 1;
    return table(items) ?? column(items);
  }
}

/** The key `text` (which needs no escapes) stands at `i`. The empty text is never it. */
const isKey = (s: string, i: number, text: string): boolean =>
  text !== '' && s.charCodeAt(i) === QUOTE && s.charCodeAt(i + 1 + text.length) === QUOTE && s.startsWith(text, i + 1);

/** Objects with fewer keys are searched one by one. */
const FEW_KEYS = 12;

const deeper = (depth: number): number => (depth >= MAX_DEPTH ? fail('limit', `json: nested more than ${MAX_DEPTH} deep`) : depth + 1);

function integer(digits: string): Value {
  const n = BigInt(digits);
  if (n !== BigInt.asIntN(64, n) || isNull(n)) fail('range', `json: ${digits.slice(0, 40)} does not fit into 64 bits`);
  return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;
}

function real(digits: string): F64 {
  const x = Number(digits);
  return Number.isFinite(x) ? new F64(x) : fail('range', `json: ${digits.slice(0, 40)} is too large for f64`);
}

/** A slice keeps the text it was cut from in memory: a short one of a long text is copied. */
const own = (slice: string, of: string): string =>
  slice.length > 12 && of.length > 16 * slice.length ? Buffer.from(slice, 'latin1').toString('latin1') : slice;

/** Symbols live for ever, so the text they are made of must not be a slice. Keys repeat: they are copied when first met. */
function keyId(text: string): number {
  let id = keys.get(text);
  if (id !== undefined) return id;
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  id = intern(copy);
  if (keys.size >= 4096) keys.clear();
  keys.set(copy, id);
  return id;
}
const keys = new Map<string, number>();

/** A vector where one type holds every item exactly, otherwise a list. */
function column(items: readonly Value[]): Vec | List {
  let ints = 0;
  let reals = 0;
  let nulls = 0;
  let exact = true;
  for (const v of items) {
    if (typeof v === 'number') ints++;
    else if (v === null) nulls++;
    else if (v instanceof F64) reals++;
    else if (typeof v === 'bigint') {
      ints++;
      exact = false;
    } else return packOrList(items);
  }
  if (ints + reals === 0) return new List(items);
  if (reals === 0) return pack(T.I64, nulls === 0 ? items : items.map((v) => v ?? nullOf(T.I64)));
  if (ints > 0 && !exact) return new List(items);
  return pack(T.F64, items.map((v) => (v === null ? nullOf(T.F64) : typeof v === 'number' ? new F64(v) : v)));
}

/** Objects with one set of keys are the rows of a table; null: something else. */
function table(items: readonly Value[]): Table | null {
  const [first] = items;
  if (!(first instanceof Dict) || first.length === 0) return null;
  const names = first.keys as Vec;
  const ids = names.data as Int32Array;
  for (let r = 1; r < items.length; r++) {
    if ((r & 65535) === 0) checkpoint();
    const row = items[r];
    if (!(row instanceof Dict) || row.length !== ids.length) return null;
    const own = (row.keys as Vec).data as Int32Array;
    if (own === ids) continue;
    for (let k = 0; k < ids.length; k++) if (own[k] !== ids[k]) return null;
  }
  const cols = Array.from(ids, (_, k) => column(items.map((row) => ((row as Dict).vals as List).items[k])));
  return new Table(names, cols);
}

