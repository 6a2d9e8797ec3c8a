/** Any bytes are a value or a coded error; a value that was read can be written and read again; nothing is allocated on a claim. */
import { Dict, Lambda, List, Table, Vec, type Value } from '../../src/lang/value.js';
import { decode, decodePayload, decodeVerbose, encode } from '../../src/wire/rayforce/value.js';
import type { Random } from './random.js';
import { check, damaged, outcome } from './target.js';
import { resolve, value } from './values.js';

export const name = 'value';

export function once(bytes: Uint8Array): void {
  const read = outcome(() => decode(bytes, { resolve }));
  outcome(() => decodeVerbose(bytes, 0, { resolve }));
  outcome(() => decodePayload(bytes, bytes.length & 1, { resolve, dialect: '216' }));
  if (!read.ok) return;
  check(footprint(read.value) <= 2 * bytes.length + 64, 'a value takes no more than twice its bytes');
  const written = encode(read.value);
  const again = encode(decode(written, { resolve }));
  check(Buffer.compare(written, again) === 0, 'what was written reads as the same value');
}

export const input = damaged((r: Random) => (r.int(20) === 0 ? r.bytes(r.int(60)) : encode(r.int(3) === 0 ? value(r) : new List(Array.from({ length: 1 + r.int(4) }, () => value(r, 3))))));

/** Bytes of the storage behind a value. Ids of symbols and slots of lists are counted as the one byte that each must have on the wire. */
function footprint(v: Value): number {
  if (v instanceof Vec) {
    if (Array.isArray(v.data)) return (v.data as string[]).reduce((sum, text) => sum + 8 + text.length, 0);
    return v.data instanceof Int32Array && v.t === 12 ? v.length : v.data.byteLength;
  }
  if (v instanceof List) return v.items.reduce((sum: number, item) => sum + 1 + footprint(item), 0);
  if (v instanceof Dict) return footprint(v.keys) + footprint(v.vals);
  if (v instanceof Table) return v.cols.reduce((sum: number, c) => sum + footprint(c), v.names.length);
  if (v instanceof Lambda) return v.body.reduce((sum: number, item) => sum + 1 + footprint(item), v.params.length);
  return typeof v === 'string' ? v.length : 0;
}
