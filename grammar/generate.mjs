/**
 * Turns grammar/rfl.ohm into src/lang/reader.generated.ts (the fast reader) and src/lang/grammar.generated.ts (ohm's recipe).
 * `--check` writes nothing and fails when one of them is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { grammar as ohmGrammar } from 'ohm-js';
import { emit } from './emit.mjs';
import { build } from './ir.mjs';
import { VALUES } from './values.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const grammar = ohmGrammar(readFileSync(at('rfl.ohm'), 'utf8'));
const files = {
  '../src/lang/reader.generated.ts': emit(build(grammar, VALUES), grammar.defaultStartRule),
  '../src/lang/grammar.generated.ts':
    `// Generated from grammar/rfl.ohm by grammar/generate.mjs; not to be edited.\n/** Ohm's recipe of the grammar, as JSON. */\nexport const RECIPE = ${JSON.stringify(grammar.toRecipe())};\n`,
};

const stale = Object.entries(files).filter(([path, text]) => read(at(path)) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: run npm run grammar`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else for (const [path, text] of stale) writeFileSync(at(path), text);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
