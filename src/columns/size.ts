/** How much memory values hold. */
import { Dict, List, Table, Vec, type Value } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';

/** Bytes a value holds: 32 a header, plus the elements of its columns. A collection that is in it several times counts once. */
export function objectSize(v: Value, seen = new Set<Value>()): number {
  if (v instanceof Vec || v instanceof List || v instanceof Dict || v instanceof Table) {
    if (seen.has(v)) return 0;
    seen.add(v);
  }
  if (v instanceof Vec) return HEADER + (ArrayBuffer.isView(v.data) ? v.data.byteLength : v.data.reduce((sum, s) => sum + s.length + 8, 0));
  if (v instanceof List) return HEADER + elementsSize(v, seen);
  if (v instanceof Dict) return HEADER + objectSize(v.keys, seen) + objectSize(v.vals, seen);
  if (v instanceof Table) return HEADER + v.cols.reduce((sum, c) => sum + objectSize(c, seen), objectSize(v.names, seen));
  return HEADER + (typeof v === 'string' ? v.length : 0);
}
const HEADER = 32;

function elementsSize(v: List, seen: Set<Value>): number {
  const read = v.reader();
  let bytes = 0;
  blocks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) bytes += 8 + objectSize(read(i), seen);
  });
  return bytes;
}
