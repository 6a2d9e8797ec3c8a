/** Pipes for programs in TypeScript: what scripts do with `.soc.*`, without an interpreter. */
import type { Connection } from '../../net/endpoint.js';
import type { Transport } from '../../net/transport.js';
import { IdSource } from '../../wire/soc/ids.js';
import { encodeMessage, type Message } from '../../wire/soc/message.js';
import type { OutboxOptions } from '../../wire/soc/outbox.js';
import { Window } from '../../wire/soc/window.js';
import { socketPath } from './paths.js';
import { Pipe, type Dropped, type PipeEvents, type PipeOptions } from './pipe.js';

const ids = new IdSource(Date.now, process.pid % 1000);

/** A message as `send` takes it: id and time are made where they are missing. `payload` is JSON without line breaks, as bytes. */
export interface Outgoing { readonly type: string; readonly payload: string | null; readonly id?: string; readonly ts?: number }

export interface SenderOptions extends Partial<Pick<OutboxOptions, 'capacity' | 'capacityBytes' | 'attempts' | 'writeMs'>> {
  /** Each message that was given up. */
  readonly onDrop?: (dropped: Dropped) => void;
  readonly onLost?: (reason: string) => void;
  readonly pipe?: Partial<Pick<PipeOptions, 'clock' | 'wall' | 'connectMs'>>;
}

/** Sends in the background, in order. Dials when there is something to send. */
export class BufferedSender {
  readonly #pipe: Pipe;
  readonly #options: SenderOptions;
  #ended: Promise<{ flushed: number; dropped: number }> | null = null;
  #end: () => void = () => {};

  constructor(path: string, options: SenderOptions = {}) {
    const { onDrop, onLost, pipe, ...outbox } = options;
    this.#options = options;
    const events: PipeEvents = {
      ...QUIET,
      dropped: (_, dropped) => dropped.forEach((d) => onDrop?.(d)),
      released: () => this.released(),
      lost: (_, reason) => onLost?.(reason),
      closed: () => this.#end(),
    };
    this.#pipe = new Pipe({ path: socketPath(path), outbox, window: new Window(1), ids, wall: Date.now, ...pipe }, events);
  }

  /** `full`: not taken; `too-large`: it would not fit into a line. */
  send(message: Outgoing): 'ok' | 'full' | 'closed' | 'too-large' {
    const wall = this.#options.pipe?.wall ?? Date.now;
    const encoded = encodeMessage({ type: message.type, id: message.id ?? ids.next(), ts: message.ts ?? Math.floor(wall() / 1000), payload: message.payload });
    if (!encoded.ok) return 'too-large';
    const answer = this.#pipe.offer(message.id ?? '', encoded.line);
    return answer === 'known' ? 'ok' : answer;
  }

  /** Messages neither with the kernel nor given up. */
  get pending(): number {
    return this.#pipe.outbox.pending;
  }

  /** Takes nothing more. What waits has `timeoutMs` to go out. May be called again. */
  close({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<{ flushed: number; dropped: number }> {
    this.#ended ??= new Promise((resolve) => {
      const before = { ...this.#pipe.outbox.counts };
      this.#end = () => {
        const { settled, dropped } = this.#pipe.outbox.counts;
        resolve({ flushed: settled - before.settled, dropped: dropped - before.dropped });
      };
      this.#pipe.close(timeoutMs);
    });
    return this.#ended;
  }

  protected released(): void {}
}

/** Sends one message at a time, and says what became of it. */
export class Sender {
  readonly #buffered: BufferedSender;
  #failed: string | null = null;
  #wake: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: SenderOptions = {}) {
    const wake = (): void => this.#wake();
    this.#buffered = new (class extends BufferedSender {
      protected override released(): void {
        wake();
      }
    })(path, { ...options, onDrop: (d) => {
      this.#failed = d.reason;
      options.onDrop?.(d);
    } });
  }

  /** Resolves when the kernel has it; rejects with the reason when all tries have failed. Calls wait for each other. */
  send(message: Outgoing): Promise<void> {
    const sent = this.#turn.then(() => this.#send(message));
    this.#turn = sent.catch(() => {});
    return sent;
  }

  close(): Promise<unknown> {
    return this.#buffered.close();
  }

  async #send(message: Outgoing): Promise<void> {
    this.#failed = null;
    const answer = this.#buffered.send(message);
    if (answer !== 'ok') throw new Error(answer);
    while (this.#buffered.pending > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failed !== null) throw new Error(this.#failed);
  }
}

/** Messages that are read ahead before the peer has to wait. Default 512: a read of a socket brings more, and is taken whole. */
const READ_AHEAD = 512;

export type ReceiverEnd = { readonly reason: string };

/** Takes messages one by one from an accepted connection; the peer waits while nobody does. */
export class MessageReceiver implements AsyncIterable<Message> {
  /** For the listener that accepted it. */
  readonly connection: Connection;
  readonly #pipe: Pipe;
  #waiting: Message[] = [];
  /** How many of them are taken. */
  #at = 0;
  #end: ReceiverEnd | null = null;
  #wake: () => void = () => {};
  /** Lines that were no message. */
  malformed = 0;

  constructor(transport: Transport, window = new Window()) {
    const { pipe, connection } = Pipe.accepted(transport, { path: null, outbox: {}, window, ids, wall: Date.now }, {
      ...QUIET,
      message: (_, message) => {
        this.#waiting.push(message);
        if (this.#waiting.length - this.#at > READ_AHEAD) this.#pipe.mute();
        if (this.#waiting.length === 1) this.#wake();
      },
      malformed: () => void this.malformed++,
      lost: (_, reason) => {
        this.#end = { reason };
        this.#wake();
      },
    });
    this.#pipe = pipe;
    this.connection = connection;
  }

  /** The next message; null: the peer has closed behind a line. Rejects where the stream broke: nothing follows then. */
  async next(): Promise<Message | null> {
    for (;;) {
      if (this.#at < this.#waiting.length) return this.#take();
      if (this.#end?.reason === CLOSED) return null;
      if (this.#end !== null) throw new Error(this.#end.reason);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): Message {
    const message = this.#waiting[this.#at++];
    if (this.#at === this.#waiting.length) {
      this.#waiting = [];
      this.#at = 0;
      this.#pipe.unmute();
    }
    return message;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (let m = await this.next(); m !== null; m = await this.next()) yield m;
  }

  ack(id: string): void {
    this.#pipe.ack(id);
  }
  close(): void {
    this.#pipe.close(0);
  }
}
const CLOSED = 'the peer has closed';

const nothing = (): void => {};
const QUIET: PipeEvents = { lines: nothing, malformed: nothing, up: nothing, refused: nothing, lost: nothing, released: nothing, dropped: nothing, closed: nothing };
