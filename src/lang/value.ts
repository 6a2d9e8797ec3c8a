/**
 * Rayfall values. Text is held as byte strings: one JS character (0..255) per byte, so that lengths, indexes and comparisons
 * count bytes as the language does; `text.ts` converts at the borders of the program.
 *
 * | Rayfall        | here                                                            |
 * |----------------|-----------------------------------------------------------------|
 * | null object    | `null`                                                          |
 * | b8             | `boolean`                                                       |
 * | i64            | `number` while a safe integer, `bigint` beyond (0Nl is a bigint) |
 * | str            | `string` of bytes                                               |
 * | f64            | `F64`                                                           |
 * | u8 i16 i32 f32 date time, typed nulls of b8 and u8 | `Narrow`                    |
 * | timestamp      | `Stamp`                                                         |
 * | guid, sym      | `Guid`, `Sym`                                                   |
 * | vectors        | `Vec`: a tag and a typed array                                  |
 * | LIST DICT TABLE, functions, errors | `List` `Dict` `Table` `Lambda` `Builtin` `RayError` |
 *
 * Values are immutable once another value or a binding can see them: every operation answers a new one.
 */
import type { Source } from './source.js';
import type { RayError } from './errors.js';
import type { BuiltinFn, BuiltinFlags } from './builtin.js';

/** Type tags; an atom carries the negated tag. Source: wire format and `type`. */
export const T = {
  LIST: 0, B8: 1, U8: 2, I16: 3, I32: 4, I64: 5, F32: 6, F64: 7, DATE: 8, TIME: 9, TIMESTAMP: 10, GUID: 11, SYM: 12, STR: 13,
  TABLE: 98, DICT: 99, LAMBDA: 100, UNARY: 101, BINARY: 102, VARIADIC: 103, NULL: 126, ERROR: 127,
} as const;

export type Value =
  | null | boolean | number | bigint | string
  | F64 | Narrow | Stamp | Guid | Sym | Vec | List | Dict | Table | Lambda | Builtin | RayError;

/** An f64 atom; NaN is 0Nf. */
export class F64 {
  readonly t = -T.F64;
  constructor(readonly v: number) {}
}

/** -T.B8 and -T.U8 (null only for B8), -T.I16, -T.I32, -T.F32, -T.DATE, -T.TIME. */
export type NarrowTag = number;

/**
 * u8, i16, i32, f32, date (days) and time (ms) atoms, in the unit of their column. Null is the column's sentinel (`NULLS`);
 * for b8 and u8, which have none, it is -1.
 */
export class Narrow {
  constructor(readonly t: NarrowTag, readonly v: number) {}
}

/** A timestamp atom: ns since 2000-01-01. */
export class Stamp {
  readonly t = -T.TIMESTAMP;
  constructor(readonly v: bigint) {}
}

/** A guid atom: 16 bytes as a byte string, in text order. */
export class Guid {
  readonly t = -T.GUID;
  constructor(readonly v: string) {}
}

/** A symbol atom. `quoted` matters to evaluation only: an unquoted one is a name. Interned: compare `id`, or two of a kind by identity. */
export class Sym {
  readonly t = -T.SYM;
  /** Made by `name` and `symbol` only. */
  constructor(readonly id: number, readonly text: string, readonly quoted: boolean) {}
}

export type VecData = Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array | string[];

/**
 * A vector. Data by tag: B8 U8 -> Uint8Array, I16 -> Int16Array, I32 DATE TIME -> Int32Array, I64 TIMESTAMP -> BigInt64Array,
 * F32 -> Float32Array, F64 -> Float64Array, GUID -> Uint8Array of 16 bytes an element, SYM -> Int32Array of intern ids,
 * STR -> string[] of byte strings. Only `columns/` indexes into `data`.
 */
export class Vec {
  constructor(readonly t: number, readonly data: VecData, readonly nulls = false) {}
  get length(): number {
    return this.t === T.GUID ? this.data.length >> 4 : this.data.length;
  }
}

