import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rfl, withFiles } from './support/rfl.js';

test('golden: rfl test counts, tells failures and exits with 1', () => withFiles({
  'a.rfl': '(set a 1)\n(+ a 1) -- 2\n(zz) !- name\n',
  'b.rfl': ';; claim\n(list 1 2 3) -- [1 4 3]\n(+ 1 1) -- 2\n',
}, (folder) => {
  const { status, out, err } = rfl(['test', folder]);
  assert.deepEqual([status, err], [1, '']);
  assert.equal(out, `${join(folder, 'b.rfl')}:2: (list 1 2 3)\n  expected  [1 4 3]\n  got       [1 2 3]\n               ^\n3 passed, 1 failed\n`);
}));

test('golden: rfl test exits with 0 when all pass, and finds scripts in inner folders', () => withFiles({ 'a.rfl': '1 -- 1\n', 'no.txt': '1 -- 2\n' }, (folder) => {
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner', 'b.rfl'), '2 -- 2\n');
  assert.deepEqual(rfl(['test', folder]), { status: 0, out: '2 passed, 0 failed\n', err: '' });
  assert.equal(rfl(['test', '--filter', 'inner', folder]).out, '1 passed, 0 failed\n');
  assert.equal(rfl(['test', join(folder, 'a.rfl'), join(folder, 'inner')]).out, '2 passed, 0 failed\n');
}));

test('golden: a selection without any assertion fails', () => withFiles({ 'a.rfl': '1 -- 1\n' }, (folder) => {
  assert.equal(rfl(['test', '--filter', 'nothing-like-this', folder]).status, 1);
}));

test('golden: every file has an interpreter of its own', () => withFiles({
  'a.rfl': '(set a 1)\na -- 1\n(set .ipc.on.sync (fn [m] 1))\n', 'b.rfl': 'a !- name\n(type .ipc.on.sync) !- name\n',
}, (folder) => assert.equal(rfl(['test', folder]).out, '3 passed, 0 failed\n')));

test('golden: exit fails its line, not the run', () => withFiles({ 'a.rfl': '(exit 0)\n1 -- 1\n', 'b.rfl': '2 -- 2\n' }, (folder) => {
  const { status, out } = rfl(['test', folder]);
  assert.equal(status, 1);
  assert.match(out, /a\.rfl:1: \(exit 0\)\n {2}expected {2}no error\n {2}got {7}\(exit 0\) ended the program\n[^]*2 passed, 1 failed\n$/);
}));

test('golden: output is shown for files that fail, and only for them', () => withFiles({
  'a.rfl': '(println "from a")\n1 -- 1\n', 'b.rfl': '(println "from b")\n1 -- 2\n',
}, (folder) => {
  const { out } = rfl(['test', folder]);
  assert.ok(!out.includes('from a') && out.includes('from b'), out);
}));

test('golden: --update rewrites what failed, and the next run passes', () => withFiles({
  'a.rfl': ';; claim\n(+ 1 1) -- 3\n(zz) -- 1\n2 -- 2\n"é" !- type\n(fn [x] x) -- 1\n',
}, (folder) => {
  const { status, out } = rfl(['test', '--update', folder]);
  assert.equal(status, 1);
  assert.match(out, /3 of 4 failed lines rewritten/);
  assert.equal(readFileSync(join(folder, 'a.rfl'), 'utf8'), ';; claim\n(+ 1 1) -- 2\n(zz) !- name\n2 -- 2\n"é" -- "é"\n(fn [x] x) -- 1\n');
  assert.match(rfl(['test', folder]).out, /\n4 passed, 1 failed\n$/);
}));

test('golden: a path that is not there is a usage error', () => {
  const { status, err } = rfl(['test', '/no/such/folder']);
  assert.deepEqual([status, err], [64, 'rfl test: no such file or folder: /no/such/folder\n']);
});

const TRANSCRIPT = {
  'server.rfl': '(set .ipc.on.open (fn [h] (println "opened")))\n(set add (fn [a b] (+ a b)))\nnull',
  'client-1.rfl': '(set h (.ipc.open (format "127.0.0.1:%" (.os.getenv "RFL_PORT"))))\n(.ipc.send h "(set seen 5)")\n(.ipc.send h (list (quote add) 1 2))',
  'client-2.rfl': '(.ipc.send (.ipc.open (format "127.0.0.1:%" (.os.getenv "RFL_PORT"))) "(+ seen nothing)")',
  'client-1.out': '3\n', 'client-2.out': 'error: name\nexit 70\n', 'server.out': 'opened\nopened\n',
};

test('golden: a transcript plays a server and its clients in order', () => withFiles(TRANSCRIPT, (folder) => {
  assert.deepEqual(rfl(['test', folder]), { status: 0, out: '3 passed, 0 failed\n', err: '' });
}));

test('golden: a transcript asserts by files: a script that says nothing has an empty one', () => {
  const silent = { 'server.rfl': 'null', 'client.rfl': 'null', 'client.out': '' };
  withFiles(silent, (folder) => {
    const { status, out } = rfl(['test', folder]);
    assert.equal(status, 1);
    assert.match(out, /server\.out:\n[^]*a file of this name[^]*1 passed, 1 failed\n$/);
    rfl(['test', '--update', folder]);
    assert.equal(rfl(['test', folder]).out, '2 passed, 0 failed\n');
  });
});

test('golden: a transcript fails by each output that differs, and can be updated', () => withFiles({ ...TRANSCRIPT, 'client-1.out': '4\n', 'server.out': '' }, (folder) => {
  const { status, out } = rfl(['test', folder]);
  assert.equal(status, 1);
  assert.match(out, /client-1\.out:\n[^]*server\.out:\n[^]*1 passed, 2 failed\n$/);
  rfl(['test', '--update', folder]);
  assert.equal(rfl(['test', folder]).out, '3 passed, 0 failed\n');
  assert.equal(readFileSync(join(folder, 'client-1.out'), 'utf8'), '3\n');
}));
