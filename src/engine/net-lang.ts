/** `.net.*` on the language side: sends with tokens, what waits for peers, and the calls of the slots `.net.on.*`. */
import { Lambda, T, Vec, name, symbol, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { toBytes } from '../lang/text.js';
import type { Cell } from '../lang/env.js';
import { inflate } from '../wire/rayforce/compress.js';
import { FLAG, HEADER_SIZE, readHeader, writeHeader } from '../wire/rayforce/header.js';
import { ProtocolError } from '../wire/rayforce/protocol-error.js';
import { SIGN, TO_IO } from './channel.js';
import type { Conn } from './conn.js';
import { explainBriefly } from './errors-text.js';
import type { LangSide } from './lang-side.js';
import { LANE_BYTES } from './limits.js';
import type { TlsDetails } from '../net/tls-context.js';
import type { NetEvent } from './net-calls.js';
import { tooLargeForLane } from './remote.js';
import { THROTTLED } from './shared-state.js';
import type { ClientTls, ServerTls } from './tls-files.js';

export const NET_SLOTS = ['connect-failed', 'throttled', 'unthrottled', 'sent', 'send-failed', 'idle'] as const;
type SlotName = (typeof NET_SLOTS)[number];

/** Bytes on their way to the other thread: more is not accepted with a token, because nobody has refused them yet. */
const CHANNEL_BYTES = 1 << 20;

export class NetLang {
  readonly #slots: ReadonlyMap<SlotName, Cell>;
  /** Accepted and not settled. The connection may be gone by then, its rights are not. */
  readonly #pending = new Map<number, Conn>();
  #minted = 0;

  constructor(private readonly lang: LangSide) {
    this.#slots = new Map(NET_SLOTS.map((slot) => [slot, lang.interp.env.cell(name(`.net.on.${slot}`))]));
  }

  /** Accepted sends are to be settled. */
  get active(): boolean {
    return this.#pending.size > 0;
  }

  /** The token. Errors: `again`, `io`, `limit`; `type` not serializable; `domain` bytes that are no whole frames. */
  send(handle: number, message: Value): number {
    const bytes = message instanceof Vec && message.t === T.U8 ? framesOf(message) : null;
    const encoded = bytes ?? this.lang.remote.encodePost(handle, message);
    const conn = this.#open(handle);
    const frame = bytes !== null && conn.numbered ? unpacked(bytes) : encoded;
    const { shared, settings } = this.lang;
    if (frame.length > settings.outputPerPeer) fail('limit', tooLarge(frame.length, settings.outputPerPeer));
    if (shared.state(handle) === THROTTLED || this.unsettled(conn) > CHANNEL_BYTES) this.#again(conn);
    const token = ++this.#minted;
    this.#pending.set(token, conn);
    conn.written = (conn.written + frame.length) | 0;
    this.lang.send(TO_IO.SEND, handle, token | 0, frame);
    this.lang.end.flush();
    return token;
  }

  /** Whether a message without an answer may follow what waits for its peer. Errors: `again`, `limit`. */
  admit(conn: Conn, bytes: number): void {
    const { outputPerPeer } = this.lang.settings;
    if (bytes > outputPerPeer) fail('limit', tooLarge(bytes, outputPerPeer));
    const waiting = this.unsettled(conn);
    if (waiting >= outputPerPeer / 2 || waiting + bytes > outputPerPeer) this.#again(conn);
  }

  /** Bytes handed over that the kernel does not have. */
  unsettled(conn: Conn): number {
    return (conn.written - this.lang.shared.gone(conn.handle)) | 0;
  }

  mute(handle: number): void {
    const conn = this.#open(handle);
    // The answer that is waited for would never be taken up.
    if (conn.waiting) fail('state', 'a send on this connection waits for its answer');
    conn.muted = true;
    this.lang.send(TO_IO.MUTE, handle, 1);
    this.lang.end.flush();
  }
  unmute(handle: number): void {
    // Its end may have come meanwhile, and is seen now.
    const conn = this.lang.connections.get(handle);
    if (conn === undefined) return fail('io', this.lang.connections.why(handle));
    if (!conn.muted) return;
    conn.muted = false;
    this.lang.afterMute(conn);
    this.lang.send(TO_IO.MUTE, handle, 0);
    this.lang.end.flush();
  }

  /** What TLS has agreed on; null: the connection is plain. Errors: `io`. */
  tls(handle: number): TlsDetails | null {
    return this.lang.call({ ask: 'tls', handle: this.#open(handle).handle }).value as TlsDetails | null;
  }
  /**
   * TLS on an open connection: the side that has connected waits for it; the other begins it behind the answer to the request it is in, or else
   * at once. Errors: `io`, and `state` while bytes wait.
   */
  startTls(handle: number, read: { client(): ClientTls; server(): ServerTls }): void {
    const conn = this.#open(handle);
    const behindAnswer = conn.inbound && conn.serving > 0;
    const files = conn.inbound ? { client: null, server: read.server() } : { client: read.client(), server: null };
    if (conn.numbered) fail('state', 'TLS not started: frames are secured from their first byte, or not at all');
    if (this.lang.waits(conn)) fail('state', 'TLS not started: messages wait on this connection');
    this.lang.call({ ask: 'start-tls', handle, ...files, behindAnswer });
    conn.secures = behindAnswer;
  }
  /** Sends an answer with which TLS begins. */
  secure(conn: Conn, frame: Uint8Array): void {
    conn.secures = false;
    conn.written = (conn.written + frame.length) | 0;
    this.lang.send(TO_IO.SECURE, conn.handle, 0, frame);
  }

  #open(handle: number): Conn {
    const conn = this.lang.connections.reach(handle);
    if (conn === undefined || !conn.open || !this.lang.shared.isOpen(handle)) return fail('io', this.lang.connections.why(handle));
    return conn;
  }

  #again(conn: Conn): never {
    this.lang.send(TO_IO.WANT, conn.handle);
    this.lang.end.flush();
    return fail('again', `${this.unsettled(conn)} bytes wait for the peer`);
  }

  /* ── what the other side tells ─────────────────────────────────────── */

  sent(low: number): void {
    const token = this.#tokenOf(low);
    const conn = this.#pending.get(token);
    if (conn === undefined) return;
    this.#pending.delete(token);
    this.#call('sent', conn, [conn.handle, token]);
  }

  sign(handle: number, sign: number): void {
    const conn = this.lang.connections.get(handle);
    if (conn !== undefined) this.#call(SIGNS[sign], conn, [handle]);
  }

  event(handle: number, event: NetEvent): void {
    switch (event.is) {
      case 'send-failed': {
        const token = this.#tokenOf(event.token);
        const conn = this.#pending.get(token);
        if (conn === undefined) return;
        this.#pending.delete(token);
        return this.#call('send-failed', conn, [conn.handle, token, toBytes(event.reason)]);
      }
      case 'connect-failed':
        return this.#call('connect-failed', { handle, restricted: this.lang.settings.restricted }, [handle, toBytes(event.address), symbol(event.code)]);
      case 'back': return this.lang.connections.returned(handle, event);
    }
  }

  /** Its lower 32 bits tell it apart from all others that are pending. */
  #tokenOf(low: number): number {
    return this.#minted - ((this.#minted - low) >>> 0);
  }

  #call(slot: SlotName, { handle, restricted }: Pick<Conn, 'handle' | 'restricted'>, args: Value[]): void {
    const hook = this.#slots.get(slot)!.global;
    if (!(hook instanceof Lambda)) return;
    try {
      this.lang.dispatcher.within(handle, restricted, () => this.lang.interp.call(hook, args));
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      this.lang.log({ level: 'warn', event: 'hook-error', handle, message: `net: .net.on.${slot} hook raised an error (handle=${handle}): ${explainBriefly(e)}` });
    }
  }
}

