/**
 * Payload compression: the difference of each byte to the one before, run-length coded. A token is a signed byte: `n > 0` repeats the
 * next byte n times (2..127 are written), `n < 0` copies the next -n bytes (1..128). Output is byte for byte the reference's.
 */
import { fail } from '../../lang/errors.js';
import { kernelsFor, measureWindows, packWindows, unpackWindows, type Progress } from './compress-windows.js';
import { MAX_PAYLOAD } from './header.js';

/** Payloads up to this many bytes are sent as they are. */
export const THRESHOLD = 2000;
/** Bytes of the unpacked size in front of the tokens. */
const PREFIX = 4;

/**
 * Packs `src[start, end)` into `dst` from `at`: prefix and tokens. Answers the bytes written, or 0 where the payload goes out as it is
 * (too short, or not smaller when packed). `dst` needs room for `end - start` bytes behind `at`.
 */
export function compress(src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number): number {
  const size = end - start;
  if (size <= THRESHOLD) return 0;
  // Packed and prefix together must be smaller than the original, so whatever would reach its end can stop there.
  const kernels = kernelsFor(size);
  const packed = kernels === null
    ? pack(src, start, end, dst, at + PREFIX, at + size)
    : packWindows(kernels, src, start, end, dst, at + PREFIX, at + size);
  if (packed < 0) return 0;
  dst[at] = size;
  dst[at + 1] = size >>> 8;
  dst[at + 2] = size >>> 16;
  dst[at + 3] = size >>> 24;
  return packed - at;
}

/** The unpacked bytes of `src[start, end)`. Nothing is allocated before the tokens are known to yield the size they claim. Errors: `decompr`. */
export function inflate(src: Uint8Array, start: number, end: number, limit = MAX_PAYLOAD): Uint8Array {
  if (end - start < PREFIX) fail('decompr', 'no size');
  const size = src[start] + src[start + 1] * 256 + src[start + 2] * 65536 + src[start + 3] * 16777216;
  if (size === 0 || size > limit) fail('decompr', `unpacked size of ${size} bytes, not 1 to ${limit}`);
  const tokens = start + PREFIX;
  const kernels = kernelsFor(size);
  const measured = kernels === null ? NOTHING : measureWindows(kernels, src, tokens, end, size);
  if (!yields(src, tokens, end, size, measured)) fail('decompr', `the packed bytes do not yield the ${size} bytes claimed`);
  const out = Buffer.allocUnsafe(size);
  unpack(src, tokens, out, kernels === null ? NOTHING : unpackWindows(kernels, src, tokens, end, out));
  return out;
}

const NOTHING: Progress = { taken: 0, written: 0 };

/** Writes the tokens of `src[start, end)` from `at`; answers where they end, or -1 when that would be `limit` or beyond. */
function pack(src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number, limit: number): number {
  const d = deltas;
  let base = start;
  let o = at;
  while (base < end) {
    const n = Math.min(end - base, WINDOW + LOOKAHEAD);
    differences(src, base, n, base > start ? src[base - 1] : 0);
    // Differs from its neighbour, so that neither a run nor the search for one goes past the end.
    d[n] = ~d[n - 1];
    const stop = base + n === end ? n : WINDOW;
    let i = 0;
    while (i < stop) {
      const from = i;
      const delta = d[i];
      if (delta === d[i + 1]) {
        const most = from + 127;
        i += 2;
        while (i < most && d[i] === delta) i++;
        if (o + 2 >= limit) return -1;
        dst[o] = i - from;
        dst[o + 1] = delta;
        o += 2;
      } else {
        const most = from + 128 < n ? from + 128 : n;
        if (o + most - from >= limit && o + 1 + literal(d, from, most) - from >= limit) return -1;
        const count = o++;
        let a = delta;
        let b = d[i + 1];
        do {
          dst[o++] = a;
          a = b;
          i++;
          b = d[i + 1];
        } while (i < most && a !== b);
        dst[count] = from - i;
      }
    }
    base += i;
  }
  return o < limit ? o : -1;
}

/** Where the literal that begins at `i` ends: before two equal bytes, or at `stop`. */
function literal(d: Uint8Array, i: number, stop: number): number {
  while (i < stop && d[i] !== d[i + 1]) i++;
  return i;
}

/** `n` differences of the bytes from `base`; `before` is the byte in front of them. */
function differences(src: Uint8Array, base: number, n: number, before: number): void {
  let p = before;
  for (let i = 0; i < n; i++) {
    const c = src[base + i];
    deltas[i] = c - p;
    p = c;
  }
}

/** Bytes packed in one go: their differences stay in the first cache level. */
const WINDOW = 16384;
/** A token that begins in a window may need this many differences from there on. */
const LOOKAHEAD = 129;
const deltas = new Uint8Array(WINDOW + LOOKAHEAD + 1);

/** Whether the tokens behind `measured` bring what they yield to exactly `size` bytes; what follows them is ignored. */
function yields(src: Uint8Array, start: number, end: number, size: number, { taken, written }: Progress): boolean {
  let made = written;
  let i = start + taken;
  while (i < end && made < size) {
    const token = src[i++];
    if (token > 0 && token < 128) {
      if (i >= end) return false;
      i++;
      made += token;
    } else if (token !== 0) {
      i += 256 - token;
      if (i > end) return false;
      made += 256 - token;
    }
  }
  return made === size;
}

/** Unpacks the tokens behind what is `done` until `out` is full. */
function unpack(src: Uint8Array, start: number, out: Uint8Array, { taken, written }: Progress): void {
  const size = out.length;
  let i = start + taken;
  let o = written;
  let byte = o > 0 ? out[o - 1] : 0;
  while (o < size) {
    const token = src[i++];
    if (token < 128) {
      const delta = src[i];
      if (token > 0) i++;
      const stop = o + token;
      if (delta === 0 && token > 16) {
        out.fill(byte, o, stop);
        o = stop;
      }
      for (; o < stop; o++) {
        byte = (byte + delta) & 255;
        out[o] = byte;
      }
    } else {
      const stop = o + 256 - token;
      for (; o < stop; o++) {
        byte = (byte + src[i++]) & 255;
        out[o] = byte;
      }
    }
  }
}
