/**
 * Streams without sockets, on any clock and any source of randomness: every split, delay, stall, half-close and reset a network can
 * produce, and the same again for the same seed.
 */
import type { Clock } from './clock.js';
import { tlsFailure, type TlsFailure } from './failures.js';
import type { TlsDetails } from './tls-context.js';
import {
  CONGESTED, PENDING, TAKEN, type DialEvents, type Dialer, type PeerName, type TlsSession, type Transport, type TransportEvents, type WriteOutcome,
} from './transport.js';

/** What the network between two ends is like. */
export interface FakeNetOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Bytes the kernel takes before it refuses. */
  readonly capacity: number;
  /** Longest delay of a delivery in ms. */
  readonly latencyMs: number;
  /** Most bytes of one delivery. */
  readonly mostBytes: number;
}

/** Two ends that are connected with each other. */
export function fakePair(options: FakeNetOptions): [FakeTransport, FakeTransport] {
  const there = new Pipe(options);
  const back = new Pipe(options);
  const handshake: FakeHandshake = { sides: [], refusal: null };
  return [new FakeTransport(there, back, handshake, options), new FakeTransport(back, there, handshake, options)];
}

/** A dialer that hands out `transport`, or fails, after `ms`; `attempts` are announced before. */
export function fakeDialer(clock: Clock, ms: number, outcome: { transport: Transport } | { reason: 'dns' | 'tcp' }, attempts: readonly number[] = [1]): Dialer {
  return {
    dial(_, events: DialEvents) {
      let aborted = false;
      if ('transport' in outcome || outcome.reason === 'tcp') for (const inFlight of attempts) clock.soon(() => aborted || events.attempting(inFlight));
      clock.after(ms, () => {
        if (aborted) return;
        if ('transport' in outcome) events.connected(outcome.transport);
        else events.failed(outcome.reason, new Error('as asked for'));
      });
      return { abort: () => { aborted = true; } };
    },
  };
}

const PEER: PeerName = { kind: 'tcp', name: 'fake', port: 0, localPort: 0, credentials: null };
const DETAILS: TlsDetails = { protocol: 'TLSv1.3', cipher: 'fake', alpn: null, servername: null, peerCertificate: null };

interface FakeHandshake {
  readonly sides: { readonly transport: FakeTransport; readonly events: TransportEvents }[];
  /** What every handshake of this pair ends with; null: success. */
  refusal: { readonly by: Pipe; readonly failure: TlsFailure; readonly told: TlsFailure } | null;
}

/** One direction: what the sender waits with, what the kernel holds, and who reads it. */
class Pipe {
  reader: TransportEvents | null = null;
  writer: TransportEvents | null = null;
  paused = true;
  stalled = false;
  /** Written by the sender, not taken. */
  waiting: Uint8Array[] = [];
  taken = 0;
  written = 0;
  ending = false;
  /** The reader is gone, or the stream was reset: nothing arrives any more. */
  broken = false;
  /** Nothing more is taken. */
  shut = false;
  #kernel: Uint8Array[] = [];
  #held = 0;
  #scheduled = false;
  #endSent = false;
  #endTaken = false;

  constructor(private readonly options: FakeNetOptions) {}

  get unread(): number {
    return this.#held;
  }
  giveBack(chunk: Uint8Array): void {
    this.reader = null;
    this.paused = true;
    this.#kernel.unshift(chunk);
    this.#held += chunk.length;
  }

  /** Takes what there is room for. Answers whether that was all. */
  take(): boolean {
    while (this.waiting.length > 0) {
      const first = this.waiting[0];
      const room = this.broken || this.shut || this.stalled ? 0 : this.options.capacity - this.#held;
      if (room <= 0) return false;
      const part = first.subarray(0, room);
      // A kernel copies: what the sender does with the buffer of a taken send is its own business.
      this.#kernel.push(Uint8Array.from(part));
      this.#held += part.length;
      this.taken += part.length;
      if (part.length < first.length) this.waiting[0] = first.subarray(room);
      else this.waiting.shift();
    }
    return true;
  }

  schedule(): void {
    if (this.#scheduled || this.broken) return;
    if (this.waiting.length === 0 && this.#held === 0 && (!this.ending || this.#endSent)) return;
    this.#scheduled = true;
    this.options.clock.after(this.options.random() * this.options.latencyMs, () => {
      this.#scheduled = false;
      this.#step();
    });
  }

  #step(): void {
    if (this.broken || this.stalled) return;
    if (!this.paused && this.reader !== null && this.#held > 0) {
      const chunk = this.#kernel[0];
      const size = Math.min(chunk.length, 1 + Math.floor(this.options.random() * this.options.mostBytes));
      if (size < chunk.length) this.#kernel[0] = chunk.subarray(size);
      else this.#kernel.shift();
      this.#held -= size;
      this.reader.data(chunk.subarray(0, size));
    }
    const before = this.taken;
    const pending = this.waiting.length > 0;
    const all = this.take();
    if (pending && all) this.writer?.drained();
    else if (this.taken > before) this.writer?.progress();
    if (this.ending && this.waiting.length === 0 && !this.#endTaken) {
      this.#endTaken = true;
      this.writer?.finished();
    }
    if (this.#endTaken && this.#held === 0 && !this.#endSent && !this.paused && this.reader !== null) {
      this.#endSent = true;
      this.reader.ended();
    }
    if (!this.paused || this.waiting.length > 0) this.#again();
  }
  /** A full kernel nobody reads from makes no progress: `resume` or `open` starts it again. */
  #again(): void {
    if (this.paused && this.#held >= this.options.capacity) return;
    if ((this.reader === null || this.paused) && this.waiting.length === 0) return;
    this.schedule();
  }
}

/** One end of a pair; what the network does to it is under `faults`. */
export class FakeTransport implements Transport {
  readonly peer = PEER;
  readonly descriptor = -1;
  #events: TransportEvents | null = null;
  #destroyed = false;
  readonly #base: number;
  #deferred = false;
  #gone: 'ended' | 'given-away' | null = null;

