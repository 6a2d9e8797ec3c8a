/** How a failed golden line is told. */
import type { Failure } from './run.js';

/** Bytes of a text shown around its first difference. */
const WINDOW = 100;
const BEFORE = 30;

/** The lines for one failure (bytes): place, source, both texts, and a mark under the first difference. */
export function reportFailure(file: string, { line, expected, got }: Failure): string {
  return reportTexts(`${file}:${line.line}: ${line.expr}\n`, expected, got);
}

/** The same below a head line of the caller's. */
export function reportTexts(head: string, expected: string, got: string): string {
  if (expected.includes('\n') || got.includes('\n')) return `${head}  expected\n${indent(expected)}\n  got\n${indent(got)}\n`;
  const at = firstDifference(expected, got);
  const from = at > WINDOW - BEFORE ? at - BEFORE : 0;
  const show = (text: string): string => (from > 0 ? '..' : '') + text.slice(from, from + WINDOW) + (text.length > from + WINDOW ? '..' : '');
  const mark = ' '.repeat((from > 0 ? 2 : 0) + at - from) + '^';
  return `${head}  expected  ${show(expected)}\n  got       ${show(got)}\n            ${mark}\n`;
}

const indent = (text: string): string => text.split('\n').map((l) => '    ' + l).join('\n');

function firstDifference(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  return i;
}
