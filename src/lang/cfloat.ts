/**
 * Float texts with C `printf` rounding: the exact binary value, ties to even. JS rounds the exact value too but ties upward, so only
 * exact ties need care.
 */

/** C `%.2f` of a finite number below 1e13 in size. */
export function fixed2(x: number): string {
  const abs = x < 0 ? -x : x;
  const hundredths = abs * 100;
  let n = Math.floor(hundredths);
  const rest = hundredths - n;
  // The product is off by at most 1e-3 in this range: only close to .5 can it mislead.
  if (rest > 0.499 && rest < 0.501) return exactFixed2(x, abs);
  if (rest >= 0.5) n++;
  const cents = n % 100;
  return (x < 0 ? '-' : '') + (n - cents) / 100 + (cents < 10 ? '.0' : '.') + cents;
}

/** C `%.{digits-1}e` of a finite number. */
export function exponential(x: number, digits: number): string {
  const { sign, figures, exponent } = decompose(x, digits);
  return sign + mantissa(figures) + exponentText(exponent);
}

/** C `%.{precision}g`: so many significant digits (6 to 17), no trailing zeros. */
export function general(x: number, precision = 6): string {
  if (x === 0) return '0';
  if (!Number.isFinite(x)) return x !== x ? 'nan' : x > 0 ? 'inf' : '-inf';
  if (Number.isInteger(x) && x > -1e6 && x < 1e6) return String(x);
  const { sign, figures, exponent } = decompose(x, precision);
  if (exponent < -4 || exponent >= precision) return sign + mantissa(trimZeros(figures)) + exponentText(exponent);
  if (exponent < 0) return sign + '0.' + '0'.repeat(-exponent - 1) + trimZeros(figures);
  const fraction = trimZeros(figures.slice(exponent + 1));
  return sign + figures.slice(0, exponent + 1) + (fraction === '' ? '' : '.' + fraction);
}

interface Decimal { readonly sign: string; readonly figures: string; readonly exponent: number }

/** The first `digits` decimal figures of a number, rounded as C does. */
function decompose(x: number, digits: number): Decimal {
  const abs = x < 0 ? -x : x;
  const text = abs.toExponential(digits - 1);
  const e = text.indexOf('e');
  let figures = text[0] + text.slice(2, e);
  if (isTie(abs, digits)) figures = toEven(figures);
  return { sign: x < 0 ? '-' : '', figures, exponent: Number(text.slice(e + 1)) };
}

/** Whether a number lies exactly between two decimals of `digits` figures: it then has one figure more, a 5. */
function isTie(abs: number, digits: number): boolean {
  if (digits < 16) {
    // The shortest text of a number of so few figures is that number: a cheap way out.
    const shortest = abs.toExponential();
    const e = shortest.indexOf('e');
    if (e !== digits + 2 || shortest[e - 1] !== '5') return false;
  }
  // No double is so near to a short decimal without being it that 60 figures could not tell.
  return /^50*e/.test(abs.toExponential(60).slice(digits + 1));
}

/** JS has rounded a tie up: an odd last figure goes back down. It never borrows. */
function toEven(figures: string): string {
  const last = figures.charCodeAt(figures.length - 1);
  return last & 1 ? figures.slice(0, -1) + String.fromCharCode(last - 1) : figures;
}

function exactFixed2(x: number, abs: number): string {
  const text = abs.toFixed(2);
  // x.xx5 is exact in binary only for odd eighths.
  return (x < 0 ? '-' : '') + ((abs * 8) % 2 === 1 ? toEven(text) : text);
}

const mantissa = (figures: string): string => (figures.length === 1 ? figures : figures[0] + '.' + figures.slice(1));
const exponentText = (e: number): string => (e < 0 ? 'e-' : 'e+') + (e > -10 && e < 10 ? '0' : '') + Math.abs(e);
const trimZeros = (figures: string): string => figures.replace(/0+$/, '');
