/** The other side: asking a broker, going to the backend it names, and asking an endpoint who it is. */
import { randomBytes } from 'node:crypto';
import { systemClock, type Clock, type Timer } from '../../net/clock.js';
import { Connection } from '../../net/endpoint.js';
import { CLIENT_TIMEOUT_MS, ClientFlow, helloFrame, readReply, type ClientFault, type ClientOptions, type ClientStep } from '../../wire/broker/client.js';
import { BodyReader, FramingError, frameWire } from '../../wire/broker/frame.js';
import type { DaemonProcess, Endpoint, Hello, Negotiated } from '../../wire/broker/messages.generated.js';
import { NONCE_BYTES, PROBE_TIMEOUT_MS, probeRequest, readAnswer, verifyAnswer, verifyProcess, type VerifyFault } from '../../wire/broker/probe.js';
import { exeHashes } from './exe-hash.js';
import { processFacts } from './process-facts.js';

export interface DialOptions {
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** What `BrokerLink` tells; nothing before `brokerConnect` resolved is lost. */
export interface LinkHandler {
  received(data: Uint8Array): void;
  closed(reason: string): void;
}

/** A connection to a backend. */
export interface BrokerLink {
  readonly route: Extract<ClientStep, { step: 'done' }>['route'];
  /** To be dialled directly the next time. */
  readonly endpoint: string;
  readonly negotiated: Negotiated | null;
  /** Starts delivery, with what came already. */
  attach(handler: LinkHandler): Connection;
}

/** Finds a way to the backend. */
export function brokerConnect(options: ClientOptions & DialOptions): Promise<BrokerLink | { readonly fault: ClientFault }> {
  return new Promise((resolve) => new Walk(options, resolve).begin());
}

/** Asks the broker and goes nowhere. */
export async function brokerHello(broker: string, hello: Partial<Hello>, options: DialOptions = {}): Promise<{ readonly negotiated: Negotiated } | { readonly fault: ClientFault }> {
  const answer = await exchange(broker, frameWire(helloFrame({ peerPid: process.pid, ...hello })), options.timeoutMs ?? CLIENT_TIMEOUT_MS, options.clock);
  if ('body' in answer) return readReply(answer.body);
  return { fault: answer.timeout ? { kind: 'Timeout' } : { kind: 'Io', detail: answer.detail } };
}

/** Who serves a Unix path, whoever it is. */
export async function probe(path: string, options: DialOptions = {}): Promise<DaemonProcess | VerifyFault> {
  const { nonce, requestId, answer } = await ask(path, options);
  return 'body' in answer ? readAnswer(answer.body, nonce, requestId) : lost(answer);
}

/** Whether `endpoint` is served by the process that is expected there; null: it is. */
export async function verify(endpoint: Endpoint, expected: DaemonProcess, options: DialOptions = {}): Promise<VerifyFault | null> {
  const path = processFacts.exePath(expected.pid);
  const hashes = path === null ? null : await exeHashes(path);
  const fault = verifyProcess(endpoint, expected, { ...processFacts, exeHash: () => hashes?.blake3 ?? null });
  if (fault !== null) return fault;
  const { nonce, requestId, answer } = await ask(endpoint.path, options);
  return 'body' in answer ? verifyAnswer(answer.body, nonce, requestId, expected) : lost(answer);
}

/* ── one question, one answer ──────────────────────────────────────────── */

type Answer = { readonly body: Uint8Array } | { readonly timeout: boolean; readonly detail: string };

async function ask(path: string, { timeoutMs = PROBE_TIMEOUT_MS, clock }: DialOptions): Promise<{ nonce: Uint8Array; requestId: bigint; answer: Answer }> {
  const nonce = randomBytes(NONCE_BYTES);
  const { wire, requestId } = probeRequest(nonce);
  return { nonce, requestId, answer: await exchange(path, wire, timeoutMs, clock) };
}

function lost(answer: { readonly timeout: boolean; readonly detail: string }): VerifyFault {
  return answer.timeout ? { kind: 'Timeout' } : { kind: 'Io', detail: answer.detail };
}

/** `timeoutMs` covers connecting, writing and reading. */
function exchange(path: string, wire: Uint8Array, timeoutMs: number, clock: Clock = systemClock): Promise<Answer> {
  return new Promise((resolve) => {
    const reader = new BodyReader();
    let over = false;
    const done = (answer: Answer): void => {
      if (over) return;
      over = true;
      timer.cancel();
      connection.hardClose();
      resolve(answer);
    };
    const connection = Connection.client({ target: { kind: 'unix', path }, clock, connectTimeoutMs: null }, {
      onConnected: () => void connection.send(wire),
      onConnectionFailure: (_, { message }) => done({ timeout: false, detail: message }),
      onReceived: (_, data) => {
        reader.push(data);
        try {
          const body = reader.next();
          if (body !== null) done({ body });
        } catch (e) {
          if (!(e instanceof FramingError)) throw e;
          done({ timeout: false, detail: e.message });
        }
      },
      onClosed: (_, { message }) => done({ timeout: false, detail: message }),
    });
    const timer = clock.after(timeoutMs, () => done({ timeout: true, detail: '' }));
  });
}

/* ── the way to a backend ──────────────────────────────────────────────── */

/** Drives a `ClientFlow` over sockets. */
class Walk {
  readonly #flow: ClientFlow;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #connection: Connection | null = null;
  #timer: Timer | null = null;
  #over = false;

