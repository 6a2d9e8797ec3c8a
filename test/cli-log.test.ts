/** The log of a server: what peers say stays inside its record. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { logTo } from '../src/cli/log.js';

const FORGED = { level: 'warn', event: 'peer-dropped', message: 'closing \n2026 admitted root\r\x1b[2J' } as const;

test('log: text of a peer begins no line of its own and moves no cursor', () => {
  const written: string[] = [];
  logTo('text', (line) => written.push(line))(FORGED);
  assert.deepEqual(written, ['closing \\x0a2026 admitted root\\x0d\\x1b[2J\n']);
});

test('log: as json every record is one line that reads back', () => {
  const written: string[] = [];
  logTo('json', (line) => written.push(line))(FORGED);
  assert.match(written.join(''), /^[^\n]+\n$/);
  const { time, ...record } = JSON.parse(written[0]) as Record<string, string>;
  assert.deepEqual(record, FORGED);
  assert.ok(!Number.isNaN(Date.parse(time)));
});
