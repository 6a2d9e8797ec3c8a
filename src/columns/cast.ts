/** Conversions between types: atoms and columns to every type that `as` knows. */
import {
  F64, Guid, I16_NULL, I32_NULL, I64_MAX, I64_NULL, List, Narrow, Stamp, Sym, T, Vec, f64, i16, i32, i64wrap, intern, isFunction, isNull, name, nullOf,
  stamp, tagOf, u8, type Value, type VecData,
} from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, someBlock } from '../lang/interrupt.js';
import { copyInto } from './copy.js';
import { format } from '../lang/format.js';
import { general } from '../lang/cfloat.js';
import { typeName } from '../lang/type-names.js';
import { parseDate, parseFloatPrefix, parseGuid, parseInteger, parseStamp, parseTime } from './parse-text.js';
import { wholeSeconds } from './temporal.js';
import { alloc, halves, nullAt, reader, store, writeHalves } from './item.js';

/** A value converted to the type `t`, vectors and lists element by element. Errors: `type` no such conversion, `domain` bad text. */
export function cast(t: number, v: Value): Value {
  return v instanceof Vec || v instanceof List ? castColumn(t, v) : castAtom(t, v);
}

function castAtom(t: number, v: Value): Value {
  if (tagOf(v) === -t) return v;
  if (isNull(v)) return nullOf(t);
  if (tagOf(v) >= 0) return t === T.STR && isFunction(v) ? format(v, 0) : noCast(t, v);
  return ATOM[t](v) ?? noCast(t, v);
}

const noCast = (t: number, v: Value): never => fail('type', `cannot cast ${typeName(v)} to ${typeName(nullOf(t))}`);

/** Conversions of atoms that are not null; undefined: none. */
const ATOM: Record<number, (v: Value) => Value | undefined> = {
  [T.B8]: (v) => {
    if (typeof v === 'string') return v.length > 0;
    const n = numberOf(v);
    return n === undefined ? undefined : n !== 0 && n !== 0n;
  },
  [T.U8]: (v) => (TIMES.has(-tagOf(v)) ? undefined : integer(v, (n) => u8(n), 0, 255)),
  [T.I16]: (v) => integer(v, (n) => i16(n), I16_NULL + 1, 32767),
  [T.I32]: (v) => integer(v, (n) => i32(n), I32_NULL + 1, 2147483647),
  [T.I64]: (v) => {
    if (typeof v === 'string') return i64wrap(parseInteger(v));
    const n = numberOf(v);
    if (n === undefined) return undefined;
    return v instanceof F64 || tagOf(v) === -T.F32 ? i64wrap(truncated(n as number)) : i64wrap(BigInt(n));
  },
  [T.F64]: (v) => {
    const n = typeof v === 'string' ? parseFloatPrefix(v) : numberOf(v);
    return n === undefined ? undefined : f64(Number.isFinite(Number(n)) ? Number(n) + 0 : NaN);
  },
  [T.STR]: (v) => (v instanceof Sym ? v.text : v instanceof F64 ? general(v.v) : format(v, 0)),
  [T.SYM]: (v) => name(typeof v === 'string' ? v : symbolText(v)),
  [T.DATE]: (v) => {
    if (typeof v === 'string') return new Narrow(-T.DATE, parseDate(v));
    if (v instanceof Stamp) return new Narrow(-T.DATE, Number(floorDiv(v.v, DAY_NS)));
    return integer(v, (n) => new Narrow(-T.DATE, n | 0), I32_NULL + 1, 2147483647);
  },
  [T.TIME]: (v) => {
    if (typeof v === 'string') return new Narrow(-T.TIME, parseTime(v));
    if (v instanceof Stamp) return new Narrow(-T.TIME, Number(floorMod(v.v, DAY_NS) / 1000000n));
    return integer(v, (n) => new Narrow(-T.TIME, n | 0), I32_NULL + 1, 2147483647);
  },
  [T.TIMESTAMP]: (v) => {
    if (typeof v === 'string') return stamp(parseStamp(v));
    if (v instanceof Narrow && v.t === -T.DATE) return stamp(BigInt.asIntN(64, BigInt(v.v) * DAY_NS));
    const n = numberOf(v);
    if (n === undefined) return undefined;
    return stamp(v instanceof F64 || tagOf(v) === -T.F32 ? truncated(n as number) : BigInt(n));
  },
  [T.GUID]: (v) => (typeof v === 'string' ? new Guid(parseGuid(v)) : undefined),
};

