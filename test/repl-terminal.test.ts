import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from './support/rfl.js';
import { Terminal, noTerminal } from './support/terminal.js';

/** A test with a REPL at its prompt. */
function inRepl(name: string, body: (t: Terminal) => Promise<void>, args: string[] = []): void {
  test(`repl in a terminal: ${name}`, { skip: noTerminal }, async () => {
    const terminal = new Terminal([process.execPath, MAIN, ...args]);
    try {
      await terminal.see(/‣$/);
      await body(terminal);
    } finally {
      terminal.close();
    }
  });
}

inRepl('a form, then its value; Ctrl-D exits with 0', async (t) => {
  t.line('(+ 40 2)');
  await t.see(/‣ \(\+ 40 2\)\n42\n‣$/);
  t.press('C-d');
  await t.see(/EXIT=0$/);
});

inRepl('lines are one form until brackets and strings close', async (t) => {
  t.line('(+ 40');
  await t.see(/\n…$/);
  t.line('  (count "a');
  await t.see(/\n….*\n…$/);
  t.line(')"))');
  await t.see(/\)"\)\)\n43\n‣$/);
});

inRepl('an error in a lambda draws its caret, and the session goes on', async (t) => {
  t.line('((fn [x] (zz x)) 1)');
  await t.see(/╭─\[repl:1:10\]\n 1 │ \(\(fn \[x\] \(zz x\)\) 1\)\n {3}│ {10}▲\n {3}│ {10}╰─ name: 'zz' undefined/);
  t.line('(+ 1 1)');
  await t.see(/\n2\n‣$/);
});

