/** Parts of dates and times, and the clock. */
import { Narrow, Stamp, Sym, Vec, date, stamp, tagOf, time, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';
import { typeName } from '../lang/type-names.js';
import { extract, isTemporal, truncate, type Field } from '../columns/temporal.js';

const DAY_MS = 86400000;
const EPOCH_MS = Date.UTC(2000, 0, 1);

export const ROWS: readonly BuiltinRow[] = [
  part('yyyy', 'year', 'Year of a date, time or timestamp; times count from 2000.01.01. Nulls give 0Nl.', '(yyyy 2024.03.15)'),
  part('mm', 'month', 'Month, 1 to 12.', '(mm 2024.03.15)'),
  part('dd', 'day', 'Day of the month.', '(dd 2024.03.15)'),
  part('hh', 'hour', 'Hour, 0 to 23.', '(hh 12:34:56)'),
  part('minute', 'minute', 'Minute, 0 to 59.', '(minute 12:34:56)'),
  part('ss', 'second', 'Whole second, 0 to 59.', '(ss 12:34:56.789)'),
  part('dow', 'weekday', 'Day of the week, Monday is 1.', '(dow 2024.03.15)'),
  part('doy', 'yearday', 'Day of the year, from 1.', '(doy 2024.03.15)'),
  {
    name: 'date', arity: 1, args: 'x', example: '(date 2024.03.15D10:00:00.0)',
    doc: "Today: UTC for 'global, else local. Of a temporal value: the timestamp of its midnight.",
    fn: (x, rt) => (isTime(x) ? truncate(x, 'day') : date(Math.floor(clock(x, rt) / DAY_MS))),
  },
  {
    name: 'time', arity: 1, args: 'x', example: '(time 2024.03.15D10:00:00.5)',
    doc: "Time of day now: UTC for 'global, else local. Of a temporal value: the timestamp of its whole second.",
    fn: (x, rt) => {
      if (isTime(x)) return truncate(x, 'second');
      const ms = Math.floor(clock(x, rt));
      return time(ms - Math.floor(ms / DAY_MS) * DAY_MS);
    },
  },
  {
    name: 'timestamp', arity: 1, args: 'x', example: '(type (timestamp 0))', doc: 'The moment now, UTC.',
    fn: (_, rt) => {
      // A microsecond is what the clock can tell; more digits of the double would be noise.
      const us = Math.floor((rt.host.wall() - EPOCH_MS) * 1000);
      return stamp(BigInt(us) * 1000n);
    },
  },
];

function part(name: string, field: Field, doc: string, example: string): BuiltinRow {
  return {
    name, arity: 1, args: 'x', doc, example,
    fn: (x) => (isTime(x) ? extract(x, field) : fail('type', `${name} expects a date, time or timestamp, got ${typeName(x)}`)),
  };
}

const isTime = (x: Value): x is Narrow | Stamp | Vec => isTemporal(tagOf(x));

/** Wall clock in ms since 2000-01-01, in local time unless `zone` is 'global. */
function clock(zone: Value, rt: Runtime): number {
  const wall = rt.host.wall();
  const local = zone instanceof Sym && zone.text === 'global' ? 0 : new Date(wall).getTimezoneOffset() * 60000;
  return wall - local - EPOCH_MS;
}