const TIMES: ReadonlySet<number> = new Set([T.DATE, T.TIME, T.TIMESTAMP]);
const DAY_NS = 86400000000000n;
const floorMod = (a: bigint, b: bigint): bigint => ((a % b) + b) % b;
const floorDiv = (a: bigint, b: bigint): bigint => (a - floorMod(a, b)) / b;

/** The raw number of a numeric or temporal atom: a bigint where it may be beyond 2^53. */
function numberOf(v: Value): number | bigint | undefined {
  if (typeof v === 'number' || typeof v === 'bigint') return v;
  if (typeof v === 'boolean') return v ? 1 : 0;
  if (v instanceof F64 || v instanceof Narrow) return v.v;
  return v instanceof Stamp ? v.v : undefined;
}

/** To a type narrower than i64: integers wrap, floats are truncated and saturate at `min` and `max`. */
function integer(v: Value, make: (n: number) => Value, min: number, max: number): Value | undefined {
  if (typeof v === 'string') return make(Number(BigInt.asIntN(32, parseInteger(v))));
  const n = numberOf(v);
  if (n === undefined) return undefined;
  if (typeof n === 'bigint') return make(Number(BigInt.asIntN(32, n)));
  if (v instanceof F64 || tagOf(v) === -T.F32) return make(Math.trunc(Math.min(Math.max(n, min), max)));
  return make(n | 0);
}

/** A float (not NaN) as i64: truncated, saturating one above the null. */
function truncated(x: number): bigint {
  if (x >= 9223372036854775807) return I64_MAX;
  return x <= -9223372036854775808 ? I64_NULL + 1n : BigInt(Math.trunc(x));
}

/** Booleans and u8 become symbols of their number, floats keep all 17 digits. */
function symbolText(v: Value): string {
  if (v instanceof F64) return general(v.v, 17);
  if (typeof v === 'boolean') return v ? '1' : '0';
  return v instanceof Narrow && v.t === -T.U8 ? String(v.v) : format(v, 0);
}

/* ── columns ─────────────────────────────────────────────────────────── */

function castColumn(t: number, v: Vec | List): Vec {
  if (t === T.GUID && v instanceof Vec && v.length > 0) noCast(t, v);
  if (v instanceof Vec && v.t === t) return v;
  const n = v.length;
  const data = alloc(t, n);
  if (v instanceof Vec && NUMERIC.has(v.t) && NUMERIC.has(t)) return castNumbers(t, data, v);
  if (v instanceof Vec && v.t === T.STR && t === T.SYM) {
    const from = v.data as string[];
    blocks(n, (lo, hi) => {
      for (let i = lo; i < hi; i++) data[i] = intern(from[i]);
    });
    return new Vec(t, data);
  }
  const read = reader(v);
  let nulls = false;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const from = read(i);
      // b8 and u8 columns have no nulls: they become zero.
      if (NULL_FREE.has(t) && isNull(from)) continue;
      const atom = castAtom(t, from);
      store(t, data, i, atom);
      if (MARKS_NULLS.has(t)) nulls ||= isNull(atom);
      else if (t !== T.SYM && t !== T.STR) nulls ||= isNull(from);
    }
  });
  return new Vec(t, data, nulls);
}

const NUMERIC: ReadonlySet<number> = new Set([T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP]);
const NULL_FREE: ReadonlySet<number> = new Set([T.B8, T.U8]);
/** Types whose sentinel is a null wherever it comes from; in the narrower ones a wrapped number may look like it. */
const MARKS_NULLS: ReadonlySet<number> = new Set([T.I64, T.F64, T.TIMESTAMP, T.GUID]);

/** Numeric and temporal columns, without an atom per element. */
function castNumbers(t: number, data: VecData, v: Vec): Vec {
  const n = v.length;
  const wide = v.data instanceof BigInt64Array;
  if (data instanceof BigInt64Array) toWide(t, data, v);
  else if (wide && (v.t !== T.TIMESTAMP || (t !== T.DATE && t !== T.TIME))) fromWide(t, data, v.data as BigInt64Array);
  else if (wide) fromStamps(t, data as Int32Array, v.data as BigInt64Array);
  else fromNumbers(t, data, v);
  let nulls = v.nulls && !NULL_FREE.has(t);
  if (nulls) {
    const none = nullOf(t);
    blocks(n, (lo, hi) => {
      for (let i = lo; i < hi; i++) if (nullAt(v, i)) store(t, data, i, none);
    });
  } else nulls = hasSentinel(t, data);
  return new Vec(t, data, nulls);
}

