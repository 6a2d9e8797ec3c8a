/** The sessions that the README shows, typed into a terminal as they stand there. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAIN, Running, withFiles } from './support/rfl.js';
import { ROOT } from './support/root.js';
import { noTerminal, Terminal } from './support/terminal.js';

const readme = readFileSync(fileURLToPath(new URL('README.md', ROOT)), 'utf8');
const PROMPT = '‣ ';
/** What stands behind `$ node bin/rfl.js`, to the line that leaves. */
const sessions = [...readme.matchAll(/```\n\$ node bin\/rfl\.js\n(rfl [^]*?)‣ :q\n```/g)].map(([, text]) => text.trimEnd());

test('the README shows a first session and an analysis over CSV and IPC', () => {
  assert.equal(sessions.length, 2);
  assert.match(sessions[1], /\.ipc\.open[^]*\.csv\.write[^]*\.csv\.read[^]*select/);
});

test('the first session answers as the README says', { skip: noTerminal }, () => play(sessions[0]));

test('the analysis answers as the README says', { skip: noTerminal }, () => withFiles({ users: 'ada:secret\n' }, async (folder) => {
  const port = String(await freePort());
  const market = new Running(['-p', port, '-u', join(folder, 'users'), fileURLToPath(new URL('examples/market.rfl', ROOT))]);
  try {
    await market.see('out', /serving 5 trades/);
    await play(sessions[1].replaceAll('5010', port).replaceAll('trades.csv', join(folder, 't.csv')));
  } finally {
    market.process.kill('SIGKILL');
    await market.ended;
  }
}));

async function play(expected: string): Promise<void> {
  const terminal = new Terminal([process.execPath, MAIN]);
  try {
    const lines = expected.split('\n');
    for (const [i, line] of lines.entries()) {
      if (!line.startsWith(PROMPT)) continue;
      await terminal.see(new RegExp(`${escaped(lines.slice(Math.max(0, i - 3), i).join('\n'))}\n${PROMPT.trimEnd()}$`));
      terminal.line(line.slice(PROMPT.length));
    }
    await terminal.see(new RegExp(`\n${escaped(lines.at(-1)!)}\n${PROMPT.trimEnd()}$`));
    assert.equal(terminal.screen().replace(/\n‣$/, ''), expected);
  } finally {
    terminal.close();
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
});
