/** A server and its clients in processes of their own, each folder one claim. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { describe } from 'node:test';
import { ROOT } from './support/root.js';
import { rfl } from './support/rfl.js';

const FOLDER = fileURLToPath(new URL('test/transcripts/', ROOT));

describe('transcripts', { timeout: 300_000 }, () => {
  for (const claim of readdirSync(FOLDER)) {
    test(claim.replaceAll('-', ' '), () => {
      const { status, out, err } = rfl(['test', `${FOLDER}${claim}`]);
      assert.equal(status, 0, out + err);
      assert.match(out, /[1-9]\d* passed, 0 failed/);
    });
  }
});
