import test from 'node:test';
import assert from 'node:assert/strict';
import { Balance } from '../src/repl/balance.js';

const open = (...lines: string[]): boolean => {
  const balance = new Balance();
  lines.forEach((l) => balance.line(l));
  return balance.open;
};

const WHOLE = [['1'], ['(+ 1 2)'], ['(+ 1', '2)'], ['{a: [1 2]}'], ['"(" "\\"("'], ["'(' '\\n' '\\050' 'x"], ['; ('], ['(f) ; ('], ['"a', 'b"'], [')'], ['(a))'], ["(f 'a')"], ["(f ' )"]];
for (const lines of WHOLE) test(`repl: ${JSON.stringify(lines.join(' | '))} is whole`, () => assert.equal(open(...lines), false));

const PARTS = [['('], ['(+ 1 ; )'], ['"a'], ['"a\\"'], ['[1', '2'], ["('(' "], ['(a', ') ('], ["'\\'' ("], ['{a: (', '}']];
for (const lines of PARTS) test(`repl: ${JSON.stringify(lines.join(' | '))} waits for more`, () => assert.equal(open(...lines), true));
