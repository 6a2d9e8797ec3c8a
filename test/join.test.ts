import { test } from 'node:test';
import assert from 'node:assert/strict';
import { T, Vec } from '../src/lang/value.js';
import { equalPairs, unmatchedRows } from '../src/columns/join.js';
import { placesUpTo, timeline } from '../src/columns/join-time.js';
import { evaluated, interpreter } from './query-data.js';

const ints = (xs: readonly number[]): Vec => new Vec(T.I64, BigInt64Array.from(xs, BigInt));
/** Numbers that look random and are the same in every run. */
function numbers(n: number, below: number, seed: number): number[] {
  let x = seed;
  return Array.from({ length: n }, () => (x = (Math.imul(x, 1103515245) + 12345) >>> 0) % below);
}

test('pairs are those of two nested loops, left rows first, right rows in their order', () => {
  const left = numbers(80, 25, 1);
  const right = numbers(60, 25, 2);
  const expected: [number, number][] = [];
  left.forEach((a, i) => {
    const own = right.flatMap((b, k) => (a === b ? [k] : []));
    for (const k of own.length > 0 ? own : [-1]) expected.push([i, k]);
  });
  const met = new Set(expected.map(([, k]) => k));
  right.forEach((_, k) => met.has(k) || expected.push([-1, k]));
  const pairs = equalPairs([ints(left)], [ints(right)], true, true);
  assert.deepEqual([...pairs.left].map((i, n) => [i, pairs.right[n]]), expected);
  assert.deepEqual([...unmatchedRows([ints(left)], [ints(right)])], left.flatMap((a, i) => (right.includes(a) ? [] : [i])));
});

test('the latest row is the one a search row by row finds', () => {
  const [lk, lt] = [numbers(70, 4, 3), numbers(70, 40, 4)];
  const [rk, rt] = [numbers(90, 4, 5), numbers(90, 40, 6)];
  const line = timeline([ints(lk)], [ints(rk)], 70, ints(rt));
  const { place, start } = placesUpTo(line, ints(rt), ints(lt), false);
  lt.forEach((time, i) => {
    let best = -1;
    rk.forEach((k, r) => {
      if (k === lk[i] && rt[r] <= time && (best < 0 || rt[r] >= rt[best])) best = r;
    });
    assert.equal(place[i] > start[i] ? line.order[place[i] - 1] : -1, best, `row ${i}`);
  });
});

test('times beyond the precision of doubles are told apart', () => {
  const rt = interpreter();
  evaluated(rt, '(set r (table [t b] (list [2024.01.01D00:00:00.000000001 2024.01.01D00:00:00.000000003] [1 2])))');
  evaluated(rt, '(set l (table [t a] (list [2024.01.01D00:00:00.000000000 2024.01.01D00:00:00.000000001 2024.01.01D00:00:00.000000002] [7 8 9])))');
  assert.equal(evaluated(rt, "(at (asof-join ['t] l r) 'b)"), '[0Nl 1 1]');
});

test('keys of all numeric types compare by value, str keys work, and both orders of arguments', () => {
  const rt = interpreter();
  const ints2 = "(table [k a] (list [1 2] [10 20]))";
  assert.equal(evaluated(rt, `(inner-join ['k] ${ints2} (table [k b] (list [2i 3i] [7 8])))`), '(table [k a b] (list [2] [20] [7]))');
  assert.equal(evaluated(rt, `(inner-join ['k] ${ints2} (table [k b] (list [2.0 3.0] [7 8])))`), '(table [k a b] (list [2] [20] [7]))');
  const strs = '(table [k a] (list ["x" "y"] [1 2]))';
  const other = '(table [k b] (list ["y" "z"] [5 6]))';
  assert.equal(evaluated(rt, `(left-join ['k] ${strs} ${other})`), '(table [k a b] (list ["x" "y"] [1 2] [0Nl 5]))');
  assert.equal(evaluated(rt, `(left-join ${strs} ${other} ['k])`), '(table [k a b] (list ["x" "y"] [1 2] [0Nl 5]))');
});

test('a window join reduces exactly the rows of its window', () => {
  const rt = interpreter();
  evaluated(rt, '(set r (table [s t b] (list (take [x y] 40) (til 40) (* 3 (til 40)))))');
  evaluated(rt, '(set l (table [s t] (list [x y x z] [10 11 0 5])))');
  assert.equal(evaluated(rt, "(at (window-join1 [s t] (list [4 4 0 0] [10 11 0 9]) l r {n: (count b)}) 'n)"), '[4 4 1 0]');
  assert.equal(evaluated(rt, "(at (window-join1 [s t] (list [4 4 0 0] [10 11 0 9]) l r {n: (med b)}) 'n)"), '[21.0 24.0 0.0 0Nf]');
  assert.equal(evaluated(rt, "(at (window-join [s t] (list [5 4 0 0] [10 11 0 9]) l r {n: (sum b)}) 'n)"), '[84 105 0 0]');
});
