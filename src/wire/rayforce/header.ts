/**
 * The 16 bytes before every payload:
 *
 * | offset | bytes | field                                                        |
 * |--------|-------|--------------------------------------------------------------|
 * | 0      | 4     | `fa de fa ce`                                                |
 * | 4      | 1     | wire version, 3                                              |
 * | 5      | 1     | flags, `FLAG`                                                |
 * | 6      | 1     | byte order, 0: little endian                                 |
 * | 7      | 1     | message type, `MSG`; from 3 up: treated as asynchronous      |
 * | 8      | 8     | payload size, signed, 1 .. 256 MiB                           |
 */
import { ProtocolError } from './protocol-error.js';

export const HEADER_SIZE = 16;
export const WIRE_VERSION = 3;
/** The largest payload the reference takes, packed or unpacked. */
export const MAX_PAYLOAD = 268435456;

export const MSG = { ASYNC: 0, SYNC: 1, RESPONSE: 2 } as const;
export const FLAG = {
  COMPRESSED: 1, RESTRICTED: 2, VERBOSE: 4,
  /** Ours, within the process: the message is a dict that holds bytes, and so does the answer: a str. */
  BYTES: 64,
  /** Ours, within the process: the answer is a str, the value's compact form. */
  TEXT: 128,
} as const;

/** Writes a header at `at`; `size` is that of the payload. */
export function writeHeader(to: Uint8Array, at: number, msgtype: number, flags: number, size: number): void {
  to[at] = 0xfa;
  to[at + 1] = 0xde;
  to[at + 2] = 0xfa;
  to[at + 3] = 0xce;
  to[at + 4] = WIRE_VERSION;
  to[at + 5] = flags;
  to[at + 6] = 0;
  to[at + 7] = msgtype;
  to[at + 8] = size;
  to[at + 9] = size >>> 8;
  to[at + 10] = size >>> 16;
  to[at + 11] = size >>> 24;
  to[at + 12] = to[at + 13] = to[at + 14] = to[at + 15] = 0;
}

/** Numbers a frame, within the process: what answers it carries the same number, where sizes need no more than their lower half. */
export function writeTag(to: Uint8Array, at: number, tag: number): void {
  to[at + 12] = tag;
  to[at + 13] = tag >>> 8;
  to[at + 14] = tag >>> 16;
  to[at + 15] = tag >>> 24;
}
export function readTag(from: Uint8Array, at: number): number {
  return (from[at + 12] | (from[at + 13] << 8) | (from[at + 14] << 16) | (from[at + 15] << 24)) >>> 0;
}

/** Checks the 16 bytes at `at` and answers the payload size. Throws ProtocolError: `magic`, `version`, `endian`, `size`. */
export function readHeader(from: Uint8Array, at: number, limit = MAX_PAYLOAD): number {
  if (from[at] !== 0xfa || from[at + 1] !== 0xde || from[at + 2] !== 0xfa || from[at + 3] !== 0xce) {
    throw new ProtocolError('magic', 'the bytes are no frame');
  }
  if (from[at + 4] !== WIRE_VERSION) throw new ProtocolError('version', `wire version ${from[at + 4]}, not ${WIRE_VERSION}`);
  if (from[at + 6] !== 0) throw new ProtocolError('endian', `byte order ${from[at + 6]}, not 0`);
  const size = readSize(from, at + 8);
  if (size <= 0 || size > limit) throw new ProtocolError('size', `payload of ${size} bytes, not 1 to ${limit}`);
  return size;
}

/** A signed 64-bit count; exact up to 2^53, and of the right sign and magnitude beyond. */
export function readSize(from: Uint8Array, at: number): number {
  const low = from[at] + from[at + 1] * 256 + from[at + 2] * 65536 + from[at + 3] * 16777216;
  const high = from[at + 4] | (from[at + 5] << 8) | (from[at + 6] << 16) | (from[at + 7] << 24);
  return high * 4294967296 + low;
}
