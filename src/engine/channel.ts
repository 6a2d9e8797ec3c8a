/**
 * The one way between the thread that owns the sockets and the thread that evaluates: a ring each way, a port for payloads too large
 * for it (transferred, not copied), and a port that wakes a side that sleeps in its event loop. Both ends are alike.
 */
import type { MessagePort, TransferListItem } from 'node:worker_threads';
import { later } from '../columns/later.js';
import { joined } from '../wire/rayforce/frames.js';
import { SPIN_MS, Spinner } from './spinner.js';
import { RingReader, RingWriter, WAITS, ringMemory, wakeReader, type RingMemory } from './ring.js';

/** Records of the I/O side. */
export const TO_LANG = {
  /** Whole frames of a connection, one after another; the headers are checked. */
  FRAMES: 1,
  /** May this user in? bytes: user and password, `arg`: length of the user; `object`: restricted. */
  AUTH: 2,
  /** A connection was admitted; `arg`: see `OPENED`. */
  OPEN: 3,
  /** A connection is gone; its handle is not given away before RELEASE. */
  CLOSED: 4,
  /** Answer to a CALL: `arg` its number, object: `CallResult`. */
  RESULT: 5,
  /** A request of the program that embeds the engine: `arg` its number, object: `Command`. */
  COMMAND: 6,
  /** Object: a `LogRecord`, where the log belongs to the language side. */
  LOG: 7,
  /** Messages of a pipe: whole lines. */
  SOC: 8,
  /** Object: a `SocEvent`. */
  SOC_EVENT: 9,
  /** A slot of a broker is to be asked: `arg` a number, object: `BrokerQuestion`. */
  BROKER: 10,
  /** Something about a connection that needs no words: `arg` one of `SIGN`. */
  SIGN: 20,
  /** The kernel has what was accepted with a token: `arg` its lower 32 bits. */
  SENT: 21,
  /** Object: a `NetEvent`. */
  NET_EVENT: 22,
} as const;

/** The `arg` of OPEN: bits, and from a bit on the peer's port. NUMBERED: see `Conn`. */
export const OPENED = { RESTRICTED: 1, NUMBERED: 2, PORT: 2 } as const;

/** Records of the language side. */
export const TO_IO = {
  /** Bytes for a connection: whole frames. */
  WRITE: 1,
  /** `arg`: 1 admitted, 0 refused. */
  AUTH: 2,
  /** Close after what was written; its handle is free at once. */
  CLOSE: 3,
  /** The close of a connection has been noted: its handle may be given away. */
  RELEASE: 4,
  /** Asks the I/O side for something: `arg` a number, object: `Call`. */
  CALL: 5,
  /** Answer to a COMMAND: `arg` its number, object: `CommandResult`. */
  ANSWER: 6,
  /** Output of the program; `arg`: 1 stdout, 2 stderr. */
  OUTPUT: 7,
  /** The program called `(exit arg)`. */
  EXIT: 8,
  /** Object: a `LogRecord`. */
  LOG: 9,
  /** For a pipe; `arg` one of `POST`. */
  SOC: 10,
  /** Answer to BROKER: `arg` its number, object: `BrokerVerdict`. */
  BROKER: 11,
  /** As WRITE, with a token: `arg` its lower 32 bits. */
  SEND: 20,
  /** `arg`: 1 the connection is not read, 0 it is again. */
  MUTE: 21,
  /** A script was told to try again: it is to hear when. */
  WANT: 22,
  /** As WRITE, and then TLS begins. */
  SECURE: 23,
} as const;

/** What a SIGN says. */
export const SIGN = { THROTTLED: 0, UNTHROTTLED: 1, IDLE: 2 } as const;

/** Marks a record whose payload waits in the port. */
const BULK = 0x100;
/** It waits in parts, `Parts`. */
const PARTED = 0x200;
interface Parts { readonly parts: readonly Uint8Array[]; readonly size: number }
const threads = later<typeof import('node:worker_threads')>('node:worker_threads');
/** Bytes of a ring: a few hundred replies of 10 KB, or a hundred thousand small ones. */
const RING_BYTES = 4 << 20;
export interface EndMemory {
  readonly send: RingMemory;
  readonly receive: RingMemory;
  readonly bulk: MessagePort;
  readonly wake: MessagePort;
}

/** Two ends that belong together; each may be transferred to its thread (`ports`). */
export function channelMemory(): { io: EndMemory; lang: EndMemory } {
  const toLang = ringMemory(RING_BYTES);
  const toIo = ringMemory(RING_BYTES);
  let made: { readonly bulk: Pair; readonly wake: Pair } | null = null;
  const channels = (): { readonly bulk: Pair; readonly wake: Pair } => {
    if (made !== null) return made;
    const { MessageChannel } = threads();
    return (made = { bulk: new MessageChannel(), wake: new MessageChannel() });
  };
  // A script that connects to nothing has a channel, too, and never uses it: the ports are made when one is asked for.
  const end = (send: RingMemory, receive: RingMemory, port: keyof Pair): EndMemory => ({
    send, receive,
    get bulk() { return channels().bulk[port]; },
    get wake() { return channels().wake[port]; },
  });
  return { io: end(toLang, toIo, 'port1'), lang: end(toIo, toLang, 'port2') };
}
interface Pair { readonly port1: MessagePort; readonly port2: MessagePort }
export const ports = (end: EndMemory): MessagePort[] => [end.bulk, end.wake];
/** Ends the wait of the other side of `mine` without a record: something in shared memory changed. */
export const nudge = (mine: EndMemory): void => wakeReader(mine.send);

