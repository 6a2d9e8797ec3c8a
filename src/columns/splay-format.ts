/**
 * The layout of a column file; integers are little endian.
 *
 * | offset | bytes | field                                                                     |
 * |--------|-------|---------------------------------------------------------------------------|
 * | 0      | 16    | zero; `XIDX` at 0 says that an index follows the data, which we pass over |
 * | 16     | 1     | zero                                                                      |
 * | 17     | 1     | generation of the format, 0                                               |
 * | 18     | 1     | type tag                                                                  |
 * | 19     | 1     | attributes: SYM width as a power of two, 0x20 sorted, 0x40 has nulls      |
 * | 20     | 4     | SYM: symbols in the symbol file when the column was written               |
 * | 24     | 8     | elements                                                                  |
 * | 32     |       | elements; of STR: 16 bytes each, a header as this one, and the long texts |
 *
 * A STR element is its length (u32), then up to 12 bytes of text, or the first 4 bytes and the offset (u32) among the long texts.
 * A SYM element is a position in the symbol file: `STRL`, a count (i64), and for each symbol its length (u32) and bytes; the
 * symbol at 0 is empty. A list column is `STRL` as well when it holds strings only, otherwise `LSTG` and one value, nested:
 * a tag and, by type, 8 bytes; or a length (u32) and bytes; or a count (i64) and elements.
 */
import { T } from '../lang/value.js';

export const HEADER = 32;
export const ATTR = { WIDTH: 0x03, NULLS: 0x40 } as const;
export const MAGIC = { STRINGS: 0x4c525453, STRING_VECTOR: 0x56525453, LIST: 0x4754534c, TABLE: 0x4c425454, INDEX: 0x58444958 } as const;
export const GENERATION = 0;
/** Text bytes that a STR element itself holds. */
export const INLINE = 12;

/** Bytes of an element by tag. */
export const ELEMENT: Readonly<Record<number, number>> = {
  [T.B8]: 1, [T.U8]: 1, [T.I16]: 2, [T.I32]: 4, [T.I64]: 8, [T.F32]: 4, [T.F64]: 8, [T.DATE]: 4, [T.TIME]: 4, [T.TIMESTAMP]: 8,
  [T.GUID]: 16, [T.STR]: 16,
};
