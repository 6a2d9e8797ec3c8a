/** How much memory values hold. */
import { Dict, List, Table, Vec, type Value } from '../lang/value.js';

/** Bytes a value holds: 32 a header, plus the elements of its columns. Shared parts count wherever they appear. */
export function objectSize(v: Value): number {
  if (v instanceof Vec) return HEADER + (ArrayBuffer.isView(v.data) ? v.data.byteLength : v.data.reduce((sum, s) => sum + s.length + 8, 0));
  if (v instanceof List) return HEADER + v.items.reduce((sum: number, x) => sum + 8 + objectSize(x), 0);
  if (v instanceof Dict) return HEADER + objectSize(v.keys) + objectSize(v.vals);
  if (v instanceof Table) return HEADER + v.cols.reduce((sum, c) => sum + objectSize(c), objectSize(v.names));
  return HEADER + (typeof v === 'string' ? v.length : 0);
}
const HEADER = 32;
