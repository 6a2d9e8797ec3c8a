/** Listens on TCP, on a Unix path or on an inherited descriptor, and hands out what connects. No method throws. */
import type { Acceptor, Arrival, ListenFailure, ListenTarget } from './acceptor.js';
import { withDefaults } from './defaults.js';
import { messageOf } from './failures.js';
import { logToStderr, type Log, type LogEntry } from './handlers.js';
import type { CredentialRules } from './peer-credentials.js';
import { SocketAcceptor } from './socket-acceptor.js';
import type { Transport } from './transport.js';

export type { ListenTarget } from './acceptor.js';

/** What a program is told about its listener. Whatever it throws is logged. */
export interface ListenerHandler {
  /** From now on `onAccept` may come. */
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

/** Each has its default. */
export interface ListenerOptions {
  /** Connections at a time, with those that shake hands, at least 1; null: no limit. Default 100 000. More wait in `waiting`, beyond it they are dropped. */
  readonly maxConnections: number | null;
  /** Accepted connections that wait, unread, for one of the others to end. Default 128, like the queue of the kernel. */
  readonly waiting: number;
  /** Connections the kernel holds before they are accepted. Default 128. */
  readonly backlog: number;
  /** Who may connect to a Unix path. Decided before a byte is read. Default: everybody who can open it. */
  readonly credentials: CredentialRules;
  /** Default: a line on stderr. */
  readonly log: Log;
  /** Where streams come from. Default: the sockets of the system. */
  readonly acceptor: Acceptor;
}

/** One listening socket. Closing it leaves its connections alone. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #open = new Set<Arrival>();
  readonly #waiting: Arrival[] = [];
  #state: 'starting' | 'listening' | 'closed' = 'starting';
  #port = 0;

  private constructor(readonly target: ListenTarget, private readonly handler: ListenerHandler, options: Partial<ListenerOptions>) {
    this.#options = withDefaults({
      maxConnections: 100_000, waiting: 128, backlog: 128, credentials: { policy: 'off' }, log: logToStderr, acceptor: options.acceptor ?? new SocketAcceptor(),
    }, options);
  }

  /** `onListening` or `onListenFailure` follows. */
  static open(target: ListenTarget, handler: ListenerHandler, options: Partial<ListenerOptions> = {}): Listener {
    const listener = new Listener(target, handler, options);
    void listener.#start();
    return listener;
  }

  /** Whoever connects now comes here; false also when another process has taken a Unix path over. */
  get isListening(): boolean {
    return this.#state === 'listening' && this.#options.acceptor.reachable;
  }
  /** The port it really has; 0 for paths. */
  get port(): number {
    return this.#port;
  }
  /** Open connections, with those that shake hands. */
  get connections(): number {
    return this.#open.size;
  }

  /** Accepts nobody more and drops those who wait; then `onClosed`, if it has listened. */
  close(): void {
    if (this.#state === 'closed') return;
    const listening = this.#state === 'listening';
    this.#state = 'closed';
    for (const arrival of this.#waiting.splice(0)) arrival.drop('close');
    if (!listening) return;
    this.#options.acceptor.close();
    this.#guard(() => this.handler.onClosed?.(this));
  }
  /** The process lives as long as it listens, which is the default. */
  ref(): void {
    this.#options.acceptor.ref();
  }
  /** The process may end while it listens. */
  unref(): void {
    this.#options.acceptor.unref();
  }

  async #start(): Promise<void> {
    const { acceptor } = this.#options;
    const result = await this.#opened();
    const failed = 'code' in result;
    // Closed while it was starting: nobody is told, nothing stays.
    if (this.#state === 'closed') return failed ? undefined : acceptor.close();
    if (failed) {
      this.#state = 'closed';
      return this.#guard(() => this.handler.onListenFailure(this, result));
    }
    this.#state = 'listening';
    this.#port = result.port;
    this.#guard(() => this.handler.onListening?.(this));
    this.#resume();
  }
  async #opened(): Promise<{ readonly port: number } | ListenFailure> {
    const { acceptor, backlog, maxConnections } = this.#options;
    if (maxConnections !== null && !(maxConnections >= 1)) return { code: 'out-of-range', message: `maxConnections: ${maxConnections}` };
    try {
      return await acceptor.open(this.target, backlog, {
        arrived: (arrival) => this.#arrived(arrival),
        failed: ({ message }) => this.#log('accept-error', message),
      });
    } catch (e) {
      return { code: (e as NodeJS.ErrnoException | null)?.code ?? 'io', message: messageOf(e) };
    }
  }

  #arrived(arrival: Arrival): void {
    const { maxConnections, waiting } = this.#options;
    if (this.#state === 'closed') return arrival.drop('close');
    // What comes before anybody knows that it listens has to wait as well.
    if (this.#state === 'listening' && this.#hasRoom) return this.#admit(arrival);
    if (this.#waiting.length < waiting) this.#waiting.push(arrival);
    else {
      this.#log('refused', `${maxConnections} connections are open and ${waiting} wait`);
      arrival.drop('reset');
    }
  }
  get #hasRoom(): boolean {
    const { maxConnections } = this.#options;
    return maxConnections === null || this.#open.size < maxConnections;
  }
  /** Whoever waits is let in while there is room: some of them may not be let in at all. */
  #resume(): void {
    while (this.#state === 'listening' && this.#waiting.length > 0 && this.#hasRoom) this.#admit(this.#waiting.shift()!);
  }

  #admit(arrival: Arrival): void {
    const admission = arrival.admit(this.#options.credentials);
    if (admission.kind === 'refused') {
      this.#log('refused', admission.reason);
      return arrival.drop('close');
    }
    this.#open.add(arrival);
    arrival.onReleased(() => {
      this.#open.delete(arrival);
      this.#guard(() => this.handler.onReleased?.(this));
      this.#resume();
    });
    this.#hand(arrival.transport(admission));
  }

  /** Apart from `onReleased` above, in whose scope whatever looks at the first bytes would live as long as the socket. */
  #hand(transport: Transport): void {
    let taken: object | null = null;
    this.#guard(() => { taken = this.handler.onAccept(this, transport); });
    if (taken === null) transport.destroy();
  }

  #guard(call: () => unknown): void {
    const thrown = (e: unknown): void => this.#log('handler-error', messageOf(e));
    try {
      const answer = call();
      if (answer instanceof Promise) answer.catch(thrown);
    } catch (e) {
      thrown(e);
    }
  }
  #log(event: LogEntry['event'], message: string): void {
    try {
      this.#options.log({ event, message });
    } catch {
      // A log that throws must not take the listener with it.
    }
  }
}

/** The first descriptor that socket activation passes, and the most it is believed to pass. */
const FIRST_FD = 3;
const MOST_FDS = 1024;

/** Listening sockets that whoever started this process has left open for it (`LISTEN_FDS`), with their names. */
export function inheritedDescriptors(env: Readonly<Record<string, string | undefined>> = process.env, pid: number = process.pid): { fd: number; name: string }[] {
  const passed = env['LISTEN_FDS'] ?? '';
  const count = /^\d+$/.test(passed) ? Number(passed) : 0;
  if (env['LISTEN_PID'] !== String(pid) || count > MOST_FDS) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST_FD + i, name: names[i] ?? '' }));
}
