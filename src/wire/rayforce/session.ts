/**
 * A connection's life, from either end:
 *
 *     handshake ──> auth ──> open ──> closed
 *
 * Pure: bytes and verdicts go in, events come out, and the transport is somebody else's. `on.open` belongs to the event `open`, and
 * `on.close` to a `close` whose `wasOpen` is true.
 */
import type { ErrorCode } from '../../lang/errors.js';
import { FrameReader, type Frame } from './frames.js';
import { ClientHandshake, ServerHandshake, type HandshakeEvent } from './handshake.js';
import { MAX_PAYLOAD } from './header.js';
import { ProtocolError } from './protocol-error.js';

export type SessionState = 'handshake' | 'auth' | 'open' | 'closed';

export type SessionEvent =
  | Exclude<HandshakeEvent, { kind: 'close' }>
  | Frame
  | {
    readonly kind: 'close';
    /** `io`: gone or not to be talked to; `access`, `version`, `limit`; `corrupt`: bytes that are no frame. */
    readonly code: ErrorCode;
    readonly reason: string;
    /** The end came at a clean place and after the handshake: nothing went wrong. */
    readonly clean: boolean;
    readonly wasOpen: boolean;
  };

export interface SessionOptions {
  /** The largest payload taken, in bytes. */
  readonly limit?: number;
  /** Bytes a peer may send before it is admitted. Default 64 KiB. */
  readonly preAuth?: number;
}

/** What happens to a session from outside. `data` and `eof` come from the transport, `verdict` from who judges credentials, `close` from this side. */
type Input =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'eof' }
  | { readonly kind: 'verdict'; readonly accept: boolean }
  | { readonly kind: 'close' };

/**
 * `receive`, `eof`, `verdict` and `close` say what happened; `next` answers the events that follow from it, one by one, null when there
 * are none for now. Frames are cut when asked for: who stops asking applies backpressure, and an end comes after all frames before it.
 */
export class Session {
  state: SessionState = 'handshake';
  /** @internal The rest is for the table below. */
  readonly events: SessionEvent[] = [];
  readonly reader: FrameReader;
  ended = false;

  private constructor(readonly handshake: ServerHandshake | ClientHandshake, { limit = MAX_PAYLOAD }: SessionOptions) {
    this.reader = new FrameReader(limit);
  }

  /** `auth`: credentials are asked for. */
  static server(auth: boolean, options: SessionOptions = {}): Session {
    return new Session(new ServerHandshake(auth, options.preAuth), options);
  }

  /** `credentials`: `user:password` as a byte string, null for none. Errors: `domain` over 254 bytes. */
  static client(credentials: string | null, options: SessionOptions = {}): Session {
    const handshake = new ClientHandshake(credentials);
    const session = new Session(handshake, options);
    handshake.start(session.emit);
    return session;
  }

  receive(bytes: Uint8Array): void {
    this.handle({ kind: 'data', bytes });
  }
  /** The peer sends nothing more. */
  eof(): void {
    this.handle({ kind: 'eof' });
  }
  /** The answer to `credentials`. */
  verdict(accept: boolean): void {
    this.handle({ kind: 'verdict', accept });
  }
  /** This side ends it; frames not asked for yet are dropped. */
  close(): void {
    this.handle({ kind: 'close' });
  }

  next(): SessionEvent | null {
    if (this.events.length > 0) return this.events.shift() as SessionEvent;
    if (this.state !== 'open') return null;
    const frame = this.cut();
    if (frame !== null) return frame;
    // `cut` may have ended the session.
    if (this.ended && this.isOpen()) this.end('io', this.reader.buffered > 0 ? 'closed within a frame' : 'closed by the peer', this.reader.buffered === 0);
    return this.events.shift() ?? null;
  }

  /** @internal */
  end(code: ErrorCode, reason: string, clean: boolean): void {
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    this.events.push({ kind: 'close', code, reason, clean, wasOpen });
  }

  /** @internal Events of the handshake. */
  readonly emit = (event: HandshakeEvent): void => {
    if (event.kind === 'close') return this.end(event.code, event.reason, false);
    this.events.push(event);
    const state = AFTER[event.kind];
    if (state !== undefined) this.state = state;
  };

  private handle(input: Input): void {
    (TABLE[this.state][input.kind] as ((session: Session, input: Input) => void) | undefined)?.(this, input);
  }

  private isOpen(): boolean {
    return this.state === 'open';
  }

  private cut(): Frame | null {
    try {
      return this.reader.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error.fault === 'version' ? 'version' : error.fault === 'size' ? 'limit' : 'corrupt', error.message, false);
      return null;
    }
  }
}

/** Where the events of the handshake lead. */
const AFTER: Partial<Record<HandshakeEvent['kind'], SessionState>> = { credentials: 'auth', open: 'open' };

type Row = { readonly [K in Input['kind']]?: (session: Session, input: Extract<Input, { kind: K }>) => void };

const shake: Row = {
  data: (session, { bytes }) => {
    session.handshake.receive(bytes, session.emit);
    toFrames(session);
  },
  verdict: (session, { accept }) => {
    if (session.handshake instanceof ServerHandshake) session.handshake.verdict(accept, session.emit);
    toFrames(session);
  },
  eof: (session) => session.handshake.eof(session.emit),
  close: (session) => session.end('io', 'closed', true),
};

/** What a session does in each state; an input that is not listed changes nothing. */
const TABLE: Record<SessionState, Row> = {
  handshake: shake,
  auth: shake,
  open: {
    data: (session, { bytes }) => session.reader.push(bytes),
    eof: (session) => void (session.ended = true),
    close: (session) => session.end('io', 'closed', true),
  },
  closed: {},
};

function toFrames(session: Session): void {
  if (session.state === 'open') session.reader.push(session.handshake.rest());
}
