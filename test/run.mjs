// Runs every compiled unit test and every golden script; the last line counts both exactly.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = new URL('..', import.meta.url).pathname;
const total = { passed: 0, failed: 0, skipped: 0 };

// What was compiled from a source that is gone still lies there.
await unitTests(testFiles(join(root, 'dist/test')).filter((path) => existsSync(join(root, 'test', relative(join(root, 'dist/test'), path).replace(/js$/, 'ts')))));
goldenScripts('rfl-tests');

console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? testFiles(path) : entry.name.endsWith('.test.js') ? [path] : [];
  });
}

async function unitTests(files) {
  if (files.length === 0) throw new Error('no compiled tests: run npm run build');
  process.execArgv.push('--import', new URL('assertions.mjs', import.meta.url).href);
  // A test that never ends fails; the longest one needs a tenth of this.
  const events = run({ files, concurrency: true, timeout: 600_000 });
  events.on('test:pass', (test) => count(test, test.skip !== undefined || test.todo !== undefined ? 'skipped' : 'passed'));
  events.on('test:fail', (test) => count(test, test.todo !== undefined ? 'skipped' : 'failed'));
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => report.on('end', resolve).on('error', reject));
}

function count(test, outcome) {
  // A suite passes or fails with its tests, which are counted themselves.
  if (test.details?.type !== 'suite') total[outcome]++;
}

function goldenScripts(folder) {
  // They write into the folder they run in.
  const own = mkdtempSync(join(tmpdir(), 'rfl-golden-'));
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'bin/rfl.js'), 'test', join(root, folder)], { cwd: own, encoding: 'latin1', maxBuffer: 2 ** 28 });
  rmSync(own, { recursive: true, force: true });
  process.stdout.write(`\ngolden scripts in ${folder}\n${stdout}${stderr}`);
  const summary = /(\d+) passed, (\d+) failed\n$/.exec(stdout);
  if (summary === null) {
    console.log(`the golden run ended with status ${status} and no summary`);
    total.failed++;
    return;
  }
  total.passed += Number(summary[1]);
  total.failed += Number(summary[2]);
}
