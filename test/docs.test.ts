import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { allFamilies } from '../src/engine/builtins.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', 'ARCHITECTURE.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];

test('the generated pages are those of the tables', () => {
  const { status, stderr } = spawnSync(process.execPath, ['docs/generate.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('every builtin says its arguments, what it does, and an example', () => {
  for (const row of [...allFamilies().values()].flat()) {
    assert.ok(row.doc.length > 5, row.name);
    assert.ok(row.example.includes(row.name), `${row.name}: ${row.example}`);
  }
});

test('every builtin is on a page of the language, and its example answers without an error', () => {
  const language = pages.filter((page) => page.startsWith('docs/language/')).map((page) => readFileSync(join(root, page), 'utf8')).join('\n');
  for (const [family, rows] of allFamilies()) {
    for (const { name, args } of rows) assert.ok(language.includes(`| \`(${name}${args === '' ? '' : ` ${args}`})\``), `${family}: ${name}`);
  }
  const failing = language.split('\n').filter((line) => line.includes('→ `error: ') && !line.includes('→ `error: nyi`'));
  assert.deepEqual(failing, []);
});

for (const page of pages) {
  test(`links of ${page} lead somewhere`, () => {
    const text = readFileSync(join(root, page), 'utf8');
    assert.match(text, /^# /, 'a page begins with its title');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) assert.ok(existsSync(join(root, dirname(page), target)), target);
  });
}
