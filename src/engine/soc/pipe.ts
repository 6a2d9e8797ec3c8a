/** One pipe on the I/O side: a connection that may be made again, what goes out over it and what comes in. */
import { Connection } from '../../net/endpoint.js';
import { systemClock, type Clock, type Timer } from '../../net/clock.js';
import type { ClientHandler } from '../../net/handlers.js';
import type { Transport } from '../../net/transport.js';
import { Liveness } from '../../wire/soc/liveness.js';
import { TYPES, ackPayload, encodeMessage, type Message } from '../../wire/soc/message.js';
import { Outbox } from '../../wire/soc/outbox.js';
import type { Window } from '../../wire/soc/window.js';
import { CLOSED, type PipeEnd, type PipeEvents, type PipeOptions } from './pipe-events.js';
import { PipeInput } from './pipe-input.js';
import { Spool, type FsyncPolicy, type Recovered } from './spool.js';

/** Acks and heartbeats that a peer has not read. More, and it never will. */
const CONTROL_LIMIT = 1 << 20;
const CONNECT_MS = 5000;

export class Pipe {
  readonly outbox: Outbox;
  readonly clock: Clock;
  handle = -1;
  malformed = 0;
  duplicates = 0;
  /** When it was made, ms since 1970. */
  readonly openedMs: number;
  #connection: Connection | null = null;
  #spool: Spool | null = null;
  #input: PipeInput | null = null;
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
  #acked = false;
  #onEnd: (() => void) | null = null;

  constructor(private readonly options: PipeOptions, private readonly events: PipeEvents) {
    this.outbox = new Outbox({ ...options.outbox, redials: options.path !== null });
    this.clock = options.clock ?? systemClock;
    this.openedMs = options.wall();
    const { message } = events;
    if (message !== undefined) this.#inputEvents.message = (m, ascii) => message(this, m, ascii);
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
  get spool(): Spool | null {
    return this.#spool;
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

  /** From now on messages stay in a file until they are acknowledged. Before anything is posted. Rejects with PipeError. */
  async keepIn(file: string, fsync: FsyncPolicy): Promise<Recovered> {
    const { spool, recovered } = await Spool.open(file, fsync, {
      stored: (messages) => {
        for (const { id, line } of messages) this.#take(id, line);
        this.events.stored?.(this, messages);
      },
      failed: (messages, reason) => {
        this.events.dropped(this, messages.map(({ id, line }) => ({ id, line, reason: `spool: ${reason}` })));
        this.events.released(this, messages.length, messages.reduce((n, m) => n + m.line.length, 0));
      },
    });
    this.#spool = spool;
    for (const { id, line } of recovered.messages) this.offer(id, line);
    return recovered;
  }

  /** Takes a message, over the spool where there is one. `released` follows, before it `dropped` if it is. */
  post(id: string, line: string): void {
    if (this.#spool === null) this.#take(id, line);
    else if (this.#spool.has(id) || this.outbox.has(id)) this.events.released(this, 1, line.length);
    else this.#spool.add({ id, line });
  }
  #take(id: string, line: string): void {
    const answer = this.offer(id, line);
    if (answer === 'ok') return;
    if (answer !== 'known') this.events.dropped(this, [{ id, line, reason: answer === 'full' ? 'no room' : 'the pipe is closed' }]);
    this.events.released(this, 1, line.length);
  }

  /** What the outbox says. Without a spool: see `post`. */
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

  /** Stores what was posted, sends what is there within `ms`, and lets go of everything. */
  async end(ms: number): Promise<PipeEnd> {
    await this.#spool?.flush();
    const before = { ...this.outbox.counts };
    if (!this.#over) {
      await new Promise<void>((resolve) => {
        this.#onEnd = resolve;
        // What a peer that is not there has not acknowledged stays in the spool: nothing is to be waited for.
        this.close(this.#spool !== null && !this.connected ? 0 : ms);
      });
    }
    await this.#spool?.close();
    const { settled, dropped } = this.outbox.counts;
    return { flushed: settled - before.settled, dropped: dropped - before.dropped, kept: this.outbox.pending };
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
    onConnectionFailure: (_, { message, code }) => this.#refusedBy(message, code),
    onStartFailure: () => this.#refusedBy('the connection failed', 'io'),
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
      const whole = this.#input?.finish() !== false;
      this.#down(this.#lossReason === '' && cause.code === 'peer-closed', this.#lossReason || (cause.code !== 'peer-closed' ? cause.message : whole ? CLOSED : 'the peer has closed within a line'));
    },
  };

  #up(): void {
    this.#input = new PipeInput(this.options.window, this, this.#inputEvents);
    this.#liveness = new Liveness(this.clock.now(), false);
    this.#peerBeats = false;
    this.#control = '';
    this.#lossReason = '';
    if (this.#muted) this.#connection!.mute();
    this.outbox.connected(this.clock.now());
    this.events.up(this);
    this.#drive();
  }

  #refusedBy(reason: string, code: string): void {
    this.#connection = null;
    this.outbox.refused(this.clock.now());
    this.events.refused(this, reason, code);
    this.#drive();
  }

  /** Ends the connection from this side; `onClosed` does the rest. */
  #lose(reason: string): void {
    this.#lossReason = reason;
    this.#connection?.hardClose();
  }

  #down(clean: boolean, reason: string): void {
    this.#connection = null;
    this.#liveness = null;
    this.#batchToken = -1;
    this.outbox.lost(this.clock.now(), reason, clean);
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
    this.#onEnd?.();
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
    this.#liveness?.heard(this.clock.now());
    this.#acked = false;
    if (this.#input?.receive(data) === false) this.#lose('a line is too long');
    if (this.#acked) this.#drive();
  }

  readonly #inputEvents = {
    lines: (lines: Buffer): void => this.events.lines(this, lines),
    message: undefined as ((message: Message, ascii: boolean) => void) | undefined,
    malformed: (reason: string): void => {
      this.malformed++;
      this.events.malformed(this, reason);
    },
    acked: (id: string): void => {
      this.#spool?.ack(id);
      this.#acked = this.outbox.acked(id) || this.#acked;
    },
    heartbeat: (): void => {
      this.#peerBeats = true;
      this.#liveness?.heard(this.clock.now(), true);
    },
    again: (id: string, handled: boolean): void => {
      this.duplicates++;
      if (handled) this.ack(id);
    },
  };
}
