/** A client without an interpreter: values go out, replies and pushed messages come in. */
import { fail, RayError } from '../lang/errors.js';
import { List, Sym, name, type Value } from '../lang/value.js';
import { AddressError, peerAddress } from '../net/address.js';
import { ConnectError, connect as openStream, type Connection, type ConnectionEvents } from '../net/connection.js';
import { decodePayload, encodeFrame, type DecodeOptions } from '../wire/rayforce/value.js';
import { FLAG, MAX_PAYLOAD, MSG } from '../wire/rayforce/header.js';
import { Session, type SessionEvent } from '../wire/rayforce/session.js';
import type { Frame } from '../wire/rayforce/frames.js';
import { clientContext, TlsFilesError } from './tls-files.js';
import type { Client, ConnectOptions, Dialect, Incoming, SendOptions } from './api.js';

const CONNECT_MS = 5000;

/** Connects to `host:port[:user:password]`. Rejects with a RayError: `domain` no address, `io` not reached, `access` not let in. */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Client> {
  const { host, port, user, password, path, tls } = parse(address);
  const session = Session.client(password === null ? null : `${user}:${password}`, { limit: options.maxFrame ?? MAX_PAYLOAD });
  const client = new SocketClient(session, options.dialect ?? '2512', options.maxFrame ?? MAX_PAYLOAD);
  const until = performance.now() + (options.timeoutMs ?? CONNECT_MS);
  try {
    const { servername } = options.tls ?? {};
    const secure = tls === undefined ? {} : { tls: { context: clientContext(options.tls ?? {}), ...(servername === undefined ? {} : { servername }) } };
    client.connection = await openStream(host, port, options.timeoutMs ?? CONNECT_MS, client.events, { ...(path === undefined ? {} : { path }), ...secure });
  } catch (e) {
    throw e instanceof ConnectError || e instanceof TlsFilesError ? new RayError('io', e.message) : e;
  }
  return client.opened(path ?? `${host}:${port}`, until - performance.now());
}

function parse(address: string): ReturnType<typeof peerAddress> {
  try {
    const at = peerAddress(address);
    return at.frames === true ? fail('domain', 'a client speaks the wire, and no frames') : at;
  } catch (e) {
    throw e instanceof AddressError ? new RayError('domain', e.message) : e;
  }
}

interface Waiting { readonly resolve: (v: Value) => void; readonly reject: (e: RayError) => void; timer: NodeJS.Timeout | null }

class SocketClient implements Client {
  connection!: Connection;
  closed = false;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = { message: [] as ((m: Incoming) => void)[], close: [] as ((reason: string) => void)[] };
  /** What arrived before anybody listened. */
  #early: Incoming[] = [];
  #opening: { resolve(): void; reject(e: RayError): void } | null = null;
  #opened = false;
  #decoding: DecodeOptions;

  constructor(private readonly session: Session, private dialect: Dialect, private readonly maxFrame: number) {
    this.#decoding = this.#options();
  }

  opened(where: string, ms: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const refused = new RayError('io', `connection refused: ${where}`);
      const timer = setTimeout(() => this.#end(refused.message), Math.max(1, ms));
      this.#opening = {
        resolve: () => (clearTimeout(timer), resolve(this)),
        reject: (e) => (clearTimeout(timer), reject(e.code === 'access' ? e : refused)),
      };
      this.#pump();
    });
  }

  send(value: Value, { deadlineMs, verbose = false }: SendOptions = {}): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#write(value, MSG.SYNC, verbose ? FLAG.VERBOSE : 0);
      const waiting: Waiting = { resolve, reject, timer: null };
      if (deadlineMs !== undefined) waiting.timer = setTimeout(() => this.#end(`no reply within ${deadlineMs} ms`), deadlineMs);
      this.#waiting.push(waiting);
    });
  }

  post(value: Value): void {
    this.#write(value, MSG.ASYNC, 0);
  }

  on(event: 'message' | 'close', listener: ((m: Incoming) => void) & ((reason: string) => void)): this {
    this.#listeners[event].push(listener);
    if (event === 'message') for (const message of this.#early.splice(0)) listener(message);
    return this;
  }

  async probeDialect(): Promise<Dialect> {
    // Read as 2512, the name in the answer is a name from 2512 and a quoted symbol from 216.
    this.dialect = '2512';
    this.#decoding = this.#options();
    const reply = await this.send('(quote (a))');
    const first = reply instanceof List ? reply.items[0] : null;
    this.dialect = first instanceof Sym && first.quoted ? '216' : '2512';
    this.#decoding = this.#options();
    return this.dialect;
  }

  close(): void {
    this.#end('closed');
  }

  /* ── what the connection reports ───────────────────────────────────── */

  readonly events: ConnectionEvents = {
    data: (chunk) => {
      this.session.receive(chunk);
      this.#pump();
    },
    end: () => {
      this.session.eof();
      this.#pump();
    },
    closed: (reason) => this.#end(reason),
  };

  #pump(): void {
    for (let event = this.session.next(); event !== null; event = this.session.next()) this.#event(event);
  }

  #event(event: SessionEvent): void {
    switch (event.kind) {
      case 'send': return this.connection.write(event.bytes);
      case 'open':
        this.#opened = true;
        this.#opening?.resolve();
        this.#opening = null;
        return;
      case 'close':
        this.#opening?.reject(new RayError(event.code, event.reason));
        this.#opening = null;
        return this.#end(event.reason);
      case 'frame': return this.#frame(event);
    }
  }

  #frame(frame: Frame): void {
    if (frame.msgtype === MSG.RESPONSE) return this.#reply(frame);
    const sync = frame.msgtype === MSG.SYNC;
    let value: Value;
    try {
      value = this.#decode(frame);
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      value = null;
    }
    const message: Incoming = { kind: sync ? 'sync' : 'async', value, reply: (v) => sync && this.#write(v, MSG.RESPONSE, 0) };
    if (this.#listeners.message.length === 0) this.#early.push(message);
    for (const listener of this.#listeners.message) listener(message);
  }

  #reply(frame: Frame): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    try {
      const value = this.#decode(frame);
      if (value instanceof RayError) waiting.reject(value);
      else waiting.resolve(value);
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      waiting.reject(e.code === 'decompr' ? new RayError('io', 'ipc bad response') : e);
    }
  }

  #decode(frame: Frame): Value {
    return decodePayload(frame.bytes, frame.flags, this.#decoding, frame.payload, frame.end);
  }

  /** Builtins of the peer are known by their names only: here they stay symbols. */
  #options(): DecodeOptions {
    return { dialect: this.dialect, limit: this.maxFrame, resolve: (text) => name(text) };
  }

  #write(value: Value, msgtype: number, flags: number): void {
    if (this.closed || !this.#opened) throw new RayError('io', 'connection closed');
    let frame: Uint8Array;
    try {
      frame = encodeFrame(value, { dialect: this.dialect, msgtype, flags });
    } catch (e) {
      throw e instanceof RayError ? new RayError('type', 'message not serializable') : e;
    }
    this.connection.write(frame);
  }

  #end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.close();
    this.#opening?.reject(new RayError('io', reason));
    this.#opening = null;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      if (timer !== null) clearTimeout(timer);
      reject(new RayError('io', reason === 'closed' ? 'connection closed' : reason));
    }
    for (const listener of this.#listeners.close) listener(reason);
  }
}
