/** A connection for those who bound what they write in their own way: what the kernel does not take is queued, and accounted for. */
import { Connection as Endpoint, type ClientOptions, type SslClientOptions, type StartTlsResult } from './endpoint.js';
import { CLOSE_CODES, type CloseCause, type Failure, type TlsFailure } from './failures.js';
import type { TlsContext, TlsDetails } from './tls-context.js';
import type { Transport } from './transport.js';

export interface StreamEvents {
  data(chunk: Uint8Array): void;
  /** The peer sends nothing more; it may still read. */
  end(): void;
  /** The stream is over in both directions. Called once, in a turn of its own, after `end` if that came. `refused`: TLS did not come about. */
  closed(reason: string, refused: boolean): void;
  /** The kernel has more of what was written, see `taken`. */
  progress?(): void;
  /** What is written from now on is queued; alternates with `unthrottled`, when the kernel has everything. */
  throttled?(): void;
  unthrottled?(): void;
  /** Nothing was read or written for the idle timeout; comes again after as long. */
  idle?(): void;
  /** `startTls` has led to TLS (null), or not, and then `closed` follows. */
  upgraded?(failure: TlsFailure | null): void;
}

/** How long a closed connection may take to hand its last bytes to the peer and see its end. */
const LINGER_MS = 2000;
const OPTIONS = { halfOpen: true, closeTimeoutMs: LINGER_MS, maxSendBytes: Infinity } as const;

export class QueuedConnection {
  readonly #endpoint: Endpoint;
  readonly #events: StreamEvents;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #closing = false;
  #over = false;
  #tls: TlsDetails | null = null;
  #throttled = false;
  /** How much the kernel had when it was over; -1 while it is not. */
  #frozen = -1;

