/** Frames of a connection: requests are evaluated and answered in their order, responses go to the send that waits. */
import { List, T, Vec, name, type Lambda, type Value } from '../lang/value.js';
import { typeName } from '../lang/type-names.js';
import { RayError } from '../lang/errors.js';
import { format } from '../lang/format.js';
import type { Interp } from '../lang/interpreter.js';
import { decodePayload, decodeVerbose, encodeFrame, type DecodeOptions, type FrameOptions } from '../wire/rayforce/value.js';
import { FLAG, HEADER_SIZE, MSG, readTag, writeTag } from '../wire/rayforce/header.js';
import { rawView, type RawBuffer } from '../wire/rayforce/raw-buffer.js';
import { explainBriefly } from './errors-text.js';
import { evalMessage } from './message-eval.js';
import type { Conn } from './conn.js';
import type { Journal } from './journal.js';
import type { Capture } from './capture.js';
import type { Hooks } from './hooks.js';
import type { LangSettings, LogRecord } from './messages.js';

export interface DispatchPorts {
  readonly interp: Interp;
  readonly hooks: Hooks;
  readonly settings: LangSettings;
  readonly capture: Capture;
  readonly journal: Journal;
  answer(conn: Conn, frame: Uint8Array): void;
  /** Called before each request: replies written so far must not wait for it. */
  beforeRequest(): void;
  log(record: LogRecord): void;
}

const FULL_RIGHTS = { restricted: false };
const RESTRICTED = { restricted: true };
const TAG_STR = 256 - 13;
/** Flags that only this process sets, and those that peers may. */
const OURS = FLAG.TEXT | FLAG.BYTES;
const THEIRS = 255 & ~OURS;

export class Dispatcher {
  /** The connection being served, for `.ipc.handle`; -1: none. */
  handle = -1;
  readonly #ports: DispatchPorts;
  readonly #decoding: DecodeOptions;
  readonly #replying: FrameOptions;
  /** To peers that are not of this wire, and for which nothing is packed. */
  readonly #plain: FrameOptions;
  // The request that `#evaluate` picks up: one function for all requests instead of a closure each.
  #bytes: RawBuffer = rawView(new Uint8Array(0));
  #start = 0;
  #end = 0;
  #flags = 0;
  #sync = false;
  #restricted = false;

  constructor(ports: DispatchPorts) {
    const { env } = ports.interp;
    this.#ports = ports;
    this.#decoding = { dialect: ports.settings.dialect, limit: ports.settings.maxFrame, resolve: (text) => env.lookup(name(text)) };
    this.#replying = { dialect: ports.settings.dialect, msgtype: MSG.RESPONSE };
    this.#plain = { ...this.#replying, compress: false };
  }

  /** Serves what the connection holds, until nothing is left, it is closed, or (`untilResponse`) the response waited for is there. */
  serve(conn: Conn, untilResponse: boolean): void {
    conn.depth++;
    try {
      while (conn.at < conn.bytes.length && conn.open && !conn.muted) {
        if (untilResponse && conn.response !== undefined) return;
        const bytes = rawView(conn.bytes);
        const header = conn.at;
        const start = header + HEADER_SIZE;
        const end = start + bytes.readUInt32LE(header + 8);
        // Moved on before serving: a send inside the request goes on with the frames behind it.
        conn.at = end;
        const msgtype = bytes[header + 7];
        if (msgtype === MSG.RESPONSE) this.#response(conn, bytes, bytes[header + 5], start, end);
        else this.#request(conn, msgtype === MSG.SYNC, bytes, conn.numbered ? bytes[header + 5] : bytes[header + 5] & THEIRS, start, end);
      }
    } finally {
      conn.depth--;
      if (conn.depth === 0) conn.letGo();
    }
  }