inRepl('prompt, results and errors are coloured', async (t) => {
  t.line('(list 1 "s")');
  t.line('(zz)');
  await t.see(/\x1b\[32m‣/, true);
  await t.see(/\x1b\[36m1\x1b\[39m \x1b\[32m"s"/, true);
  await t.see(/\x1b\[1m\x1b\[31merror: name/, true);
});

inRepl('--no-color leaves the screen plain', async (t) => {
  t.line('(list 1 "s")');
  const screen = await t.see(/\(1 "s"\)\n‣$/, true);
  assert.ok(!screen.includes('\x1b[3'), JSON.stringify(screen));
}, ['--no-color']);

inRepl('Ctrl-C ends an endless loop and keeps the state', async (t) => {
  t.line('(set a 42)');
  await t.see(/\n42\n‣$/);
  t.line('(fold (fn [a b] (fold (fn [c d] (+ c d)) 0 (til 1000000))) 0 (til 1000000))');
  await t.see(/1000000\)\)$/);
  t.press('C-c');
  await t.see(/\^C\nerror: cancel\n‣$/);
  t.line('(+ a 1)');
  await t.see(/\n43\n‣$/);
});

inRepl('Ctrl-C drops what is being typed', async (t) => {
  t.line('(+ 1');
  await t.see(/…$/);
  t.type('(broken');
  t.press('C-c');
  await t.see(/\^C\n‣$/);
  t.line('(+ 2 3)');
  await t.see(/\n5\n‣$/);
});

inRepl('Ctrl-C ends a command of the shell, and keeps the state', async (t) => {
  t.line('(set a 42)');
  await t.see(/\n42\n‣$/);
  t.line('(.sys.exec "sleep 600")');
  await t.see(/600"\)$/);
  t.press('C-c');
  await t.see(/\^C\nerror: cancel\n‣$/);
  t.line('(+ a 1)');
  await t.see(/\n43\n‣$/);
});

/** A builtin that never looks whether it is to stop, as only a defect would. */
const STUCK = 'process.memoryUsage = () => { for (const until = Date.now() + 1500; Date.now() < until;); return {}; };';

test('repl in a terminal: what does not react can be restarted, and says that its state is lost', { skip: noTerminal }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-stuck-'));
  const preload = join(folder, 'stuck.cjs');
  writeFileSync(preload, STUCK);
  const t = new Terminal([process.execPath, '--require', preload, MAIN]);
  try {
    await t.see(/‣$/);
    t.line('(set a 42)');
    await t.see(/\n42\n‣$/);
    t.line('(.sys.mem)');
    await t.see(/mem\)$/);
    t.press('C-c');
    await t.see(/\^C$/);
    t.press('C-c');
    await t.see(/Restart the interpreter\? All its state is lost\. \[y\/N\]$/);
    t.type('y');
    await t.see(/was restarted: its state is lost\.\n‣$/);
    t.line('a');
    await t.see(/error: name: 'a' undefined\n‣$/);
  } finally {
    t.close();
    rmSync(folder, { recursive: true });
  }
});

inRepl('pasted forms give one result each', async (t) => {
  t.paste('(+ 1 1)\n(* 3\n\t4)\n(+ 20 1)\n');
  await t.see(/‣ \(\+ 1 1\)\n2\n‣ \(\* 3\n… {3}4\)\n12\n‣ \(\+ 20 1\)\n21\n‣$/);
});

inRepl('typing ahead gives results in order', async (t) => {
  t.type('(+ 1 1)\r(+ 1 2)\r(+ 1 3)\r');
  await t.see(/‣ \(\+ 1 1\)\n2\n‣ \(\+ 1 2\)\n3\n‣ \(\+ 1 3\)\n4\n‣$/);
});

inRepl('Tab completes builtins, globals and namespaces', async (t) => {
  t.line('(set price-of-tea 5)');
  await t.see(/\n5\n‣$/);
  t.type('(+ 1 price-');
  t.press('Tab');
  await t.see(/\(\+ 1 price-of-tea$/);
  t.line(')');
  await t.see(/\n6\n‣$/);
  t.type('.ipc.ha');
  t.press('Tab');
  await t.see(/‣ \.ipc\.handle$/);
  t.press('C-u');
  t.type('reveal');
  t.press('BSpace', 'BSpace', 'Tab');
  await t.see(/‣ reverse$/);
});

inRepl(':help, :t, :env and unknown commands', async (t) => {
  t.line(':help');
  await t.see(/:timeit \[0\|1\] +show how long.*\n/);
  t.line(':help reverse');
  await t.see(/\n\(reverse \w+\)\n {2}\w.*\n {2}example: \(reverse /);
  t.line(':help revers');
  await t.see(/No builtin is named 'revers'\.\nSimilar:.* reverse/);
  t.line('(set my-list (list 1))');
  t.line(':env');
  await t.see(/:env\n {2}my-list +\S+\n\(1 entries\)\n‣$/);
  t.line(':t');
  t.line('(+ 1 1)');
  await t.see(/Timeit is on\.\n‣ \(\+ 1 1\)\n2\n\. \d+\.\d{3} ms\n‣$/);
  t.line(':t 0');
  await t.see(/Timeit is off/);
  t.line(':nonsense');
  await t.see(/Unknown command: :nonsense\.\nType :\? for help\.\n‣$/);
  t.line(':clear');
  await t.see(/:clear\n‣$/);
  assert.equal(t.visible(), '‣');
  t.line(':q');
  await t.see(/EXIT=0$/);
});

inRepl('(exit n) ends with n', async (t) => {
  t.line('(exit 7)');
  await t.see(/\(exit 7\)\nEXIT=7$/);
});

inRepl('output without a line end is not overwritten by the prompt', async (t) => {
  t.line('(print "abc")');
  await t.see(/\nabc\n‣$/);
});

inRepl('history recalls whole forms, and keeps no secret', async (t) => {
  t.line('(+ 100');
  t.line('11)');
  await t.see(/\n111\n‣$/);
  t.line('(.ipc.open "127.0.0.1:1:bob:hunter2")');
  await t.see(/connection refused/);
  t.line('(set addr "127.0.0.1:1:bob:hunter2")');
  await t.see(/‣$/);
  t.press('Up', 'Up');
  await t.see(/‣ \(\+ 100 11\)$/);
  t.press('C-u', 'C-d');
  await t.see(/EXIT=0$/);
  const file = join(t.home, '.rfl_history');
  assert.deepEqual(readFileSync(file, 'utf8').trimEnd().split('\n'), ['(+ 100 11)', '(set addr "127.0.0.1:1")']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('repl in a terminal: a remote session shows the server\'s output, then the value; Ctrl-D leaves it', { skip: noTerminal }, async () => {
  const server = new Terminal([process.execPath, MAIN, '--listen', '127.0.0.1:0']);
  const client = new Terminal([process.execPath, MAIN]);
  try {
    const [, port] = /listening on port (\d+)/.exec(await server.see(/listening on port \d+\n(.*\n)*‣$/))!;
    await client.see(/‣$/);
    client.line(`(.repl.connect "127.0.0.1:${port}")`);
    await client.see(new RegExp(`127\\.0\\.0\\.1:${port}‣$`));
    client.line('(do (set here 1) (println "said there") "s")');
    await client.see(/\nsaid there\ns\n.*‣$/);
    client.line('(zz)');
    await client.see(/\nerror: name.*\n.*‣$/);
    client.press('C-d');
    await client.see(/\n‣$/);
    client.line('here');
    await client.see(/error: name: 'here' undefined\n‣$/);
    server.line('here');
    await server.see(/\n1\n‣$/);
    client.press('C-d');
    await client.see(/EXIT=0$/);
  } finally {
    client.close();
    server.close();
  }
});

/** A test with `rfl passwd` asking. */
function inPasswd(name: string, body: (t: Terminal) => Promise<void>): void {
  test(`cli in a terminal: passwd ${name}`, { skip: noTerminal }, async () => {
    const terminal = new Terminal([process.execPath, MAIN, 'passwd']);
    try {
      await terminal.see(/^Password:$/);
      await body(terminal);
      assert.ok(!terminal.screen().includes('hunter'), terminal.screen());
    } finally {
      terminal.close();
    }
  });
}

inPasswd('asks twice without echo and prints a secret', async (t) => {
  t.line('hunter2');
  await t.see(/^Password:\nAgain:$/);
  t.line('hunter2');
  await t.see(/^Password:\nAgain:\n\$scrypt\$\S+\s*\S*\nEXIT=0$/);
});

inPasswd('takes both answers at once', async (t) => {
  t.type('hunter2\rhunter2\r');
  await t.see(/\$scrypt\$[^]*EXIT=0$/);
});

inPasswd('refuses answers that differ', async (t) => {
  t.type('hunter2\rhunter3\r');
  await t.see(/rfl: the passwords differ\nEXIT=64$/);
});

inPasswd('gives up on Ctrl-C', async (t) => {
  t.type('hunter2');
  t.press('C-c');
  await t.see(/EXIT=130$/);
});
