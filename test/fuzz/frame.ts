/** A stream yields the same frames and the same end however it is cut, and memory follows the bytes received. */
import { FrameReader } from '../../src/wire/rayforce/frames.js';
import { HEADER_SIZE, writeHeader } from '../../src/wire/rayforce/header.js';
import type { Random } from './random.js';
import { allocationsOf, check, damaged, outcome } from './target.js';

export const name = 'frame';

export function once(bytes: Uint8Array): void {
  const whole: string[] = [];
  const pieces: string[] = [];
  run(bytes, bytes.length, whole);
  const step = 1 + (bytes.length > 0 ? bytes[bytes.length - 1] % 40 : 0);
  const allocated = allocationsOf(() => run(bytes, step, pieces));
  check(whole.join() === pieces.join(), `cut into pieces of ${step} the stream reads the same`);
  // Growing by doubling allocates a geometric series: at most twice the last buffer, which is at most twice what it holds.
  check(allocated <= 4 * bytes.length + 64 * (whole.length + 1), 'memory follows the bytes received');
}

function run(bytes: Uint8Array, step: number, to: string[]): void {
  const reader = new FrameReader(1 << 20);
  const end = outcome(() => {
    for (let at = 0; at < bytes.length; at += step) {
      reader.push(bytes.subarray(at, at + step));
      for (let f = reader.next(); f !== null; f = reader.next()) to.push(`${f.msgtype}.${f.flags}.${f.end - f.start}.${f.bytes[f.payload]}.${f.bytes[f.end - 1]}`);
    }
  });
  to.push(end.ok ? `${reader.buffered} left` : end.error);
}

export const input = damaged((r: Random) => Buffer.concat(Array.from({ length: 1 + r.int(6) }, () => {
  const payload = r.bytes(1 + r.int(r.int(8) === 0 ? 500 : 40));
  const bytes = Buffer.alloc(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, r.int(4), r.int(8), payload.length);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
})));