  /** An object instead of a closure for each event: most connections of a server are idle, and there are many. */
  static readonly #Handler = class {
    constructor(readonly owner: QueuedConnection) {}
    onReceived(_: Endpoint, data: Uint8Array): void {
      if (!this.owner.#closing) this.owner.#events.data(data);
    }
    onPeerEnd(): void {
      if (!this.owner.#closing) this.owner.#events.end();
    }
    onSent(): void {
      this.owner.#events.progress?.();
    }
    onThrottled(): void {
      this.owner.#throttle();
    }
    onUnthrottled(): void {
      this.owner.#drain();
    }
    onIdleTimeout(): void {
      this.owner.#events.idle?.();
    }
    onTlsReady(_: Endpoint, details: TlsDetails): void {
      this.owner.#ready(details);
      this.owner.#events.upgraded?.(null);
    }
    onTlsFailure(_: Endpoint, failure: TlsFailure): void {
      this.owner.#events.upgraded?.(failure);
    }
    onClosed(_: Endpoint, cause: CloseCause): void {
      this.owner.#ended(reasonOf(cause));
    }
  };
  static readonly #Accepted = class extends QueuedConnection.#Handler {
    onStarted(_: Endpoint, tls: TlsDetails | null): void {
      this.owner.#ready(tls);
    }
    onStartFailure(_: Endpoint, failure: Failure): void {
      const ours = failure.code === 'closed-by-us';
      this.owner.#ended(ours ? 'closed' : failure.code, !ours);
    }
  };
  static readonly #Opened = class extends QueuedConnection.#Handler {
    constructor(owner: QueuedConnection, readonly ready: (connection: QueuedConnection) => void, readonly failed: (failure: Failure) => void) {
      super(owner);
    }
    onConnected(_: Endpoint, tls: TlsDetails | null): void {
      this.owner.#ready(tls);
      this.ready(this.owner);
    }
    onConnectionFailure(_: Endpoint, failure: Failure): void {
      this.owner.#frozen = 0;
      this.owner.#over = true;
      this.failed(failure);
    }
  };

  private constructor(events: StreamEvents, start: (connection: QueuedConnection) => Endpoint) {
    this.#events = events;
    this.#endpoint = start(this);
  }

  /** Takes over what a listener has accepted, and perhaps secured. */
  static accept(accepted: Transport, events: StreamEvents): QueuedConnection {
    return new QueuedConnection(events, (connection) => Endpoint.server(accepted, new QueuedConnection.#Accepted(connection), OPTIONS));
  }

  /** `ready` or `failed` is called once, and `events` only after `ready`. Closed in the turn it was opened in, `closed` is all that comes. */
  static open(options: ClientOptions | SslClientOptions, events: StreamEvents, ready: (connection: QueuedConnection) => void, failed: (failure: Failure) => void): QueuedConnection {
    return new QueuedConnection(events, (connection) => {
      const handler = new QueuedConnection.#Opened(connection, ready, failed);
      return 'context' in options ? Endpoint.sslClient({ ...OPTIONS, ...options }, handler) : Endpoint.client({ ...OPTIONS, ...options }, handler);
    });
  }

  get peer(): string {
    return this.#endpoint.peer?.name ?? '?';
  }
  get peerPort(): number {
    return this.#endpoint.peer?.port ?? 0;
  }
  get localPort(): number {
    return this.#endpoint.peer?.localPort ?? 0;
  }
  get endpoint(): Endpoint {
    return this.#endpoint;
  }
  /** null: plain, or not agreed yet. */
  get tls(): TlsDetails | null {
    return this.#tls;
  }
  /** Bytes written that the kernel has not taken. */
  get held(): number {
    return this.#over ? 0 : this.#queued + this.#endpoint.pendingBytes;
  }
  /** Bytes the kernel has had of what was written; exact also when it is over. */
  get taken(): number {
    return this.#frozen >= 0 ? this.#frozen : this.#endpoint.bytesOut - this.#endpoint.pendingBytes;
  }
  /** For people and tables. */
  get figures(): { readonly tls: string; readonly state: string; readonly bytesIn: number; readonly bytesOut: number } {
    const { bytesIn, bytesOut, state } = this.#endpoint;
    return { tls: this.#tls?.protocol ?? '', state: this.#queued > 0 || !this.#endpoint.isWriteable && state === 'open' ? 'throttled' : state, bytesIn, bytesOut };
  }
  get paused(): boolean {
    return this.#endpoint.muted;
  }

  write(bytes: Uint8Array): void {
    if (this.#closing || this.#over) return;
    if (this.#queue.length === 0 && this.#endpoint.send(bytes) === 'accepted') return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }
  /** As the endpoint's; what is written meanwhile waits, and is sent secured. */
  startTls(context: TlsContext, host = ''): StartTlsResult {
    return this.#queue.length > 0 || this.#closing ? 'not-ready' : this.#endpoint.startTls(context, host);
  }
  /** 0: none. */
  setIdleTimeout(ms: number): void {
    this.#endpoint.setIdleTimeout(ms === 0 ? null : ms);
  }
  /** Until `resume` the peer's bytes stay in the kernel. */
  pause(): void {
    if (!this.#closing) this.#endpoint.mute();
  }
  resume(): void {
    this.#endpoint.unmute();
  }
  /** Closes after what was written, for which the peer has `LINGER_MS`. */
  close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    // What the peer still sends is read and dropped: closing over unread bytes would reset the connection and lose ours.
    this.#endpoint.unmute();
    if (this.#queue.length === 0) return this.#finish();
    setTimeout(() => this.destroy(), LINGER_MS).unref();
  }
  /** Drops the stream at once, with whatever was not taken. */
  destroy(): void {
    if (this.#over) return;
    this.#endpoint.hardClose();
    this.#ended('closed');
  }

  #ready(tls: TlsDetails | null): void {
    this.#tls = tls;
    this.#drain();
  }
  /** What has queued up leaves as one. */
  #drain(): void {
    if (this.#queue.length > 0) {
      const queue = this.#queue;
      if (this.#endpoint.send(queue) !== 'accepted') return;
      this.#queue = [];
      this.#queued = 0;
    }
    if (this.#closing) return this.#finish();
    if (!this.#throttled || !this.#endpoint.isWriteable) return;
    this.#throttled = false;
    this.#events.unthrottled?.();
  }
  #throttle(): void {
    if (this.#throttled || this.#closing) return;
    this.#throttled = true;
    this.#events.throttled?.();
  }
  #finish(): void {
    this.#endpoint.close();
    // Closed before its first turn it is over without a word.
    if (this.#endpoint.state === 'closed') this.#ended('closed');
  }

  #ended(reason: string, refused = false): void {
    if (this.#over) return;
    this.#frozen = this.taken;
    this.#over = true;
    this.#queue = [];
    this.#queued = 0;
    setImmediate(() => this.#events.closed(reason, refused));
  }
}

function reasonOf({ code }: CloseCause): string {
  return code in CLOSE_CODES ? 'closed' : code;
}
