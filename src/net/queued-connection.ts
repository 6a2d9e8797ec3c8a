/** A connection for those who bound what they write in their own way: what the kernel does not take is queued, and accounted for. */
import { Connection as Endpoint, type ClientOptions, type SslClientOptions } from './endpoint.js';
import { CLOSE_CODES, type CloseCause, type Failure } from './failures.js';
import type { ConnectionHandler } from './handlers.js';
import type { TlsContext, TlsDetails } from './tls-context.js';
import type { Transport } from './transport.js';

export interface StreamEvents {
  data(chunk: Uint8Array): void;
  /** The peer sends nothing more; it may still read. */
  end(): void;
  /** The stream is over in both directions. Called once, in a turn of its own, after `end` if that came. `refused`: TLS did not come about. */
  closed(reason: string, refused: boolean): void;
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

  private constructor(events: StreamEvents, start: (handler: ConnectionHandler) => Endpoint) {
    this.#events = events;
    this.#endpoint = start({
      onReceived: (_, data) => {
        if (!this.#closing) events.data(data);
      },
      onPeerEnd: () => {
        if (this.#closing) return;
        events.end();
      },
      onUnthrottled: () => this.#drain(),
      onClosed: (_, cause) => this.#ended(reasonOf(cause)),
    });
  }

  /** Takes over what a listener has accepted, with TLS when there is a context. */
  static accept(accepted: Transport, context: TlsContext | null, events: StreamEvents): QueuedConnection {
    const connection: QueuedConnection = new QueuedConnection(events, (handler) => {
      const started = (_: Endpoint, tls: TlsDetails | null): void => connection.#ready(tls);
      const all = { ...handler, onStarted: started, onStartFailure: (_: Endpoint, failure: Failure) => connection.#ended(failure.code === 'closed-by-us' ? 'closed' : `TLS: ${failure.code}`, failure.code !== 'closed-by-us') };
      return context === null ? Endpoint.server(accepted, all, OPTIONS) : Endpoint.sslServer(accepted, context, all, OPTIONS);
    });
    return connection;
  }

  /** `ready` or `failed` is called once. */
  static open(options: ClientOptions | SslClientOptions, events: StreamEvents, ready: (connection: QueuedConnection) => void, failed: (failure: Failure) => void): QueuedConnection {
    const connection: QueuedConnection = new QueuedConnection(events, (handler) => {
      const connected = (_: Endpoint, tls: TlsDetails | null): void => {
        connection.#ready(tls);
        ready(connection);
      };
      const all = { ...handler, onConnected: connected, onConnectionFailure: (_: Endpoint, failure: Failure) => failed(failure) };
      return 'context' in options ? Endpoint.sslClient({ ...OPTIONS, ...options }, all) : Endpoint.client({ ...OPTIONS, ...options }, all);
    });
    return connection;
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
    if (this.#closing) this.#finish();
  }
  #finish(): void {
    this.#endpoint.close();
    // Closed before its first turn it is over without a word.
    if (this.#endpoint.state === 'closed') this.#ended('closed');
  }

  #ended(reason: string, refused = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#queued = 0;
    setImmediate(() => this.#events.closed(reason, refused));
  }
}

function reasonOf({ code }: CloseCause): string {
  return code in CLOSE_CODES ? 'closed' : code;
}
