/** Packing and unpacking with the SIMD kernels: windows are copied into their memory and results out of it. */
import { FREE, packing, type Packing } from '../../columns/wasm/index.js';

/** Bytes read, and bytes there is room for, in one call of a kernel: both stay in the second cache level. */
const WINDOW = 32768;
const ROOM = 65536;
/** Kernels look this far around their windows. */
const SLACK = 256;
const FROM = FREE + SLACK;
const TO = FROM + WINDOW + SLACK;

/** From here on the copies are worth it. */
const WORTHWHILE = 8192;

/** The kernels for a job of `size` bytes; null where it is better done without, or has to be. */
export const kernelsFor = (size: number): Packing | null => (size < WORTHWHILE ? null : packing());

/** Writes the tokens of `src[start, end)` from `at`; answers where they end, or -1 when that would be `limit` or beyond. */
export function packWindows(k: Packing, src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number, limit: number): number {
  let o = at;
  for (let base = start; base < end; base += k.taken.value) {
    const n = Math.min(end - base, WINDOW);
    k.bytes[FROM - 1] = base > start ? src[base - 1] : 0;
    k.bytes.set(src.subarray(base, base + n), FROM);
    k.pack(FROM, n, base + n === end ? 1 : 0, TO);
    const made = k.written.value;
    if (o + made >= limit) return -1;
    dst.set(k.bytes.subarray(TO, TO + made), o);
    o += made;
  }
  return o;
}

/** How far tokens were read and what they yielded, in bytes. */
export interface Progress { readonly taken: number; readonly written: number }

/** What tokens of `src[start, end)` yield, as long as there are enough of them and it is less than `size`. */
export function measureWindows(k: Packing, src: Uint8Array, start: number, end: number, size: number): Progress {
  let i = start;
  let made = 0;
  for (;;) {
    k.bytes.set(src.subarray(i, Math.min(end, i + WINDOW)), FROM);
    k.measure(FROM, Math.min(end - i, WINDOW), size - made);
    const taken = k.taken.value;
    if (taken === 0) return { taken: i - start, written: made };
    i += taken;
    made += k.written.value;
  }
}

/** Unpacks tokens of `src[start, end)` to the front of `out`, as long as there are enough on both sides. */
export function unpackWindows(k: Packing, src: Uint8Array, start: number, end: number, out: Uint8Array): Progress {
  let i = start;
  let o = 0;
  k.bytes[TO - 1] = 0;
  for (;;) {
    k.bytes.set(src.subarray(i, Math.min(end, i + WINDOW)), FROM);
    k.unpack(FROM, Math.min(end - i, WINDOW), TO, Math.min(ROOM, out.length - o));
    const taken = k.taken.value;
    const made = k.written.value;
    if (taken === 0) return { taken: i - start, written: o };
    out.set(k.bytes.subarray(TO, TO + made), o);
    i += taken;
    o += made;
    if (made > 0) k.bytes[TO - 1] = out[o - 1];
  }
}
