import test from 'node:test';
import assert from 'node:assert/strict';
import { goldenLines } from '../src/cli/golden/lines.js';
import { reportFailure } from '../src/cli/golden/report.js';
import { runGolden, updated, type Evaluate } from '../src/cli/golden/run.js';

const kinds = (text: string) => goldenLines(text).map((l) => [l.line, l.kind, l.expr, l.expected]);

test('golden: a line is an assertion, an expected error, or a statement', () => {
  assert.deepEqual(kinds(';; comment\n\n  (set a 1)\r\n\t(+ a 1) -- 2  \n(foo) !- name\n  ;; end\n'), [
    [3, 'statement', '(set a 1)', ''], [4, 'equal', '(+ a 1)', '2'], [5, 'error', '(foo)', 'name'],
  ]);
});

test('golden: separators inside strings do not separate, and -- goes before !-', () => {
  assert.deepEqual(kinds('"a -- b" -- "a -- b"\n"x !- \\" -- " !- e\na !- b -- c'), [
    [1, 'equal', '"a -- b"', '"a -- b"'], [2, 'error', '"x !- \\" -- "', 'e'], [3, 'equal', 'a !- b', 'c'],
  ]);
});

test('golden: a separator needs both its blanks', () => {
  assert.deepEqual(kinds('(- 1 --2)\n(f a--b)\n1 --'), [
    [1, 'statement', '(- 1 --2)', ''], [2, 'statement', '(f a--b)', ''], [3, 'statement', '1 --', ''],
  ]);
});

/** Evaluates `N`, `a` (1 after `set`), and fails with the code of `!code`. */
function fake(): Evaluate {
  let a: string | null = null;
  return (text) => {
    const failed = (code: string) => ({ ok: false, text: `error: ${code}`, code, explained: `error: ${code}: why` });
    if (text === 'set') a = '1';
    if (text === 'a') return a === null ? failed('name') : { ok: true, text: a, code: '', explained: '' };
    return text.startsWith('!') ? failed(text.slice(1)) : { ok: true, text, code: '', explained: '' };
  };
}

test('golden: counts what passed and goes on after a failure', () => {
  const { passed, failures } = runGolden('set\na -- 1\na -- 2\n!type !- type\n!type !- name\n!io\n1 !- x\n!io -- 1\n1 -- !io\na -- 1', fake());
  assert.equal(passed, 3);
  assert.deepEqual(failures.map((f) => [f.line.line, f.expected, f.got]), [
    [3, '2', '1'],
    [5, "an error with 'name'", 'error: type'],
    [6, 'no error', 'error: io: why'],
    [7, "an error with 'x'", '1'],
    [8, '1', 'error: io'],
    [9, '!io   (which is itself an error: error: io)', '1'],
  ]);
});

test('golden: a file without assertions fails', () => {
  assert.deepEqual(runGolden(';; nothing\nset', fake()).failures.map((f) => f.expected), ['an assertion']);
});

test('golden: updating rewrites failed assertions only, keeping indentation', () => {
  const text = ';; c\n  set\n  a -- 2\n1 -- 1\n!type -- 3\n\t7 !- io\n!io\n';
  const after = updated(text, runGolden(text, fake()).failures);
  assert.equal(after, ';; c\n  set\n  a -- 1\n1 -- 1\n!type !- type\n\t7 -- 7\n!io\n');
});

test('golden: a value whose text does not read back is not written as an expectation', () => {
  const evaluate: Evaluate = (text) => text === 'f' ? { ok: true, text: 'lambda', code: '', explained: '' } : fake()('!name');
  assert.deepEqual(runGolden('f -- 1', evaluate).failures.map((f) => f.fixed), [null]);
});

test('golden: a failure shows place, source, both texts and the first difference', () => {
  const line = { line: 7, kind: 'equal' as const, expr: '(f 1)', expected: '[1 2 3]' };
  assert.equal(reportFailure('a.rfl', { line, expected: '[1 2 3]', got: '[1 4 3]', fixed: null }),
    'a.rfl:7: (f 1)\n  expected  [1 2 3]\n  got       [1 4 3]\n               ^\n');
});

test('golden: texts of several lines are shown whole, one below the other', () => {
  const line = { line: 2, kind: 'equal' as const, expr: '(t)', expected: '' };
  for (const [expected, got] of [['a\nb', 'c'], ['c', 'a\nb']]) {
    const indented = (text: string): string => text.split('\n').map((l) => `    ${l}\n`).join('');
    assert.equal(reportFailure('f', { line, expected, got, fixed: null }), `f:2: (t)\n  expected\n${indented(expected)}  got\n${indented(got)}`);
  }
});

test('golden: of long texts the surroundings of the difference are shown', () => {
  const line = { line: 1, kind: 'equal' as const, expr: 'x', expected: '' };
  const [, expected, got, mark] = reportFailure('f', { line, expected: 'a'.repeat(500) + 'X', got: 'a'.repeat(500) + 'Y', fixed: null }).split('\n');
  assert.ok(expected.length < 130 && expected.endsWith('X') && got.endsWith('Y'));
  assert.equal(mark.length, got.length);
});
