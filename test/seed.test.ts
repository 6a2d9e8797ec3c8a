import test from 'node:test';
import assert from 'node:assert/strict';
import { seededRandom } from '../src/builtins/random.js';
import { rfl } from './support/rfl.js';

test('--seed makes rand and guid answer the same in every run, in scripts and in servers', () => {
  const source = '(println "%" (list (rand 5 1000) (guid 2)))';
  const run = (...options: string[]): string => rfl(['-e', source, ...options]).out;
  assert.equal(run('--seed', '7'), run('--seed', '7'));
  assert.notEqual(run('--seed', '7'), run('--seed', '8'));
  assert.notEqual(run(), run());
  assert.equal(run('--seed', '7'), run('--seed', '7', '--listen', '127.0.0.1:0').split('\n')[0] + '\n');
  assert.equal(rfl(['--seed', 'x', '-e', '1']).status, 64);
});

test('the numbers of a seed never change', () => {
  const next = seededRandom(42);
  assert.deepEqual(Array.from({ length: 3 }, next), EXPECTED);
  const large = seededRandom(42 + 2 ** 33);
  assert.notEqual(large(), EXPECTED[0]);
});

test('the numbers are spread evenly', () => {
  const next = seededRandom(1);
  const buckets = new Array<number>(16).fill(0);
  for (let i = 0; i < 160_000; i++) buckets[Math.floor(next() * 16)]++;
  for (const n of buckets) assert.ok(Math.abs(n - 10_000) < 500, buckets.join());
});

const EXPECTED = [0.15377165265745885, 0.018084542542176507, 0.5348906284683476];
