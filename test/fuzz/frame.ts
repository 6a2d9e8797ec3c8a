/** A stream yields the same frames and the same end however it is cut, and at no time is more than twice the bytes received allocated. */
import { FrameReader } from '../../src/wire/rayforce/frames.js';
import { HEADER_SIZE, writeHeader } from '../../src/wire/rayforce/header.js';
import { allocatedBytes } from './allocations.js';
import type { Random } from './random.js';
import { check, damaged, outcome } from './target.js';

export const name = 'frame';

export function once(bytes: Uint8Array): void {
  const whole: string[] = [];
  const pieces: string[] = [];
  run(bytes, bytes.length, whole);
  const last = bytes.length > 0 ? bytes[bytes.length - 1] : 0;
  // Large chunks are kept as they are, small ones are copied.
  const step = bytes.length > 3 * LARGE && last % 2 === 0 ? LARGE + last : 1 + last % 40;
  run(bytes, step, pieces);
  check(whole.join() === pieces.join(), `cut into pieces of ${step} the stream reads the same`);
}

function run(bytes: Uint8Array, step: number, to: string[]): void {
  const reader = new FrameReader(1 << 20);
  let ours = 0;
  let before = 0;
  const end = outcome(() => {
    for (let at = 0; at < bytes.length; at += step) {
      const chunk = bytes.subarray(at, at + step);
      const own = step > LARGE ? Uint8Array.from(chunk) : chunk;
      before = allocatedBytes();
      reader.push(own);
      for (let f = reader.next(); f !== null; f = reader.next()) to.push(`${f.msgtype}.${f.flags}.${f.end - f.start}.${f.bytes[f.payload]}.${f.bytes[f.end - 1]}`);
      ours += allocatedBytes() - before;
      check(ours <= 2 * Math.min(at + step, bytes.length), 'never more than twice the bytes received is allocated');
    }
  });
  if (!end.ok) check(ours + allocatedBytes() - before <= 2 * bytes.length, 'nor for a stream that is refused');
  to.push(end.ok ? `${reader.buffered} left` : end.error);
}

export const input = damaged((r: Random) => Buffer.concat(Array.from({ length: 1 + r.int(6) }, () => {
  const payload = r.bytes(1 + r.int(r.pick(SIZES)));
  const bytes = Buffer.alloc(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, r.int(4), r.int(8), payload.length);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
})));

const LARGE = 32 << 10;
/** Payloads: mostly small, because most of what can go wrong is in the headers. */
const SIZES = [...new Array<number>(220).fill(40), ...new Array<number>(28).fill(500), 4 * LARGE];
