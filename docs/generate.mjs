// Writes language/ and errors.md from the builtin tables and the error catalogue; --check fails when they are stale.
// Examples are evaluated: what the page shows is what this version answers.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Interp } from '../dist/src/lang/interpreter.js';
import { ERRORS, RayError } from '../dist/src/lang/errors.js';
import { format } from '../dist/src/lang/format.js';
import { fromBytes } from '../dist/src/lang/text.js';
import { itemAt } from '../dist/src/columns/item.js';
import { BUILTINS } from '../dist/src/builtins/index.js';
import { systemHost } from '../dist/src/builtins/host.js';
import { attachIpc } from '../dist/src/engine/attach.js';
import { allFamilies } from '../dist/src/engine/builtins.js';

const pages = new Map([...language(), ['errors.md', errors()]]);
const check = process.argv.includes('--check');
const folder = new URL('language/', import.meta.url);
let stale = 0;
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder).filter((file) => !pages.has(`language/${file}`))) {
  if (check) complain(`language/${name}`);
  else rmSync(new URL(name, folder));
}
for (const [name, text] of pages) {
  const file = new URL(name, import.meta.url);
  if (!check) writeFileSync(file, text);
  else if (readOr(file) !== text) complain(name);
}
process.exitCode = stale > 0 ? 1 : 0;

function complain(name) {
  console.error(`docs/${name} is stale: run npm run docs`);
  stale++;
}

function readOr(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A page a family, and one that lists every name. */
function language() {
  const families = [...allFamilies()].map(([family, rows]) => ({ family, rows, page: `${slug(family)}.md` }));
  const out = families.map(({ family, rows, page }) => {
    const lines = rows.map((row) => `| \`(${row.name}${row.args ? ` ${row.args}` : ''})\`${row.restricted ? ' **restricted**' : ''} | ${cell(row.doc)} | ${example(row)} |`);
    return [`language/${page}`, `# ${family}\n\nGenerated from the builtin table; in a REPL \`:help NAME\` shows the same. [All names](README.md)\n\n| call | what it does | example |\n|---|---|---|\n${lines.join('\n')}\n`];
  });
  const index = families.map(({ family, rows, page }) => `| [${family}](${page}) | ${rows.map(({ name }) => `\`${cell(name)}\``).join(' ')} |`);
  const head = '# The language\n\nEvery builtin, by family: generated from the builtin tables, with what each example answers. **restricted** ones give `access` to restricted users.\n\n| family | names |\n|---|---|\n';
  return [['language/README.md', `${head}${index.join('\n')}\n`], ...out];
}

function slug(family) {
  return family.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}

function example(row) {
  if (!row.example) return '';
  return `\`${cell(row.example)}\` → \`${cell(evaluate(row.example))}\``;
}

function evaluate(source) {
  const rt = new Interp({ host: systemHost({ out: () => {}, err: () => {} }), builtins: BUILTINS, itemAt });
  const ipc = attachIpc(rt);
  try {
    return fromBytes(format(rt.top(() => rt.run(source)), 0));
  } catch (e) {
    if (e instanceof RayError) return `error: ${e.code}`;
    throw e;
  } finally {
    ipc.shutdown(0);
  }
}

function errors() {
  const lines = Object.entries(ERRORS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `# Error codes\n\nGenerated from the error catalogue. A code has at most seven characters: that is what the wire carries; the message stays local.\n\n| code | meaning |\n|---|---|\n${lines.join('\n')}\n`;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