  constructor(options: ClientOptions & DialOptions, private readonly resolve: (link: BrokerLink | { readonly fault: ClientFault }) => void) {
    this.#flow = new ClientFlow({ ...options, hello: { peerPid: process.pid, ...options.hello } });
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? CLIENT_TIMEOUT_MS;
  }

  begin(): void {
    this.#wait(this.#timeoutMs);
    this.#take(this.#flow.start());
  }

  #take(step: ClientStep): void {
    switch (step.step) {
      case 'dial': return this.#dial(step.path);
      case 'send': return void this.#connection?.send(step.wire);
      case 'wait': return step.timeoutMs === null ? undefined : this.#wait(step.timeoutMs);
      case 'done': return this.#done(step);
      case 'failed': {
        this.#end();
        this.#connection?.hardClose();
        return this.resolve({ fault: step.fault });
      }
    }
  }

  #dial(path: string): void {
    const before = this.#connection;
    // Its end is no news.
    this.#connection = null;
    before?.hardClose();
    this.#wait(this.#timeoutMs);
    let connection: Connection | null = null;
    const current = (): boolean => connection === this.#connection && !this.#over;
    const handler = this.#handler(current);
    connection = Connection.client({ target: { kind: 'unix', path }, clock: this.#clock, connectTimeoutMs: null }, handler);
    this.#connection = connection;
  }

  #link: LinkHandler | null = null;
  #early: Uint8Array[] = [];
  #closed: string | null = null;

  #handler(current: () => boolean): Parameters<typeof Connection.client>[1] {
    const isLink = (c: Connection): boolean => this.#over && c === this.#connection;
    return {
      onConnected: () => { if (current()) this.#take(this.#flow.connected()); },
      onConnectionFailure: (_, { message }) => { if (current()) this.#take(this.#flow.failed(message)); },
      onReceived: (c, data) => {
        if (current()) this.#take(this.#flow.receive(data));
        else if (isLink(c)) this.#link === null ? this.#early.push(data) : this.#link.received(data);
      },
      onClosed: (c, { message }) => {
        if (current()) return this.#take(this.#flow.failed(message));
        if (!isLink(c)) return;
        this.#closed = message;
        this.#link?.closed(message);
      },
    };
  }

  #done(step: Extract<ClientStep, { step: 'done' }>): void {
    this.#end();
    if (step.rest.length > 0) this.#early.push(step.rest);
    const { route, endpoint, negotiated } = step;
    this.resolve({ route, endpoint, negotiated, attach: (handler) => this.#attach(handler) });
  }

  #attach(handler: LinkHandler): Connection {
    this.#link = handler;
    for (const data of this.#early.splice(0)) handler.received(data);
    if (this.#closed !== null) handler.closed(this.#closed);
    return this.#connection!;
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#take(this.#flow.timeout()));
  }

  #end(): void {
    this.#over = true;
    this.#timer?.cancel();
  }
}