const SIGNS: Readonly<Record<number, SlotName>> = { [SIGN.THROTTLED]: 'throttled', [SIGN.UNTHROTTLED]: 'unthrottled', [SIGN.IDLE]: 'idle' };

/** A copy: what a script holds never changes threads. */
function framesOf(v: Vec): Uint8Array {
  const bytes = Uint8Array.from(v.data as Uint8Array);
  return areFrames(bytes) ? bytes : fail('domain', NO_MESSAGES);
}

/** Where requests carry numbers nothing is packed. Errors: `limit`, `domain` for what cannot be unpacked. */
function unpacked(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + HEADER_SIZE;
    const end = start + readHeader(bytes, at);
    const packed = (bytes[at + 5] & FLAG.COMPRESSED) !== 0;
    const payload = packed ? inflated(bytes, start, end) : bytes.subarray(start, end);
    if (payload.length > LANE_BYTES) tooLargeForLane(payload.length);
    const header = new Uint8Array(HEADER_SIZE);
    writeHeader(header, 0, bytes[at + 7], bytes[at + 5] & ~FLAG.COMPRESSED, payload.length);
    parts.push(header, payload);
    at = end;
  }
  return Buffer.concat(parts);
}
function inflated(bytes: Uint8Array, start: number, end: number): Uint8Array {
  try {
    return inflate(bytes, start, end);
  } catch (e) {
    if (e instanceof RayError && e.code === 'decompr') return fail('domain', NO_MESSAGES);
    throw e;
  }
}

function areFrames(bytes: Uint8Array): boolean {
  let at = 0;
  try {
    while (at + HEADER_SIZE <= bytes.length) at += HEADER_SIZE + readHeader(bytes, at);
  } catch (e) {
    if (!(e instanceof ProtocolError)) throw e;
    return false;
  }
  return at === bytes.length;
}
const NO_MESSAGES = 'bytes for a connection are whole messages, as ser makes them';
const tooLarge = (bytes: number, most: number): string => `${bytes} bytes are more than may wait for a peer (${most})`;
