import assert from 'node:assert/strict';
import test from 'node:test';
import { guard, GUARD, percentile } from '../bench/guard.js';
import { VECTORS } from './support/broker-vectors.js';

const v = VECTORS.perf_guard;

test('the figures of the promise', () => {
  assert.deepEqual(GUARD, { samples: v.sample_count, warmUp: v.warmup, p50us: v.p50_budget_us, p99us: v.p99_budget_us });
});
for (const [i, c] of v.cases.entries()) {
  test(`the promise about Hellos, case ${i}: ${JSON.stringify(c.expect ?? c)}`, () => {
    if (c.samples_us !== undefined) {
      const sorted = c.samples_us.toSorted((a: number, b: number) => a - b);
      return assert.deepEqual({ p50_us: percentile(sorted, 50), p99_us: percentile(sorted, 99) }, c.expect);
    }
    const samples = Array<number>(c.count).fill(c.fill_us ?? 0);
    if (c.last_n_us !== undefined) samples.fill(c.last_n_us.us, -c.last_n_us.n);
    assert.equal(guard(samples).verdict, c.expect);
  });
}
