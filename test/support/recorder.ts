/** A handler that writes down what it is told, and can be given things to do. */
import assert from 'node:assert/strict';
import type { Connection } from '../../src/net/endpoint.js';
import type { CloseCause, Failure, TlsFailure } from '../../src/net/failures.js';
import type { Bytes, ClientHandler, ServerHandler } from '../../src/net/handlers.js';
import type { TlsDetails } from '../../src/net/tls-context.js';

export type Event =
  | 'connecting' | 'connected' | 'connect-failed' | 'started' | 'start-failed' | 'received' | 'accepted' | 'sent' | 'send-failed'
  | 'throttled' | 'unthrottled' | 'tls-ready' | 'tls-failed' | 'peer-end' | 'idle' | 'timer' | 'closed';
type Action = (connection: Connection, detail: unknown, nth: number) => unknown;

export class Recorder implements ClientHandler, ServerHandler {
  readonly events: { event: Event; detail: unknown }[] = [];
  readonly received: Buffer[] = [];
  failure: Failure | null = null;
  tlsFailure: TlsFailure | null = null;
  cause: CloseCause | null = null;
  tls: TlsDetails | null = null;
  connection: Connection | null = null;
  /** Bytes received. */
  size = 0;
  readonly #counts = new Map<Event, number>();
  readonly #waiting: { met: () => boolean; resolve: () => void }[] = [];

  constructor(private readonly actions: Partial<Record<Event, Action>> = {}) {}

  count(event: Event): number {
    return this.#counts.get(event) ?? 0;
  }
  /** The names of the events, without repeated ones in a row when `squeezed`. */
  names(squeezed = false): Event[] {
    const names = this.events.map((e) => e.event);
    return squeezed ? names.filter((name, i) => name !== names[i - 1]) : names;
  }
  details(event: Event): unknown[] {
    return this.events.filter((e) => e.event === event).map((e) => e.detail);
  }
  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }
  get text(): string {
    return this.bytes.toString('latin1');
  }
  /** Rejects after twenty seconds, with what has happened. */
  until(met: Event | (() => boolean), times = 1): Promise<void> {
    const check = typeof met === 'string' ? () => this.count(met) >= times : met;
    const came = check() ? Promise.resolve(true) : new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 20_000).unref();
      this.#waiting.push({ met: check, resolve: () => { clearTimeout(timer); resolve(true); } });
    });
    return came.then((is) => assert.ok(is, `waited in vain for ${String(met)}; came: ${this.names(true).join(' ')}`));
  }

  #note(event: Event, connection: Connection, detail: unknown): unknown {
    this.connection = connection;
    this.events.push({ event, detail });
    const nth = this.count(event) + 1;
    this.#counts.set(event, nth);
    const answer = this.actions[event]?.(connection, detail, nth);
    for (const wait of this.#waiting.filter((w) => w.met())) {
      this.#waiting.splice(this.#waiting.indexOf(wait), 1);
      wait.resolve();
    }
    return answer;
  }

  onConnecting(c: Connection, n: number): void { this.#note('connecting', c, n); }
  onConnected(c: Connection, tls: TlsDetails | null): void { this.tls = tls; this.#note('connected', c, tls); }
  onConnectionFailure(c: Connection, failure: Failure): void { this.failure = failure; this.#note('connect-failed', c, failure); }
  onStarted(c: Connection, tls: TlsDetails | null): void { this.tls = tls; this.#note('started', c, tls); }
  onStartFailure(c: Connection, failure: Failure): void { this.failure = failure; this.#note('start-failed', c, failure); }
  onReceived(c: Connection, data: Uint8Array): void | 'yield' {
    this.received.push(Buffer.from(data));
    this.size += data.length;
    return this.#note('received', c, data.length) === 'yield' ? 'yield' : undefined;
  }
  onSendAccepted(c: Connection, token: number, data: Bytes): void { this.#note('accepted', c, this.actions.accepted === undefined ? token : { token, data }); }
  onSent(c: Connection, token: number): void { this.#note('sent', c, token); }
  onSendFailed(c: Connection, token: number): void { this.#note('send-failed', c, token); }
  onThrottled(c: Connection): void { this.#note('throttled', c, null); }
  onUnthrottled(c: Connection): void { this.#note('unthrottled', c, null); }
  onTlsReady(c: Connection, details: TlsDetails): void { this.tls = details; this.#note('tls-ready', c, details); }
  onTlsFailure(c: Connection, failure: TlsFailure): void { this.tlsFailure = failure; this.#note('tls-failed', c, failure); }
  onPeerEnd(c: Connection): void { this.#note('peer-end', c, null); }
  onIdleTimeout(c: Connection): void { this.#note('idle', c, null); }
  onTimer(c: Connection, token: number): void { this.#note('timer', c, token); }
  onClosed(c: Connection, cause: CloseCause): void { this.cause = cause; this.#note('closed', c, cause.code); }
}