  constructor(
    private readonly out: Pipe, private readonly into: Pipe, private readonly handshake: FakeHandshake, private readonly options: FakeNetOptions,
    readonly tls: TlsDetails | null = null,
  ) {
    this.#base = out.taken;
  }

  open(events: TransportEvents): void {
    if (this.#destroyed) return;
    this.#events = events;
    this.into.reader = events;
    this.out.writer = events;
    this.into.paused = this.#held;
    this.into.schedule();
  }
  #held = false;

  unread(chunk: Uint8Array): void {
    this.#events = null;
    this.out.writer = null;
    this.into.giveBack(chunk);
  }

  write(chunks: readonly Uint8Array[], bytes: number): WriteOutcome {
    if (this.#destroyed) return CONGESTED;
    this.out.written += bytes;
    const busy = this.out.waiting.length > 0;
    for (const chunk of chunks) if (chunk.length > 0) this.out.waiting.push(chunk);
    if (this.out.broken) this.#resetSoon();
    else if (this.out.shut) this.#failSoon('EPIPE');
    const all = !busy && !this.#deferred && this.out.take();
    this.out.writer ??= this.#events;
    this.out.schedule();
    return all ? TAKEN : this.#deferred && this.#unsent() < this.options.capacity ? PENDING : CONGESTED;
  }
  taken(): number {
    return this.out.taken - this.#base;
  }
  end(): void {
    this.out.ending = true;
    this.out.schedule();
  }
  pause(): void {
    this.#held = true;
    this.into.paused = true;
  }
  resume(): void {
    this.#held = false;
    this.into.paused = false;
    this.into.schedule();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const events = this.#events;
    this.#events = null;
    if (this.into.reader === events) this.into.reader = null;
    this.out.writer = null;
    this.out.waiting = [];
    // The peer learns of it when it writes next; over unread bytes it is a reset at once.
    const unread = this.into.unread > 0 || this.into.waiting.length > 0;
    this.into.broken = true;
    if (unread) this.#breakPeer();
    else this.end();
    this.#refusePeer();
    this.options.clock.soon(() => events?.released());
  }

  get busy(): boolean {
    return this.into.unread > 0 || this.out.waiting.length > 0;
  }
  secure(_: TlsSession, events: TransportEvents): TlsFailure | null {
    this.#events = null;
    this.#gone = 'given-away';
    this.into.reader = null;
    this.into.paused = true;
    this.handshake.sides.push({ transport: this, events });
    if (this.handshake.sides.length < 2) return null;
    const { sides, refusal } = this.handshake;
    for (const side of sides.splice(0)) {
      const failure = refusal === null ? null : side.transport.out === refusal.by ? refusal.failure : refusal.told;
      this.options.clock.after(this.options.random() * this.options.latencyMs, () => side.transport.#handshaken(side.events, failure));
    }
    return null;
  }
  #handshaken(events: TransportEvents, failure: TlsFailure | null): void {
    if (this.#destroyed) return;
    if (failure !== null) return events.refused(failure);
    if (this.out.broken) return events.refused(tlsFailure('peer-closed'));
    if (this.into.unread > 0) return events.refused(tlsFailure('not-tls'));
    const secured = new FakeTransport(this.out, this.into, this.handshake, this.options, DETAILS);
    secured.#deferred = true;
    this.#destroyed = true;
    events.secured(secured, DETAILS);
    secured.open(events);
  }
  setNoDelay(): void {}
  setKeepAlive(): void {}

  /* ── faults ────────────────────────────────────────────────────────── */

  /** Nothing this side has written moves while it lasts. */
  stall(on: boolean): void {
    this.out.stalled = on;
    if (!on) this.out.schedule();
  }
  /** Both sides find the stream reset. */
  reset(): void {
    this.#breakPeer();
    this.#resetSoon();
  }
  /** Nothing more of this side is taken: the other one finds its end behind what was, and this one finds out when it writes. */
  halfClose(): void {
    this.out.shut = true;
    const lost = this.out.waiting.length > 0;
    this.out.waiting = [];
    this.end();
    if (lost) this.#failSoon('EPIPE');
  }
  /** The next handshakes of this pair fail: here with `failure`, on the other side with `told`. */
  refuseHandshakes(failure: TlsFailure, told: TlsFailure = failure): void {
    this.handshake.refusal = { by: this.out, failure, told };
  }

  #unsent(): number {
    return this.out.waiting.reduce((n, chunk) => n + chunk.length, 0);
  }
  #breakPeer(): void {
    this.out.broken = true;
    const reader = this.out.reader;
    if (reader === null) return;
    this.options.clock.after(this.options.random() * this.options.latencyMs, () => this.out.reader?.failed(errorOf('ECONNRESET')));
  }
  #resetSoon(): void {
    this.out.broken = true;
    this.#failSoon('ECONNRESET');
  }
  #failSoon(code: string): void {
    this.options.clock.after(this.options.random() * this.options.latencyMs, () => this.#events?.failed(errorOf(code)));
  }
  /** The other side waits for a handshake that will not come. */
  #refusePeer(): void {
    if (this.#gone !== 'given-away') return;
    const waiting = this.handshake.sides.splice(0).filter((side) => side.transport !== this);
    for (const { events } of waiting) this.options.clock.soon(() => events.refused(tlsFailure('peer-closed')));
  }
}

function errorOf(code: string): Error {
  return Object.assign(new Error('the stream is broken'), { code });
}
