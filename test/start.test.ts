import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAIN } from './support/rfl.js';

const built = fileURLToPath(new URL('../src/', import.meta.url));

/** Modules that are loaded with one, but those that are imported when they are needed. */
function loadedWith(entry: string): string[] {
  const seen = new Set([join(built, entry)]);
  for (const file of seen) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?:[^;]*?from\s*)?["'](\.[^"']+)["']/gm)) {
      const other = join(dirname(file), path);
      if (existsSync(other)) seen.add(other);
    }
  }
  return [...seen].map((file) => file.slice(built.length));
}

test('a script without connections loads no sockets, no frames and no terminal', () => {
  const loaded = loadedWith('cli/script.js');
  assert.ok(loaded.includes('lang/interpreter.js') && loaded.includes('engine/attach.js'));
  assert.deepEqual(loaded.filter((file) => /^(net\/(?!address|unix-path)|repl\/|wire\/(broker\/(?!protocols)|mux)|engine\/(io-side|node|listeners|broker\/hub|soc\/hub)\.js)/.test(file)), []);
});

/** Modules of the host that are loaded when a program ends whose streams are pipes. */
function hostModules(args: readonly string[]): Set<string> {
  const told = join(tmpdir(), `rfl-start-${process.pid}`);
  const hook = `${told}.cjs`;
  writeFileSync(hook, `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(told)}, process.moduleLoadList.join('\\n')));`);
  try {
    assert.equal(spawnSync(process.execPath, ['--require', hook, ...args]).status, 0);
    return new Set(readFileSync(told, 'latin1').split('\n').map((name) => name.replace('NativeModule ', '')));
  } finally {
    for (const file of [told, hook]) rmSync(file, { force: true });
  }
}

test('a script that connects to nothing waits for no sockets, threads or cryptography of the host', () => {
  const bare = hostModules(['--input-type=commonjs', '-e', '0']);
  const loaded = hostModules([MAIN, '-e', '(count (til 10))']);
  assert.ok(loaded.has('fs') && loaded.has('module'));
  assert.deepEqual(['net', 'tty', 'tls', 'worker_threads', 'crypto', 'child_process'].filter((name) => loaded.has(name) && !bare.has(name)), []);
  assert.ok(hostModules([MAIN, '-e', '(.sys.exec "true")']).has('worker_threads'));
});

test('the core is read without decoding: it holds nothing but ASCII', { skip: !MAIN.includes('program') && 'there are only modules' }, () => {
  const core = readFileSync(join(dirname(MAIN), 'core.chunk.js'));
  assert.equal(core.findIndex((byte) => byte > 127), -1);
});
