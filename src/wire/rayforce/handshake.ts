/**
 * The exchange before the first frame, from both ends.
 *
 *     client                              server
 *     03 00 ────────────────────────────>          version; the second byte means nothing
 *           <──────────────────────────── 03 00    open, or
 *           <──────────────────────────── 03 01    credentials wanted
 *     LL, LL bytes `user:password\0` ───>
 *           <──────────────────────────── 00       open, or
 *           <──────────────────────────── 01       refused, and closed
 *
 * Everything that goes on is in the two tables: a step waits for a number of bytes, takes them, and names the step after it.
 * Bytes may arrive one by one or all at once, frames included; those behind the handshake are handed on.
 */
import { fail, type ErrorCode } from '../../lang/errors.js';
import { WIRE_VERSION } from './header.js';

export type HandshakeEvent =
  /** To be written to the peer. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Server: answer with `verdict`. Byte strings; without a colon all is password. */
  | { readonly kind: 'credentials'; readonly user: string; readonly password: string }
  /** Frames may follow. */
  | { readonly kind: 'open' }
  /** The connection is to be closed, after what was to be sent. */
  | { readonly kind: 'close'; readonly code: ErrorCode; readonly reason: string };

/** What a peer may send ahead while its credentials are judged, where nothing else is said: more than that and it is not waiting for an answer. */
export const PRE_AUTH_LIMIT = 65536;

type Emit = (event: HandshakeEvent) => void;

interface Step<M> {
  /** Bytes the step waits for; 0: none, it is left by a verdict or not at all. */
  readonly need: (machine: M) => number;
  readonly take: (machine: M, bytes: Uint8Array, emit: Emit) => string;
  /** What the end of the stream means here. */
  readonly eof: { readonly code: ErrorCode; readonly reason: string };
}

abstract class Handshake {
  /** A row of the table, or `open` or `closed`. */
  state = 'version';
  private held: Uint8Array = NOTHING;

  protected abstract readonly steps: Record<string, Step<never>>;

  protected constructor(private readonly ahead = PRE_AUTH_LIMIT) {}

  /** Takes what arrived. */
  receive(bytes: Uint8Array, emit: Emit): void {
    if (this.state === 'closed') return;
    this.held = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    this.run(emit);
    if (this.state === 'open') return;
    if (this.held.length > this.ahead) this.close('limit', `more than ${this.ahead} bytes before authentication`, emit);
    // What is kept must not change with the receive buffer.
    else if (this.held.buffer === bytes.buffer) this.held = Uint8Array.from(this.held);
  }

  /** The peer will send nothing more. */
  eof(emit: Emit): void {
    const step = this.steps[this.state];
    if (step !== undefined) this.close(step.eof.code, step.eof.reason, emit);
  }

  /** The bytes behind the handshake, once `open`; they are given away. */
  rest(): Uint8Array {
    const rest = this.held;
    this.held = NOTHING;
    return rest;
  }

  protected close(code: ErrorCode, reason: string, emit: Emit): void {
    this.state = 'closed';
    this.held = NOTHING;
    emit({ kind: 'close', code, reason });
  }

  protected run(emit: Emit): void {
    for (;;) {
      const step = this.steps[this.state] as Step<this> | undefined;
      const n = step?.need(this) ?? 0;
      if (step === undefined || n === 0 || this.held.length < n) return;
      const bytes = this.held.subarray(0, n);
      this.held = this.held.subarray(n);
      const next = step.take(this, bytes, emit);
      if (next === 'closed') this.held = NOTHING;
      this.state = next;
    }
  }
}

/* ── server ──────────────────────────────────────────────────────────── */

export class ServerHandshake extends Handshake {
  protected readonly steps = SERVER;
  /** @internal Bytes of credentials announced. */
  length = 0;

  /** `auth`: credentials are asked for. Fixed when the connection is accepted. `ahead`: bytes a peer may send before it is admitted. */
  constructor(readonly auth: boolean, ahead?: number) {
    super(ahead);
  }

