/**
 * Random programs answer as they do in the reference, or differ in a way that is meant. RFL_REFERENCE names its binary, RFL_PROGRAMS says how many
 * programs (2,000; the full run is 20,000), RFL_SEED which. A difference of no class is shown in its smallest form.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Random } from './fuzz/random.js';
import { classNames, classOf } from './differential-classes.js';
import { differences } from './support/differences.js';
import { programs } from './support/programs.js';
import { ROOT } from './support/root.js';

const reference = process.env.RFL_REFERENCE;
const COUNT = Number(process.env.RFL_PROGRAMS ?? 2000);
const SEED = Number(process.env.RFL_SEED ?? 20261120);

test(`${COUNT} random programs answer as in the reference`, { skip: reference ? false : 'RFL_REFERENCE is not set' }, (t) => {
  const found = differences(reference!, programs(new Random(SEED), COUNT).map(({ text }) => text), classOf);
  const byClass = new Map<string, number>();
  for (const d of found) byClass.set(d.class ?? 'of no class', (byClass.get(d.class ?? 'of no class') ?? 0) + 1);
  t.diagnostic(`${found.length} differences in ${COUNT} programs`);
  for (const [name, n] of [...byClass].sort(([, a], [, b]) => b - a)) t.diagnostic(`${String(n).padStart(5)} ${name}`);
  assert.deepEqual(found.filter((d) => d.class === null), []);
});

test('docs/differences.md lists the classes, and no others', () => {
  const [, table] = readFileSync(new URL('docs/differences.md', ROOT), 'utf8').split('## Found by random programs');
  const listed = [...table.matchAll(/^\| ([^|]+) \|/gm)].map(([, name]) => name).filter((name) => name !== 'class');
  assert.deepEqual(listed.sort(), [...classNames].sort());
});
