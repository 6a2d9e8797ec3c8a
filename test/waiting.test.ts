/** What waits for something outside (commands, pipes) ends when it is told to, wherever the interpreter runs. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNode } from '../src/engine/node.js';
import { Interpreter, RayfallError } from '../src/index.js';
import { MAIN } from './support/rfl.js';

async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-waiting-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function until(done: () => boolean, what: string): Promise<void> {
  let met = done();
  for (let tries = 0; !met && tries < 500; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    met = done();
  }
  assert.ok(met, `never: ${what}`);
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

/** A command that notes its own process and that of a child, and then never ends. */
const endless = (folder: string): string => `(.sys.exec "sh -c 'echo $$ > ${folder}/child; exec sleep 600' & echo $$ > ${folder}/self; sleep 600; true")`;
const noted = (folder: string): number[] => ['self', 'child'].map((name) => Number(readFileSync(join(folder, name), 'latin1')));
const isNoted = (folder: string): boolean => ['self', 'child'].every((name) => existsSync(join(folder, name)) && readFileSync(join(folder, name), 'latin1').endsWith('\n'));

const code = (body: () => unknown): string => {
  try {
    body();
    return 'no error';
  } catch (e) {
    return e instanceof RayfallError ? e.code : String(e);
  }
};

test('a deadline ends a command with all it started, and the interpreter goes on', () => inFolder(async (folder) => {
  const interp = new Interpreter();
  interp.eval('(set kept 7)');
  assert.equal(code(() => interp.eval(endless(folder), { deadlineMs: 500 })), 'cancel');
  assert.ok(isNoted(folder));
  await until(() => !noted(folder).some(alive), 'the command and its child end');
  assert.equal(interp.format(interp.eval('(list kept (.sys.exec "exit 3"))')), '[7 768]');
}));

test('a command that heeds no request to end is ended by force', () => inFolder(async (folder) => {
  const interp = new Interpreter();
  assert.equal(code(() => interp.eval(`(.sys.exec "trap '' TERM; echo $$ > ${folder}/self; echo > ${folder}/child; while :; do sleep 0.1; done")`, { deadlineMs: 500 })), 'cancel');
  const [self] = noted(folder);
  await until(() => !alive(self), 'the command ends');
}));

test('commands answer as the shell does, and their output is the program\'s', () => {
  const written: string[] = [];
  const interp = new Interpreter({ host: { out: (bytes) => written.push(`out ${bytes}`), err: (bytes) => written.push(`err ${bytes}`) } });
  const exec = (command: string): string => interp.format(interp.eval(`(.sys.exec "${command}")`));
  assert.deepEqual([exec('true'), exec('exit 7'), exec('kill -9 $$')], ['0', String(7 * 256), '9']);
  assert.equal(exec('echo a; echo b >&2; echo c'), '0');
  assert.deepEqual(written, ['out a\nc\n', 'err b\n']);
  // A command left in the background is not waited for, and lives on.
  assert.equal(exec('sleep 600 > /dev/null 2>&1 & echo $!'), '0');
  const background = Number(written.at(-1)!.slice(4));
  assert.ok(alive(background));
  process.kill(background);
  assert.equal(code(() => interp.eval(`(.sys.exec (take "x" 5000000))`)), 'io');
});

test('an interrupt ends a command of an interpreter in a thread of its own', () => inFolder(async (folder) => {
  const node = await startNode();
  try {
    await node.evaluate('(set kept 7)');
    const running = node.evaluate(endless(folder));
    await until(() => isNoted(folder), 'the command runs');
    node.interrupt();
    assert.equal((await running).code, 'cancel');
    await until(() => !noted(folder).some(alive), 'the command and its child end');
    assert.equal((await node.evaluate('kept')).text, '7');
  } finally {
    await node.shutdown(0);
  }
}));

test('a command ends with the program that waits for it: Ctrl-C in a plain script, or its death', async () => {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    await inFolder(async (folder) => {
      const program = spawn(process.execPath, [MAIN, '-e', endless(folder)], { stdio: 'ignore', detached: true });
      await until(() => isNoted(folder), 'the command runs');
      process.kill(-program.pid!, signal);
      await until(() => !noted(folder).some(alive), `the command and its child end after ${signal}`);
      assert.ok(isNoted(folder));
    });
  }
});

test('reading and writing pipes that nobody serves ends at a deadline', () => inFolder((folder) => {
  const interp = new Interpreter();
  for (const name of ['read', 'write', 'load', 'read-csv']) {
    const pipe = join(folder, name);
    execFileSync('mkfifo', [pipe]);
    assert.equal(code(() => interp.eval(`(${name} "${pipe}"${name === 'write' ? ' "text"' : ''})`, { deadlineMs: 100 })), 'cancel', name);
  }
}));

test('pipes that somebody serves are read and written whole', () => inFolder(async (folder) => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const interp = new Interpreter();
  spawn('/bin/sh', ['-c', `sleep 0.1; printf 'a\\n1\\n2\\n' > ${pipe}`], { stdio: 'ignore' });
  assert.equal(interp.format(interp.eval(`(read "${pipe}")`, { deadlineMs: 10_000 })), '"a\n1\n2\n"');
  spawn('/bin/sh', ['-c', `sleep 0.1; printf 'a\\n1\\n2\\n' > ${pipe}`], { stdio: 'ignore' });
  assert.equal(interp.format(interp.eval(`(read-csv "${pipe}")`, { deadlineMs: 10_000 })), '(table [a] (list [1 2]))');
  spawn('/bin/sh', ['-c', `sleep 0.1; cat ${pipe} > ${folder}/got; echo > ${folder}/done`], { stdio: 'ignore' });
  assert.equal(interp.format(interp.eval(`(write "${pipe}" "text")`, { deadlineMs: 10_000 })), '0');
  await until(() => existsSync(join(folder, 'done')), 'the text arrives');
  assert.equal(readFileSync(join(folder, 'got'), 'latin1'), 'text');
}));
