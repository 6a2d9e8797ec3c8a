/** Connections as scripts use them: send, post, and the session that `.repl.connect` puts in front of the REPL. */
import type { Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { display } from '../lang/format.js';
import { encodeFrame, type FrameOptions } from '../wire/rayforce/value.js';
import { FLAG, HEADER_SIZE, MSG, writeTag } from '../wire/rayforce/header.js';
import type { Dialect } from './api.js';
import type { Conn } from './conn.js';
import type { LangSide } from './lang-side.js';
import { LANE_BYTES } from './limits.js';

export class Remote {
  readonly #sync: Encodings;
  readonly #async: Encodings;
  readonly #verbose: FrameOptions;
  /** The REPL's session. */
  #session: { handle: number; address: string } | null = null;

  constructor(private readonly lang: LangSide) {
    const { dialect } = lang.settings;
    this.#sync = encodings(dialect, MSG.SYNC);
    this.#async = encodings(dialect, MSG.ASYNC);
    this.#verbose = { dialect, msgtype: MSG.SYNC, flags: FLAG.VERBOSE };
  }

  /** The peer's answer. Errors: `io` closed, late or busy; `type` not serializable; `limit` too large for a frame; `cancel`; whatever the peer raised. */
  send(handle: number, message: Value, deadlineMs = this.lang.settings.sendTimeoutMs): Value {
    return this.#roundTrip(handle, this.#encoded(handle, message, this.#sync), deadlineMs);
  }

  /** Hands the message to the connection. Errors: `type` not serializable, `io` closed; `again` the peer is behind, `limit` it is too large to wait. */
  post(handle: number, message: Value): void {
    const frame = this.encodePost(handle, message);
    const { lang } = this;
    const conn = lang.connections.reach(handle);
    if (conn === undefined || !conn.open || !lang.shared.isOpen(handle)) fail('io', lang.connections.isAway(handle) ? lang.connections.why(handle) : 'ipc async send failed');
    lang.net.admit(conn, frame.length);
    lang.write(conn, frame);
    lang.end.flush();
  }

  /** A message that wants no answer, as the connection takes it. Errors: `type`, `limit`. */
  encodePost(handle: number, message: Value): Uint8Array {
    return this.#encoded(handle, message, this.#async);
  }
  #encoded(handle: number, message: Value, { packed, plain }: Encodings): Uint8Array {
    if (this.lang.connections.reach(handle)?.numbered !== true) return encodeMessage(message, packed);
    const frame = encodeMessage(message, plain);
    if (frame.length - HEADER_SIZE > LANE_BYTES) tooLargeForLane(frame.length);
    return frame;
  }

  #roundTrip(handle: number, frame: Uint8Array, deadlineMs: number): Value {
    const { lang } = this;
    const conn = lang.connections.reach(handle);
    if (conn === undefined || !conn.open) fail('io', lang.connections.why(handle));
    if (conn.muted) fail('state', 'the connection is muted: its answer would not be taken');
    if (conn.waiting) fail('io', 'nested sync send on busy handle');
    conn.waiting = true;
    conn.response = undefined;
    if (conn.numbered) writeTag(frame, 0, (conn.asked = (conn.asked + 1) >>> 0));
    try {
      lang.write(conn, frame);
      lang.end.flush();
      const deadline = deadlineMs === Infinity ? Infinity : performance.now() + deadlineMs;
      const inTime = lang.waitUntil(conn, () => conn.response !== undefined || !conn.open, deadline);
      if (conn.response !== undefined) return raised(conn.response);
      if (inTime) fail('io', 'connection closed');
      // Where replies carry no number a late one would be taken for the next: the connection ends here.
      if (!conn.numbered) lang.connections.close(handle);
      return fail('io', `no reply within ${deadlineMs} ms`);
    } catch (e) {
      if (conn.open && conn.response === undefined && !conn.numbered) conn.abandoned++;
      throw e;
    } finally {
      this.#settle(conn);
    }
  }

  #settle(conn: Conn): void {
    conn.waiting = false;
    conn.response = undefined;
    this.lang.afterWait(conn);
  }

  /* ── the REPL's remote session ─────────────────────────────────────── */

  get address(): string | null {
    if (this.#session !== null && this.lang.connections.get(this.#session.handle) === undefined) this.#session = null;
    return this.#session?.address ?? null;
  }
  /** Replaces (and closes) an earlier session. */
  connect(handle: number, address: string): void {
    this.disconnect();
    this.#session = { handle, address };
  }
  disconnect(): void {
    if (this.#session !== null) this.lang.connections.close(this.#session.handle);
    this.#session = null;
  }
  /** Whether a line typed goes to the session. */
  takes(source: string): boolean {
    return this.address !== null && !/^\s*\(\.repl\./.test(source);
  }
  /** Evaluates at the peer; what it printed is printed here first. Errors: as `send`. */
  evaluate(source: string): Value {
    const { handle } = this.#session!;
    const conn = this.lang.connections.get(handle);
    if (conn === undefined) return this.#roundTrip(handle, encodeMessage(source, this.#verbose), Infinity);
    conn.verbose = true;
    conn.printed = '';
    try {
      return this.#roundTrip(handle, encodeMessage(source, this.#verbose), Infinity);
    } finally {
      conn.verbose = false;
      if (conn.printed !== '') this.lang.capture.out(conn.printed, 1);
    }
  }
  show(value: Value): string {
    return display(value);
  }
}

/** A message does not fit a frame of those that carry numbers. */
export function tooLargeForLane(bytes: number): never {
  return fail('limit', `${bytes} bytes are more than a frame may carry (${LANE_BYTES})`);
}

/** Where requests carry numbers nothing is packed. */
interface Encodings { readonly packed: FrameOptions; readonly plain: FrameOptions }
const encodings = (dialect: Dialect, msgtype: FrameOptions['msgtype']): Encodings => ({ packed: { dialect, msgtype }, plain: { dialect, msgtype, compress: false } });

function encodeMessage(message: Value, options: FrameOptions): Uint8Array {
  try {
    return encodeFrame(message, options);
  } catch (e) {
    if (e instanceof RayError && e.code !== 'cancel') fail('type', 'message not serializable');
    throw e;
  }
}

/** What the peer raised is raised here. */
function raised(v: Value): Value {
  if (v instanceof RayError) throw v;
  return v;
}