  /** Decodes a payload as this connection's values. Throws RayError. */
  decode(bytes: Uint8Array, flags: number, start = 0, end = bytes.length): Value {
    return decodePayload(bytes, flags, this.#decoding, start, end);
  }

  /** Calls a hook of a connection's life with its rights. Throws RayError. */
  hook(conn: Conn, fn: Lambda, args: Value[]): Value {
    return this.within(conn.handle, conn.restricted, () => this.#ports.interp.call(fn, args));
  }

  /** Evaluates on behalf of a connection. */
  within<R>(handle: number, restricted: boolean, body: () => R): R {
    const outer = this.handle;
    this.handle = handle;
    try {
      return this.#ports.interp.top(body, restricted ? RESTRICTED : FULL_RIGHTS);
    } finally {
      this.handle = outer;
    }
  }

  #request(conn: Conn, sync: boolean, bytes: RawBuffer, flags: number, start: number, end: number): void {
    this.#ports.beforeRequest();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#flags = flags;
    this.#sync = sync;
    this.#restricted = conn.restricted;
    const tag = conn.numbered ? readTag(bytes, start - HEADER_SIZE) : 0;
    const outer = this.handle;
    this.handle = conn.handle;
    const verbose = (flags & FLAG.VERBOSE) !== 0;
    const mark = verbose ? this.#ports.capture.begin() : -1;
    let result: Value;
    if (sync) conn.serving++;
    try {
      result = this.#ports.interp.top(this.#evaluate, conn.restricted ? RESTRICTED : FULL_RIGHTS);
    } catch (e) {
      if (!(e instanceof RayError)) {
        if (verbose) this.#ports.capture.end(mark);
        throw e;
      }
      result = e;
      conn.secures = false;
      if (!sync && this.#ports.hooks.async !== null) {
        this.#ports.log({
          level: 'warn', event: 'hook-error', handle: conn.handle,
          message: `ipc: .ipc.on.async hook raised an error: ${explainBriefly(e)}`,
        });
      }
    } finally {
      this.handle = outer;
      if (sync) conn.serving--;
    }
    const printed = verbose ? this.#ports.capture.end(mark) : '';
    if (!sync || !conn.open) return;
    const reply = verbose ? new List([printed, result]) : (flags & OURS) !== 0 ? this.#ours(conn, flags, result) : result;
    const frame = this.#encode(reply, conn.numbered ? this.#plain : this.#replying);
    if (conn.numbered) writeTag(frame, 0, tag);
    this.#ports.answer(conn, frame);
  }

  /** An answer for those who read no values. Whoever speaks a protocol of his own is told of no error: nothing is known of how. */
  #ours(conn: Conn, flags: number, result: Value): Value {
    if ((flags & FLAG.TEXT) !== 0) return answerText(result);
    if (typeof result === 'string' || (result instanceof Vec && result.t === T.U8)) return result;
    if (result !== null) {
      const why = result instanceof RayError ? explainBriefly(result) : `expected bytes, got ${typeName(result)}`;
      this.#ports.log({ level: 'warn', event: 'hook-error', handle: conn.handle, message: `ipc: no answer for a protocol of its own: ${why}` });
    }
    return '';
  }

  /** The request in the fields: what its hook answers, or the value of the text or code it is. */
  readonly #evaluate = (): Value => {
    const { interp, hooks } = this.#ports;
    const bytes = this.#bytes;
    const start = this.#start;
    const hook = this.#sync ? hooks.sync : hooks.async;
    if (hook === null && (this.#flags & FLAG.COMPRESSED) === 0 && bytes[start] === TAG_STR) {
      const length = bytes.readUInt32LE(start + 2);
      if (start + 10 + length <= this.#end && bytes.readUInt32LE(start + 6) === 0) {
        this.#keep();
        return runText(interp, bytes.latin1Slice(start + 10, start + 10 + length));
      }
    }
    let message: Value;
    try {
      message = this.decode(bytes, this.#flags, start, this.#end);
    } catch (e) {
      if (e instanceof RayError) return null;
      throw e;
    }
    if (message instanceof RayError || (hook === null && (this.#flags & FLAG.BYTES) !== 0)) return null;
    this.#keep();
    if (hook !== null) return interp.call(hook, [message]);
    return typeof message === 'string' ? runText(interp, message) : evalMessage(interp, message);
  };

  /** A request is in the journal before anything it does; what cannot be read is not kept: no recovery could read it either. */
  #keep(): void {
    if (this.#sync) this.#ports.journal.request(this.#bytes, this.#start - HEADER_SIZE, this.#end, this.#restricted);
  }

  #encode(reply: Value, options: FrameOptions): Uint8Array {
    try {
      return encodeFrame(reply, options);
    } catch (e) {
      // The client must not wait for an answer that cannot come: too deep, too large, no memory for it.
      const code = e instanceof RayError ? e.code : 'limit';
      return encodeFrame(new RayError(code === 'limit' || code === 'cancel' ? code : 'type'), options);
    }
  }

  #response(conn: Conn, bytes: RawBuffer, flags: number, start: number, end: number): void {
    if (conn.numbered) {
      // Nobody waits for it any more.
      if (!conn.waiting || readTag(bytes, start - HEADER_SIZE) !== conn.asked) return;
    } else if (conn.abandoned > 0) {
      conn.abandoned--;
      return;
    }
    if (!conn.waiting || conn.response !== undefined) {
      this.#ports.log({
        level: 'warn', event: 'unexpected-response', handle: conn.handle,
        message: `ipc: dropping unexpected response frame (handle=${conn.handle})`,
      });
      return;
    }
    try {
      if (conn.verbose) ({ printed: conn.printed, result: conn.response } = decodeVerbose(bytes, flags, this.#decoding, start, end));
      else conn.response = this.decode(bytes, flags, start, end);
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      conn.response = e.code === 'decompr' ? new RayError('io', 'ipc bad response') : e;
    }
  }
}

/** As the reference: the text ends at a zero byte, and no text at all is null. */
export function runText(interp: Interp, text: string): Value {
  const zero = text.indexOf('\0');
  const source = zero < 0 ? text : text.slice(0, zero);
  return source === '' ? null : interp.run(source);
}

function answerText(v: Value): string {
  return v instanceof RayError ? `error: ${v.message === '' ? v.code : `${v.code}: ${v.message}`}` : format(v, 0);
}
