/** What the engine listens on: each a handle of its own, with what its kind of address serves. */
import { Listener, ListenError } from '../net/listener.js';
import type { ListenAddress } from '../net/address.js';
import type { TlsContext } from '../net/tls-context.js';
import { judge, type CredentialRules } from '../net/peer-credentials.js';
import type { Transport } from '../net/transport.js';
import type { ListenOptions, LogRecord, Users } from './api.js';
import type { FrameBridge } from './frame-bridge.js';
import { lanesOf, ProtocolsError, served } from './protocols.js';
import { Reception, type Guest, type ReceptionHost } from './reception.js';
import type { Slots } from './slots.js';
import { TlsFilesError, type ServerContexts, type ServerTls } from './tls-files.js';
import { UsersFile, type UsersFiles } from './users-files.js';
import { UsersFileError } from './users.js';

export interface ListenersOptions {
  /** For listeners with TLS. */
  readonly tls: ServerTls | null;
  readonly contexts: ServerContexts;
  /** For listeners that are not told themselves. */
  readonly serving: ListenOptions;
  /** Who may connect to listeners without a file of their own. */
  readonly users: Users;
  readonly usersFiles: UsersFiles;
  readonly handshakeMs: number;
  readonly log: (record: LogRecord) => void;
}

/** What holds for whoever connects to a listener. */
export interface Terms extends Omit<ListenOptions, 'users'> {
  readonly users: Users;
  /** Of a Unix socket; '' over TCP. */
  readonly path: string;
}

/** Who takes over whatever has said what it speaks. */
export interface ListenersHost extends Pick<ReceptionHost, 'refused'> {
  wire(transport: Transport, msLeft: number, terms: Terms): void;
  /** As in `ReceptionHost`, where these users are let in. */
  vouch(user: string, users: Users, answer: (guest: Guest | null) => void): void;
  /** Whether there is room for one more; it counts until `released`. */
  admits(): boolean;
  released(): void;
  frames(transport: Transport, bridge: FrameBridge, guest: Guest | null, terms: Terms): void;
  /** A receiver of lines, with a memory of its own of what it has seen. */
  lines(terms: Terms): (transport: Transport, guest: Guest | null) => void;
}

export class Listeners<S> {
  readonly #open = new Map<Listener, { readonly reception: Reception; readonly users: Users }>();
  /** By path, for what comes to it another way. */
  readonly #paths = new Map<string, { readonly reception: Reception; readonly credentials: CredentialRules }>();

  constructor(private readonly slots: Slots<S | Listener>, private readonly options: ListenersOptions, private readonly host: ListenersHost) {}

  get empty(): boolean {
    return this.#open.size === 0;
  }

  /** Rejects with ListenError. Answers the listener's handle and port. */
  async listen(address: ListenAddress, options: ListenOptions = {}): Promise<{ handle: number; port: number }> {
    const { serving } = this.options;
    const credentials = options.credentials ?? (address.path === undefined ? undefined : serving.credentials);
    // With a certificate of its own it speaks nothing but TLS, unless it is told to take that beside the rest.
    if (options.tls !== undefined && options.protocols?.includes('tls') !== true) address = { ...address, tls: true };
    let { port } = address;
    const users = this.#users(options.users ?? serving.users);
    const reception = await this.#reception(address, () => address.path ?? `${address.host}:${port}`, { ...serving, ...options, ...(credentials === undefined ? {} : { credentials }), users, path: address.path ?? '' });
    const listener = await Listener.open(address, {
      accept: (transport) => (this.host.admits() ? reception.receive(transport) : null),
      released: () => this.host.released(),
    }, { credentials: credentials ?? (address.path === undefined ? { policy: 'off' } : KNOWN_IF_POSSIBLE) });
    port = listener.port;
    const handle = this.slots.add(() => listener);
    if (handle < 0) {
      listener.close();
      throw new ListenError('too many handles');
    }
    this.#open.set(listener, { reception, users });
    if (users instanceof UsersFile) this.options.usersFiles.hold(users);
    if (reception.options.context !== null) this.options.contexts.hold(reception.options.context);
    if (address.path !== undefined) this.#paths.set(address.path, { reception, credentials: credentials ?? {} });
    this.options.log({ level: 'info', event: 'listening', handle, message: address.path === undefined ? `listening on port ${listener.port}` : `listening on ${address.path}` });
    return { handle, port: listener.port };
  }

