/** One pipe on the I/O side: a connection that may be made again, what goes out over it and what comes in. */
import { Connection } from '../../net/endpoint.js';
import { systemClock, type Clock, type Timer } from '../../net/clock.js';
import type { ClientHandler } from '../../net/handlers.js';
import type { Transport } from '../../net/transport.js';
import { crc32 } from '../../wire/soc/crc32.js';
import { Liveness } from '../../wire/soc/liveness.js';
import { TYPES, ackPayload, ackedId, encodeMessage, type Message } from '../../wire/soc/message.js';
import { Outbox, type OutboxOptions } from '../../wire/soc/outbox.js';
import { Receiver, type Received } from '../../wire/soc/receiver.js';
import type { IdSource } from '../../wire/soc/ids.js';
import type { Window } from '../../wire/soc/window.js';
import type { Spool } from './spool.js';

export interface PipeEvents {
  /** New messages: whole lines with their LF, in memory of their own. */
  lines(pipe: Pipe, lines: Buffer): void;
  /** Instead of `lines`, for who wants them one by one. */
  readonly message?: (pipe: Pipe, message: Message) => void;
  /** A line that is no message. */
  malformed(pipe: Pipe, reason: string): void;
  /** The connection was made, or made again. */
  up(pipe: Pipe): void;
  /** Nobody listens. */
  refused(pipe: Pipe, reason: string): void;
  /** The connection is over. */
  lost(pipe: Pipe, reason: string): void;
  /** So many messages are delivered, as far as this pipe promises, or dropped: there is room for others. */
  released(pipe: Pipe, messages: number, bytes: number): void;
  /** Before `released` counts them. */
  dropped(pipe: Pipe, dropped: readonly Dropped[]): void;
  /** Nothing follows. */
  closed(pipe: Pipe): void;
}

export interface Dropped { readonly id: string; readonly line: string; readonly reason: string }

export interface PipeOptions {
  /** Null: an accepted connection. */
  readonly path: string | null;
  readonly outbox: Partial<OutboxOptions>;
  readonly window: Window;
  readonly ids: IdSource;
  /** Ms since 1970. */
  readonly wall: () => number;
  readonly clock?: Clock;
  readonly connectMs?: number;
}

/** Acks and heartbeats that a peer has not read. More, and it never will. */
const CONTROL_LIMIT = 1 << 20;
const CONNECT_MS = 5000;
const LF = 10;
const NOTHING = Buffer.alloc(0);

export class Pipe {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Set once, before anything is posted. */
  spool: Spool | null = null;
  handle = -1;
  malformed = 0;
  duplicates = 0;
  /** When it was made, ms since 1970. */
  readonly openedMs: number;
  #connection: Connection | null = null;
  #receiver = new Receiver();
  #liveness: Liveness | null = null;
  #peerBeats = false;
  #control = '';
  #batchToken = -1;
  #expectToken = false;
  #timer: Timer | null = null;
  #driving = false;
  #again = false;
  #muted = false;
  #over = false;
  #reported = 0;
  #lossReason = '';

  constructor(private readonly options: PipeOptions, private readonly events: PipeEvents) {
    this.outbox = new Outbox({ ...options.outbox, redials: options.path !== null });
    this.clock = options.clock ?? systemClock;
    this.openedMs = options.wall();
  }

