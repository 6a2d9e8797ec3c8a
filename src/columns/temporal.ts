/** Parts of dates, times and timestamps. All arithmetic is in exact doubles: no bigint per element. */
import { I64_NULL, Narrow, Stamp, T, Vec, isNull, type Value } from '../lang/value.js';
import { BLOCK, blocks } from '../lang/interrupt.js';
import { alloc, halves, nullAt } from './item.js';

export type Field = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'weekday' | 'yearday';

export type Unit = 'second' | 'hour' | 'day' | 'month' | 'year';

export const isTemporal = (tag: number): boolean => {
  const t = Math.abs(tag);
  return t === T.DATE || t === T.TIME || t === T.TIMESTAMP;
};

/** A field of a temporal atom or column, as i64; nulls stay nulls. Times count from 2000-01-01. */
export function extract(v: Narrow | Stamp | Vec, field: Field): Value {
  if (!(v instanceof Vec)) return isNull(v) ? I64_NULL : extractAtom(v, field);
  const n = v.length;
  const out = alloc(T.I64, n) as BigInt64Array;
  const h = halves(out);
  const seconds = new Float64Array(Math.min(n, BLOCK));
  const values = new Int32Array(seconds.length);
  blocks(n, (lo, hi) => {
    fillSeconds(v, lo, hi, seconds);
    FIELDS[field](seconds, values, hi - lo);
    for (let i = lo; i < hi; i++) {
      h[2 * i] = values[i - lo];
      h[2 * i + 1] = values[i - lo] >> 31;
    }
  });
  return copyNulls(v, new Vec(T.I64, out, v.nulls));
}

/** A temporal atom or column cut down to the beginning of its second, hour, day, month or year, as timestamps. */
export function truncate(v: Narrow | Stamp | Vec, unit: Unit): Value {
  const begin = BEGIN[unit];
  const cut = (s: number): bigint => BigInt(begin(s)) * NS_PER_SECOND;
  if (!(v instanceof Vec)) return new Stamp(isNull(v) ? I64_NULL : BigInt.asIntN(64, cut(atomSeconds(v))));
  const out = alloc(T.TIMESTAMP, v.length) as BigInt64Array;
  const seconds = new Float64Array(Math.min(v.length, BLOCK));
  blocks(v.length, (lo, hi) => {
    fillSeconds(v, lo, hi, seconds);
    for (let i = lo; i < hi; i++) out[i] = cut(seconds[i - lo]);
  });
  return copyNulls(v, new Vec(T.TIMESTAMP, out, v.nulls));
}

const DAY = 86400;
const NS_PER_SECOND = 1000000000n;

function extractAtom(v: Narrow | Stamp, field: Field): number {
  const out = new Int32Array(1);
  FIELDS[field](Float64Array.of(atomSeconds(v)), out, 1);
  return out[0];
}

type FieldLoop = (seconds: Float64Array, out: Int32Array, n: number) => void;

/** Whole seconds since 2000-01-01 -> field. Each has its own loop: one loop that calls a function per field is three times slower. */
const FIELDS: Record<Field, FieldLoop> = {
  year: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = Math.floor(civil(Math.floor(s[i] / DAY)) / 512);
  },
  month: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = (civil(Math.floor(s[i] / DAY)) >> 5) & 15;
  },
  day: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = civil(Math.floor(s[i] / DAY)) & 31;
  },
  hour: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = inDay(s[i]) / 3600;
  },
  minute: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = (inDay(s[i]) % 3600) / 60;
  },
  second: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = inDay(s[i]) % 60;
  },
  weekday: (s, out, n) => {
    // 2000-01-01 was a Saturday: 6 with Monday = 1.
    for (let i = 0; i < n; i++) out[i] = ((((Math.floor(s[i] / DAY) + 5) % 7) + 7) % 7) + 1;
  },
  yearday: (s, out, n) => {
    for (let i = 0; i < n; i++) out[i] = yearday(Math.floor(s[i] / DAY));
  },
};

/** Whole seconds since 2000-01-01 -> those at which the unit around them began. */
const BEGIN: Record<Unit, (s: number) => number> = {
  second: (s) => s,
  hour: (s) => Math.floor(s / 3600) * 3600,
  day: (s) => Math.floor(s / DAY) * DAY,
  month: (s) => (Math.floor(s / DAY) - (civil(Math.floor(s / DAY)) & 31) + 1) * DAY,
  year: (s) => (Math.floor(s / DAY) - yearday(Math.floor(s / DAY)) + 1) * DAY,
};

const inDay = (s: number): number => (s - Math.floor(s / DAY) * DAY) | 0;

/**
 * The date of a day number, packed as year * 512 + month * 32 + day: an object a row would cost more than the arithmetic.
 * Exact for every date there is (eras of 400 years that begin in March).
 */
function civil(days: number): number {
  const z = days + 730425;
  const era = Math.floor(z / 146097);
  const dayOfEra = (z - era * 146097) | 0;
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36524) | 0) - ((dayOfEra / 146096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const fromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const day = dayOfYear - (((153 * fromMarch + 2) / 5) | 0) + 1;
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0)) * 512 + month * 32 + day;
}

function yearday(days: number): number {
  const before = Math.floor(civil(days) / 512) - 1;
  const january = before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 730119;
  return days - january + 1;
}

function atomSeconds(v: Narrow | Stamp): number {
  if (v instanceof Narrow) return v.t === -T.DATE ? v.v * DAY : Math.floor(v.v / 1000);
  return wholeSeconds(Number(BigInt.asUintN(32, v.v)), Number(v.v >> 32n));
}

/** Writes the whole seconds of rows [lo, hi). */
function fillSeconds(v: Vec, lo: number, hi: number, out: Float64Array): void {
  if (v.t === T.DATE) {
    const days = v.data as Int32Array;
    for (let i = lo; i < hi; i++) out[i - lo] = days[i] * DAY;
  } else if (v.t === T.TIME) {
    const ms = v.data as Int32Array;
    for (let i = lo; i < hi; i++) out[i - lo] = Math.floor(ms[i] / 1000);
  } else {
    const h = halves(v.data);
    for (let i = lo; i < hi; i++) out[i - lo] = wholeSeconds(h[2 * i] >>> 0, h[2 * i + 1]);
  }
}

/**
 * Floor of (high * 2^32 + low) ns in whole seconds; `low` unsigned, `high` signed. 2^48 and 2^32 are taken as seconds and a rest, so that no intermediate
 * exceeds 2^53.
 */
export function wholeSeconds(low: number, high: number): number {
  const a = high >> 16;
  const b = high & 0xffff;
  return a * 281474 + b * 4 + Math.floor((a * 976710656 + b * 294967296 + low) / 1e9);
}

function copyNulls(from: Vec, to: Vec): Vec {
  if (!from.nulls) return to;
  const out = to.data as BigInt64Array;
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (nullAt(from, i)) out[i] = I64_NULL;
  });
  return to;
}
