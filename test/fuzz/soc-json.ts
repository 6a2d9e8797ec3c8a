/** JSON is accepted exactly where JSON.parse accepts it, and what was read is written as text that reads the same. */
import { formatJson } from '../../src/columns/json-format.js';
import { parseJson } from '../../src/columns/json-parse.js';
import { isUtf8, skipSpace, valueEnd } from '../../src/columns/json-scan.js';
import type { Random } from './random.js';
import { check, damaged, outcome } from './target.js';

export const name = 'soc-json';

export function once(bytes: Uint8Array): void {
  const s = Buffer.from(bytes).toString('latin1');
  const parsed = outcome(() => parseJson(s));
  const known = outcome2(() => JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!parsed.ok) return check(parsed.error !== 'parse' || !known || !isUtf8(s), 'what JSON.parse reads is read');
  check(known, 'what JSON.parse rejects is rejected');
  const start = skipSpace(s, 0);
  check(skipSpace(s, valueEnd(s, start)) === s.length, 'the value ends where the scanner says');
  const text = formatJson(parsed.value);
  check(outcome2(() => JSON.parse(Buffer.from(text, 'latin1').toString('utf8'))), 'what is written is JSON');
  check(formatJson(parseJson(text)) === text, 'what is written reads as itself');
  check(!text.includes('\n'), 'it is one line');
}

function outcome2(f: () => unknown): boolean {
  try {
    f();
    return true;
  } catch {
    return false;
  }
}

const value = (r: Random, depth: number): unknown => {
  const kind = r.int(depth > 3 ? 6 : 9);
  if (kind === 0) return null;
  if (kind === 1) return r.int(2) === 0;
  if (kind === 2) return r.int(1000) - 500;
  if (kind === 3) return r.next() / 1e3;
  if (kind === 4) return r.pick(['', 'text', 'a"\\\n', '\u00e9\u2028', '__proto__', '\ud83d\ude00']);
  if (kind === 5) return r.next() * 1e6 * (r.int(2) - 0.5);
  if (kind === 6) return Array.from({ length: r.int(5) }, () => value(r, depth + 1));
  if (kind === 7) return Array.from({ length: r.int(4) }, () => ({ a: r.int(9), b: value(r, depth + 1) }));
  return Object.fromEntries(Array.from({ length: r.int(5) }, () => [r.pick(['a', 'b', 'c', 'd"', '']), value(r, depth + 1)]));
};
export const input = damaged((r: Random) => Buffer.from(JSON.stringify(value(r, 0))));