  /** The answer to `credentials`. At any other moment it is ignored: the peer may have gone meanwhile. */
  verdict(accept: boolean, emit: Emit): void {
    if (this.state !== 'verdict') return;
    emit({ kind: 'send', bytes: Uint8Array.of(accept ? 0 : 1) });
    if (!accept) return this.close('access', 'authentication failed', emit);
    this.state = 'open';
    emit({ kind: 'open' });
  }
}

const GONE = { code: 'io', reason: 'closed during the handshake' } as const;

const SERVER: Record<string, Step<ServerHandshake>> = {
  version: {
    need: () => 2,
    take: ({ auth }, [version], emit) => {
      if (version !== WIRE_VERSION) return refuse('version', `the peer speaks wire version ${version}, not ${WIRE_VERSION}`, emit);
      emit({ kind: 'send', bytes: Uint8Array.of(WIRE_VERSION, auth ? 1 : 0) });
      return auth ? 'length' : opened(emit);
    },
    eof: GONE,
  },
  length: {
    need: () => 1,
    take: (machine, [length], emit) => {
      machine.length = length;
      if (length > 0) return 'credentials';
      emit({ kind: 'send', bytes: Uint8Array.of(1) });
      return refuse('access', 'empty credentials', emit);
    },
    eof: GONE,
  },
  credentials: {
    need: ({ length }) => length,
    take: (_machine, bytes, emit) => {
      emit({ kind: 'credentials', ...splitCredentials(bytes) });
      return 'verdict';
    },
    eof: GONE,
  },
  verdict: { need: () => 0, take: () => 'verdict', eof: GONE },
};

/** `user:password`, cut at the first colon, without one zero byte at the end. Without a colon all is password. */
export function splitCredentials(bytes: Uint8Array): { readonly user: string; readonly password: string } {
  const end = bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1');
  const colon = text.indexOf(':');
  return { user: text.slice(0, Math.max(colon, 0)), password: text.slice(colon + 1) };
}

/* ── client ──────────────────────────────────────────────────────────── */

export class ClientHandshake extends Handshake {
  protected readonly steps = CLIENT;
  /** @internal Length byte, text and zero byte; null where none were given. */
  readonly credentials: Uint8Array | null;

  /** `credentials`: a byte string `user:password`, null for none. Errors: `domain` over 254 bytes. */
  constructor(credentials: string | null) {
    super();
    if (credentials !== null && credentials.length > 254) fail('domain', 'credentials are longer than 254 bytes');
    this.credentials = credentials === null ? null : Buffer.from(`${String.fromCharCode(credentials.length + 1)}${credentials}\0`, 'latin1');
  }

  /** Opens the exchange. */
  start(emit: Emit): void {
    emit({ kind: 'send', bytes: Uint8Array.of(WIRE_VERSION, 0) });
  }
}

/** The reference's word for whatever goes wrong before credentials matter. */
const REFUSED = 'connection refused';
const DENIED = { code: 'access', reason: 'authentication failed' } as const;

const CLIENT: Record<string, Step<ClientHandshake>> = {
  version: {
    need: () => 2,
    take: ({ credentials }, [version, auth], emit) => {
      if (version !== WIRE_VERSION || auth > 1) return refuse('io', REFUSED, emit);
      if (auth === 0) return opened(emit);
      if (credentials === null) return refuse('access', 'server requires authentication', emit);
      emit({ kind: 'send', bytes: credentials });
      return 'result';
    },
    eof: { code: 'io', reason: REFUSED },
  },
  result: {
    need: () => 1,
    take: (_machine, [result], emit) => (result === 0 ? opened(emit) : refuse(DENIED.code, DENIED.reason, emit)),
    eof: DENIED,
  },
};

/* ── helpers ─────────────────────────────────────────────────────────── */

function opened(emit: Emit): string {
  emit({ kind: 'open' });
  return 'open';
}

function refuse(code: ErrorCode, reason: string, emit: Emit): string {
  emit({ kind: 'close', code, reason });
  return 'closed';
}

const NOTHING = new Uint8Array(0);
