/** Numbers, dates and guids from text, as C's `strtol`, `strtod` and `sscanf` accept them. Errors: `domain` for bad text. */
import { I64_MAX, I64_NULL } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { toDays } from '../lang/calendar.js';

/** An integer at the start of a text, after white space; what follows is ignored. Beyond 64 bits it saturates. */
export function parseInteger(text: string): bigint {
  const [, digits] = /^[ \t-\r]*([+-]?\d+)/.exec(text) ?? bad('an integer');
  const n = BigInt(digits.replace('+', ''));
  return n > I64_MAX ? I64_MAX : n < I64_NULL ? I64_NULL : n;
}

/** A float at the start of a text, after white space; what follows is ignored. NaN for nan, inf and what is too large. */
export function parseFloatPrefix(text: string): number {
  const match = FLOAT.exec(text) ?? bad('a float');
  const [, sign, hex, binary, decimal] = match;
  const size = decimal !== undefined ? Number(decimal) : hex !== undefined ? hexFloat(hex, binary) : NaN;
  return Number.isFinite(size) ? (sign === '-' ? -size : size) : NaN;
}
const FLOAT = /^[ \t-\r]*([+-]?)(?:0x([\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p([+-]?\d+))?|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|inf|nan)/i;

function hexFloat(digits: string, exponent = '0'): number {
  const [whole, fraction = ''] = digits.split('.');
  return Number('0x' + whole + fraction) * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** Days since 2000-01-01 of `Y.M.D`; a day beyond its month rolls over. */
export function parseDate(text: string): number {
  const [, year, month, day] = /^[ \t-\r]*([+-]?\d+)\.[ \t-\r]*([+-]?\d+)\.[ \t-\r]*([+-]?\d+)/.exec(text) ?? bad('a date YYYY.MM.DD');
  if (Number(month) > 13 || Math.abs(Number(year)) > 5000000 || Math.abs(Number(day)) > 2147483647) bad('a date YYYY.MM.DD');
  return toDays(Number(year), Number(month), Number(day));
}

/** Milliseconds of `H:M[:S][.fff]`. */
export function parseTime(text: string): number {
  const match = /^[ \t-\r]*([+-]?\d+):[ \t-\r]*([+-]?\d+)(?::[ \t-\r]*([+-]?\d+))?/.exec(text) ?? bad('a time HH:MM:SS');
  const fraction = /\.(\d{0,3})/.exec(text)?.[1] ?? '';
  const [, hours, minutes, seconds = '0'] = match;
  return (Number(hours) * 3600000 + Number(minutes) * 60000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, '0'))) | 0;
}

/** Nanoseconds since 2000-01-01 of an ISO date, with an optional time, fraction and offset from UTC; the whole text must fit. */
export function parseStamp(text: string): bigint {
  const { date, time, zone } = STAMP.exec(text)?.groups ?? bad('a timestamp');
  const [year, month, day] = date.split(/[-.]/).map(Number);
  if (month < 1 || month > 12 || day < 1 || toDays(year, month, day) >= monthEnd(year, month)) bad('a timestamp: no such day');
  const ns = BigInt(toDays(year, month, day)) * 86400000000000n + timeOfDay(time) - offset(zone);
  return ns > I64_MAX || ns < I64_NULL ? bad('a timestamp: beyond 64 bits of nanoseconds') : ns;
}
const STAMP = /^(?<date>\d{4}([-.])\d\d\2\d\d)(?:[T D](?<time>\d\d:\d\d(?::\d\d)?(?:\.\d+)?)(?<zone>Z|z|[+-]\d\d:?\d\d)?)?$/;

const monthEnd = (year: number, month: number): number => (month === 12 ? toDays(year + 1, 1, 1) : toDays(year, month + 1, 1));

function timeOfDay(text = '00:00'): bigint {
  const [clock, fraction = ''] = text.split('.');
  const [hours, minutes, seconds = 0] = clock.split(':').map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) bad('a timestamp: no such time of day');
  return BigInt(hours * 3600 + minutes * 60 + seconds) * 1000000000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function offset(zone = 'Z'): bigint {
  if (zone === 'Z' || zone === 'z') return 0n;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) bad('a timestamp: no such offset');
  return BigInt((zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes)) * 60000000000n;
}

/** The 16 bytes of a guid text; what follows its 36 characters is ignored. */
export function parseGuid(text: string): string {
  const [hex] = /^(?:-?[\da-f]{2}){16}/i.exec(text) ?? bad('a guid');
  if (text.length < 36) bad('a guid');
  return hex.replaceAll('-', '').replace(/../g, (byte) => String.fromCharCode(parseInt(byte, 16)));
}

const bad = (what: string): never => fail('domain', `cannot read this text as ${what}`);
