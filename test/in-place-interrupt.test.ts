/** Verbs that change a global: interrupted at any moment they changed everything or nothing, and who has the old value still has it. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { RayError } from '../src/lang/errors.js';
import type { Interp } from '../src/lang/interpreter.js';
import { evaluated, interpreter } from './query-data.js';
import { seeded } from './support/random-columns.js';

const ROWS = 400_000;
const MOMENTS = 12;
const SETUP = `(do (set t (table [k v s x] (list (til ${ROWS}) (* 2 (til ${ROWS})) (take ['a 'b 'c 'd 'e] ${ROWS}) (as 'F64 (til ${ROWS}))))) (set v (til ${ROWS})) (set l (map (fn [i] (list i i)) (til 20000))) (set n {a: 1 b: 2}) null)`;
/** What can be seen of the globals: cheap to compare, and different after every change below. */
const STATE = `(list (if (in 't (key (env 0))) (list (count t) (cols t) (map (fn [c] (if (in (type c) ['I64 'F64]) (list (sum c) (first c) (last c)) (last c))) (value t))) 'gone)
  (if (in 'v (key (env 0))) (list (count v) (sum v) (first v) (last v)) 'gone) (count l) (first l) (last l) n)`.replaceAll('\n', ' ');

const CHANGES: Readonly<Record<string, string>> = {
  'update': "(update {from: 't v: (+ v 1) x: (* x 3) k: (- k 1)})",
  'update where': "(update {from: 't v: (+ v 1) x: 0.5 where: (and (> k 10) (== s 'b))})",
  'update by': "(update {from: 't m: (sum v) by: s})",
  'update by, no reduction': "(update {from: 't r: (sums v) by: s})",
  'insert': `(insert 't (table [k v s x] (list (til ${ROWS}) (til ${ROWS}) (take ['y 'z] ${ROWS}) (as 'F64 (til ${ROWS})))))`,
  'upsert': `(upsert 't 1 (table [k v s x] (list (+ 1000 (til ${ROWS})) (til ${ROWS}) (take ['y 'z] ${ROWS}) (as 'F64 (til ${ROWS})))))`,
  'upsert by a column': `(upsert 't 'k (table [k v s x] (list (+ 1000 (til ${ROWS})) (til ${ROWS}) (take ['y 'z] ${ROWS}) (as 'F64 (til ${ROWS})))))`,
  'insert into a vector': `(insert 'v (til ${ROWS}))`,
  'insert in the middle of a vector': `(insert 'v 5 (+ 7 (til ${ROWS})))`,
  'alter set': `(alter 'v set (til ${ROWS}) (+ 3 (til ${ROWS})))`,
  'alter concat': `(alter 'v concat (+ 9 (til ${ROWS})))`,
  'alter remove': "(alter 'l remove (do (til 300000) [0 5 19999]))",
  'alter in a list': "(alter 'l set (do (til 300000) [0 19999]) 7)",
  'del': '(do (til 300000) (del v t))',
};

const state = (rt: Interp): string => evaluated(rt, STATE);

/** Evaluates with a deadline; whether it was reached. */
function until(rt: Interp, source: string, deadlineMs: number): boolean {
  try {
    rt.top(() => rt.run(source), { deadlineMs });
    return false;
  } catch (e) {
    if (e instanceof RayError && e.code === 'cancel') return true;
    throw e;
  }
}

for (const [verb, source] of Object.entries(CHANGES)) {
  test(`${verb}: a deadline at any moment leaves what was before or what comes after`, () => {
    const random = seeded(verb.length * 7919);
    const rt = interpreter();
    evaluated(rt, SETUP);
    const before = state(rt);
    evaluated(rt, source);
    evaluated(rt, SETUP);
    const started = performance.now();
    assert.doesNotMatch(evaluated(rt, source), /^!!/);
    const whole = performance.now() - started;
    const after = state(rt);
    assert.notEqual(after, before);
    let cancelled = 0;
    for (let i = 0; i < MOMENTS; i++) {
      evaluated(rt, SETUP);
      evaluated(rt, '(do (set t-old t) (set v-old v) (set l-old l) null)');
      const stopped = until(rt, source, i === 0 ? 0 : random() * whole);
      if (stopped) cancelled++;
      assert.equal(state(rt), stopped ? before : after);
      evaluated(rt, '(do (set t t-old) (set v v-old) (set l l-old) null)');
      assert.equal(state(rt), before, 'who had the value before still has it');
      // What was broken off must not show in what comes next.
      evaluated(rt, source);
      assert.equal(state(rt), after);
    }
    assert.ok(cancelled > 0, 'no deadline was reached');
  });
}

test('an interrupt that comes between the columns leaves the table as it was', () => {
  const rt = interpreter();
  evaluated(rt, SETUP);
  const before = state(rt);
  rt.define([{ name: 'raise-now', args: '', arity: 'n', doc: '', example: '0', fn: () => (rt.interrupt.raise(), 0) }]);
  assert.equal(evaluated(rt, "(update {from: 't v: (+ v 1) x: (do (raise-now) (* x 3))})"), '!! cancel');
  assert.equal(state(rt), before);
});
