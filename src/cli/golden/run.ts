/** Runs the lines of one golden file, and rewrites its expectations. */
import { goldenLines, goldenText, type GoldenLine } from './lines.js';

/** What one evaluation gave: the mode-0 text of its value or error, or for an error all there is to say about it. */
export interface Evaluated {
  readonly ok: boolean;
  readonly text: string;
  /** An error's code; '' for values, and for programs that ended. */
  readonly code: string;
  /** An error with its caret, for people. */
  readonly explained: string;
}
export type Evaluate = (text: string) => Evaluated;

export interface Failure {
  readonly line: GoldenLine;
  readonly expected: string;
  readonly got: string;
  /** The line that would pass; null where there is none. */
  readonly fixed: string | null;
}
export interface FileResult {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** Evaluates every line in order, going on after failures. A file that asserts nothing fails. */
export function runGolden(text: string, evaluate: Evaluate): FileResult {
  const lines = goldenLines(text);
  const failures: Failure[] = [];
  let passed = 0;
  for (const line of lines) {
    const failure = CHECKS[line.kind](line, evaluate);
    if (failure !== null) failures.push(failure);
    else if (line.kind !== 'statement') passed++;
  }
  if (!lines.some((l) => l.kind !== 'statement')) {
    failures.push({ line: { line: 1, kind: 'statement', expr: '', expected: '' }, expected: 'an assertion', got: 'none in this file', fixed: null });
  }
  return { passed, failures };
}

/** The text with every failed line replaced that has a passing form; indentation stays. */
export function updated(text: string, failures: readonly Failure[]): string {
  const lines = text.split('\n');
  for (const { line, fixed } of failures) {
    if (fixed === null) continue;
    const raw = lines[line.line - 1];
    lines[line.line - 1] = /^[ \t]*/.exec(raw)![0] + fixed;
  }
  return lines.join('\n');
}

type Check = (line: GoldenLine, evaluate: Evaluate) => Failure | null;

const CHECKS: Record<GoldenLine['kind'], Check> = {
  statement: (line, evaluate) => {
    const got = evaluate(line.expr);
    return got.ok ? null : { line, expected: 'no error', got: got.explained, fixed: null };
  },
  equal: (line, evaluate) => {
    const got = evaluate(line.expr);
    const expected = evaluate(line.expected);
    if (got.ok && expected.ok && got.text === expected.text) return null;
    return {
      line,
      expected: expected.ok ? expected.text : `${line.expected}   (which is itself an error: ${expected.text})`,
      got: got.text,
      fixed: passing(line, got, evaluate),
    };
  },
  error: (line, evaluate) => {
    const got = evaluate(line.expr);
    if (!got.ok && got.text.includes(line.expected)) return null;
    return { line, expected: `an error with '${line.expected}'`, got: got.text, fixed: passing(line, got, evaluate) };
  },
};

/** A value has a passing line only where its printed text reads back as the same text: `lambda` does not. */
function passing(line: GoldenLine, got: Evaluated, evaluate: Evaluate): string | null {
  if (!got.ok) return got.code === '' ? null : goldenText(line.expr, 'error', got.code);
  const again = evaluate(got.text);
  return again.ok && again.text === got.text ? goldenText(line.expr, 'equal', got.text) : null;
}
