/** The golden format: one statement or assertion a line. */

export interface GoldenLine {
  /** 1-based. */
  readonly line: number;
  /** `equal`: EXPR -- EXPECTED; `error`: EXPR !- TEXT; `statement`: anything else. */
  readonly kind: 'equal' | 'error' | 'statement';
  readonly expr: string;
  /** What stands right of the separator; '' for statements. */
  readonly expected: string;
}

const SEPARATORS = [[' -- ', 'equal'], [' !- ', 'error']] as const;
const WIDTH = 4;

/** The statements and assertions of a file (bytes). Blank lines and `;;` comments are left out. */
export function goldenLines(text: string): GoldenLine[] {
  const found: GoldenLine[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = trim(raw);
    if (line !== '' && !line.startsWith(';;')) found.push(goldenLine(line, i + 1));
  });
  return found;
}

/** A line of the format for an assertion, without indentation. */
export const goldenText = (expr: string, kind: 'equal' | 'error', expected: string): string =>
  `${expr}${SEPARATORS.find(([, k]) => k === kind)![0]}${expected}`;

function goldenLine(text: string, line: number): GoldenLine {
  for (const [separator, kind] of SEPARATORS) {
    const at = findOutsideStrings(text, separator);
    if (at >= 0) return { line, kind, expr: text.slice(0, at), expected: text.slice(at + WIDTH) };
  }
  return { line, kind: 'statement', expr: text, expected: '' };
}

const trim = (line: string): string => line.replace(/^[ \t]+/, '').replace(/[ \t\r]+$/, '');

/** A backslash hides the next character everywhere, not only in strings: the format says so. */
function findOutsideStrings(text: string, separator: string): number {
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') inString = !inString;
    else if (!inString && text.startsWith(separator, i)) return i;
  }
  return -1;
}
