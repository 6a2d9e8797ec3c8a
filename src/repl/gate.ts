/**
 * What stands between the terminal and the line editor. It lets one line through at a time and keeps the rest until the line
 * has been dealt with, so that typing ahead and pasting many forms give one result after another; while it is closed only
 * Ctrl-C passes. Pasted text is cleaned: a tab must not complete, an escape must not move the cursor.
 */
import { Readable } from 'node:stream';
import type { ReadStream } from 'node:tty';

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** What a terminal must be told to mark pasted text, and to stop. */
export const PASTE_ON = '\x1b[?2004h';
export const PASTE_OFF = '\x1b[?2004l';

export interface GateEvents {
  /** Ctrl-C while closed. */
  interrupt(): void;
  /** Ctrl-D while open; true: dealt with, the editor need not know. */
  eof(): boolean;
  /** A key while closed; true: taken, otherwise it is kept for the next line. */
  key(key: string): boolean;
}

export class Gate extends Readable {
  #held = '';
  #open = false;
  #pasting = false;
  #afterReturn = false;
  /** The editor asks for these to see a terminal. */
  readonly isTTY = true;

  constructor(readonly terminal: Pick<ReadStream, 'on' | 'setRawMode'>, readonly events: GateEvents) {
    super();
    terminal.on('data', (chunk: Buffer | string) => this.#take(typeof chunk === 'string' ? Buffer.from(chunk).toString('latin1') : chunk.toString('latin1')));
    terminal.on('end', () => this.push(null));
  }

  override _read(): void {}

  setRawMode(on: boolean): this {
    this.terminal.setRawMode(on);
    return this;
  }

  /** Lets the next line through; it closes by itself behind it. */
  open(): void {
    this.#open = true;
    // Not from within the editor's own handling of a key, which cannot be entered twice.
    setImmediate(() => this.#pump());
  }

  #take(bytes: string): void {
    if (this.#open) {
      this.#held += bytes;
      return this.#pump();
    }
    for (const key of bytes) {
      if (key === '\x03') {
        // Who interrupts does not want what was typed ahead to run.
        this.#held = '';
        this.#pasting = false;
        this.events.interrupt();
      } else if (!this.events.key(key)) this.#held += key;
    }
  }

  #pump(): void {
    while (this.#open && this.#held !== '') {
      if (this.#afterReturn && this.#held[0] === '\n') this.#held = this.#held.slice(1);
      this.#afterReturn = false;
      if (this.#held === '' || MARKER_BEGUN.test(this.#held)) return;
      if (this.#held.startsWith(PASTE_START)) this.#mark(true);
      else if (this.#held.startsWith(PASTE_END)) this.#mark(false);
      else this.#pass();
    }
  }

  #mark(pasting: boolean): void {
    this.#pasting = pasting;
    this.#held = this.#held.slice(PASTE_START.length);
  }

  /** Passes what stands before the next marker, up to the end of a line. */
  #pass(): void {
    const [piece] = (this.#pasting ? PASTED_PIECE : TYPED_PIECE).exec(this.#held)!;
    this.#held = this.#held.slice(piece.length);
    if (piece === '\x04' && !this.#pasting && this.events.eof()) return;
    const clean = this.#pasting ? piece.replace(/\t/g, '  ').replace(/[^\x20-\x7e\x80-\xff\r\n]/g, '') : piece;
    if (/[\r\n]$/.test(clean)) {
      this.#open = false;
      this.#afterReturn = clean.endsWith('\r');
    }
    if (clean !== '') this.push(Buffer.from(clean.replace(/\n$/, '\r'), 'latin1'));
  }
}

/** The beginning of a marker whose rest has not arrived; a lone escape is a key. */
const MARKER_BEGUN = /^\x1b\[20?[01]?$/;
/** Keys up to the end of a line, Ctrl-D alone, or the next escape sequence. */
const TYPED_PIECE = /^(\x04|[\r\n]|\x1b[^\x1b\r\n\x04]*|[^\x1b\r\n\x04]+[\r\n]?)/;
const PASTED_PIECE = /^([\r\n]|\x1b|[^\x1b\r\n]+[\r\n]?)/;
