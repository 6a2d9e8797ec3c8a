/** Receiving from pipes for programs in TypeScript: what scripts do with `.soc.listen`, without an interpreter. */
import { fromBytes } from '../../lang/text.js';
import type { Connection } from '../../net/endpoint.js';
import { Listener } from '../../net/stream-listener.js';
import type { Transport } from '../../net/transport.js';
import type { Message } from '../../wire/soc/message.js';
import { Window } from '../../wire/soc/window.js';
import { PipeError, pipeOrPath } from './paths.js';
import { CLOSED } from './pipe-events.js';
import { Pipe } from './pipe.js';
import { ids } from './senders.js';
import type { ListenOptions } from './calls.js';

/** What a peer is read ahead, bytes of payload and then some. Default 256 KiB: more than a read of a socket brings. */
const READ_AHEAD = 256 << 10;
/** What a message costs besides its payload. */
const ENVELOPE = 128;

/**
 * Takes messages one by one, or as many as there are; while nobody does, the peer waits. A message that comes twice, over this or
 * another connection of the listener, is delivered once.
 */
export class Receiver implements AsyncIterable<Message> {
  readonly #pipe: Pipe;
  readonly #connection: Connection;
  readonly #window: Window;
  #waiting: Message[] = [];
  /** How many of them are taken. */
  #at = 0;
  /** Bytes that wait. */
  #held = 0;
  #muted = false;
  #end: string | null = null;
  #wake: (() => void) | null = null;
  /** Lines that were no message, and were passed over. */
  malformed = 0;

  /** Takes over what a listener accepted. `PipeListener` makes it. */
  constructor(transport: Transport, window = new Window()) {
    const { pipe, connection } = Pipe.accepted(transport, { path: null, outbox: {}, window, ids, wall: Date.now }, {
      lines: () => {},
      message: (_, message, ascii) => this.#arrived(ascii || isPlain(message) ? message : readable(message)),
      malformed: () => void this.malformed++,
      up: () => {},
      refused: () => {},
      lost: (_, reason) => {
        this.#end = reason;
        this.#woken();
      },
      released: () => {},
      dropped: () => {},
      closed: () => {},
    });
    this.#pipe = pipe;
    this.#connection = connection;
    this.#window = window;
  }

  /** For the listener that accepted it. */
  get connection(): Connection {
    return this.#connection;
  }
  /** Bytes that were read and not taken. */
  get held(): number {
    return this.#held;
  }

  /**
   * The next message; null: the peer has closed behind a line. Rejects where the stream broke: a line longer than 1 MiB, an end within
   * one, a reset. Nothing follows then.
   */
  next(): Promise<Message | null> {
    if (this.#at < this.#waiting.length) return Promise.resolve(this.#take());
    return this.#end === null ? this.#more().then(() => this.next()) : this.#over();
  }

  /** All that is there, at least one; null and rejections as of `next`. Costs a promise for many messages and not for each. */
  batch(): Promise<Message[] | null> {
    if (this.#at < this.#waiting.length) {
      const all = this.#at === 0 ? this.#waiting : this.#waiting.slice(this.#at);
      this.#held = 0;
      this.#emptied();
      return Promise.resolve(all);
    }
    return this.#end === null ? this.#more().then(() => this.batch()) : this.#over();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (let m = await this.next(); m !== null; m = await this.next()) yield m;
  }

  /** Tells the sender that a message was handled. It may come again until then, and after a crash of this side. */
  ack(id: string): void {
    const way = this.#window.ack(id);
    if (way instanceof Pipe) way.ack(id);
  }
  close(): void {
    this.#pipe.close(0);
  }

  #arrived(message: Message): void {
    const { payload } = message;
    this.#waiting.push(message);
    this.#held += ENVELOPE + (payload === null ? 0 : payload.length);
    if (this.#held > READ_AHEAD && !this.#muted) {
      this.#muted = true;
      this.#pipe.mute();
    }
    this.#woken();
  }

  #take(): Message {
    const message = this.#waiting[this.#at++];
    this.#held -= ENVELOPE + (message.payload === null ? 0 : message.payload.length);
    if (this.#at === this.#waiting.length) this.#emptied();
    return message;
  }
  #emptied(): void {
    this.#waiting = [];
    this.#at = 0;
    this.#held = 0;
    if (!this.#muted) return;
    this.#muted = false;
    this.#pipe.unmute();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
  #woken(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
  #over(): Promise<null> {
    return this.#end === CLOSED ? Promise.resolve(null) : Promise.reject(new PipeError('io', this.#end!));
  }
}

/** Each has its default. */
export interface PipeListenerOptions extends ListenOptions {
  /** What is refused, and why. Default: nothing is said. */
  readonly log?: (message: string) => void;
}

/** Listens on a pipe, and hands out a `Receiver` for each connection. */
export class PipeListener {
  private constructor(readonly path: string, private readonly listener: Listener) {}

  /**
   * `pipe`: a name (letters, digits, `.`, `_` and `-`, 64 at most), which stands for a socket in a folder that nobody else can enter; or
   * the absolute path of a socket. Rejects with PipeError: `domain` for what is neither, `io` where somebody listens or the folder is not ours alone.
   */
  static open(pipe: string, accepted: (receiver: Receiver) => void, options: PipeListenerOptions = {}): Promise<PipeListener> {
    return new Promise((resolve, reject) => {
      const path = pipeOrPath(pipe);
      const window = new Window(options.window);
      Listener.open({ kind: 'unix', path }, {
        onListening: (listener) => resolve(new PipeListener(path, listener)),
        onListenFailure: (_, { message }) => reject(new PipeError('io', message)),
        onAccept: (_, transport) => {
          const receiver = new Receiver(transport, window);
          accepted(receiver);
          return receiver.connection;
        },
      }, { credentials: options, maxConnections: options.connections ?? 64, log: ({ message }) => options.log?.(message) });
    });
  }

  /** Exactly while it is: false as soon as somebody else has the path. */
  get listening(): boolean {
    return this.listener.isListening;
  }
  /** Accepts nothing more. Receivers live on. */
  close(): void {
    this.listener.close();
  }
}

const WIDE = /[\x80-\xff]/;
const isPlain = ({ type, id, payload }: Message): boolean => !WIDE.test(type) && !WIDE.test(id) && (payload === null || !WIDE.test(payload));
/** With texts instead of bytes. */
const readable = ({ type, id, ts, payload }: Message): Message => ({ type: fromBytes(type), id: fromBytes(id), ts, payload: payload === null ? null : fromBytes(payload) });
