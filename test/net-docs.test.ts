/** The tables of docs/connections.md are those the code is driven by. `RFL_UPDATE_DOCS=1` writes them anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLOSE_CODES, TLS_FAILURES } from '../src/net/failures.js';
import { STATES, type StateRow } from '../src/net/states.js';
import { ROOT } from './support/root.js';

const PAGE = new URL('docs/connections.md', ROOT);
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;
const yes = (on: boolean): string => (on ? 'yes' : '');

const TABLES: Record<string, string> = {
  states: table(
    ['state', 'meaning', 'send', 'close', 'hardClose', 'startTls', 'timers, options', 'delivers', 'isClosed'],
    Object.entries<StateRow>(STATES).map(([name, s]) => [code(name), s.meaning, s.send, s.close, s.hardClose, s.startTls, yes(s.ready), yes(s.delivers), yes(s.isClosed)]),
  ),
  'close-codes': table(['code', 'meaning'], Object.entries(CLOSE_CODES).map(([name, meaning]) => [code(name), meaning])),
  'tls-codes': table(['code', 'meaning'], Object.entries(TLS_FAILURES).map(([name, meaning]) => [code(name), meaning])),
};

for (const [name, expected] of Object.entries(TABLES)) {
  test(`docs/connections.md: the table of ${name} is that of the code`, () => {
    const page = readFileSync(PAGE, 'utf8');
    const [from, to] = [`<!-- ${name} -->\n`, `\n<!-- end of ${name} -->`];
    const [start, end] = [page.indexOf(from) + from.length, page.indexOf(to)];
    assert.ok(start >= from.length && end >= start - 1, `no table ${name}`);
    if (process.env['RFL_UPDATE_DOCS'] === '1') writeFileSync(PAGE, page.slice(0, start) + expected + page.slice(end));
    else assert.equal(page.slice(start, end), expected);
  });
}
