import { test } from 'node:test';
import assert from 'node:assert/strict';
import { evaluated, interpreter } from './query-data.js';

const P = '(table [s d q] (list [a a b b a] [x y x x x] [1 2 3 4 5]))';

test('a builtin and a lambda around it fill the same cells', () => {
  const rt = interpreter();
  for (const verb of ['sum', 'count', 'min', 'max', 'first', 'last', 'med']) {
    assert.equal(evaluated(rt, `(pivot ${P} 's 'd 'q ${verb})`), evaluated(rt, `(pivot ${P} 's 'd 'q (fn [v] (${verb} v)))`), verb);
  }
});

test('cells without rows are null', () => {
  assert.equal(evaluated(interpreter(), `(pivot ${P} 's 'd 'q sum)`), '(table [s x y] (list [a b] [6 7] [2 0Nl]))');
});

test('values of any type but str name columns; a null names none', () => {
  const rt = interpreter();
  const named = (column: string): string => evaluated(rt, `(cols (pivot (table [s d q] (list [a b] ${column} [1 2])) 's 'd 'q sum))`);
  assert.equal(named('[1 20]'), '[s 1 20]');
  assert.equal(named('[1.5 2.5]'), '[s 1.5 2.5]');
  assert.equal(named('[true false]'), '[s true false]');
  assert.equal(named('[0Nl 7]'), '[s 7]');
  assert.equal(named('["x" "y"]'), '!! nyi');
});

test('the number of index columns is bounded', () => {
  assert.equal(evaluated(interpreter(), `(pivot ${P} (take ['s] 9000) 'd 'q sum)`), '!! limit');
});
