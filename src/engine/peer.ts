/** One connection as the I/O side sees it: bytes through its session into the channel, and the account of what it costs. */
import type { Connection, ConnectionEvents } from '../net/connection.js';
import { Session, type SessionEvent } from '../wire/rayforce/session.js';
import type { Frame } from '../wire/rayforce/frames.js';
import type { TlsFailure } from '../net/failures.js';
import type { TlsContext } from '../net/tls-context.js';
import type { Users } from './api.js';
import type { Returning } from './dialing.js';
import type { FrameBridge } from './frame-bridge.js';
import type { TokenQueue } from './token-queue.js';

export interface PeerOwner {
  readonly preAuthBytes: number;
  admitted(peer: Peer): void;
  credentials(peer: Peer, user: string, password: string): void;
  /** Whole frames that came in one chunk. */
  frames(peer: Peer, bytes: Uint8Array, from: number, to: number): void;
  /** One frame of `size` bytes, in parts as `Frame` has them. */
  frameParts(peer: Peer, parts: readonly Uint8Array[], size: number): void;
  /** Nothing more comes from the peer. `fault`: it broke the protocol or a limit. */
  ended(peer: Peer, reason: string, fault: boolean, code?: string): void;
  /** The socket is gone. */
  closed(peer: Peer, reason: string, refused: boolean): void;
  /** See `OutputAccount`. */
  tooSlow(peer: Peer, reason: string): void;
  /** What becomes of what was written, see `Outflow`. */
  readonly outflow: { progress(peer: Peer): void; throttled(peer: Peer): void; unthrottled(peer: Peer): void; idle(peer: Peer): void };
  /** TLS was started on the open connection, with success or not. */
  upgraded(peer: Peer, failure: TlsFailure | null): void;
}

export type PeerState = 'handshake' | 'open' | 'ended';

export class Peer implements ConnectionEvents {
  /** Set once by whoever made the connection. */
  connection!: Connection;
  handle = -1;
  state: PeerState = 'handshake';
  user = '';
  /** Who is let in where it has connected; null: it was dialed. */
  users: Users | null = null;
  restricted = false;
  /** When it was admitted, ms since 1970. */
  openedMs = 0;
  /** Request bytes handed over, modulo 2^32. */
  dispatched = 0;
  timer: NodeJS.Timeout | null = null;
  /** A hook has judged it before it said anything. */
  barred = false;
  /** A script wants nothing read. */
  muted = false;
  /** Bytes handed over for it, modulo 2^32. */
  handed = 0;
  /** Not all of them are with the kernel, which takes none for now if `congested`. */
  behind = false;
  congested = false;
  /** null: nothing was ever sent with a token. */
  tokens: TokenQueue | null = null;
  /** Ms without a byte after which the script hears of it; 0: never. */
  idleMs = 0;
  /** The Unix socket it came to, or that was dialed; '' over TCP. */
  path = '';
  /** The host that was dialed; '' where none was. */
  dialedHost = '';
  /** It is dialed again when it is lost. */
  returning: Returning | null = null;
  /** TLS is to begin, or has begun. */
  upgrade: { readonly context: TlsContext; readonly done: ((failure: string | null) => void) | null } | null = null;
  /** Outbound: told once whether the peer let us in. */
  opening: ((failure: { code: string; reason: string } | null) => void) | null = null;
  #early = 0;

  /** `bridge`: the session, where the peer speaks frames. */
  constructor(readonly owner: PeerOwner, readonly session: Session | FrameBridge, readonly inbound: boolean, readonly bridge: FrameBridge | null = null) {}

  get held(): number {
    return this.connection.held;
  }
  tooSlow(reason: string): void {
    this.owner.tooSlow(this, reason);
  }

  data(chunk: Uint8Array): void {
    if (this.state === 'ended') return;
    if (this.state === 'handshake') {
      this.#early += chunk.length;
      if (this.#early > this.owner.preAuthBytes) return this.owner.ended(this, `more than ${this.owner.preAuthBytes} bytes before it was admitted`, true);
    }
    this.session.receive(chunk);
    this.pump();
  }

  end(): void {
    this.session.eof();
    this.pump();
  }

  closed(reason: string, refused: boolean): void {
    this.owner.closed(this, reason, refused);
  }

  progress(): void {
    if (this.behind) this.owner.outflow.progress(this);
  }
  throttled(): void {
    this.owner.outflow.throttled(this);
  }
  unthrottled(): void {
    this.owner.outflow.unthrottled(this);
  }
  idle(): void {
    this.owner.outflow.idle(this);
  }
  upgraded(failure: TlsFailure | null): void {
    this.owner.upgraded(this, failure);
  }
  verdict(accept: boolean): void {
    this.session.verdict(accept);
    this.pump();
  }

  /** Carries out what follows from what happened; frames that lie together are handed over together. */
  pump(): void {
    const { session, owner } = this;
    let bytes: Uint8Array | null = null;
    let from = 0;
    let to = 0;
    for (let event = session.next(); event !== null; event = session.next()) {
      if (event.kind === 'frame') {
        const frame: Frame = event;
        if (frame.parts !== null) {
          if (bytes !== null) owner.frames(this, bytes, from, to);
          bytes = null;
          owner.frameParts(this, frame.parts, frame.end);
        } else if (frame.bytes === bytes && frame.start === to) to = frame.end;
        else {
          if (bytes !== null) owner.frames(this, bytes, from, to);
          bytes = frame.bytes;
          from = frame.start;
          to = frame.end;
        }
        continue;
      }
      if (bytes !== null) owner.frames(this, bytes, from, to);
      bytes = null;
      this.#event(event);
    }
    if (bytes !== null) owner.frames(this, bytes, from, to);
  }

  #event(event: Exclude<SessionEvent, Frame>): void {
    switch (event.kind) {
      case 'send': return this.connection.write(event.bytes);
      case 'credentials': return this.owner.credentials(this, event.user, event.password);
      case 'open': return this.owner.admitted(this);
      case 'close': return this.owner.ended(this, event.reason, !event.clean, event.code);
    }
  }
}
