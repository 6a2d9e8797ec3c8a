/** Random guids. */
import { T, Vec } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { alloc } from './item.js';

/** `n` guids of version 4 from a uniform source in [0, 1). */
export function randomGuids(n: number, random: () => number): Vec {
  const out = alloc(T.GUID, n) as Uint8Array;
  const words = new Uint32Array(out.buffer, out.byteOffset, n * 4);
  blocks(n, (lo, hi) => {
    for (let i = lo * 4; i < hi * 4; i++) words[i] = random() * 4294967296;
    for (let i = lo * 16; i < hi * 16; i += 16) {
      out[i + 6] = (out[i + 6] & 0x0f) | 0x40;
      out[i + 8] = (out[i + 8] & 0x3f) | 0x80;
    }
  });
  return new Vec(T.GUID, out);
}
