/** The drawing and the tables of docs/connections.md are those of the code. `RFL_UPDATE_DOCS=1` writes them anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { NET_SLOTS } from '../src/engine/net-lang.js';
import { TAKE_REFUSALS } from '../src/net/descriptor-passing.js';
import { CLOSE_CODES, TLS_FAILURES } from '../src/net/failures.js';
import { MOVES, STATES, moveOf, type Move, type State, type StateRow } from '../src/net/states.js';
import { SLOTS } from './support/connection-slots.js';
import { EVENTS, MOMENTS, play } from './support/moments.js';
import { ROOT } from './support/root.js';

const PAGE = new URL('docs/connections.md', ROOT);
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;
const yes = (on: boolean): string => (on ? 'yes' : '');
const names = (tells: readonly string[]): string => tells.map((told) => told.split(' | ').map(code).join(' or ')).join(', ');
const dropOf = (state: string): string => names(moveOf('drop', state as State)?.tells ?? []) || (state === 'closed' ? 'nothing' : 'nobody is told');

/** A drawing for readers that can draw; the table below it says the same. */
const drawn = (moves: readonly Move[]): string => [
  '```mermaid', 'stateDiagram-v2', '  [*] --> none',
  ...Object.keys(STATES).map((state) => `  state "${state}" as ${state.replaceAll('-', '_')}`),
  ...moves.map(({ from, to, when }) => `  ${from.replaceAll('-', '_')} --> ${to.replaceAll('-', '_')}: ${when}`),
  '  closed --> [*]', '```',
].join('\n');

const TABLES: Record<string, string> = {
  life: drawn(MOVES),
  moves: table(['from', 'to', 'when', 'then, in this order'], MOVES.map(({ from, to, when, tells }) => [code(from), code(to), when, names(tells)])),
  moments: table(['moment', 'callbacks, in order'], MOMENTS.map(({ moment, told }) => [moment, told.map(code).join(', ')])),
  slots: table(['slot', 'called with', 'behind the callback', 'when'], SLOTS.map(({ slot, args, callback, when }) => [code(slot), code(`[${args}]`), callback === '' ? '' : names([callback]), when])),
  states: table(
    ['state', 'meaning', 'send', 'close', 'hardClose tells', 'startTls', 'timers, options', 'delivers', 'isClosed'],
    Object.entries<StateRow>(STATES).map(([name, s]) => [code(name), s.meaning, s.send, s.close, dropOf(name), s.startTls, yes(s.ready), yes(s.delivers), yes(s.isClosed)]),
  ),
  'close-codes': table(['code', 'meaning'], Object.entries(CLOSE_CODES).map(([name, meaning]) => [code(name), meaning])),
  'tls-codes': table(['code', 'meaning'], Object.entries(TLS_FAILURES).map(([name, meaning]) => [code(name), meaning])),
  'take-codes': table(['code', 'meaning'], Object.entries(TAKE_REFUSALS).map(([name, meaning]) => [code(name), meaning])),
};

for (const [name, expected] of Object.entries(TABLES)) {
  test(`docs/connections.md: ${name} is what the code says`, () => {
    const page = readFileSync(PAGE, 'utf8');
    const [from, to] = [`<!-- ${name} -->\n`, `\n<!-- end of ${name} -->`];
    const [start, end] = [page.indexOf(from) + from.length, page.indexOf(to)];
    assert.ok(start >= from.length && end >= start - 1, `no table ${name}`);
    if (process.env['RFL_UPDATE_DOCS'] === '1') writeFileSync(PAGE, page.slice(0, start) + expected + page.slice(end));
    else assert.equal(page.slice(start, end), expected);
  });
}

for (const row of MOMENTS) {
  test(`in this order: ${row.moment}: ${row.told.join(', ')}`, () => assert.deepEqual(play(row), row.told.map((told) => EVENTS[told])));
}

test('every state can be reached and left, and only the last one is for ever', () => {
  const reached = new Set<State>(['none', ...MOVES.map(({ to }) => to)]);
  for (const state of Object.keys(STATES) as State[]) {
    assert.ok(reached.has(state), `${state} is never reached`);
    assert.equal(moveOf('drop', state) === null, state === 'closed', `${state} cannot be dropped`);
  }
  assert.equal(new Set(MOVES.map(({ event, from }) => `${event} ${from}`)).size, MOVES.length, 'an event leads to one state');
});

test('every slot of connections is described', () => {
  assert.deepEqual(SLOTS.map(({ slot }) => slot).filter((slot) => slot.startsWith('.net.')).sort(), NET_SLOTS.map((slot) => `.net.on.${slot}`).sort());
});
