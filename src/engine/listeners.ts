/** What the engine listens on: each a handle of its own, with what its kind of address serves. */
import { Listener, ListenError } from '../net/listener.js';
import type { Connection } from '../net/connection.js';
import type { ListenAddress } from '../net/address.js';
import type { TlsContext } from '../net/tls-context.js';
import type { LogRecord } from './api.js';
import type { FrameBridge } from './frame-bridge.js';
import type { Peer } from './peer.js';
import type { Slots } from './slots.js';
import { reload, serverContext, TlsFilesError, type ServerTls } from './tls-files.js';

export interface ListenersOptions {
  /** For listeners with TLS. */
  readonly tls: ServerTls | null;
  /** Clients have to name a user. */
  readonly usersRequired: boolean;
  readonly log: (record: LogRecord) => void;
}

/** Told of a new connection: answers what to call for it, or null to drop it. */
export type Accept = (frames: (() => FrameBridge) | null) => ((open: (events: Peer) => Connection) => void) | null;

export class Listeners {
  readonly #open = new Set<Listener>();
  #tls: TlsContext | null = null;

  constructor(private readonly slots: Slots<Peer | Listener>, private readonly options: ListenersOptions, private readonly accept: Accept) {}

  get empty(): boolean {
    return this.#open.size === 0;
  }

  /** Rejects with ListenError. Answers the listener's handle and port. */
  async listen(address: ListenAddress): Promise<{ handle: number; port: number }> {
    const frames = address.path === undefined || this.options.usersRequired ? null : await frameBridges(address.path);
    const listener = await Listener.open(address, () => this.accept(frames), address.tls === true ? this.#context() : null);
    const handle = this.slots.add(() => listener);
    if (handle < 0) {
      listener.close();
      throw new ListenError('too many handles');
    }
    this.#open.add(listener);
    this.options.log({ level: 'info', event: 'listening', handle, message: address.path === undefined ? `listening on port ${listener.port}` : `listening on ${address.path}` });
    return { handle, port: listener.port };
  }

  /** Nobody is accepted any more; connections live on. */
  close(): void {
    for (const listener of this.#open) listener.close();
    this.#open.clear();
  }

  /** Reads the certificates again, for connections that begin from now on. Throws TlsFilesError; then nothing has changed. */
  reloadTls(): void {
    const { tls } = this.options;
    if (tls !== null && this.#tls !== null) reload(this.#tls, tls);
  }

  #context(): TlsContext {
    const { tls } = this.options;
    if (tls === null) throw new ListenError('no certificate to listen with');
    try {
      return (this.#tls ??= serverContext(tls));
    } catch (e) {
      throw e instanceof TlsFilesError ? new ListenError(e.message) : e;
    }
  }
}

/** For listeners on paths, whose clients are this user's; loaded with the first of them. */
async function frameBridges(path: string): Promise<() => FrameBridge> {
  const { frameEndpoint } = await import('./frame-endpoint.js');
  return frameEndpoint(path);
}