  /** Takes over what a listener accepted. */
  static accepted(transport: Transport, options: PipeOptions, events: PipeEvents): { pipe: Pipe; connection: Connection } {
    const pipe = new Pipe(options, events);
    pipe.outbox.expect();
    const connection = Connection.server(transport, pipe.#handler);
    pipe.#connection = connection;
    return { pipe, connection };
  }

  /** Null: accepted, not dialed. */
  get path(): string | null {
    return this.options.path;
  }
  get window(): Window {
    return this.options.window;
  }
  get connected(): boolean {
    return this.#connection !== null && this.#liveness !== null;
  }
  /** Of the connection there is. */
  get bytesIn(): number {
    return this.#connection?.bytesIn ?? 0;
  }
  get bytesOut(): number {
    return this.#connection?.bytesOut ?? 0;
  }
  get peer(): string {
    const peer = this.#connection?.peer;
    return peer === undefined || peer === null || peer.credentials === null ? (this.options.path ?? 'a peer') : `uid ${peer.credentials.uid} pid ${peer.credentials.pid}`;
  }

  /** Dials as soon as there is reason to. */
  dial(): void {
    this.#drive();
  }
  /** Dials at once, whatever there is to send. `up` or `refused` follows. */
  redial(): void {
    this.outbox.expect();
    this.#dial();
  }

  /** What the outbox says. */
  offer(id: string, line: string): 'ok' | 'full' | 'closed' | 'known' {
    const answer = this.outbox.offer(id, line);
    if (answer === 'ok') this.#soon();
    return answer;
  }

  /** Tells the peer that a message of its was handled. */
  ack(id: string): void {
    this.#say(TYPES.ACK, ackPayload(id));
  }

  /** Until `unmute` the peer's bytes stay in the kernel. */
  mute(): void {
    this.#muted = true;
    this.#connection?.mute();
  }
  unmute(): void {
    if (!this.#muted) return;
    this.#muted = false;
    this.#connection?.unmute();
  }

  /** Sends what is there, within `ms`; then `closed`. */
  close(ms: number): void {
    this.outbox.close(this.clock.now(), ms);
    this.#drive();
  }

  /* ── what is to be done ────────────────────────────────────────────── */

  /** Once for all that is offered in one turn. */
  #soon(): void {
    if (this.#again) return;
    this.#again = true;
    this.clock.afterThis(() => {
      this.#again = false;
      this.#drive();
    });
  }

  #drive(): void {
    if (this.#driving || this.#over) return;
    this.#driving = true;
    try {
      for (;;) {
        this.#flushControl();
        const todo = this.outbox.todo(this.clock.now(), this.#connection?.isWriteable === true);
        this.#report();
        if (todo.do === 'dial') this.#dial();
        else if (todo.do === 'write') this.#write(todo.bytes);
        else if (todo.do === 'kill') this.#drop(todo.reason);
        else if (todo.do === 'done') return this.#finish();
        else return this.#rest(todo.ms);
      }
    } finally {
      this.#driving = false;
    }
  }

  #rest(ms: number): void {
    this.#timer?.cancel();
    this.#timer = null;
    const wait = Math.min(ms, this.#liveness?.wait(this.clock.now()) ?? Infinity);
    if (wait === Infinity) return;
    this.#timer = this.clock.after(Math.max(1, wait), () => {
      this.#timer = null;
      this.#beat();
      this.#drive();
    });
  }

  #beat(): void {
    const due = this.#liveness?.check(this.clock.now()) ?? null;
    if (due === 'dead') this.#lose('the peer is silent');
    else if (due === 'heartbeat') {
      this.#liveness!.sent(this.clock.now());
      // A peer that accepted us is told only if it beats too: an old one would never read it.
      if (this.options.path !== null || this.#peerBeats) this.#say(TYPES.HEARTBEAT, null);
    }
  }

  #report(): void {
    const { outbox } = this;
    const dropped = outbox.takeDropped();
    if (dropped.length > 0) this.events.dropped(this, dropped.map(({ entry, reason }) => ({ id: entry.id, line: entry.line, reason })));
    const released = outbox.counts.settled + outbox.counts.dropped;
    const bytes = outbox.takeSettledBytes();
    if (released > this.#reported) this.events.released(this, released - this.#reported, bytes);
    this.#reported = released;
  }

  /* ── the connection ────────────────────────────────────────────────── */

  #dial(): void {
    this.#connection = Connection.client({ target: { kind: 'unix', path: this.options.path! }, connectTimeoutMs: this.options.connectMs ?? CONNECT_MS, clock: this.clock }, this.#handler);
  }

  readonly #handler: ClientHandler & { onStarted(): void; onStartFailure(): void } = {
    onConnected: () => this.#up(),
    onStarted: () => this.#up(),
    onConnectionFailure: (_, failure) => this.#refusedBy(failure.message),
    onStartFailure: () => this.#refusedBy('the connection failed'),
    onReceived: (_, data) => this.#received(data),
    onSendAccepted: (_, token) => {
      if (this.#expectToken) this.#batchToken = token;
      this.#expectToken = false;
    },
    onSent: (_, token) => {
      this.#liveness?.sent(this.clock.now());
      if (token !== this.#batchToken) return;
      this.#batchToken = -1;
      this.outbox.sent(this.clock.now());
      this.#drive();
    },
    onUnthrottled: () => this.#drive(),
    onClosed: (connection, cause) => {
      if (connection !== this.#connection || this.#over) return;
      const rest = this.#receiver.finish();
      if (rest?.kind === 'message') this.#take(rest);
      this.#down(this.#lossReason === '' ? (cause.code === 'peer-closed' ? 'the peer has closed' : cause.message) : this.#lossReason);
    },
  };

  #up(): void {
    this.#receiver = new Receiver();
    this.#liveness = new Liveness(this.clock.now(), false);
    this.#peerBeats = false;
    this.#control = '';
    this.#lossReason = '';
    if (this.#muted) this.#connection!.mute();
    this.outbox.connected(this.clock.now());
    this.events.up(this);
    this.#drive();
  }

  #refusedBy(reason: string): void {
    this.#connection = null;
    this.outbox.refused(this.clock.now());
    this.events.refused(this, reason);
    this.#drive();
  }

  /** Ends the connection from this side; `onClosed` does the rest. */
  #lose(reason: string): void {
    this.#lossReason = reason;
    this.#connection?.hardClose();
  }

