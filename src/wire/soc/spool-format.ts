/**
 * Records of a spool file, and finding them again in what a crash or a bad disk has left of it.
 *
 * | bytes | what                                                       |
 * |-------|------------------------------------------------------------|
 * | 4     | mark: F3 'S' 'P' 0A, which no UTF-8 text contains          |
 * | 4     | size of the body, little-endian                            |
 * | 4     | CRC-32 of kind and body                                    |
 * | 1     | kind: 1 message, 2 ack                                     |
 * | 1     | bytes of the id less one                                   |
 * | n     | body: the id, then of a message its line                   |
 *
 * There is no header and no order among records beyond their place, so any intact record can be used whatever surrounds it.
 */
import { crc32 } from './crc32.js';

export const KIND = { MESSAGE: 1, ACK: 2 } as const;
const MARK = Buffer.from([0xf3, 0x53, 0x50, 0x0a]);
const HEAD = 14;
const LONGEST_BODY = (1 << 20) + 256;

export interface SpoolRecord { readonly kind: number; readonly id: string; readonly line: string }

/** Bytes of a record. `id` has 1 to 256 bytes. */
export const recordSize = (id: string, line: string): number => HEAD + id.length + line.length;

/** Writes a record at `at`, where there is room for it; answers the offset behind it. */
export function writeRecord(to: Buffer, at: number, kind: number, id: string, line: string): number {
  const size = id.length + line.length;
  MARK.copy(to, at);
  to.writeUInt32LE(size, at + 4);
  to[at + 12] = kind;
  to[at + 13] = id.length - 1;
  to.write(id, at + HEAD, 'latin1');
  to.write(line, at + HEAD + id.length, 'latin1');
  const end = at + HEAD + size;
  to.writeUInt32LE(crc32(to, at + 12, end), at + 8);
  return end;
}

/** A stretch that holds no intact record. `tail`: it reaches to the end, as what was being written when the power went. */
export interface Damage { readonly at: number; readonly bytes: number; readonly tail: boolean }

/** Every intact record in order, and what lies between. */
export function scanRecords(bytes: Buffer, found: (record: SpoolRecord) => void): Damage[] {
  const damage: Damage[] = [];
  let lost = -1;
  let at = 0;
  while (at < bytes.length) {
    const end = recordEnd(bytes, at);
    if (end > 0) {
      if (lost >= 0) damage.push({ at: lost, bytes: at - lost, tail: false });
      lost = -1;
      const idEnd = at + HEAD + bytes[at + 13] + 1;
      found({ kind: bytes[at + 12], id: bytes.toString('latin1', at + HEAD, idEnd), line: bytes.toString('latin1', idEnd, end) });
      at = end;
    } else {
      if (lost < 0) lost = at;
      const next = bytes.indexOf(MARK, at + 1);
      at = next < 0 ? bytes.length : next;
    }
  }
  if (lost >= 0) damage.push({ at: lost, bytes: bytes.length - lost, tail: true });
  return damage;
}

/** Offset behind the intact record at `at`; 0: there is none. */
function recordEnd(bytes: Buffer, at: number): number {
  if (at + HEAD > bytes.length || bytes.compare(MARK, 0, 4, at, at + 4) !== 0) return 0;
  const size = bytes.readUInt32LE(at + 4);
  const end = at + HEAD + size;
  if (size > LONGEST_BODY || end > bytes.length || bytes[at + 13] + 1 > size) return 0;
  return crc32(bytes, at + 12, end) === bytes.readUInt32LE(at + 8) ? end : 0;
}