/** A LIST. `at` and `source` say where the reader found it (start offset; -1: made at run time). */
export class List {
  readonly t = T.LIST;
  constructor(protected held: readonly Value[], readonly at = -1, readonly source: Source | null = null) {}
  /** All elements in one array. Of a list that is held otherwise (`columns/long-list.ts`) it is made first: ask for `item` where one will do. */
  get items(): readonly Value[] {
    return this.held;
  }
  /** Element `i`, in range. */
  item(i: number): Value {
    return this.held[i];
  }
  /** A function that answers elements; quicker than `item` in loops. */
  reader(): (i: number) => Value {
    const all = this.held;
    return (i) => all[i];
  }
  get length(): number {
    return this.held.length;
  }
}

/** A DICT: pairs by position; duplicate keys are kept, look-ups find the first. `quoted keys` of a literal are STR vectors. */
export class Dict {
  readonly t = T.DICT;
  constructor(readonly keys: Vec | List, readonly vals: Vec | List) {}
  get length(): number {
    return this.keys.length;
  }
}

/** A TABLE: `names` is a SYM vector; columns are vectors or lists of one length. */
export class Table {
  readonly t = T.TABLE;
  constructor(readonly names: Vec, readonly cols: readonly (Vec | List)[]) {}
  /** Rows. */
  get length(): number {
    return this.cols.length === 0 ? 0 : this.cols[0].length;
  }
  /** A table that begins with the first `n` rows of this one and ends with the last `n`; what lies between may be missing. */
  ends(_n: number): Table {
    return this;
  }
}

/** A lambda captures nothing: parameters and body are all there is. `code` caches what a compiler made of it. */
export class Lambda {
  readonly t = T.LAMBDA;
  code: unknown = null;
  constructor(readonly params: readonly Sym[], readonly body: readonly Value[], readonly at = -1, readonly source: Source | null = null) {}
}

/** A builtin function; `t` says how it is called (UNARY, BINARY, VARIADIC). */
export class Builtin {
  constructor(readonly t: 101 | 102 | 103, readonly name: string, readonly fn: BuiltinFn, readonly flags: BuiltinFlags) {}
}

/* ── symbols ─────────────────────────────────────────────────────────── */

const symNames: Sym[] = [];
const symQuoted: Sym[] = [];
const symIds = new Map<string, number>();

/** Interns a byte string; ids are dense from 0 (the empty symbol), in order of creation, and never reused. */
export function intern(text: string): number {
  let id = symIds.get(text);
  if (id === undefined) {
    id = symNames.length;
    symIds.set(text, id);
    symNames.push(new Sym(id, text, false));
    symQuoted.push(new Sym(id, text, true));
  }
  return id;
}
/** The unquoted symbol (a name when evaluated) of a text. */
export const name = (text: string): Sym => symNames[intern(text)];
/** The quoted symbol of a text: a value. */
export const symbol = (text: string): Sym => symQuoted[intern(text)];
/** The symbol atom of an intern id, as builtins make them (unquoted). */
export const symOf = (id: number): Sym => symNames[id];
/** The text of an intern id. */
export const symText = (id: number): string => symNames[id].text;
export const symCount = (): number => symNames.length;
export const asQuoted = (s: Sym): Sym => symQuoted[s.id];
export const asName = (s: Sym): Sym => symNames[s.id];
intern('');

/* ── nulls ───────────────────────────────────────────────────────────── */

export const I64_NULL = -(2n ** 63n);
export const I64_MAX = 2n ** 63n - 1n;
export const I32_NULL = -2147483648;
export const I16_NULL = -32768;
export const GUID_NULL_TEXT = '\0'.repeat(16);

export const F64_NULL = new F64(NaN);
export const STAMP_NULL = new Stamp(I64_NULL);
export const GUID_NULL = new Guid(GUID_NULL_TEXT);

