/**
 * A client's way to its backend: straight to the endpoint it knows already, or through the broker, on the connection that was
 * handed over or on one of its own. Bytes and events in, steps out; whoever drives it dials, writes and watches the clock.
 */
import { BodyReader, decodeBody, envelopeFault, envelopeText, FramingError, frameWire, request } from './frame.js';
import { isReady, READY_TIMEOUT_MS } from './handoff.js';
import { createHello, decodeHelloReply, encodeHello, ErrorCode, FrameKind, type Frame, type Hello, type HelloReply, type Negotiated, type Refused } from './messages.generated.js';
import { DecodeError } from './protobuf.js';
import { CAP_HANDLE_PASSING, CONTROL, PROTOCOL_VERSION } from './protocols.js';

/** For connecting, asking and the answer together, in ms. */
export const CLIENT_TIMEOUT_MS = 30_000;

export type RefusalClass = 'VersionUnsupported' | 'VersionBlocked' | 'ServiceUnknown' | 'RateLimited' | 'ShuttingDown' | 'Other';

const CLASSES: ReadonlyMap<number, RefusalClass> = new Map<number, RefusalClass>([
  [ErrorCode.VERSION_UNSUPPORTED, 'VersionUnsupported'],
  [ErrorCode.VERSION_BLOCKED, 'VersionBlocked'],
  [ErrorCode.SERVICE_UNKNOWN, 'ServiceUnknown'],
  [ErrorCode.RATE_LIMITED, 'RateLimited'],
  [ErrorCode.SHUTTING_DOWN, 'ShuttingDown'],
]);

export function refusalClass(code: number): RefusalClass {
  return CLASSES.get(code) ?? 'Other';
}

export type ClientFault =
  | { readonly kind: 'Refused'; readonly class: RefusalClass; readonly code: number; readonly refused: Refused }
  | { readonly kind: 'EmptyBackendPipe' | 'MissingHelloReplyResult' | 'Timeout' }
  | { readonly kind: 'UnexpectedFrame' | 'Malformed' | 'Io'; readonly detail: string };

export type Route = 'HelloSkip' | 'BrokerNegotiated' | 'HandlePassed';

export type ClientStep =
  /** Open a connection, closing the one before; `to` says what for. */
  | { readonly step: 'dial'; readonly to: 'broker' | 'backend'; readonly path: string; readonly timeoutMs: number | null }
  | { readonly step: 'send'; readonly wire: Uint8Array }
  /** Wait for bytes; `timeoutMs` begins a new clock, null leaves the one that runs. */
  | { readonly step: 'wait'; readonly timeoutMs: number | null }
  /** The current connection leads to the backend. `endpoint`: what to remember for the next time. */
  | { readonly step: 'done'; readonly route: Route; readonly endpoint: string; readonly negotiated: Negotiated | null; readonly rest: Uint8Array }
  | { readonly step: 'failed'; readonly fault: ClientFault };

export interface ClientOptions {
  /** The broker's socket. */
  readonly broker: string;
  readonly hello: Partial<Hello>;
  /** The version this client is itself. */
  readonly selfVersion?: string;
  /** Where the backend was the last time. */
  readonly cachedEndpoint?: string | null;
  /** Whether to take over a connection that is handed over. */
  readonly adopt?: boolean;
}

/** The request of a client. */
export function helloFrame(hello: Partial<Hello>): Frame {
  const full = createHello({
    clientMinProtocol: PROTOCOL_VERSION, clientMaxProtocol: PROTOCOL_VERSION, requestId: 'hello', clientLibName: 'running-process', clientCapabilities: CAP_HANDLE_PASSING, ...hello,
  });
  return request(CONTROL, encodeHello(full), 1n);
}

/** What the body of the broker's answer says. */
export function readReply(body: Uint8Array): { readonly negotiated: Negotiated } | { readonly fault: ClientFault } {
  let reply: HelloReply;
  try {
    const frame = decodeBody(body);
    const fault = envelopeFault(frame, FrameKind.RESPONSE, CONTROL);
    if (fault !== null) return { fault: { kind: 'UnexpectedFrame', detail: envelopeText(fault, 'control-plane') } };
    reply = decodeHelloReply(frame.payload);
  } catch (e) {
    if (e instanceof FramingError || e instanceof DecodeError) return { fault: { kind: 'Malformed', detail: e.message } };
    throw e;
  }
  const { negotiated, refused } = reply;
  if (refused !== null) {
    const code = Object.values<number>(ErrorCode).includes(refused.code) ? refused.code : ErrorCode.CODE_UNSPECIFIED;
    return { fault: { kind: 'Refused', class: refusalClass(code), code, refused } };
  }
  return negotiated !== null ? { negotiated } : { fault: { kind: 'MissingHelloReplyResult' } };
}

