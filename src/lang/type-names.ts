/** Type names as `type` answers them. */
import { RayError } from './errors.js';
import { T, tagOf, type Value } from './value.js';

const NAMES: Record<number, string> = {
  [T.B8]: 'b8', [T.U8]: 'u8', [T.I16]: 'i16', [T.I32]: 'i32', [T.I64]: 'i64', [T.F32]: 'f32', [T.F64]: 'f64', [T.DATE]: 'date',
  [T.TIME]: 'time', [T.TIMESTAMP]: 'timestamp', [T.GUID]: 'guid', [T.SYM]: 'sym', [T.STR]: 'str',
};
const CONTAINERS: Record<number, string> = { [T.LIST]: 'LIST', [T.TABLE]: 'TABLE', [T.DICT]: 'DICT', [T.NULL]: 'null' };

/** Lower case for atoms, upper case for vectors and containers, `?` for functions and errors. */
export function typeName(v: Value): string {
  if (v instanceof RayError) return '?';
  const t = tagOf(v);
  return t < 0 ? NAMES[-t] : (CONTAINERS[t] ?? NAMES[t]?.toUpperCase() ?? '?');
}
