/**
 * Writes rfl-tests/recorded/: random programs with what both the reference and rfl answer, as golden scripts that need no reference.
 * Run with RFL_REFERENCE from the project's folder after a change of the generator: node dist/test/differential-record.js
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { goldenText } from '../src/cli/golden/lines.js';
import { Random } from './fuzz/random.js';
import { ownAnswers, referenceAnswers } from './support/outcome.js';
import { PRELUDE } from './support/program-values.js';
import { programs } from './support/programs.js';
import { ROOT } from './support/root.js';

const SEED = 2000;
/** Values say more than errors. */
const VALUES = 1600;
const ERRORS = 400;

const reference = process.env.RFL_REFERENCE;
if (reference === undefined) throw new Error('RFL_REFERENCE names no reference');
const made = programs(new Random(SEED), 3 * (VALUES + ERRORS));
const theirs = referenceAnswers(reference, made.map(({ text }) => text));
const answer = ownAnswers();
const agreed = made.map((p, i) => ({ ...p, answer: theirs[i] })).filter((p) => answer(p.text) === p.answer);
const kept = [...agreed.filter((p) => p.answer.startsWith('= ')).slice(0, VALUES), ...agreed.filter((p) => p.answer.startsWith('! ')).slice(0, ERRORS)];

const folder = fileURLToPath(new URL('rfl-tests/recorded/', ROOT));
mkdirSync(folder, { recursive: true });
for (const family of new Set(kept.map((p) => p.family))) {
  const lines = kept.filter((p) => p.family === family).map(({ text, answer: shown }) =>
    (shown.startsWith('! ') ? goldenText(text, 'error', shown.slice(2)) : goldenText(`(format "%" (list ${text}))`, 'equal', `"${shown.slice(2).replaceAll(/[\\"]/g, '\\$&')}"`)));
  writeFileSync(`${folder}${family}.rfl`, `;; Recorded from the reference: random programs and what they answer.\n${PRELUDE}\n${lines.join('\n')}\n`, 'latin1');
}
console.log(`${kept.length} programs`);
