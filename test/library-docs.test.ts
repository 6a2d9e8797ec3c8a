/** What docs/library.md says of streams: its program, run as it stands there, and the options with their defaults. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectionOptions } from '../src/net/connection-options.js';
import { hasOpenssl } from './support/certificates.js';
import { ROOT } from './support/root.js';
import { withFiles } from './support/rfl.js';

test('the echo over TLS of docs/library.md knows its client, and comes to an end', { skip: hasOpenssl ? false : 'no openssl' }, () => withFiles({}, (folder) => {
  assert.equal(spawnSync('sh', [fileURLToPath(new URL('examples/certificates.sh', ROOT)), folder]).status, 0);
  const [, code] = /```js\n([^]*?)```/.exec(readFileSync(new URL('docs/library.md', ROOT), 'utf8'))!;
  const script = join(folder, 'echo.mjs');
  writeFileSync(script, code.replace("'rfl'", `'${new URL('../src/index.js', import.meta.url).href}'`));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([status, stdout, stderr], [0, 'started: ada\nreceived: hello\nclosed: closed true\n', '']);
}));

test('docs/library.md names the options of connections with their defaults', () => {
  const page = readFileSync(new URL('docs/library.md', ROOT), 'utf8');
  const told = [...page.matchAll(/^\| `(\w+)` \| (\d+|true|false) \|/gm)].map(([, name, value]) => `${name} ${value}`);
  const { clock, log, ...rest } = connectionOptions({});
  assert.ok(clock !== undefined && log !== undefined);
  assert.deepEqual(told, Object.entries(rest).map(([name, value]) => `${name} ${value}`));
});
