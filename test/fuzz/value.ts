/**
 * Any bytes are a value or a coded error; a value that was read can be written and read again. What is refused has allocated at most twice
 * the bytes received, and so has what is accepted beside the value itself.
 */
import { Dict, Lambda, List, Table, Vec, type Value } from '../../src/lang/value.js';
import { decode, decodePayload, decodeVerbose, encode } from '../../src/wire/rayforce/value.js';
import type { Random } from './random.js';
import { check, damaged, measured, outcome } from './target.js';
import { resolve, value } from './values.js';

export const name = 'value';

export function once(bytes: Uint8Array): void {
  const { run: read, allocated } = measured(() => decode(bytes, { resolve }));
  check(allocated - (read.ok ? footprint(read.value) : 0) <= 2 * bytes.length, 'never more than twice the bytes received is allocated beside the value');
  outcome(() => decodeVerbose(bytes, 0, { resolve }));
  outcome(() => decodePayload(bytes, bytes.length & 1, { resolve, dialect: '216' }));
  if (!read.ok) return;
  const written = encode(read.value);
  const again = encode(decode(written, { resolve }));
  check(Buffer.compare(written, again) === 0, 'what was written reads as the same value');
}

export const input = damaged((r: Random) => (r.int(20) === 0 ? r.bytes(r.int(60)) : encode(r.int(3) === 0 ? value(r) : new List(Array.from({ length: 1 + r.int(4) }, () => value(r, 3))))));

/** Bytes of the arrays and texts that a value consists of. */
function footprint(v: Value): number {
  if (typeof v === 'string') return v.length;
  if (v instanceof Vec) return Array.isArray(v.data) ? (v.data as string[]).reduce((sum, text) => sum + SLOT + text.length, 0) : v.data.byteLength;
  if (v instanceof List) return items(v.items);
  if (v instanceof Dict) return footprint(v.keys) + footprint(v.vals);
  if (v instanceof Table) return footprint(v.names) + items(v.cols);
  if (v instanceof Lambda) return SLOT * v.params.length + items(v.body);
  return 0;
}

const SLOT = 8;
const items = (values: readonly Value[]): number => values.reduce((sum: number, v) => sum + SLOT + footprint(v), 0);