const NULLS: Record<number, Value> = {
  [T.LIST]: null,
  [T.B8]: new Narrow(-T.B8, -1), [T.U8]: new Narrow(-T.U8, -1), [T.I16]: new Narrow(-T.I16, I16_NULL),
  [T.I32]: new Narrow(-T.I32, I32_NULL), [T.I64]: I64_NULL, [T.F32]: new Narrow(-T.F32, NaN), [T.F64]: F64_NULL,
  [T.DATE]: new Narrow(-T.DATE, I32_NULL), [T.TIME]: new Narrow(-T.TIME, I32_NULL), [T.TIMESTAMP]: STAMP_NULL, [T.GUID]: GUID_NULL,
  [T.SYM]: name(''), [T.STR]: '',
};
/** The typed null of a (positive) tag; SYM and STR have none and answer their empty value. */
export const nullOf = (tag: number): Value => NULLS[tag] ?? null;

/** True for `null` and every typed null (not for the empty symbol or string). */
export function isNull(v: Value): boolean {
  if (v === null) return true;
  if (typeof v === 'bigint') return v === I64_NULL;
  if (typeof v !== 'object') return false;
  if (v instanceof F64) return v.v !== v.v;
  if (v instanceof Narrow) return v.v !== v.v || v.v === NARROW_NULL[-v.t];
  if (v instanceof Stamp) return v.v === I64_NULL;
  return v instanceof Guid && v.v === GUID_NULL_TEXT;
}
const NARROW_NULL = [0, -1, -1, I16_NULL, I32_NULL, 0, NaN, 0, I32_NULL, I32_NULL];

/* ── tags and construction ───────────────────────────────────────────── */

/** The tag of a value: negative for atoms. */
export function tagOf(v: Value): number {
  switch (typeof v) {
    case 'number': case 'bigint': return -T.I64;
    case 'string': return -T.STR;
    case 'boolean': return -T.B8;
    default: return v === null ? T.NULL : v.t;
  }
}
export const isAtom = (v: Value): boolean => tagOf(v) < 0;
export const isVec = (v: Value): v is Vec => v instanceof Vec;
export const isSeq = (v: Value): v is Vec | List => v instanceof Vec || v instanceof List;
export const isFunction = (v: Value): v is Lambda | Builtin => v instanceof Lambda || v instanceof Builtin;

/** An i64 atom from a bigint in range: a number where it is a safe integer. */
export const i64 = (v: bigint): number | bigint => (v >= -MAX_SAFE && v <= MAX_SAFE ? Number(v) : v);
/** An i64 atom from any bigint, wrapped to 64 bits. */
export const i64wrap = (v: bigint): number | bigint => i64(BigInt.asIntN(64, v));
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export const f64 = (v: number): F64 => new F64(v);
/** f64 from a computed number: what is not finite becomes 0Nf, -0 becomes 0. */
export const f64fin = (v: number): F64 => (Number.isFinite(v) ? new F64(v + 0) : F64_NULL);
export const u8 = (v: number): Narrow => new Narrow(-T.U8, v & 255);
export const i16 = (v: number): Narrow => new Narrow(-T.I16, (v << 16) >> 16);
export const i32 = (v: number): Narrow => new Narrow(-T.I32, v | 0);
export const f32 = (v: number): Narrow => new Narrow(-T.F32, Math.fround(v));
/** Days since 2000-01-01. */
export const date = (days: number): Narrow => new Narrow(-T.DATE, days | 0);
/** Milliseconds since midnight. */
export const time = (ms: number): Narrow => new Narrow(-T.TIME, ms | 0);
/** Nanoseconds since 2000-01-01. */
export const stamp = (ns: bigint): Stamp => new Stamp(ns);

/** A SYM vector of texts. */
export const symVec = (texts: readonly string[]): Vec => new Vec(T.SYM, Int32Array.from(texts, intern));
/** A STR vector of byte strings. */
export const strVec = (texts: string[]): Vec => new Vec(T.STR, texts);
export const EMPTY_LIST = new List([]);
