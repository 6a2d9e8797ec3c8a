import test from 'node:test';
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Gate } from '../src/repl/gate.js';

/** A gate before a fake terminal: what reached the editor, and what happened. */
function gate({ eof = false, key = false } = {}) {
  const terminal = Object.assign(new EventEmitter(), { setRawMode: () => terminal });
  const events: string[] = [];
  const g = new Gate(terminal as never, {
    interrupt: () => void events.push('interrupt'),
    eof: () => (events.push('eof'), eof),
    key: (k) => (events.push(`key ${k}`), key),
  });
  let seen = '';
  g.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    events,
    open: () => g.open(),
    type: (text: string) => terminal.emit('data', Buffer.from(text, 'latin1')),
    seen: async () => {
      await settle();
      const now = seen;
      seen = '';
      return now;
    },
  };
}

test('repl gate: keys pass as they come, and a line end closes', async () => {
  const g = gate();
  g.open();
  g.type('(+ 1');
  assert.equal(await g.seen(), '(+ 1');
  g.type(' 2)\r3\r');
  assert.equal(await g.seen(), ' 2)\r');
  g.open();
  assert.equal(await g.seen(), '3\r');
});

test('repl gate: while closed Ctrl-C interrupts and drops what was typed ahead', async () => {
  const g = gate();
  g.open();
  g.type('1\r2\r');
  g.type('\x03');
  g.open();
  assert.equal(await g.seen(), '1\r');
  assert.deepEqual(g.events, ['interrupt']);
});

test('repl gate: what is typed while closed is kept for the next line', async () => {
  const g = gate();
  g.type('(+ 1 2)\r');
  assert.equal(await g.seen(), '');
  g.open();
  assert.equal(await g.seen(), '(+ 1 2)\r');
});

test('repl gate: while open Ctrl-C is the editor\'s', async () => {
  const g = gate();
  g.open();
  g.type('ab\x03');
  assert.equal(await g.seen(), 'ab\x03');
  assert.deepEqual(g.events, []);
});

test('repl gate: a key while closed may be taken as an answer', async () => {
  const g = gate({ key: true });
  g.type('y');
  g.open();
  assert.equal(await g.seen(), '');
  assert.deepEqual(g.events, ['key y']);
});

test('repl gate: Ctrl-D is offered first', async () => {
  for (const eof of [true, false]) {
    const g = gate({ eof });
    g.open();
    g.type('a\x04');
    assert.equal(await g.seen(), eof ? 'a' : 'a\x04');
    assert.deepEqual(g.events, ['eof']);
  }
});

test('repl gate: pasted forms come one line at a time, without tabs and escapes', async () => {
  const g = gate();
  g.open();
  g.type('\x1b[200~(+ 1\t2)\n(\x1b[31m+ 3 4)\r\n\x035\x1b[201~');
  assert.equal(await g.seen(), '(+ 1  2)\r');
  g.open();
  assert.equal(await g.seen(), '([31m+ 3 4)\r');
  g.open();
  assert.equal(await g.seen(), '5');
  g.type('\r');
  assert.equal(await g.seen(), '\r');
});

test('repl gate: a paste marker cut in two is still a marker', async () => {
  const g = gate();
  g.open();
  g.type('\x1b[20');
  g.type('0~a\tb\x1b[2');
  g.type('01~\t');
  assert.equal(await g.seen(), 'a  b\t');
});

test('repl gate: arrows and a lone escape are keys', async () => {
  const g = gate();
  g.open();
  g.type('\x1b');
  assert.equal(await g.seen(), '\x1b');
  g.type('\x1b[A');
  assert.equal(await g.seen(), '\x1b[A');
});

test('repl gate: CR LF is one line end, UTF-8 stays whole', async () => {
  const g = gate();
  g.open();
  g.type('"\xc3\xa9"\r\n');
  g.open();
  g.type('2\n');
  assert.equal(await g.seen(), '"\xc3\xa9"\r2\r');
});
