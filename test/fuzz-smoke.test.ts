import assert from 'node:assert/strict';
import test from 'node:test';
import { attempt, corpus, fuzz } from './fuzz/run.js';
import { TARGETS } from './fuzz/targets.js';

for (const target of TARGETS.values()) {
  test(`${target.name}: every committed input keeps the invariants`, () => {
    const files = corpus(target);
    assert.ok(files.size >= 20, `${files.size} files`);
    for (const [file, bytes] of files) assert.equal(attempt(target, bytes).finding, null, file);
  });

  test(`${target.name}: random inputs keep the invariants`, () => {
    const result = fuzz(target, 20240115, 20_000, 20);
    assert.equal(result.finding, null);
    assert.ok(result.inputs > 0);
  });
}

test('the fuzzer notices a broken invariant', () => {
  const broken = { ...TARGETS.get('frame')!, once: (bytes: Uint8Array): void => assert.ok(bytes.length < 10) };
  assert.notEqual(fuzz(broken, 1, 1000, 10).finding, null);
});
