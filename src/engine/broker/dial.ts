/** The other side: asking a broker, going to the backend it names, and asking an endpoint who it is. */
import { randomBytes } from 'node:crypto';
import { systemClock, type Clock, type Timer } from '../../net/clock.js';
import { connect, ConnectError, type Connection as Stream, type ConnectionEvents as StreamEvents } from '../../net/connection.js';
import { Connection } from '../../net/endpoint.js';
import { CLIENT_TIMEOUT_MS, ClientFlow, helloFrame, readReply, type ClientFault, type ClientOptions, type ClientStep } from '../../wire/broker/client.js';
import { BodyReader, FramingError, frameWire } from '../../wire/broker/frame.js';
import type { DaemonProcess, Endpoint, Hello, Negotiated } from '../../wire/broker/messages.generated.js';
import { CAP_HANDLE_PASSING } from '../../wire/broker/protocols.js';
import { NONCE_BYTES, PROBE_TIMEOUT_MS, probeRequest, readAnswer, verifyAnswer, verifyProcess, type VerifyFault } from '../../wire/broker/probe.js';
import { exeHashes } from './exe-hash.js';
import { processFacts } from './process-facts.js';

export interface DialOptions {
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** A connection to a backend. */
export interface BrokerLink {
  readonly route: Extract<ClientStep, { step: 'done' }>['route'];
  /** To be dialled directly the next time. */
  readonly endpoint: string;
  readonly negotiated: Negotiated | null;
  /** Starts delivery; nothing that came before is lost. To be called once. */
  attach(events: StreamEvents): Stream;
}

/** Finds a way to the backend. */
export function brokerConnect(options: ClientOptions & DialOptions): Promise<BrokerLink | { readonly fault: ClientFault }> {
  return new Promise((resolve) => new Walk(options, resolve).begin());
}

/** Asks the broker and goes nowhere. */
export async function brokerHello(broker: string, hello: Partial<Hello>, options: DialOptions = {}): Promise<{ readonly negotiated: Negotiated } | { readonly fault: ClientFault }> {
  const answer = await exchange(broker, frameWire(helloFrame({ peerPid: process.pid, clientCapabilities: 0n, ...hello })), options.timeoutMs ?? CLIENT_TIMEOUT_MS, options.clock);
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

export type Answer = { readonly body: Uint8Array } | { readonly timeout: boolean; readonly detail: string };

async function ask(path: string, { timeoutMs = PROBE_TIMEOUT_MS, clock }: DialOptions): Promise<{ nonce: Uint8Array; requestId: bigint; answer: Answer }> {
  const nonce = randomBytes(NONCE_BYTES);
  const { wire, requestId } = probeRequest(nonce);
  return { nonce, requestId, answer: await exchange(path, wire, timeoutMs, clock) };
}

function lost(answer: { readonly timeout: boolean; readonly detail: string }): VerifyFault {
  return answer.timeout ? { kind: 'Timeout' } : { kind: 'Io', detail: answer.detail };
}

/** `timeoutMs` covers connecting, writing and reading. */
export function exchange(path: string, wire: Uint8Array, timeoutMs: number, clock: Clock = systemClock): Promise<Answer> {
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
  #stream: Stream | null = null;
  #timer: Timer | null = null;
  #over = false;

  constructor(options: ClientOptions & DialOptions, private readonly resolve: (link: BrokerLink | { readonly fault: ClientFault }) => void) {
    this.#flow = new ClientFlow({ ...options, hello: { peerPid: process.pid, clientCapabilities: options.adopt ? CAP_HANDLE_PASSING : 0n, ...options.hello } });
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
      case 'send': return this.#stream?.write(step.wire);
      case 'wait': return step.timeoutMs === null ? undefined : this.#wait(step.timeoutMs);
      case 'done': return this.#done(step);
      case 'failed': {
        this.#end();
        this.#stream?.destroy();
        return this.resolve({ fault: step.fault });
      }
    }
  }

  #dial(path: string): void {
    // Its end is no news.
    this.#stream?.destroy();
    this.#stream = null;
    this.#wait(this.#timeoutMs);
    const events = new Relay();
    const current = (step: () => ClientStep): void => {
      if (events === this.#events && !this.#over) this.#take(step());
    };
    this.#events = events;
    events.to = {
      data: (chunk) => current(() => this.#flow.receive(chunk)),
      end: () => current(() => this.#flow.failed('the connection has ended')),
      closed: (reason) => current(() => this.#flow.failed(reason)),
    };
    connect('', 0, this.#timeoutMs, events, { path }).then((stream) => {
      if (events !== this.#events || this.#over) return stream.destroy();
      this.#stream = stream;
      current(() => this.#flow.connected());
    }, (e: unknown) => current(() => this.#flow.failed(e instanceof ConnectError ? e.failure?.message ?? e.message : String(e))));
  }

  #events = new Relay();

  #done({ route, endpoint, negotiated, rest }: Extract<ClientStep, { step: 'done' }>): void {
    this.#end();
    const stream = this.#stream!;
    const relay = this.#events;
    stream.pause();
    this.resolve({
      route, endpoint, negotiated,
      attach: (events) => {
        relay.to = events;
        // Not before whoever attaches has the stream.
        setImmediate(() => {
          if (rest.length > 0) events.data(rest);
          stream.resume();
        });
        return stream;
      },
    });
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

/** Whose events they are changes once. What nobody takes yet is lost, so a stream is paused meanwhile. */
class Relay implements StreamEvents {
  to: StreamEvents | null = null;
  data(chunk: Uint8Array): void {
    this.to?.data(chunk);
  }
  end(): void {
    this.to?.end();
  }
  closed(reason: string, refused: boolean): void {
    this.to?.closed(reason, refused);
  }
}
