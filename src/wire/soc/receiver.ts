/** Messages out of a byte stream. A line that is no message is reported and passed over; one that is too long ends the stream. */
import { LineReader, LINE_LIMIT } from './lines.js';
import { decodeMessage, type Message } from './message.js';

export type Received =
  | { readonly kind: 'message'; readonly message: Message; /** The line without its end; valid until the next call. */ readonly bytes: Buffer; readonly start: number; readonly end: number }
  | { readonly kind: 'malformed'; readonly reason: string };

export class Receiver {
  readonly #lines: LineReader;

  constructor(limit = LINE_LIMIT) {
    this.#lines = new LineReader(limit);
  }

  /** Gives the next bytes, once `next` has answered null. */
  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }
  /** The next message, or null: more bytes are needed, or `over`. */
  next(): Received | null {
    return this.#read(this.#lines.next());
  }
  /** The stream has ended: answers what an unterminated last line was. */
  finish(): Received | null {
    return this.#read(this.#lines.finish());
  }
  /** Bytes of a line whose end has not come. */
  get held(): number {
    return this.#lines.held;
  }
  /** See `LineReader.over`. */
  get over(): 'clean' | 'cut' | 'overrun' | null {
    return this.#lines.over;
  }

  #read(line: ReturnType<LineReader['next']>): Received | null {
    if (line === null) return null;
    const { bytes, start, end } = line;
    const decoded = decodeMessage(bytes, start, end);
    return decoded.ok ? { kind: 'message', message: decoded.message, bytes, start, end } : { kind: 'malformed', reason: decoded.reason };
  }
}
