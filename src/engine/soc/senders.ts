/** Sending over pipes for programs in TypeScript: what scripts do with `.soc.dial` and `.soc.post`, without an interpreter. */
import { skipSpace, valueEnd } from '../../columns/json-scan.js';
import { toBytes } from '../../lang/text.js';
import { systemClock, type Clock } from '../../net/clock.js';
import { IdSource } from '../../wire/soc/ids.js';
import { encodeMessage } from '../../wire/soc/message.js';
import { OUTBOX, type OutboxOptions } from '../../wire/soc/outbox.js';
import { Window } from '../../wire/soc/window.js';
import { tryAgain } from './dialing.js';
import { pipeOrPath } from './paths.js';
import type { Dropped, PipeEnd, PipeEvents } from './pipe-events.js';
import { Pipe } from './pipe.js';
import type { FsyncPolicy } from './spool.js';

/** Ids of this process, for all its senders. */
export const ids = new IdSource(Date.now, process.pid % 1000);

/** A message as it is sent. What is left out is made: the id (nanoseconds, strictly increasing) and `ts` (seconds since 1970). */
export interface Outgoing {
  /** `soc_event`, `soc_incident`, or any other word. */
  readonly type: string;
  /** A string is JSON text, sent as it is, so that numbers keep their digits; an object or array is written by `JSON.stringify`; null: none. */
  readonly payload: string | object | null;
  /** At most 256 bytes. Whoever derives it from what caused the message may send it again: receivers know it. */
  readonly id?: string;
  readonly ts?: number;
}

/** `full`: as much waits as may; `too-large`: more than 1 MiB with its envelope, or an id of more than 256 bytes; `no-json`: of the payload. */
export type SendAnswer = 'ok' | 'full' | 'closed' | 'too-large' | 'no-json';

/** A message that was given up: its line as UTF-8 in a byte string, and why. */
export type { Dropped };

/** Each has its default. */
export interface SenderOptions extends Partial<Pick<OutboxOptions, 'capacity' | 'capacityBytes' | 'attempts' | 'writeMs'>> {
  /** Each message that was given up. Without it they are only counted. */
  readonly onDrop?: (dropped: Dropped) => void;
  /** A connection is over. The next message makes another. */
  readonly onLost?: (reason: string) => void;
  /** For a connection to be made, ms. Default 5000. */
  readonly connectMs?: number;
  readonly clock?: Clock;
}
/** Of a sender that keeps messages in a file. */
export interface SpoolOptions extends SenderOptions {
  /** `batch` (the default): what is sent in one turn is synced to disk together; it outlives a power cut. `none`: it outlives the process. */
  readonly fsync?: FsyncPolicy;
}

const SPOOL_CAPACITY = 65_536;

/**
 * Sends in the background, in order; dials when there is something to send. A line that is not written whole within 5 s ends its
 * connection, and goes out again over a new one under the same id, after 100 and 200 ms; then it is dropped. At most 4096 messages and
 * 64 MiB wait.
 */
export class BufferedSender {
  readonly #pipe: Pipe;
  readonly #capacity: number;
  readonly #capacityBytes: number;
  /** With a spool: messages and bytes that were sent and are neither acknowledged nor dropped. */
  #spooled = 0;
  #spooledBytes = 0;
  #dials: ((up: boolean) => void)[] = [];
  #idle: (() => void)[] = [];
  #roomy: (() => void)[] = [];
  #ended: Promise<PipeEnd> | null = null;

