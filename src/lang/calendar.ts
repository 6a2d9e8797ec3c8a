/** Calendar arithmetic in days since 2000-01-01 (proleptic Gregorian), with the language's results beyond sensible years. */

export interface YearMonthDay { readonly year: number; readonly month: number; readonly day: number }

/** Days of a common and a leap year before each month. */
const BEFORE_MONTH = [
  [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
  [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
] as const;
/** Days from 0001-01-01 to 2000-01-01. */
const EPOCH = 730119;

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Year, month and day of a day number of 32 bits. */
export function fromDays(days: number): YearMonthDay {
  const offset = (days + EPOCH) | 0;
  const approx = offset / 365.2425;
  let years = Math.trunc(approx >= 0 ? approx + 0.5 : approx - 0.5);
  if (daysOfYears(years) > offset) years--;
  const rest = offset - daysOfYears(years);
  const year = years + 1;
  const before = BEFORE_MONTH[isLeap(year) ? 1 : 0];
  let month = 11;
  while (month > 0 && Math.abs(rest) < before[month]) month--;
  if (Math.abs(rest) >= before[12]) month = 0;
  return { year, month: month + 1, day: 1 + rest - before[month] };
}

/** Day number of a date; a day beyond its month rolls over, and a month outside 1 to 13 counts as the nearest of these. */
export function toDays(year: number, month: number, day: number): number {
  const before = BEFORE_MONTH[isLeap(year) ? 1 : 0];
  const y = year - 1;
  const years = y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return (years - EPOCH + before[Math.min(Math.max(month - 1, 0), 12)] + day - 1) | 0;
}

/** Days in so many years from year 1 on, as `fromDays` counts them. */
const daysOfYears = (n: number): number => n * 365 + Math.trunc(n / 4) - Math.trunc(n / 100) + Math.trunc(n / 400);
