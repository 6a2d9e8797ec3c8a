import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Interp } from '../src/lang/interpreter.js';
import { RayError } from '../src/lang/errors.js';
import { BUILTINS } from '../src/builtins/index.js';
import { itemAt } from '../src/columns/item.js';
import { format } from '../src/lang/format.js';
import type { HostServices } from '../src/lang/runtime.js';

const rt = new Interp({ host: {} as HostServices, builtins: BUILTINS, itemAt });
const run = (text: string): string => {
  try {
    return format(rt.top(() => rt.run(text)), 0);
  } catch (e) {
    return e instanceof RayError ? `!${e.code}` : assert.fail(String(e));
  }
};

test('collections that cannot be had are an oom error', () => {
  for (const text of [
    '(til 9223372036854775807)', '(til 100000000000)', '(take 7 100000000000)', '(take [1] 9223372036854775807)', '(take (list 1) 1000000000)',
    '(take ["a"] 1000000000)', '(cross (til 100000) (til 100000))', '(rotate (take [1] 100000000000) 1)',
  ]) assert.equal(run(text), '!oom', text);
});

test('a str that cannot be had is a limit error', () => {
  assert.equal(run('(take "ab" 4000000000)'), '!limit');
});

test('a str longer than 8192 bytes is taken, joined and filtered', () => {
  assert.equal(run('(count (concat (take "ab" 10000) (take "c" 10000)))'), '20000');
  assert.equal(run('(count (filter (take "ab" 20000) (take [true false] 20000)))'), '10000');
  assert.equal(run('(count (at (take "ab" 20000) (til 20000)))'), '20000');
});

test('more than a thousand groups of strs are no limit', () => {
  assert.equal(run('(count (group (map (fn [i] (format "k%" i)) (til 3000))))'), '3000');
});

test('positions beyond 32 bits are outside, not wrapped', () => {
  assert.equal(run('(at [10 20] 4294967296)'), '0Nl');
  assert.equal(run('(at [10 20] [4294967296])'), '[0Nl]');
  assert.equal(run('(at [10 20] 9223372036854775807)'), '0Nl');
  assert.equal(run('(at (table [a] (list [1])) [4294967296])'), '!domain');
});

test('keys named like properties of objects are ordinary', () => {
  assert.equal(run("(at (dict ['__proto__ 'constructor] [1 2]) '__proto__)"), '1');
  assert.equal(run("(at {a:1} '__proto__)"), '0Nl');
  assert.equal(run('(group ["__proto__" "toString" "__proto__"])'), '{"__proto__":[0 2] "toString":[1]}');
});