  /** `pipe`: its name, or the absolute path of its socket. `reliable` is for `spooled`. Throws PipeError: `domain` for what is neither, `io` for a folder that is not ours alone. */
  constructor(pipe: string, options: SenderOptions = {}, reliable = false) {
    const { onDrop, onLost, connectMs, clock, ...outbox } = options;
    this.#capacity = options.capacity ?? (reliable ? SPOOL_CAPACITY : OUTBOX.capacity);
    this.#capacityBytes = options.capacityBytes ?? OUTBOX.capacityBytes;
    const events: PipeEvents = {
      lines: () => {},
      malformed: () => {},
      up: () => this.#dialed(true),
      refused: () => this.#dialed(false),
      lost: (_, reason) => onLost?.(reason),
      dropped: (_, dropped) => dropped.forEach((d) => onDrop?.(d)),
      released: (_, messages, bytes) => this.#released(messages, bytes),
      closed: () => {
        this.#dialed(false);
        for (const roomy of this.#roomy.splice(0)) roomy();
      },
    };
    const roomy = reliable ? { reliable, capacity: this.#capacity + 1, capacityBytes: 2 * this.#capacityBytes } : { indexed: false };
    const made = { ...(connectMs === undefined ? {} : { connectMs }), ...(clock === undefined ? {} : { clock }) };
    this.#pipe = new Pipe({ path: pipeOrPath(pipe), outbox: { ...outbox, ...roomy }, window: new Window(1), ids, wall: Date.now, ...made }, events);
  }

  /**
   * One whose messages stay in the file `spool` until the peer acknowledges their ids, whatever crashes meanwhile: at least once. A peer
   * that is not there is waited for; at most 65 536 messages wait. What was in the file is sent first. Rejects with PipeError: `io`.
   */
  static async spooled(pipe: string, spool: string, { fsync = 'batch', ...options }: SpoolOptions = {}): Promise<BufferedSender> {
    const sender = new BufferedSender(pipe, options, true);
    const { messages, lastId } = await sender.#pipe.keepIn(spool, fsync);
    ids.after(lastId);
    sender.#spooled = messages.length;
    sender.#spooledBytes = messages.reduce((n, m) => n + m.line.length, 0);
    sender.#pipe.dial();
    return sender;
  }

  /** Takes a message to be sent, or says why not. */
  send({ type, payload, id, ts }: Outgoing): SendAnswer {
    const json = payload === null ? null : typeof payload === 'string' ? oneLine(payload) : written(payload);
    if (json === '') return 'no-json';
    const own = id === undefined ? ids.next() : toBytes(id);
    const encoded = encodeMessage({ type: typeBytes(type), id: own, ts: ts ?? Math.floor(Date.now() / 1000), payload: json });
    if (!encoded.ok) return 'too-large';
    if (this.#pipe.spool !== null) return this.#keep(own, encoded.line);
    const answer = this.#pipe.offer(own, encoded.line);
    return answer === 'known' ? 'ok' : answer;
  }

  /** Messages neither with the kernel nor given up; with a spool, neither acknowledged nor given up. */
  get pending(): number {
    return this.#pipe.spool === null ? this.#pipe.outbox.pending : this.#spooled;
  }
  /** Since the beginning. */
  get counts(): { readonly settled: number; readonly dropped: number; readonly resent: number; /** With the kernel when the connection was lost. */ readonly unconfirmed: number } {
    const { settled, dropped, resent, unconfirmed } = this.#pipe.outbox.counts;
    return { settled, dropped, resent, unconfirmed };
  }

  /** Connects now and not with the first message. False: nobody listens, or it is closed. */
  connect(): Promise<boolean> {
    if (this.#ended !== null) return Promise.resolve(false);
    if (this.#pipe.connected) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#dials.push(resolve);
      if (this.#pipe.outbox.state !== 'dialing') this.#pipe.redial();
    });
  }

  /** Resolves when everything that was sent so far is with the kernel or given up; with a spool, when it is in the file or given up. */
  flush(): Promise<void> {
    const { spool } = this.#pipe;
    if (spool !== null) return spool.flush();
    return this.pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when half of what may wait is free: what to await after `full`. */
  room(): Promise<void> {
    return this.#hasRoom ? Promise.resolve() : new Promise((resolve) => this.#roomy.push(resolve));
  }

  /** Takes nothing more. What waits has `timeoutMs` to go out; what is left is dropped, or kept in the spool. May be called again. */
  close({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<PipeEnd> {
    return (this.#ended ??= this.#pipe.end(timeoutMs));
  }

  #keep(id: string, line: string): SendAnswer {
    if (this.#ended !== null) return 'closed';
    if (this.#spooled >= this.#capacity || this.#spooledBytes + line.length > this.#capacityBytes) return 'full';
    this.#spooled++;
    this.#spooledBytes += line.length;
    this.#pipe.post(id, line);
    return 'ok';
  }
  get #hasRoom(): boolean {
    const { spool, outbox } = this.#pipe;
    return 2 * this.pending <= this.#capacity && 2 * (spool === null ? outbox.pendingBytes : this.#spooledBytes) <= this.#capacityBytes;
  }
  #released(messages: number, bytes: number): void {
    this.#spooled -= messages;
    this.#spooledBytes -= bytes;
    if (this.#idle.length > 0 && this.#pipe.outbox.pending === 0) for (const idle of this.#idle.splice(0)) idle();
    // In a turn of its own: whoever fills every gap at once lets nobody else come to their turn.
    if (this.#roomy.length > 0 && this.#hasRoom) for (const roomy of this.#roomy.splice(0)) setImmediate(roomy);
  }
  #dialed(up: boolean): void {
    for (const dialed of this.#dials.splice(0)) dialed(up);
  }
}

/** Sends one message at a time, and says what became of it. */
export class Sender {
  readonly #buffered: BufferedSender;
  #failed: string | null = null;
  #sending = '';
  #turn: Promise<unknown> = Promise.resolve();

  /** As `BufferedSender`. */
  constructor(pipe: string, options: SenderOptions = {}) {
    this.#buffered = new BufferedSender(pipe, {
      ...options,
      onDrop: (dropped) => {
        // Another may turn out to be lost meanwhile.
        if (dropped.id === this.#sending) this.#failed = dropped.reason;
        options.onDrop?.(dropped);
      },
    });
  }

  /** Resolves when the kernel has it; rejects with the reason when all tries have failed, or it was not taken. Calls wait for each other. */
  send(message: Outgoing): Promise<void> {
    const sent = this.#turn.then(() => this.#send(message));
    this.#turn = sent.catch(() => {});
    return sent;
  }
  /** See `BufferedSender`. */
  connect(): Promise<boolean> {
    return this.#buffered.connect();
  }
  /** See `BufferedSender`. */
  close(options: { readonly timeoutMs?: number } = {}): Promise<PipeEnd> {
    return this.#buffered.close(options);
  }

  async #send(message: Outgoing): Promise<void> {
    this.#failed = null;
    const id = message.id ?? ids.next();
    this.#sending = toBytes(id);
    const answer = this.#buffered.send({ ...message, id });
    if (answer !== 'ok') throw new Error(answer);
    await this.#buffered.flush();
    if (this.#failed !== null) throw new Error(this.#failed);
  }
}

/** How long to look for a peer, and when to stop. */
export interface RetryOptions {
  /** Ends it at any moment. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Connects a sender, trying `attempts` times: 500 ms after the first failure, 1000 ms after the second, and so on. False: in vain, or cancelled. */
export function dialWithRetry(sender: { connect(): Promise<boolean> }, attempts: number, { signal, clock = systemClock }: RetryOptions = {}): Promise<boolean> {
  return tryAgain(() => sender.connect(), attempts, clock, signal);
}

/** Types are few, and mostly ASCII. */
const typeBytes = (type: string): string => (OTHER.test(type) ? toBytes(type) : type);

/** A value as JSON in UTF-8 bytes; '' where it has none. */
function written(value: object): string {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? '' : OTHER.test(json) ? toBytes(json) : json;
  } catch {
    // A circle, or an integer that JSON has no way to write.
    return '';
  }
}

/** A JSON text as UTF-8 bytes without line breaks, which in JSON are nothing but space; '' where it is none. */
function oneLine(json: string): string {
  const plain = !OTHER.test(json);
  const bytes = plain ? json : toBytes(json);
  const end = valueEnd(bytes, skipSpace(bytes, 0), 1);
  if (end < 0 || skipSpace(bytes, end) !== bytes.length) return '';
  return plain ? bytes : bytes.replace(/[\r\n]/g, ' ');
}
const OTHER = /[^\x20-\x7e]/;
