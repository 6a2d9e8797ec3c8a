/** The endpoint on the page of the mux does what the page says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { probe } from '../src/engine/broker/dial.js';
import { decodeBody, frameWire, request } from '../src/wire/broker/frame.js';
import { until } from './support/engine.js';
import { ROOT } from './support/root.js';
import type { Json } from './support/broker-vectors.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rfl-mux-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

test('the program in docs/mux.md answers probes, and serves its lane', async () => {
  const [, code] = /```js\n([^]*?)```/.exec(readFileSync(new URL('docs/mux.md', ROOT), 'utf8'))!;
  const script = join(FOLDER, 'endpoint.mjs');
  writeFileSync(script, code.replace("'rfl'", `'${new URL('../src/index.js', import.meta.url).href}'`));
  const path = join(FOLDER, 'e.sock');
  const child = spawn(process.execPath, [script, path], { stdio: 'inherit' });
  try {
    await until(async () => ((await probe(path)) as Json).pid === child.pid, 'a probe of the program');
    const socket = connect(path, () => socket.write(frameWire(request(0x7a63, Uint8Array.of(1, 2, 3), 9n))));
    const wire = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    const { payload, requestId } = decodeBody(wire, 5);
    assert.deepEqual([[...payload], requestId], [[3, 2, 1], 9n]);
    socket.write(frameWire(request(0x7a64, Uint8Array.of(1), 10n)));
    await new Promise((resolve) => socket.once('close', resolve));
  } finally {
    child.kill();
  }
});
