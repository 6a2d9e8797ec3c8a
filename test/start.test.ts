import test from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
