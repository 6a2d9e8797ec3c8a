/** Listens on TCP, on a Unix path or on an inherited descriptor, and hands out what connects. No method throws. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { logToStderr, type Log } from './handlers.js';
import { admit, type CredentialRules } from './peer-credentials.js';
import { SocketTransport } from './socket-transport.js';
import type { Transport } from './transport.js';
import { claimUnixPath, type Claim } from './unix-claim.js';

export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly ipv6Only?: boolean }
  /** `mode`: permission bits of the file, by default 0600: only this user. */
  | { readonly kind: 'unix'; readonly path: string; readonly mode?: number }
  /** A descriptor that is bound already, see `inheritedDescriptors`. */
  | { readonly kind: 'fd'; readonly fd: number };

export interface ListenerHandler {
  onListening?(listener: Listener): void;
  /** Nothing follows. */
  onListenFailure(listener: Listener, failure: { readonly code: string; readonly message: string }): void;
  /** Answers the connection it has made of what was accepted, or whatever else looks after it; null (or throws) to drop it. */
  onAccept(listener: Listener, accepted: Transport): object | null;
  /** The descriptor of something accepted is free again. */
  onReleased?(listener: Listener): void;
  /** Once, when nothing more is accepted. Connections live on. */
  onClosed?(listener: Listener): void;
}

export interface ListenerOptions {
  /** Connections at a time, with those that shake hands; null: no limit. Default 100 000. More wait in `waiting`, beyond it they are dropped. */
  readonly maxConnections: number | null;
  /** Accepted connections that wait, unread, for one of the others to end. Default 128, like the queue of the kernel. */
  readonly waiting: number;
  /** Connections the kernel holds before they are accepted. Default 128. */
  readonly backlog: number;
  /** Who may connect to a Unix path. Decided before a byte is read. Default: everybody who can open it. */
  readonly credentials: CredentialRules;
  readonly log: Log;
}

export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #open = new Set<Socket>();
  readonly #waiting: Socket[] = [];
  #claim: Claim | null = null;
  #state: 'starting' | 'listening' | 'closed' = 'starting';
  #port = 0;

  private constructor(readonly target: ListenTarget, private readonly handler: ListenerHandler, options: Partial<ListenerOptions>) {
    this.#options = { maxConnections: 100_000, waiting: 128, backlog: 128, credentials: { policy: 'off' }, log: logToStderr, ...options };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => this.#arrived(socket));
  }

  /** `onListening` or `onListenFailure` follows. */
  static open(target: ListenTarget, handler: ListenerHandler, options: Partial<ListenerOptions> = {}): Listener {
    const listener = new Listener(target, handler, options);
    void listener.#start();
    return listener;
  }

  get isListening(): boolean {
    return this.#state === 'listening' && (this.#claim === null || (this.#claim.kind === 'won' && this.#claim.stillOurs()));
  }
  /** The port it really has; 0 for paths. */
  get port(): number {
    return this.#port;
  }
  /** Open connections, with those that shake hands. */
  get connections(): number {
    return this.#open.size;
  }

  close(): void {
    if (this.#state === 'closed') return;
    const listening = this.#state === 'listening';
    this.#state = 'closed';
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    if (!listening) return;
    if (this.#claim?.kind === 'won') this.#claim.release();
    this.#server.close();
    this.#guard(() => this.handler.onClosed?.(this));
  }
  ref(): void {
    this.#server.ref();
  }
  unref(): void {
    this.#server.unref();
  }

  async #start(): Promise<void> {
    const { target } = this;
    const failure = target.kind === 'unix' ? await this.#claimPath(target) : await this.#listen(target);
    this.#server.on('error', (e) => this.#options.log({ event: 'accept-error', message: e.message }));
    if (this.#state === 'closed') {
      // Closed while it was starting: nobody is told, nothing stays.
      if (this.#claim?.kind === 'won') this.#claim.release();
      if (failure === null) this.#server.close();
      return;
    }
    if (failure !== null) {
      this.#state = 'closed';
      return this.#guard(() => this.handler.onListenFailure(this, failure));
    }
    this.#state = 'listening';
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = (address as AddressInfo).port;
    this.#guard(() => this.handler.onListening?.(this));
  }

  async #claimPath(target: Extract<ListenTarget, { kind: 'unix' }>): Promise<{ code: string; message: string } | null> {
    const claim = await claimUnixPath(this.#server, target.path, target.mode ?? 0o600, this.#options.backlog);
    this.#claim = claim;
    if (claim.kind === 'won') return null;
    return claim.kind === 'error' ? claim : { code: 'EADDRINUSE', message: `somebody listens on '${target.path}'` };
  }

  #listen(target: Extract<ListenTarget, { kind: 'tcp' | 'fd' }>): Promise<{ code: string; message: string } | null> {
    const { backlog } = this.#options;
    return new Promise((resolve) => {
      const failed = (e: Error): void => resolve({ code: (e as NodeJS.ErrnoException).code ?? 'io', message: e.message });
      this.#server.once('error', failed);
      const listening = (): void => {
        this.#server.off('error', failed);
        resolve(null);
      };
      try {
        if (target.kind === 'fd') this.#server.listen({ fd: target.fd, backlog }, listening);
        else this.#server.listen({ host: target.host, port: target.port, backlog, ipv6Only: target.ipv6Only ?? false }, listening);
      } catch (e) {
        failed(e as Error);
      }
    });
  }

  #arrived(socket: Socket): void {
    const { maxConnections, waiting } = this.#options;
    // Until a connection takes over, a reset must not be an exception.
    socket.on('error', () => {});
    if (this.#state === 'closed') return void socket.destroy();
    if (maxConnections === null || this.#open.size < maxConnections) return this.#admit(socket);
    if (this.#waiting.length < waiting) this.#waiting.push(socket);
    else {
      this.#options.log({ event: 'refused', message: `${maxConnections} connections are open and ${waiting} wait` });
      socket.resetAndDestroy();
    }
  }

  #admit(socket: Socket): void {
    const verdict = admit(socket, this.#options.credentials);
    if (verdict.kind === 'refused') {
      this.#options.log({ event: 'refused', message: verdict.reason });
      return void socket.destroy();
    }
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#guard(() => this.handler.onReleased?.(this));
      const next = this.#waiting.shift();
      if (next !== undefined) this.#admit(next);
    });
    const transport = new SocketTransport(socket, verdict.credentials);
    let taken: object | null = null;
    this.#guard(() => { taken = this.handler.onAccept(this, transport); });
    if (taken === null) transport.destroy();
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (e) {
      this.#options.log({ event: 'handler-error', message: e instanceof Error ? e.message : String(e) });
    }
  }
}

/** The first descriptor that socket activation passes. */
const FIRST_FD = 3;

/** Listening sockets that whoever started this process has left open for it (`LISTEN_FDS`), with their names. */
export function inheritedDescriptors(env: Readonly<Record<string, string | undefined>> = process.env, pid: number = process.pid): { fd: number; name: string }[] {
  const count = Number(env['LISTEN_FDS'] ?? '0');
  if (env['LISTEN_PID'] !== String(pid) || !Number.isInteger(count) || count < 1) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST_FD + i, name: names[i] ?? '' }));
}
