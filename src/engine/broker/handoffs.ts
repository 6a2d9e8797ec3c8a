/**
 * A broker's half of handoffs: dials the backend, passes the client's connection to it, and waits for the ACK. Whatever fails, the
 * client is let go and takes the other way. Nobody waits longer than the token lasts.
 */
import type { Clock, Timer } from '../../net/clock.js';
import { canPassConnections, passConnection } from '../../net/descriptor-passing.js';
import { Connection } from '../../net/endpoint.js';
import { BodyReader, FramingError } from '../../wire/broker/frame.js';
import { decideHandoff, FAILURE_RATE, judgeAck, offerWire, PendingHandoffs, readyWire } from '../../wire/broker/handoff.js';
import type { AckRegistry } from '../../wire/broker/handoff-tokens.js';
import type { Backend } from '../../wire/broker/hello.js';
import { RateLimiter } from '../../wire/broker/limits.js';
import { createHandoffOffer, type Hello } from '../../wire/broker/messages.generated.js';
import { CAP_HANDLE_PASSING } from '../../wire/broker/protocols.js';
import { hex } from '../../wire/broker/secrets.js';

/** A client that was answered with a token. */
export interface HandedClient {
  /** Muted, and at rest once the answer is with the kernel. */
  readonly connection: Connection;
  /** It is not the backend's, and is told so by the end of its connection. */
  keep(): void;
  /** It may be the backend's: what `wire` says is written, if anything, and this side's descriptor closed without ending the stream. */
  letGo(wire: Uint8Array | null): void;
}

export interface Handoff {
  readonly client: HandedClient;
  readonly token: Uint8Array;
  readonly correlationId: bigint;
  readonly backend: Backend;
}

/** Handoffs at a time: each holds a descriptor more. The others wait a moment. */
const AT_ONCE = 16;

/** The side of a handoff that passes the connection on. */
export class Handoffs {
  readonly #attempts = new Map<string, Attempt>();
  readonly #waiting = new PendingHandoffs<Handoff>();
  readonly #failures = new RateLimiter<string>(FAILURE_RATE);
  #sweep: Timer | null = null;
  #closed = false;
  #done = 0;
  #failed = 0;

  constructor(private readonly acks: AckRegistry, private readonly clock: Clock) {}

  /** Whether this system can do it at all. */
  static get possible(): boolean {
    return canPassConnections();
  }

  get figures(): { readonly handedOff: number; readonly fallbacks: number } {
    return { handedOff: this.#done, fallbacks: this.#failed };
  }

  /** Whether a client is to be given a token. */
  may(hello: Hello, { handoff }: Backend, fdPressure: boolean): boolean {
    const situation = { clientSupports: (hello.clientCapabilities & CAP_HANDLE_PASSING) !== 0n, serviceAllows: handoff !== undefined, fdPressure, adoptedBackend: false };
    return decideHandoff(situation, handoff ?? '', this.#failures, this.clock.now()).decision === 'Attempt';
  }

  /** The client went away before it had its answer. */
  abandon(token: Uint8Array): void {
    this.acks.abandon(token);
    this.#failed++;
  }

  /** The client has its answer. */
  begin(handoff: Handoff): void {
    this.#schedule();
    if (this.#attempts.size < AT_ONCE) return this.#start(handoff);
    const now = this.clock.now();
    if (!this.#waiting.add(handoff, now)) return this.#giveUp(handoff);
    this.clock.after(this.#waiting.ttlMs, () => this.#waiting.expire(this.clock.now()).forEach((late) => this.#giveUp(late)));
  }

  /** Ends what is on its way. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    for (const attempt of [...this.#attempts.values()]) attempt.fail();
  }

  #start(handoff: Handoff): void {
    const key = hex(handoff.token);
    const entry = this.acks.waitingFor(handoff.token);
    if (entry === undefined || this.#closed) return this.#giveUp(handoff);
    const attempt = new Attempt(handoff, entry.deadline, this.clock, (accepted) => {
      this.#attempts.delete(key);
      this.#settle(handoff, accepted);
      const { next, expired } = this.#waiting.take(this.clock.now());
      for (const late of expired) this.#giveUp(late);
      if (next !== null) this.#start(next);
    });
    this.#attempts.set(key, attempt);
    attempt.begin();
  }

  #settle(handoff: Handoff, accepted: boolean): void {
    const backend = handoff.backend.handoff!;
    // The token is over either way; an ACK in time is one that is still awaited.
    const inTime = this.acks.acknowledge(handoff.token, this.clock.now()).result === 'Acknowledged';
    if (accepted && inTime) {
      this.#done++;
      this.#failures.clear(backend);
      return handoff.client.letGo(readyWire(handoff.token, handoff.correlationId));
    }
    this.#failed++;
    this.#failures.take(backend, this.clock.now());
    if (accepted) handoff.client.letGo(null);
  }

  /** Not even tried. */
  #giveUp(handoff: Handoff): void {
    this.abandon(handoff.token);
    handoff.client.keep();
  }

  /** Overdue handoffs are ended when they are due, not when somebody happens to ask. */
  #schedule(): void {
    const { nextDeadline } = this.acks;
    if (this.#sweep !== null || nextDeadline === null || this.#closed) return;
    this.#sweep = this.clock.after(Math.max(1, nextDeadline - this.clock.now()), () => {
      this.#sweep = null;
      for (const { token } of this.acks.expireOverdue(this.clock.now())) this.#attempts.get(hex(token))?.fail();
      this.#schedule();
    });
  }
}

/** One try. `over` is called once: whether the backend has said yes; if not, the client was told or let go. */
class Attempt {
  readonly #reader = new BodyReader();
  #connection: Connection | null = null;
  /** The backend may own the client's connection. */
  #passed = false;
  #ended = false;

  constructor(private readonly handoff: Handoff, private readonly deadline: number, private readonly clock: Clock, private readonly over: (accepted: boolean) => void) {}

  begin(): void {
    const path = this.handoff.backend.handoff!;
    this.#connection = Connection.client({ target: { kind: 'unix', path }, clock: this.clock, connectTimeoutMs: null, log: () => {} }, {
      onConnected: (c) => this.#offer(c),
      onConnectionFailure: () => this.fail(),
      onReceived: (_, data) => this.#answer(data),
      onClosed: () => this.fail(),
    });
  }

  /** Nothing more is to be expected of the backend. */
  fail(): void {
    this.#end(() => (this.#passed ? this.handoff.client.letGo(null) : this.handoff.client.keep()), false);
  }

  #offer(connection: Connection): void {
    const { token, correlationId, backend, client } = this.handoff;
    const passed = passConnection(connection, token, client.connection);
    if (passed.kind === 'refused') return this.fail();
    this.#passed = true;
    if (passed.kind === 'partly') return this.fail();
    connection.send(offerWire(createHandoffOffer({ token, serviceName: backend.serviceName, correlationId })));
  }

  #answer(data: Uint8Array): void {
    this.#reader.push(data);
    let body: Uint8Array | null;
    try {
      body = this.#reader.next();
    } catch (e) {
      if (e instanceof FramingError) return this.fail();
      throw e;
    }
    if (body === null) return;
    const { token, correlationId, client } = this.handoff;
    const { verdict } = judgeAck(body, { token, correlationId, deadline: this.deadline }, this.clock.now());
    if (verdict === 'accepted') return this.#end(() => {}, true);
    if (verdict === 'rejected') return this.#end(() => client.keep(), false);
    this.fail();
  }

  #end(tell: () => void, accepted: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection?.hardClose();
    tell();
    this.over(accepted);
  }
}

