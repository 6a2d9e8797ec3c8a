/**
 * The broker's answer to a Hello. One handler lives as long as its broker: connection ids are dense and unique, and the
 * limit of Hellos holds across connections. What is behind a service is a `Directory`'s business.
 */
import { envelopeFault } from './frame.js';
import type { AckRegistry } from './handoff-tokens.js';
import { HELLO_RATE, RateLimiter, type Rate } from './limits.js';
import { createHelloReply, createNegotiated, decodeHello, FrameKind, type Frame, type Hello, type HelloReply } from './messages.generated.js';
import { byteLength, isVersion, nameFault } from './names.js';
import { DecodeError } from './protobuf.js';
import { CAP_HANDLE_PASSING, CONTROL, PROTOCOL_VERSION } from './protocols.js';
import { rateLimited, REFUSALS, refusedReply, sessionRejected, type Refusal } from './refusal.js';
import type { SessionTokens } from './session-tokens.js';

/** Who is at the other end, as the system says; pid 0: it does not say. `uid` in decimal. */
export interface Peer { readonly pid: number; readonly uid: string }

/** A running service that clients can be sent to. */
export interface Backend {
  readonly serviceName: string;
  readonly version: string;
  /** Where clients connect. */
  readonly pipe: string;
  readonly capabilities: bigint;
  /** Where it takes connections that are passed on to it. Absent: nowhere. */
  readonly handoff?: string;
}

/** Finds the backend for a Hello that is well formed and within the limits. */
export interface Directory {
  route(hello: Hello, now: number): Backend | Refusal;
}

export interface HelloOptions {
  readonly directory: Directory;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  readonly rate?: Rate;
  /** Without it connections cannot be passed on, and nobody is told they could. */
  readonly handoff?: AckRegistry | null;
  /** Whether a client's connection may be passed on to a backend. Default: to all of them. */
  readonly mayHandOff?: (hello: Hello, backend: Backend) => boolean;
  readonly sessions?: SessionTokens | null;
}

/** What a client gets that names no interval, in seconds. */
const DEFAULT_KEEPALIVE_SECS = 1800n;

export class HelloHandler {
  readonly #options: HelloOptions;
  readonly #hellos: RateLimiter<number>;
  #connections = 0n;

  constructor(options: HelloOptions) {
    this.#options = options;
    this.#hellos = new RateLimiter(options.rate ?? HELLO_RATE);
  }

  /** Processes whose Hellos are being counted. */
  get countedPeers(): number {
    return this.#hellos.size;
  }

  handle(frame: Frame, peer: Peer): HelloReply {
    const hello = this.admit(frame, peer);
    if (isRefusal(hello)) return refusedReply(hello);
    const backend = this.#options.directory.route(hello, this.#options.clock());
    return isRefusal(backend) ? refusedReply(backend) : this.accept(hello, backend);
  }

  /** All checks that need no backend; a Hello that fails one of its own form costs its sender nothing of his limit. */
  admit(frame: Frame, peer: Peer): Hello | Refusal {
    const hello = readHello(frame);
    if (isRefusal(hello)) return hello;
    const fault = helloFault(hello, peer);
    if (fault !== null) return fault;
    if (peer.pid === 0) return hello;
    const wait = this.#hellos.take(peer.pid, this.#options.clock());
    return wait > 0 ? rateLimited(wait) : hello;
  }

  /** The answer once the backend is known. */
  accept(hello: Hello, backend: Backend): HelloReply {
    const { handoff, mayHandOff, sessions, clock } = this.#options;
    const session = sessions?.fault(hello.authToken, hello.serviceName) ?? null;
    if (session !== null) return refusedReply(sessionRejected(session));
    const negotiated = createNegotiated({
      negotiatedProtocol: PROTOCOL_VERSION, daemonVersion: backend.version, backendPipe: backend.pipe, serverCapabilities: backend.capabilities,
      keepaliveIntervalSecs: hello.clientKeepaliveSecs === 0n ? DEFAULT_KEEPALIVE_SECS : hello.clientKeepaliveSecs,
      connectionId: ++this.#connections,
    });
    if (!handoff || mayHandOff?.(hello, backend) === false) negotiated.serverCapabilities &= ~CAP_HANDLE_PASSING;
    else if ((hello.clientCapabilities & CAP_HANDLE_PASSING) !== 0n) {
      // No token to be had is no reason to refuse: the client dials `backend_pipe`.
      const issued = handoff.issue({ serviceName: hello.serviceName, pid: 0 }, clock());
      if ('token' in issued) {
        negotiated.handlePassedToken = issued.token;
        negotiated.serverCapabilities |= CAP_HANDLE_PASSING;
      }
    }
    return createHelloReply({ negotiated });
  }
}

export function isRefusal<T extends object>(x: T | Refusal): x is Refusal {
  return 'retryAfterMs' in x;
}

const ENVELOPE = {
  EnvelopeVersion: REFUSALS.envelopeVersion,
  Kind: REFUSALS.kind,
  PayloadProtocol: REFUSALS.protocol,
  PayloadEncoding: REFUSALS.encoding,
} as const;

function readHello(frame: Frame): Hello | Refusal {
  const fault = envelopeFault(frame, FrameKind.REQUEST, CONTROL);
  if (fault !== null) return ENVELOPE[fault.kind];
  try {
    return decodeHello(frame.payload);
  } catch (e) {
    if (e instanceof DecodeError) return REFUSALS.malformed;
    throw e;
  }
}

function helloFault(hello: Hello, peer: Peer): Refusal | null {
  if (hello.clientMinProtocol > PROTOCOL_VERSION || hello.clientMaxProtocol < PROTOCOL_VERSION) return REFUSALS.protocolRange;
  if (nameFault(hello.serviceName) !== null) return REFUSALS.serviceName;
  if (byteLength(hello.wantedVersion) > 64 || !isVersion(hello.wantedVersion)) return REFUSALS.wantedVersion;
  if (byteLength(hello.clientVersion) > 128) return REFUSALS.clientVersion;
  if (byteLength(hello.clientLibName) > 64 || byteLength(hello.clientLibVersion) > 64) return REFUSALS.clientLib;
  if (hello.peerPid !== 0 && peer.pid !== 0 && hello.peerPid !== peer.pid) return REFUSALS.peerPid;
  return null;
}
