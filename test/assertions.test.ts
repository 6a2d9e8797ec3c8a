/** The guard that run.mjs puts around every test. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT } from './support/root.js';

const TESTS = `
import assert, { equal, match } from 'node:assert/strict';
import plain from 'node:assert';
import test, { describe } from 'node:test';
const nothing = () => {};
test('silent', nothing);
test('silent after a wait', () => new Promise((resolve) => setTimeout(resolve, 5)));
test('asserts', () => assert.equal(1, 1));
test('asserts by name', () => equal(1, 1));
test('asserts with the other module', () => plain.ok(true));
test('asserts later', async () => { await null; assert.ok(true); });
test('asserts that it throws', () => assert.throws(() => { throw new Error('x'); }, /x/));
test('asserts that it rejects', () => assert.rejects(Promise.reject(new Error('x'))));
test('asserts a pattern', () => match('abc', /b/));
test('asserts a pattern in vain', () => assert.match('abc', /d/));
test('asserts in vain', () => assert.equal(1, 2));
test('is skipped', { skip: true }, nothing);
test('skips itself', (t) => t.skip());
describe('suite', () => { test('silent within', nothing); test('asserts within', () => assert.ok(true)); });
`;

test('a test without an assertion fails, and says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-assertions-'));
  try {
    const file = join(folder, 'some.test.mjs');
    writeFileSync(file, TESTS);
    const { stdout } = spawnSync(process.execPath, ['--import', new URL('test/assertions.mjs', ROOT).href, file], { encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
    const failed = [...stdout.matchAll(/not ok \d+ - (.*)/g)].map(([, name]) => name);
    assert.deepEqual(failed, ['silent', 'silent after a wait', 'asserts a pattern in vain', 'asserts in vain', 'silent within', 'suite']);
    assert.deepEqual([...stdout.matchAll(/error: "'(.*)' asserts nothing"/g)].map(([, name]) => name), ['silent', 'silent after a wait', 'silent within']);
    assert.match(stdout, /'abc' does not match \/d\/|abc does not match \/d\//);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
