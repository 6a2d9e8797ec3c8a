/** Messages out of a byte stream. A line that is no message is reported and passed over; one that is too long ends the stream. */
import { isAscii } from 'node:buffer';
import { LineReader, LINE_LIMIT } from './lines.js';
import { MessageDecoder, type Message } from './message.js';

export type Received =
  | { readonly kind: 'message'; readonly message: Message; /** The line without its end; valid until the next call. */ readonly bytes: Buffer; readonly start: number; readonly end: number; /** They are known to be ASCII. */ readonly ascii: boolean }
  | { readonly kind: 'malformed'; readonly reason: string };

type Got = Extract<Received, { readonly kind: 'message' }>;

export class Receiver {
  readonly #lines: LineReader;
  readonly #decoder = new MessageDecoder();
  #ascii = true;
  /** One for all messages: it is valid until the next call. */
  #received: { -readonly [K in keyof Got]: Got[K] } | null = null;

  constructor(limit = LINE_LIMIT) {
    this.#lines = new LineReader(limit);
  }

  /** Gives the next bytes, once `next` has answered null. */
  push(chunk: Uint8Array): void {
    // Once for all its lines.
    this.#ascii = isAscii(chunk);
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
    const ascii = this.#ascii && !line.joined;
    const decoded = this.#decoder.decode(bytes, start, end, ascii);
    if (!decoded.ok) return { kind: 'malformed', reason: decoded.reason };
    const received = (this.#received ??= { kind: 'message', message: decoded.message, bytes, start, end, ascii });
    received.message = decoded.message;
    received.bytes = bytes;
    received.start = start;
    received.end = end;
    received.ascii = ascii;
    return received;
  }
}
