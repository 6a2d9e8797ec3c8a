/** Records of a journal file: frames end to end. What follows the last whole frame is its torn end. */
import { FLAG, HEADER_SIZE, MAX_PAYLOAD, writeTag } from './header.js';
import { FrameReader, type Frame } from './frames.js';
import { ProtocolError } from './protocol-error.js';

/** `push` takes what was read of the file, `next` answers record after record; null when more bytes are needed or the rest is torn. */
export class JournalReader {
  /** Whole records so far, and the offset behind the last of them. */
  records = 0;
  valid = 0;
  /** Nothing more will be answered: what follows is no frame. */
  broken = false;
  readonly #frames = new FrameReader(MAX_PAYLOAD);

  push(chunk: Uint8Array): void {
    if (!this.broken) this.#frames.push(chunk);
  }

  /** The record is valid until the next call. */
  next(): Frame | null {
    if (this.broken) return null;
    try {
      const frame = this.#frames.next();
      if (frame !== null) {
        this.records++;
        this.valid += frame.end - frame.start;
      }
      return frame;
    } catch (e) {
      if (!(e instanceof ProtocolError)) throw e;
      this.broken = true;
      return null;
    }
  }

  /** After everything was pushed and taken: the file does not end with a whole record. */
  get torn(): boolean {
    return this.broken || this.#frames.buffered > 0;
  }
}

/** The header that a request is kept under: as it came, without what it carries within the process; the restricted flag says what its session was. */
export function recordHeader(from: Uint8Array, at: number, restricted: boolean): Uint8Array {
  const header = Uint8Array.from(from.subarray(at, at + HEADER_SIZE));
  header[5] &= ~(FLAG.RESTRICTED | FLAG.BYTES | FLAG.TEXT);
  if (restricted) header[5] |= FLAG.RESTRICTED;
  writeTag(header, 0, 0);
  return header;
}
