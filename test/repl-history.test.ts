import test from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HISTORY_SIZE, History, historyFile, storable, withoutCredentials } from '../src/repl/history.js';

const STORED: [form: string, line: string | null][] = [
  ['(+ 1 2)', '(+ 1 2)'],
  ['(+ 1 ; one\n   2)', '(+ 1 2)'],
  ['(f "a;b"  "c  d")', '(f "a;b" "c  d")'],
  ['; nothing', null],
  ['  ', null],
  ['(set s "two\nlines")', null],
  ['(set s "open', null],
  ['(.ipc.open "db:5010")', '(.ipc.open "db:5010")'],
  ['(set h (.ipc.open "127.0.0.1:5010" 300))', '(set h (.ipc.open "127.0.0.1:5010" 300))'],
  ['(.ipc.open addr)', '(.ipc.open addr)'],
  ['(.ipc.open "db:5010:bob:secret")', null],
  ['(.ipc.open\n "db:5010:bob:secret")', null],
  ['(.ipc.open (concat "db:5010" ":bob:" "secret"))', null],
  ['(.repl.connect "db:5010:bob:secret")', null],
  ['(do (set pw "secret") (.ipc.open (f pw)))', null],
  ['(set addr "db:5010:bob:secret")', '(set addr "db:5010")'],
  ['(set addr "db:5010:bob:my secret")', '(set addr "db:5010")'],
  ['(set addr ":5010:bob:secret")', '(set addr ":5010")'],
  ['(set addr "db:5010:bob:a\\"secret")', '(set addr "db:5010")'],
  ['(set addr "tcp://bob:a/secret@x@db:5010")', '(set addr "tcp://db:5010")'],
  ['(set addr "tcp://bob:secret@db:5010")', '(set addr "tcp://db:5010")'],
  ['(set addr "db:0005010:bob:secret")', '(set addr "db:0005010")'],
  ['(set addr "frame+tls://bob:secret@db:5010")', '(set addr "frame+tls://db:5010")'],
  ['(.ipc.open "tls://bob:secret@db:5010")', null],
  ['(.ipc.open "tls://db:5010")', '(.ipc.open "tls://db:5010")'],
  ['(.ipc.open "unix:///run/rfl.sock")', '(.ipc.open "unix:///run/rfl.sock")'],
  ['(.ipc.open "unix://bob:secret@/run/rfl.sock")', null],
  ['(.soc.dial "secret")', null],
  ['(set pw "secret")', null],
  ['(set db-password "secret")', null],
  ['(let Passphrase "secret")', null],
  ['(: api_key "secret")', null],
  ['(set pin 4711)', null],
  ["(set token 'secret)", null],
  ["(set pw '{')", null],
  ['(login {user: "bob" password: "secret"})', null],
  ['(set .ipc.on.auth (fn [u p] (== p "secret")))', null],
  ['(.os.setenv "PGPASSWORD" "secret")', null],
  ['(write "users" "bob:$scrypt$ln=15,r=8,p=1$secret$secret")', null],
  ['(count passwords)', '(count passwords)'],
  ['(.ipc.open (concat addr pw))', '(.ipc.open (concat addr pw))'],
  ['(set .ipc.on.auth check)', '(set .ipc.on.auth check)'],
  ['(+ 1 2) ; pw', '(+ 1 2)'],
  ['(select {n: (count id) from: books where: (== author "Le Guin")})', '(select {n: (count id) from: books where: (== author "Le Guin")})'],
  ['(set compass 3)', '(set compass 3)'],
  ['(set x1-pass (f 2))', null],
  [':listen 5010', ':listen 5010'],
  ["(set t 10:20:30.123)", '(set t 10:20:30.123)'],
];
for (const [form, line] of STORED) {
  test(`repl history: ${JSON.stringify(form)} is kept as ${JSON.stringify(line)}`, () => {
    assert.equal(storable(form), line);
    assert.ok(!/secret|4711/.test(String(storable(form))));
  });
}

test('repl history: credentials leave an address, whatever the password looks like', () => {
  assert.equal(withoutCredentials('db:5010:bob:s:e/c@r'), 'db:5010');
  assert.equal(withoutCredentials('db:5010'), 'db:5010');
});

test('repl history: lies where XDG says, otherwise at home', () => {
  assert.equal(historyFile({ HOME: '/h' }), '/h/.rfl_history');
  assert.equal(historyFile({ HOME: '/h', XDG_STATE_HOME: '/x' }), '/x/rfl/history');
});

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-history-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const mode = (file: string): number => statSync(file).mode & 0o777;

test('repl history: a private file, newest first in the next session, no line twice', () => inFolder((folder) => {
  const file = join(folder, 'deep', 'history');
  const first = new History(file);
  for (const form of ['1', '2', '2', '(+ 1\n 2)', '1']) first.add(form);
  assert.equal(mode(file), 0o600);
  assert.deepEqual(first.entries, ['1', '(+ 1 2)', '2']);
  assert.deepEqual(new History(file).entries, ['1', '(+ 1 2)', '2']);
}));

test('repl history: an older file that others can read is closed to them', () => inFolder((folder) => {
  const file = join(folder, 'h');
  writeFileSync(file, 'a\n');
  chmodSync(file, 0o644);
  assert.deepEqual(new History(file).entries, ['a']);
  assert.equal(mode(file), 0o600);
}));

test('repl history: two sessions add to one file', () => inFolder((folder) => {
  const file = join(folder, 'h');
  const [a, b] = [new History(file), new History(file)];
  a.add('from a');
  b.add('from b');
  assert.deepEqual(new History(file).entries, ['from b', 'from a']);
}));

test('repl history: a file that grew large is cut to the newest entries', () => inFolder((folder) => {
  const file = join(folder, 'h');
  const lines = Array.from({ length: 2 * HISTORY_SIZE + 1 }, (_, i) => `line ${i}`);
  writeFileSync(file, lines.join('\n') + '\n');
  assert.equal(new History(file).entries.length, HISTORY_SIZE);
  assert.deepEqual(readFileSync(file, 'utf8').trimEnd().split('\n'), lines.slice(-HISTORY_SIZE));
}));

test('repl history: a long session keeps the newest entries', () => {
  const history = new History('/dev/null/no/such');
  for (let i = 0; i <= HISTORY_SIZE; i++) history.add(`(+ ${i})`);
  assert.deepEqual([history.entries.length, history.entries[0], history.entries.at(-1)], [HISTORY_SIZE, `(+ ${HISTORY_SIZE})`, '(+ 1)']);
});

test('repl history: without a usable file the session remembers', () => {
  const history = new History('/dev/null/no/such');
  history.add('1');
  assert.deepEqual(history.entries, ['1']);
});
