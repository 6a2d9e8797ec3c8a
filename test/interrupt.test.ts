/** How evaluations end that are asked to, and those that nest too deeply: the same in closures and in generated code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTINS } from '../src/builtins/index.js';
import { systemHost } from '../src/builtins/host.js';
import { itemAt } from '../src/columns/item.js';
import { MAX_DEPTH } from '../src/lang/compile.js';
import { RayError } from '../src/lang/errors.js';
import { format } from '../src/lang/format.js';
import { Interp, type LambdaCode } from '../src/lang/interpreter.js';
import { Lambda } from '../src/lang/value.js';

const fresh = (): Interp => new Interp({ host: systemHost({ out: () => {}, err: () => {} }), builtins: BUILTINS, itemAt });

/** The text of the value, or the code of the error. */
function outcome(interp: Interp, source: string): string {
  try {
    return format(interp.top(() => interp.run(source)), 0);
  } catch (e) {
    assert.ok(e instanceof RayError, String(e));
    return `${e.code}: ${e.message}`;
  }
}

function makeHot(interp: Interp, definition: string, call: string): Lambda {
  const lambda = interp.top(() => interp.run(definition));
  assert.ok(lambda instanceof Lambda);
  for (let i = 0; i < 50; i++) outcome(interp, call);
  assert.notEqual((lambda.code as LambdaCode).native, null, 'there is generated code');
  return lambda;
}

test('generated code nests as deeply as closures, no deeper', () => {
  const interp = fresh();
  makeHot(interp, '(set deep (fn [n] (if (< n 1) 0 (+ 1 (deep (- n 1))))))', '(deep 3)');
  // The evaluation itself and the call with 0 are levels, too.
  const deepest = MAX_DEPTH - 2;
  for (let again = 0; again < 3; again++) {
    assert.equal(outcome(interp, `(deep ${deepest})`), String(deepest));
    assert.equal(outcome(interp, `(deep ${deepest + 1})`), 'limit: stack overflow');
  }
});

test('an interrupt stops one evaluation, a shutdown all that follow', () => {
  const interp = fresh();
  makeHot(interp, '(set loop (fn [n] (+ n 1)))', '(loop 1)');
  interp.interrupt.raise(1);
  assert.equal(outcome(interp, '(loop 1)'), 'cancel: interrupted');
  assert.equal(outcome(interp, '(loop 1)'), '2');
  interp.interrupt.raise(3);
  assert.equal(outcome(interp, '(loop 1)'), 'cancel: shutting down');
  assert.equal(outcome(interp, '(try (loop 1) 5)'), 'cancel: shutting down');
  interp.interrupt.clear();
  assert.equal(outcome(interp, '(loop 1)'), '2');
});

test('what was bound before an interrupt stays bound', () => {
  const interp = fresh();
  assert.equal(outcome(interp, '(set kept 7)'), '7');
  let calls = 0;
  interp.define([{
    name: 'stop-me', arity: 1, args: 'x', doc: '', example: '',
    fn: (x) => {
      if (++calls === 100) interp.interrupt.raise();
      return x;
    },
  }]);
  assert.equal(outcome(interp, '(do (set kept 8) (fold (fn [a b] (stop-me b)) 0 (til 1000000)))'), 'cancel: interrupted');
  assert.ok(calls < 110);
  assert.equal(outcome(interp, 'kept'), '8');
});

test('a lambda answers the same before and after code was generated for it', () => {
  const cases: [lambda: string, argument: string][] = [
    ['(fn [x] (do (let + (fn [a b] 7)) (+ x 1)))', '0'],
    ['(fn [x] (let count (fn [a] 7)) (list (count x) (map count [1 2])))', '0'],
    ['(fn [x] (let if 5) (if x 1 if))', '0'],
    ['(fn [x] (let and 5) (and true x))', 'false'],
    ['(fn [x] (let quote 5) (quote nope))', '0'],
    ['(fn [x] (let self 5) (if x (self 0) self))', '1'],
    ['(fn [x] (if x (let y 5)) y)', '0'],
    ['(fn [x] (if x (let y 5)) y)', '1'],
    ['(fn [x] (if x (let y null)) (list y))', '1'],
    ['(fn [x] (if x (let + 5)) +)', '0'],
    ['(fn [x] (if x (let g (fn [a] 1))) (g x))', '0'],
    ['(fn [x] (let z elsewhere) (let elsewhere 5) (list z elsewhere))', '0'],
    ['(fn [x] (let z nowhere) (let nowhere 5) z)', '0'],
  ];
  for (const [lambda, argument] of cases) {
    const interp = fresh();
    outcome(interp, `(do (set elsewhere 9) (set f ${lambda}))`);
    const call = `(f ${argument})`;
    const cold = outcome(interp, call);
    for (let i = 0; i < 60; i++) assert.equal(outcome(interp, call), cold, lambda);
  }
});