/** Both sides can hand over, and the broker means to: the bit alone may be the backend's. */
export function handoffNegotiated(n: Negotiated): boolean {
  return (n.serverCapabilities & CAP_HANDLE_PASSING) !== 0n && n.handlePassedToken.length > 0;
}

const NOTHING = new Uint8Array(0);

type State = 'skipping' | 'dialling' | 'asking' | 'adopting' | 'connecting' | 'over';

export class ClientFlow {
  readonly #options: ClientOptions;
  #state: State = 'dialling';
  #reader = new BodyReader();
  #negotiated: Negotiated | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  start(): ClientStep {
    const { cachedEndpoint, hello, selfVersion } = this.#options;
    if (cachedEndpoint && hello.wantedVersion === selfVersion) {
      this.#state = 'skipping';
      return { step: 'dial', to: 'backend', path: cachedEndpoint, timeoutMs: CLIENT_TIMEOUT_MS };
    }
    return this.#dialBroker();
  }

  connected(): ClientStep {
    if (this.#state === 'dialling') {
      this.#state = 'asking';
      return { step: 'send', wire: frameWire(helloFrame(this.#options.hello)) };
    }
    return this.#state === 'skipping' ? this.#done('HelloSkip', this.#options.cachedEndpoint!) : this.#done('BrokerNegotiated', this.#negotiated!.backendPipe);
  }

  receive(chunk: Uint8Array): ClientStep {
    this.#reader.push(chunk);
    try {
      const body = this.#reader.next();
      if (body === null) return { step: 'wait', timeoutMs: null };
      return this.#state === 'adopting' ? this.#adopt(body) : this.#replied(body);
    } catch (e) {
      if (e instanceof FramingError) return this.#lost({ kind: 'Malformed', detail: e.message });
      throw e;
    }
  }

  /** The connection could not be made, or ended. */
  failed(detail: string): ClientStep {
    return this.#lost({ kind: 'Io', detail });
  }

  timeout(): ClientStep {
    return this.#lost({ kind: 'Timeout' });
  }

  #dialBroker(): ClientStep {
    this.#state = 'dialling';
    this.#reader = new BodyReader();
    return { step: 'dial', to: 'broker', path: this.#options.broker, timeoutMs: CLIENT_TIMEOUT_MS };
  }

  #dialBackend(): ClientStep {
    const path = this.#negotiated!.backendPipe;
    if (path === '') return this.#fail({ kind: 'EmptyBackendPipe' });
    this.#state = 'connecting';
    return { step: 'dial', to: 'backend', path, timeoutMs: null };
  }

  #replied(body: Uint8Array): ClientStep {
    const reply = readReply(body);
    if ('fault' in reply) return this.#fail(reply.fault);
    this.#negotiated = reply.negotiated;
    if (!this.#options.adopt || !handoffNegotiated(reply.negotiated)) return this.#dialBackend();
    this.#state = 'adopting';
    // The event may have come in the same chunk.
    const next = this.#reader.next();
    return next === null ? { step: 'wait', timeoutMs: READY_TIMEOUT_MS } : this.#adopt(next);
  }

  #adopt(body: Uint8Array): ClientStep {
    const { handlePassedToken, backendPipe } = this.#negotiated!;
    return isReady(body, handlePassedToken) ? this.#done('HandlePassed', backendPipe) : this.#dialBackend();
  }

  /** What a lost connection means where the flow is. */
  #lost(fault: ClientFault): ClientStep {
    if (this.#state === 'skipping') return this.#dialBroker();
    return this.#state === 'adopting' ? this.#dialBackend() : this.#fail(fault);
  }

  #fail(fault: ClientFault): ClientStep {
    this.#state = 'over';
    return { step: 'failed', fault };
  }

  #done(route: Route, endpoint: string): ClientStep {
    this.#state = 'over';
    // What a broker sends behind its answer is none of the backend's.
    return { step: 'done', route, endpoint, negotiated: this.#negotiated, rest: route === 'HandlePassed' ? this.#reader.rest() : NOTHING };
  }
}

/** Whether brokers are to be used at all, by the environment's word for it: unset yes, `1` no, anything else is a mistake. */
export function brokersDisabled(value: string | undefined): boolean | { readonly invalid: string } {
  if (value === undefined) return false;
  return value === '1' ? true : { invalid: value };
}

/** A time limit from the environment, in ms: a positive integer, or the default. */
export function timeoutFrom(value: string | undefined, byDefault: number): number {
  return value !== undefined && /^[1-9][0-9]{0,9}$/.test(value) ? Number(value) : byDefault;
}

/** Names in the environment, as they have always been. */
export const ENV = {
  disable: 'RUNNING_PROCESS_DISABLE',
  helloTimeout: 'RUNNING_PROCESS_BROKER_HELLO_TIMEOUT_MS',
  clientTimeout: 'RUNNING_PROCESS_BROKER_CLIENT_TIMEOUT_MS',
} as const;