/** Whether a column of a type of `MARKS_NULLS` holds a null. */
function hasSentinel(t: number, data: VecData): boolean {
  if (t === T.F64) {
    const d = data as Float64Array;
    return someBlock(d.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) if (d[i] !== d[i]) return true;
      return false;
    });
  }
  if (t !== T.I64 && t !== T.TIMESTAMP) return false;
  const h = halves(data);
  return someBlock(data.length, (lo, hi) => {
    for (let i = 2 * lo; i < 2 * hi; i += 2) if (h[i] === 0 && h[i + 1] === I32_NULL) return true;
    return false;
  });
}

function toWide(t: number, out: BigInt64Array, v: Vec): void {
  if (v.data instanceof BigInt64Array) return copyInto(out, v.data, 0);
  const from = v.data as Int32Array | Float64Array;
  const h = halves(out);
  if (v.t === T.F64 || v.t === T.F32) {
    blocks(from.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) {
        const x = from[i];
        if (x > -MAX_EXACT && x < MAX_EXACT) writeHalves(h, i, Math.trunc(x));
        else out[i] = x !== x ? I64_NULL : truncated(x);
      }
    });
  } else if (v.t === T.DATE && t === T.TIMESTAMP) {
    blocks(from.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) out[i] = BigInt(from[i]) * DAY_NS;
    });
  } else {
    blocks(from.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) {
        h[2 * i] = from[i];
        h[2 * i + 1] = from[i] >> 31;
      }
    });
  }
}
const MAX_EXACT = 2 ** 53;

function fromWide(t: number, data: VecData, from: BigInt64Array): void {
  const out = data as Float64Array | Int32Array;
  const h = halves(from);
  blocks(from.length, (lo, hi) => {
    if (t === T.F64) for (let i = lo; i < hi; i++) out[i] = h[2 * i + 1] * 4294967296 + (h[2 * i] >>> 0);
    else if (t === T.B8) for (let i = lo; i < hi; i++) out[i] = (h[2 * i] | h[2 * i + 1]) === 0 ? 0 : 1;
    else for (let i = lo; i < hi; i++) out[i] = h[2 * i];
  });
}

function fromStamps(t: number, out: Int32Array, from: BigInt64Array): void {
  const h = halves(from);
  blocks(from.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const low = h[2 * i];
      const seconds = wholeSeconds(low >>> 0, h[2 * i + 1]);
      const days = Math.floor(seconds / 86400);
      // Less than 1e9 ns are left: their low 32 bits are all of them.
      const rest = (low - Math.imul(seconds | 0, 1000000000)) >>> 0;
      out[i] = t === T.DATE ? days : (seconds - days * 86400) * 1000 + Math.floor(rest / 1000000);
    }
  });
}

function fromNumbers(t: number, data: VecData, v: Vec): void {
  const from = v.data as Int32Array | Float64Array;
  const out = data as Int32Array | Float64Array;
  const limits = v.t === T.F64 || v.t === T.F32 ? SATURATE[t] : undefined;
  blocks(from.length, (lo, hi) => {
    if (t === T.B8) for (let i = lo; i < hi; i++) out[i] = from[i] === from[i] && from[i] !== 0 ? 1 : 0;
    else if (limits === undefined) for (let i = lo; i < hi; i++) out[i] = from[i];
    else {
      const [none, min, max] = limits;
      for (let i = lo; i < hi; i++) out[i] = from[i] !== from[i] ? none : Math.min(Math.max(from[i], min), max);
    }
  });
}

/** What NaN becomes, and the range of floats, by narrow integer type. */
const SATURATE: Record<number, readonly [number, number, number] | undefined> = {
  [T.U8]: [0, 0, 255], [T.I16]: [I16_NULL, I16_NULL + 1, 32767], [T.I32]: [I32_NULL, I32_NULL + 1, 2147483647],
  [T.DATE]: [I32_NULL, I32_NULL + 1, 2147483647], [T.TIME]: [I32_NULL, I32_NULL + 1, 2147483647],
};
