/**
 * What can be asked of a connection and set on it. What moves it from state to state is in the class that extends this one, which
 * alone writes the fields.
 */
import type { ConnectionTimers } from './connection-timers.js';
import type { BufferResult, Delivery } from './delivery.js';
import { isDuration } from './durations.js';
import type { Settlement } from './settlement.js';
import { STATES, type State } from './states.js';
import type { TlsState } from './tls-state.js';
import type { PeerName, Transport } from './transport.js';

/** `out-of-range`: less than 1 ms, or more than 64 bits of nanoseconds; nothing has changed. */
export type DurationResult = 'ok' | 'out-of-range';
/** A token for `cancelTimer` and `onTimer`, or why there is no timer. */
export type TimerResult = { readonly token: number } | 'not-open' | 'already-active' | 'out-of-range';
export type { BufferResult } from './delivery.js';

export abstract class ConnectionControls {
  protected abstract readonly timers: ConnectionTimers;
  protected abstract readonly settlement: Settlement;
  protected abstract readonly delivery: Delivery;
  protected phase: State = 'none';
  protected transport: Transport | null;
  protected throttled = false;
  protected bytesRead = 0;

  protected constructor(protected security: TlsState, transport: Transport | null) {
    this.transport = transport;
  }

  /** Bytes of all accepted sends that the kernel has. */
  protected abstract taken(): number;
  protected abstract idled(): void;
  protected abstract timed(token: number): void;

  /** See the table of states. */
  get state(): State {
    return this.phase;
  }
  /** What has become of TLS. */
  get tls(): TlsState {
    return this.security;
  }
  /** null: not connected yet. */
  get peer(): PeerName | null {
    return this.transport?.peer ?? null;
  }
  /** It is over, or about to be: nothing more is accepted. */
  get isClosed(): boolean {
    return STATES[this.phase].isClosed;
  }
  /** `send` would accept. */
  get isWriteable(): boolean {
    return this.phase === 'open' && !this.throttled;
  }
  get muted(): boolean {
    return this.delivery.muted;
  }
  /** Received, whether delivered or not. */
  get bytesIn(): number {
    return this.bytesRead;
  }
  /** Accepted, whatever became of it. */
  get bytesOut(): number {
    return this.settlement.ledger.accepted;
  }
  /** Accepted bytes the kernel has not taken. */
  get pendingBytes(): number {
    return this.settlement.ledger.pending === 0 ? 0 : this.settlement.ledger.accepted - this.taken();
  }
  get pendingSends(): number {
    return this.settlement.ledger.pending;
  }
  /** No received byte waits on this side to be delivered, and no accepted one to be taken. */
  get atRest(): boolean {
    const { held, peerEnded } = this.delivery;
    return held === 0 && !peerEnded && this.settlement.ledger.pending === 0 && this.transport?.busy === false;
  }
  /** The system's number of its socket while it is open and plain, otherwise -1. Not to be read from, written to or closed by others. */
  get descriptor(): number {
    return this.phase === 'open' && this.security.kind === 'none' ? (this.transport?.descriptor ?? -1) : -1;
  }

  /* ── receiving ─────────────────────────────────────────────────────── */

  /** From now on messages have `bytes` bytes, or the size of whatever was read. Takes effect with the next message. */
  bufferUntil(bytes: number | 'streaming'): BufferResult {
    return this.delivery.bufferUntil(bytes);
  }
  /** Most bytes a message may have. */
  setReadBufferMinimum(bytes: number): BufferResult {
    return this.delivery.setMinimum(bytes);
  }
  /** Bytes delivered in a turn. Below the minimum it lowers the minimum. */
  resizeReadBuffer(bytes: number): BufferResult {
    return this.delivery.resize(bytes);
  }

  /** Delivers nothing more, at once; the peer's bytes stay where they are, and so does its end. */
  mute(): void {
    this.delivery.mute();
  }
  /** Delivers again from the next turn on, what was held first. */
  unmute(): void {
    this.delivery.unmute();
  }

  /* ── timers, socket options ────────────────────────────────────────── */

  /** null: none. Counts while the connection is ready. */
  setIdleTimeout(ms: number | null): DurationResult {
    if (ms !== null && !isDuration(ms)) return 'out-of-range';
    this.timers.idleMs = ms ?? 0;
    if (STATES[this.phase].armsIdle) this.armIdle();
    return 'ok';
  }
  /** One timer at a time. Traffic does not move it; it outlives `close`, not `hardClose`. */
  setTimer(ms: number): TimerResult {
    if (!STATES[this.phase].ready) return 'not-open';
    if (this.timers.userActive) return 'already-active';
    if (!isDuration(ms)) return 'out-of-range';
    return { token: this.timers.setUser(ms, (token) => this.timed(token)) };
  }
  /** A token that is not that of the present timer cancels nothing. */
  cancelTimer(token: number): void {
    this.timers.cancelUser(token);
  }
  /** See the option `noDelay`. */
  setNoDelay(on: boolean): 'ok' | 'not-open' {
    return this.#option((transport) => transport.setNoDelay(on));
  }
  /** See the option `keepAliveMs`. */
  setKeepAlive(idleMs: number): 'ok' | 'not-open' {
    return this.#option((transport) => transport.setKeepAlive(idleMs));
  }

  protected armIdle(): void {
    this.timers.armIdle(() => this.idled());
  }
  #option(set: (transport: Transport) => void): 'ok' | 'not-open' {
    if (!STATES[this.phase].ready || this.transport === null) return 'not-open';
    set(this.transport);
    return 'ok';
  }
}
