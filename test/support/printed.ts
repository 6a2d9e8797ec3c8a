/** Printed values (mode 0) taken apart again, as far as comparing two of them needs it. */

const TOKEN = /"[^"]*"|[()[\]{}]|[^\s()[\]{}"]+/g;
/** How far two floats printed with two digits may lie apart when they were almost equal. */
const LAST_DIGIT = 0.0101;
/** Doubles carry 53 bits; sums of them somewhat less. */
const RELATIVE = 1e-9;

const tokens = (text: string): string[] => text.match(TOKEN) ?? [];

/** The same text but for numbers that differ in digits a double, or a rounded last digit, cannot tell apart. */
export function almostEqual(a: string, b: string): boolean {
  const [x, y] = [tokens(a), tokens(b)];
  return x.length === y.length && x.every((token, i) => token === y[i] || close(token, y[i]));
}

function close(a: string, b: string): boolean {
  const wholes = /^\d{4}\.\d\d\.\d\dD\d\d:\d\d:\d\d\.\d{6}/;
  if (wholes.test(a)) return wholes.exec(a)![0].slice(0, -4) === wholes.exec(b)?.[0].slice(0, -4);
  if (!/^-?\d/.test(a) || !/^-?\d/.test(b) || Number.isNaN(Number(a)) || Number.isNaN(Number(b))) return false;
  const [x, y] = [Number(a), Number(b)];
  const size = Math.max(Math.abs(x), Math.abs(y));
  if (size > 2 ** 52) return Math.abs(x - y) <= size * RELATIVE;
  return (a.includes('.') || a.includes('e')) && Math.abs(x - y) <= Math.max(LAST_DIGIT, size * LAST_DIGIT);
}

/** Two tables with the same columns and the same rows, in whatever order both are. */
export function sameRows(a: string, b: string): boolean {
  const [x, y] = [rowsOf(a), rowsOf(b)];
  return x !== null && y !== null && x.length === y.length && x.every((row, i) => row === y[i]);
}

function rowsOf(text: string): string[] | null {
  const [names, ...columns] = /^= \(list \(table \[([^\]]*)\] (.*)\)\)$/.exec(text) ? parts(text) : [];
  if (names === undefined || columns.length === 0 || columns.length !== names.length) return null;
  const order = names.map((_, i) => i).sort((i, j) => (names[i] < names[j] ? -1 : 1));
  return columns[0].map((_, row) => order.map((i) => `${names[i]}:${columns[i][row]}`).join(' ')).sort();
}

/** The names of a printed table, then the texts of the cells of each column. */
function parts(text: string): string[][] {
  const inside = text.slice('= (list (table '.length, -2);
  const names = items(inside)[0];
  const columns = items(inside)[1];
  return [items(names.slice(1, -1)), ...cells(columns).map(cells)];
}

const cells = (list: string): string[] => (list.startsWith('(list') ? items(list.slice('(list'.length, -1)) : items(list.slice(1, -1)));

/** What stands side by side in a text, each with all its brackets. */
function items(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (depth === 0 && !')]}'.includes(match[0])) at = match.index;
    if ('([{'.includes(match[0])) depth++;
    else if (')]}'.includes(match[0])) depth--;
    if (depth === 0) found.push(text.slice(at, match.index + match[0].length));
  }
  return found;
}
