/** Names of types, as `type` answers them and error messages and table headers show them. */
import { T } from './value.js';

/** The name of a tag: lower case for atoms, upper case for vectors and containers, `?` for functions, `null` for the null object. */
export const typeName = (tag: number): string => (tag < 0 ? ATOMS[-tag] : NAMES.get(tag)) ?? '?';

const NAMES: ReadonlyMap<number, string> = new Map([
  ...(['LIST', 'B8', 'U8', 'I16', 'I32', 'I64', 'F32', 'F64', 'DATE', 'TIME', 'TIMESTAMP', 'GUID', 'SYM', 'STR'] as const)
    .map((name) => [T[name], name] as const),
  [T.TABLE, 'TABLE'], [T.DICT, 'DICT'], [T.NULL, 'null'],
]);
const ATOMS = Array.from({ length: T.STR + 1 }, (_, tag) => (tag === T.LIST ? '?' : NAMES.get(tag)!.toLowerCase()));