  #down(reason: string): void {
    this.#connection = null;
    this.#liveness = null;
    this.#batchToken = -1;
    this.outbox.lost(this.clock.now(), reason);
    this.events.lost(this, reason);
    this.#drive();
  }

  /** The outbox has given the connection up already. */
  #drop(reason: string): void {
    this.#lossReason = reason;
    this.#connection?.hardClose();
  }

  #finish(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#connection?.close();
    this.events.closed(this);
  }

  /* ── out ───────────────────────────────────────────────────────────── */

  #write(bytes: string): void {
    this.#expectToken = true;
    if (this.#connection?.send(Buffer.from(bytes, 'latin1')) !== 'accepted') {
      this.#expectToken = false;
      this.#lose('the connection does not take data');
    }
  }

  #say(type: string, payload: string | null): void {
    if (this.#liveness === null) return;
    const { ids, wall } = this.options;
    const encoded = encodeMessage({ type, id: ids.next(), ts: Math.floor(wall() / 1000), payload });
    if (encoded.ok) this.#control += encoded.line;
    if (this.#control.length > CONTROL_LIMIT) return this.#lose('the peer does not read');
    this.#soon();
  }

  /** Acks and heartbeats go between the batches. */
  #flushControl(): void {
    if (this.#control === '' || this.#connection?.isWriteable !== true) return;
    const bytes = Buffer.from(this.#control, 'latin1');
    this.#control = '';
    this.#connection.send(bytes);
  }

  /* ── in ────────────────────────────────────────────────────────────── */

  #received(data: Uint8Array): void {
    const receiver = this.#receiver;
    const now = this.clock.now();
    this.#liveness?.heard(now);
    receiver.push(data);
    // All that is new fits into it: what comes now, and a line that began before.
    const out = this.events.message === undefined ? Buffer.allocUnsafeSlow(data.length + receiver.held + 1) : NOTHING;
    let size = 0;
    let acked = false;
    for (let r = receiver.next(); r !== null; r = receiver.next()) {
      if (r.kind === 'malformed') {
        this.malformed++;
        this.events.malformed(this, r.reason);
        continue;
      }
      const { message, bytes, start, end } = r;
      if (message.type === TYPES.ACK) acked = this.#acked(message.payload) || acked;
      else if (message.type === TYPES.HEARTBEAT) {
        this.#peerBeats = true;
        this.#liveness?.heard(now, true);
      } else if (this.#isNew(message.id, bytes, start, end)) {
        if (this.events.message !== undefined) this.events.message(this, message);
        else size = copyLine(out, size, r);
      }
    }
    if (size > 0) this.events.lines(this, size * 2 < out.length ? Buffer.from(out.subarray(0, size)) : out.subarray(0, size));
    if (receiver.over === 'overrun') this.#lose('a line is too long');
    if (acked) this.#drive();
  }

  /** The line that the stream ended in. */
  #take(last: Extract<Received, { kind: 'message' }>): void {
    const { message, bytes, start, end } = last;
    if (message.type === TYPES.ACK) this.#acked(message.payload);
    else if (message.type !== TYPES.HEARTBEAT && this.#isNew(message.id, bytes, start, end)) {
      if (this.events.message !== undefined) return this.events.message(this, message);
      const out = Buffer.allocUnsafeSlow(end - start + 1);
      copyLine(out, 0, last);
      this.events.lines(this, out);
    }
  }

  #isNew(id: string, bytes: Buffer, start: number, end: number): boolean {
    const sighting = this.options.window.note(id, id === '' ? 0 : crc32(bytes, start, end), this);
    if (sighting === 'new') return true;
    this.duplicates++;
    if (sighting === 'acked') this.ack(id);
    return false;
  }

  #acked(payload: string | null): boolean {
    const id = ackedId(payload);
    if (id === null) return false;
    this.spool?.ack(id);
    return this.outbox.acked(id);
  }
}

/** Appends a line with its LF; answers where the next begins. */
function copyLine(out: Buffer, at: number, line: { readonly bytes: Buffer; readonly start: number; readonly end: number }): number {
  const end = at + line.bytes.copy(out, at, line.start, line.end);
  out[end] = LF;
  return end + 1;
}
