import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { input, once } from './fuzz/reader.js';
import { ROOT } from './support/root.js';
import { seeded } from './support/sources.js';

test('reader: every source of the corpus is a value or an error of the catalogue', () => {
  const folder = new URL('test/fuzz/corpus/reader/', ROOT);
  const files = readdirSync(folder);
  assert.ok(files.length >= 30);
  for (const file of files) once(readFileSync(new URL(file, folder)));
});

test('reader: random inputs are values or errors of the catalogue', () => {
  const random = seeded(7);
  for (let n = 0; n < 3000; n++) once(input(random));
});
