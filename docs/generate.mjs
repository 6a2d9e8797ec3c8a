// Writes reference.md and errors.md from the builtin tables and the error catalogue; --check fails when they are stale.
// Examples are evaluated: what the page shows is what this version answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { Interp } from '../dist/src/lang/interpreter.js';
import { ERRORS, RayError } from '../dist/src/lang/errors.js';
import { format } from '../dist/src/lang/format.js';
import { fromBytes } from '../dist/src/lang/text.js';
import { itemAt } from '../dist/src/columns/item.js';
import { BUILTINS } from '../dist/src/builtins/index.js';
import { systemHost } from '../dist/src/builtins/host.js';
import { attachIpc } from '../dist/src/engine/attach.js';
import { allFamilies } from '../dist/src/engine/builtins.js';

const pages = new Map([['reference.md', reference()], ['errors.md', errors()]]);
let stale = 0;
for (const [name, text] of pages) {
  const file = new URL(name, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readOr(file) !== text) {
    console.error(`docs/${name} is stale: run npm run docs`);
    stale++;
  }
}
process.exitCode = stale > 0 ? 1 : 0;

function readOr(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function reference() {
  const parts = ['# Builtins\n\nGenerated from the builtin tables. In a REPL `:help NAME` shows the same.\n'];
  for (const [family, list] of allFamilies()) {
    parts.push(`\n## ${family}\n\n| call | what it does | example |\n|---|---|---|`);
    for (const row of list) parts.push(`| \`(${row.name}${row.args ? ` ${row.args}` : ''})\`${row.restricted ? ' **restricted**' : ''} | ${cell(row.doc)} | ${example(row)} |`);
  }
  return `${parts.join('\n')}\n`;
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