const always = (): boolean => true;
const NOTHING = new Uint8Array(0);

export class End {
  readonly reader: RingReader;
  readonly #writer: RingWriter;
  readonly #memory: EndMemory;
  readonly #maxInline: number;
  readonly #spinner = new Spinner();

  constructor(memory: EndMemory) {
    this.reader = new RingReader(memory.receive);
    this.#writer = new RingWriter(memory.send);
    this.#memory = memory;
    this.#maxInline = Math.min(this.#writer.maxPayload, 256 << 10);
  }

  /**
   * Appends a record; the other side is woken by `flush`. False: no room now. `own`: the caller gives the whole memory of `bytes`
   * away if it is too large for the ring, which saves a copy.
   */
  write(kind: number, handle: number, arg = 0, bytes: Uint8Array = NOTHING, from = 0, to = bytes.length, own = false): boolean {
    if (to - from <= this.#maxInline) return this.#writer.write(kind, handle, arg, bytes, from, to);
    if (!this.#writer.write(kind | BULK, handle, arg, NOTHING, 0, 0)) return false;
    // Not `bytes.slice`: that of a Buffer copies nothing, and the memory of others would be given away.
    const payload = own && bytes.buffer.byteLength < 2 * (to - from) ? bytes.subarray(from, to) : Uint8Array.prototype.slice.call(bytes, from, to);
    this.#bulk.postMessage(payload, [payload.buffer as ArrayBuffer]);
    return true;
  }

  /** As `write` for `parts`, memory of their own, given away, that the other side joins. */
  writeParts(kind: number, handle: number, parts: readonly Uint8Array[], size: number): boolean {
    if (size <= this.#maxInline) return this.write(kind, handle, 0, joined(parts, size), 0, size, true);
    // A block may have parts at several places.
    return this.writeObject(kind | PARTED, handle, 0, { parts, size } satisfies Parts, [...new Set(parts.map((part) => part.buffer as ArrayBuffer))]);
  }

  /** Appends a record with a structured payload. False: no room now. */
  writeObject(kind: number, handle: number, arg: number, object: unknown, transfer: readonly TransferListItem[] = []): boolean {
    if (!this.#writer.write(kind | BULK, handle, arg, NOTHING, 0, 0)) return false;
    this.#bulk.postMessage(object, transfer);
    return true;
  }

  /** Blocks until there may be room; only for a side that may block. */
  waitForRoom(): void {
    this.flush();
    this.#writer.waitForRoom(1);
  }
  /** Says that this side, in an event loop, has something left to write: it is woken when there is room. */
  wantRoom(): void {
    this.#writer.setWaiting(WAITS.EVENT_LOOP);
  }

  /** Wakes the other side if it sleeps. */
  flush(): void {
    const how = this.#writer.takeWaitingReader();
    if (how === WAITS.FUTEX) this.#writer.notifyReader();
    else if (how === WAITS.EVENT_LOOP) this.#wake.postMessage(0);
  }

  /** The structured or large payload of the current record; undefined where it lies in the ring. */
  bulk(): unknown {
    if ((this.reader.kind & BULK) === 0) return undefined;
    // The record may be seen before its message: the writer posts right after it.
    for (;;) {
      const got = threads().receiveMessageOnPort(this.#bulk);
      if (got === undefined) continue;
      if ((this.reader.kind & PARTED) === 0) return got.message;
      const { parts, size } = got.message as Parts;
      return joined(parts, size);
    }
  }
  get #bulk(): MessagePort {
    return this.#memory.bulk;
  }
  get #wake(): MessagePort {
    return this.#memory.wake;
  }

  /** Kind of the current record. */
  get kind(): number {
    return this.reader.kind & ~(BULK | PARTED);
  }
  get isBulk(): boolean {
    return (this.reader.kind & BULK) !== 0;
  }

  /** Gives the current record back, and wakes the other side if it waits for room. */
  consume(): void {
    this.reader.consume();
    const how = this.reader.takeWaitingWriter();
    if (how === WAITS.FUTEX) this.reader.notifyWriter();
    else if (how === WAITS.EVENT_LOOP) this.#wake.postMessage(0);
  }

  /** The other side has taken every record. */
  get allTaken(): boolean {
    return this.#writer.taken;
  }

  /** Polls, if that pays, and then blocks until there is a record or `ms` have passed or a nudge came. */
  wait(ms: number): boolean {
    return this.spin() || this.reader.wait(ms);
  }
  /** Polls, if that pays, until there is a record or `hope` answers false. */
  spin(hope: () => boolean = always): boolean {
    if (!this.reader.empty) return true;
    if (!this.#spinner.worthIt()) return false;
    const until = performance.now() + SPIN_MS;
    do {
      for (let i = 0; i < 32; i++) {
        if (!this.reader.empty) {
          this.#spinner.won();
          return true;
        }
      }
      if (!hope()) return !this.reader.empty;
    } while (performance.now() < until);
    this.#spinner.lost();
    return false;
  }

  /** Calls `listener` when this side was woken in its event loop. */
  onWake(listener: () => void): void {
    this.#wake.on('message', listener);
  }
  offWake(): void {
    this.#wake.removeAllListeners('message');
  }
  ref(): void {
    this.#wake.ref();
  }
  unref(): void {
    this.#wake.unref();
    this.#bulk.unref();
  }
  close(): void {
    this.#wake.close();
    this.#bulk.close();
  }
}
