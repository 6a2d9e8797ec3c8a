/** Parts of dates, times and timestamps. All arithmetic is in exact doubles: no bigint per element. */
import { I64_NULL, Narrow, Stamp, T, Vec, isNull, type Value } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { alloc, halves, nullAt } from './item.js';

export type Field = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'weekday' | 'yearday';

export type Unit = 'second' | 'hour' | 'day' | 'month' | 'year';

export const isTemporal = (tag: number): boolean => {
  const t = Math.abs(tag);
  return t === T.DATE || t === T.TIME || t === T.TIMESTAMP;
};

/** A field of a temporal atom or column, as i64; nulls stay nulls. Times count from 2000-01-01. */
export function extract(v: Narrow | Stamp | Vec, field: Field): Value {
  const f = FIELDS[field];
  if (!(v instanceof Vec)) return isNull(v) ? I64_NULL : f(atomSeconds(v));
  const n = v.length;
  const seconds = secondsOf(v);
  const out = alloc(T.I64, n) as BigInt64Array;
  const lanes = halves(out);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const r = f(seconds(i));
      lanes[2 * i] = r;
      lanes[2 * i + 1] = r < 0 ? -1 : 0;
    }
  });
  return copyNulls(v, new Vec(T.I64, out, v.nulls));
}

/** A temporal atom or column cut down to the beginning of its second, hour, day, month or year, as timestamps. */
export function truncate(v: Narrow | Stamp | Vec, unit: Unit): Value {
  const begin = BEGIN[unit];
  const cut = (s: number): bigint => BigInt(begin(s)) * NS_PER_SECOND;
  if (!(v instanceof Vec)) return new Stamp(isNull(v) ? I64_NULL : BigInt.asIntN(64, cut(atomSeconds(v))));
  const seconds = secondsOf(v);
  const out = alloc(T.TIMESTAMP, v.length) as BigInt64Array;
  blocks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = cut(seconds(i));
  });
  return copyNulls(v, new Vec(T.TIMESTAMP, out, v.nulls));
}

const DAY = 86400;
const NS_PER_SECOND = 1000000000n;

/** Whole seconds since 2000-01-01 -> field. */
const FIELDS: Record<Field, (s: number) => number> = {
  year: (s) => civil(Math.floor(s / DAY)).year,
  month: (s) => civil(Math.floor(s / DAY)).month,
  day: (s) => civil(Math.floor(s / DAY)).day,
  hour: (s) => Math.floor(inDay(s) / 3600),
  minute: (s) => Math.floor((inDay(s) % 3600) / 60),
  second: (s) => inDay(s) % 60,
  // 2000-01-01 was a Saturday: 6 with Monday = 1.
  weekday: (s) => ((((Math.floor(s / DAY) + 5) % 7) + 7) % 7) + 1,
  yearday: (s) => yearday(Math.floor(s / DAY)),
};

/** Whole seconds since 2000-01-01 -> those at which the unit around them began. */
const BEGIN: Record<Unit, (s: number) => number> = {
  second: (s) => s,
  hour: (s) => Math.floor(s / 3600) * 3600,
  day: (s) => Math.floor(s / DAY) * DAY,
  month: (s) => (Math.floor(s / DAY) - civil(Math.floor(s / DAY)).day + 1) * DAY,
  year: (s) => (Math.floor(s / DAY) - yearday(Math.floor(s / DAY)) + 1) * DAY,
};

const inDay = (s: number): number => s - Math.floor(s / DAY) * DAY;

/** Year, month and day of a day number, exact for every year (eras of 400 years that begin in March). */
function civil(days: number): { year: number; month: number; day: number } {
  const z = days + 730425;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
}

function yearday(days: number): number {
  const { year } = civil(days);
  const before = year - 1;
  const january = before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 730119;
  return days - january + 1;
}

function atomSeconds(v: Narrow | Stamp): number {
  if (v instanceof Narrow) return v.t === -T.DATE ? v.v * DAY : Math.floor(v.v / 1000);
  return wholeSeconds(Number(BigInt.asUintN(32, v.v)), Number(v.v >> 32n));
}

/** Reader of the whole seconds of row `i`. */
function secondsOf(v: Vec): (i: number) => number {
  if (v.t === T.DATE) {
    const days = v.data as Int32Array;
    return (i) => days[i] * DAY;
  }
  if (v.t === T.TIME) {
    const ms = v.data as Int32Array;
    return (i) => Math.floor(ms[i] / 1000);
  }

  const lanes = halves(v.data);
  return (i) => wholeSeconds(lanes[2 * i] >>> 0, lanes[2 * i + 1]);
}

/**
 * Floor of (high * 2^32 + low) ns in seconds. 2^48 and 2^32 are taken as seconds and a rest, so that no intermediate
 * exceeds 2^53.
 */
function wholeSeconds(low: number, high: number): number {
  const a = high >> 16;
  const b = high & 0xffff;
  return a * 281474 + b * 4 + Math.floor((a * 976710656 + b * 294967296 + low) / 1e9);
}

function copyNulls(from: Vec, to: Vec): Vec {
  if (!from.nulls) return to;
  const out = to.data as BigInt64Array;
  for (let i = 0; i < out.length; i++) if (nullAt(from, i)) out[i] = I64_NULL;
  return to;
}
