/** A client without an interpreter: values go out, replies and pushed messages come in. */
import { RayError } from '../lang/errors.js';
import { List, Sym, name, type Value } from '../lang/value.js';
import { AddressError, peerAddress } from '../net/address.js';
import { ConnectError, connect as openStream, type Connection, type ConnectionEvents } from '../net/connection.js';
import { isTlsFailure } from '../net/failures.js';
import { decodePayload, encodeFrame, type DecodeOptions } from '../wire/rayforce/value.js';
import { FLAG, MAX_PAYLOAD, MSG, readTag, writeTag } from '../wire/rayforce/header.js';
import { Session, type SessionEvent } from '../wire/rayforce/session.js';
import type { Frame } from '../wire/rayforce/frames.js';
import type { FrameBridge } from './frame-bridge.js';
import { clientContext, TlsFilesError } from './tls-files.js';
import type { Client, ConnectOptions, Dialect, Incoming, SendOptions } from './api.js';

const CONNECT_MS = 5000;

/** Connects to `host:port[:user:password]`, or what else is an address; in frames where `frame+` is in front. Rejects with a RayError: `domain` no address, `io` not reached, `access` not let in. */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Client> {
  const { host, port, user, password, path, tls, frames } = parse(address);
  const bridge = frames === true ? await newBridge() : null;
  const session = bridge ?? Session.client(password === null ? null : `${user}:${password}`, { limit: options.maxFrame ?? MAX_PAYLOAD });
  const client = new SocketClient(session, bridge, options.dialect ?? '2512', options.maxFrame ?? MAX_PAYLOAD);
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
    return peerAddress(address);
  } catch (e) {
    throw e instanceof AddressError ? new RayError('domain', e.message) : e;
  }
}

async function newBridge(): Promise<FrameBridge> {
  const { frameEndpoint } = await import('./frame-endpoint.js');
  return frameEndpoint(() => '')();
}

interface Waiting { readonly resolve: (v: Value) => void; readonly reject: (e: RayError) => void; timer: NodeJS.Timeout | null }

class SocketClient implements Client {
  connection!: Connection;
  closed = false;
  /** Sends by their numbers, in their order. Over the wire the first is answered; in frames the one whose number the answer carries. */
  readonly #waiting = new Map<number, Waiting>();
  #sent = 0;
  readonly #listeners = { message: [] as ((m: Incoming) => void)[], close: [] as ((reason: string) => void)[] };
  /** What arrived before anybody listened. */
  #early: Incoming[] = [];
  #opening: { resolve(): void; reject(e: RayError): void } | null = null;
  #opened = false;
  #decoding: DecodeOptions;

  constructor(private readonly session: Session | FrameBridge, private readonly bridge: FrameBridge | null, private dialect: Dialect, private readonly maxFrame: number) {
    this.#decoding = this.#options();
  }

  opened(where: string, ms: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const refused = new RayError('io', `connection refused: ${where}`);
      const timer = setTimeout(() => this.#end(refused.message), Math.max(1, ms));
      this.#opening = {
        resolve: () => (clearTimeout(timer), resolve(this)),
        reject: (e) => {
          clearTimeout(timer);
          // With TLS 1.3 a server refuses a certificate when the client believes itself connected.
          if (isTlsFailure(e.message)) reject(new RayError('io', `TLS failed (${e.message}): ${where}`));
          else reject(e.code === 'access' ? e : refused);
        },
      };
      this.#pump();
    });
  }

  send(value: Value, { deadlineMs, verbose = false }: SendOptions = {}): Promise<Value> {
    return new Promise((resolve, reject) => {
      const number = (this.#sent = (this.#sent + 1) >>> 0);
      this.#write(value, MSG.SYNC, verbose ? FLAG.VERBOSE : 0, number);
      const waiting: Waiting = { resolve, reject, timer: null };
      if (deadlineMs !== undefined) waiting.timer = setTimeout(() => this.#late(number, `no reply within ${deadlineMs} ms`), deadlineMs);
      this.#waiting.set(number, waiting);
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
    const number = readTag(frame.bytes, frame.start);
    const message: Incoming = { kind: sync ? 'sync' : 'async', value, reply: (v) => sync && this.#write(v, MSG.RESPONSE, 0, number) };
    if (this.#listeners.message.length === 0) this.#early.push(message);
    for (const listener of this.#listeners.message) listener(message);
  }

  #reply(frame: Frame): void {
    const number = this.bridge === null ? this.#waiting.keys().next().value : readTag(frame.bytes, frame.start);
    const waiting = number === undefined ? undefined : this.#waiting.get(number);
    if (number === undefined || waiting === undefined) return;
    this.#waiting.delete(number);
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

  /** Over the wire a late answer would be taken for the next. */
  #late(number: number, reason: string): void {
    if (this.bridge === null) return this.#end(reason);
    this.#waiting.get(number)?.reject(new RayError('io', reason));
    this.#waiting.delete(number);
  }

  #decode(frame: Frame): Value {
    return decodePayload(frame.bytes, frame.flags, this.#decoding, frame.payload, frame.end);
  }

  /** Builtins of the peer are known by their names only: here they stay symbols. */
  #options(): DecodeOptions {
    return { dialect: this.dialect, limit: this.maxFrame, resolve: (text) => name(text) };
  }

  #write(value: Value, msgtype: number, flags: number, number = 0): void {
    if (this.closed || !this.#opened) throw new RayError('io', 'connection closed');
    let frame: Uint8Array;
    try {
      frame = encodeFrame(value, { dialect: this.dialect, msgtype, flags, compress: this.bridge === null });
    } catch (e) {
      throw e instanceof RayError ? new RayError('type', 'message not serializable') : e;
    }
    if (this.bridge !== null) writeTag(frame, 0, number);
    this.connection.write(this.bridge === null ? frame : this.bridge.wrap(frame));
  }

  #end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.close();
    this.#opening?.reject(new RayError('io', reason));
    this.#opening = null;
    for (const { reject, timer } of this.#waiting.values()) {
      if (timer !== null) clearTimeout(timer);
      reject(new RayError('io', reason === 'closed' ? 'connection closed' : reason));
    }
    this.#waiting.clear();
    for (const listener of this.#listeners.close) listener(reason);
  }
}
