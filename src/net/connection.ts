/** A byte stream to a peer, with an account of what the kernel has not taken yet. */
import { connect as connectSocket, type Socket } from 'node:net';

export interface ConnectionEvents {
  data(chunk: Uint8Array): void;
  /** The peer sends nothing more; it may still read. */
  end(): void;
  /** The stream is over in both directions. Called once, after `end` if that came. */
  closed(reason: string): void;
}

/** How long a closed connection may take to hand its last bytes to the peer and see its end. */
const LINGER_MS = 2000;

export class Connection {
  readonly peer: string;
  readonly peerPort: number;
  readonly localPort: number;
  #paused = false;
  #closing: NodeJS.Timeout | null = null;
  #error = '';

  constructor(private readonly socket: Socket, events: ConnectionEvents) {
    this.peerPort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    this.peer = `${socket.remoteAddress ?? '?'}:${this.peerPort}`;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => events.data(chunk as Buffer));
    socket.on('end', () => events.end());
    socket.on('error', (error) => {
      this.#error = (error as NodeJS.ErrnoException).code ?? error.message;
    });
    socket.on('close', () => {
      if (this.#closing !== null) clearTimeout(this.#closing);
      events.closed(this.#error === '' ? 'closed' : this.#error);
    });
  }

  write(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }
  /** Bytes written that the kernel has not taken. */
  get held(): number {
    return this.socket.writableLength;
  }
  /** Until `resume` the peer's bytes stay in the kernel. */
  pause(): void {
    this.#paused = true;
    this.socket.pause();
  }
  resume(): void {
    this.#paused = false;
    this.socket.resume();
  }
  get paused(): boolean {
    return this.#paused;
  }
  /** Closes after what was written, for which the peer has `LINGER_MS`. */
  close(): void {
    if (this.#closing !== null || this.socket.destroyed) return;
    this.socket.end();
    // What the peer still sends is read and dropped: closing over unread bytes would reset the connection and lose ours.
    this.socket.removeAllListeners('data');
    this.socket.resume();
    this.#closing = setTimeout(() => this.socket.destroy(), LINGER_MS);
  }
  /** Drops the stream at once, with whatever was not taken. */
  destroy(): void {
    this.socket.destroy();
  }
}

export class ConnectError extends Error {
  constructor(readonly timedOut: boolean, message: string) {
    super(message);
  }
}

/** Opens a stream; all addresses of a name are tried. Rejects with ConnectError. `events` may be called before the promise resolves, never before the stream is open. */
export function connect(host: string, port: number, timeoutMs: number, events: ConnectionEvents): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host, port, autoSelectFamily: true, allowHalfOpen: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectError(true, `connection timed out: ${host}:${port}`));
    }, timeoutMs);
    const failed = (): void => {
      clearTimeout(timer);
      reject(new ConnectError(false, `connection refused: ${host}:${port}`));
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(new Connection(socket, events));
    });
  });
}