  /** Stops accepting; connections live on. Whether there was such a listener. */
  unlisten(handle: number): boolean {
    const listener = this.slots.get(handle);
    if (!(listener instanceof Listener)) return false;
    const ended = this.#open.get(listener);
    listener.close();
    this.slots.free(handle);
    if (ended === undefined) return true;
    this.#open.delete(listener);
    ended.reception.close();
    if (ended.reception.options.context !== null) this.options.contexts.release(ended.reception.options.context);
    if (ended.users instanceof UsersFile) this.options.usersFiles.release(ended.users);
    for (const [path, { reception }] of this.#paths) if (reception === ended.reception) this.#paths.delete(path);
    return true;
  }

  /** `place`: what probes are told, once it listens. */
  async #reception(address: ListenAddress, place: () => string, terms: Terms): Promise<Reception> {
    const { host } = this;
    const { protocols, serve = [], credentials, tls, users } = terms;
    const { plain, secured } = served(address, protocols);
    const bridges = secured.has('frame') ? await frameBridges(place, lanes(serve)) : null;
    const lines = secured.has('soc') ? host.lines(terms) : null;
    return new Reception({
      plain, secured, usersRequired: users.required, handshakeMs: this.options.handshakeMs,
      context: plain.has('tls') ? this.#context(tls ?? this.options.tls) : null,
      listed: credentials?.uids !== undefined || credentials?.gids !== undefined,
    }, {
      wire: (transport, msLeft) => host.wire(transport, msLeft, terms),
      frames: (transport, guest) => host.frames(transport, bridges!(), guest, terms),
      lines: (transport, guest) => lines!(transport, guest),
      vouch: (user, answer) => host.vouch(user, users, answer),
      refused: (transport, reason) => host.refused(transport, reason),
    });
  }

  /** Whether something listens at a path. */
  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Serves a stream that was passed on by another process as if it had connected to the path. False: it is not let in, and dropped. */
  receive(path: string, transport: Transport, onReleased: (run: () => void) => void): boolean {
    const place = this.#paths.get(path);
    const found = transport.peer.credentials ?? 'unavailable';
    if (place === undefined || judge(() => found, place.credentials).kind === 'refused' || !this.host.admits()) {
      transport.destroy();
      return false;
    }
    onReleased(() => this.host.released());
    place.reception.receive(transport);
    return true;
  }

  /** Nobody is accepted any more; connections live on. */
  close(): void {
    for (const [listener, { reception }] of this.#open) {
      listener.close();
      reception.close();
    }
    this.#open.clear();
    this.#paths.clear();
  }

  #users(file: string | undefined): Users {
    if (file === undefined) return this.options.users;
    try {
      return new UsersFile(file);
    } catch (e) {
      throw e instanceof UsersFileError ? new ListenError(e.message) : e;
    }
  }

  #context(tls: ServerTls | null): TlsContext {
    if (tls === null) throw new ListenError('no certificate to listen with');
    try {
      return this.options.contexts.of(tls);
    } catch (e) {
      throw e instanceof TlsFilesError ? new ListenError(e.message) : e;
    }
  }
}

/** Nobody is refused; who it is stands in the table of connections. */
const KNOWN_IF_POSSIBLE = { policy: 'if-available' } as const;

/** Loaded with the first listener that serves frames. */
async function frameBridges(place: () => string, serve: readonly number[]): Promise<() => FrameBridge> {
  const { frameEndpoint } = await import('./frame-endpoint.js');
  return frameEndpoint(place, serve);
}

function lanes(serve: readonly number[]): readonly number[] {
  try {
    return lanesOf(serve);
  } catch (e) {
    throw e instanceof ProtocolsError ? new ListenError(e.message) : e;
  }
}
