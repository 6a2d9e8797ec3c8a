/** Handshakes, with certificates on both sides, leave nothing behind. RFL_HANDSHAKES=10000 for the full count. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasOpenssl } from './support/certificates.js';
import type { Leftovers } from './support/handshakes-process.js';

const COUNT = Number(process.env['RFL_HANDSHAKES'] ?? 400);

test(`after ${COUNT} handshakes, some of them refused, memory and descriptors are where they were`, { skip: hasOpenssl ? false : 'no openssl' }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', fileURLToPath(new URL('./support/handshakes-process.js', import.meta.url)), String(COUNT)]);
  const left = JSON.parse(stdout) as Leftovers;
  assert.equal(left.descriptors, 0);
  // A certificate that is kept takes 8 KiB.
  assert.ok(left.heap < COUNT * 2048, `${left.heap} bytes of heap`);
  assert.ok(left.resident < COUNT * 4096, `${left.resident} bytes of memory`);
});
