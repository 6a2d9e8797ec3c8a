/** What holds of the sends of every connection. */
import assert from 'node:assert/strict';
import type { Recorder } from '../support/recorder.js';

const BLOCK = Uint8Array.from({ length: 1 << 16 }, (_, i) => (i * 31 + (i >> 8)) & 255);
export const pattern = (n: number): Buffer => Buffer.alloc(n, BLOCK);
const ascending = (tokens: unknown[]): boolean => tokens.every((t, i) => i === 0 || (t as number) > (tokens[i - 1] as number));

/** Accepted tokens are split into a prefix that was sent and a suffix that failed, each exactly once. */
export function assertSettled(side: Recorder): void {
  const sent = side.details('sent') as number[];
  const failed = side.details('send-failed') as number[];
  const all = [...sent, ...failed];
  assert.ok(ascending(sent) && ascending(failed), `${sent} | ${failed}`);
  assert.deepEqual(all, Array.from({ length: side.count('accepted') }, (_, i) => i + 1));
  const closed = side.names().indexOf('closed');
  if (failed.length > 0) assert.ok(closed >= 0 && side.names().indexOf('send-failed') > closed, 'failures come after closed');
}
