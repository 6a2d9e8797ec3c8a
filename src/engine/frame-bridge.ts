/**
 * A peer that speaks frames, to the rest of the engine a peer like all others: its requests become Rayforce frames for the channel, and
 * what is written for it becomes frames again. Answers leave in the order of the requests, each with its id.
 */
import { RayError } from '../lang/errors.js';
import { ByteQueue } from '../wire/broker/byte-queue.js';
import { frameWire, MAX_FRAME_BYTES, request, responseTo, event as eventFrame } from '../wire/broker/frame.js';
import type { LaneMessage } from '../wire/broker/lanes.js';
import type { Frame as LaneFrame } from '../wire/broker/messages.generated.js';
import { TEXT_LANE, VALUE_LANE } from '../wire/broker/protocols.js';
import { FrameSession } from '../wire/frame-session.js';
import type { EndpointMux } from '../wire/mux.js';
import { inflate } from '../wire/rayforce/compress.js';
import { Frame } from '../wire/rayforce/frames.js';
import { FLAG, HEADER_SIZE, MSG, writeHeader } from '../wire/rayforce/header.js';
import type { SessionEvent } from '../wire/rayforce/session.js';
import { encode } from '../wire/rayforce/value.js';

/** In front of a serialized str: its tag, its attribute byte, its length in 8 bytes. */
const STR_TAG = 256 - 13;
const STR_HEAD = 10;
/** Room for the envelope around a payload. */
const ENVELOPE_BYTES = 1024;
/** What is said instead of an answer that does not fit a frame. */
const TOO_LARGE = encode(new RayError('limit'));
const TOO_LARGE_TEXT = Buffer.from('error: limit');

export class FrameBridge {
  readonly #session: FrameSession;
  readonly #events: SessionEvent[] = [{ kind: 'open' }];
  /** Requests of the peer that are not answered yet. */
  readonly #asked: LaneFrame[] = [];
  /** Ids of our own requests to the peer, in their order. */
  readonly #own: bigint[] = [];
  readonly #written = new ByteQueue();
  #lastId = 0n;
  #ended = false;

  constructor(mux: EndpointMux) {
    this.#session = new FrameSession(mux);
  }

  receive(chunk: Uint8Array): void {
    this.#session.receive(chunk);
  }
  eof(): void {
    this.#session.eof();
  }
  /** Frames carry no credentials to be judged. */
  verdict(): void {}

  next(): SessionEvent | null {
    const waiting = this.#events.shift();
    if (waiting !== undefined) return waiting;
    if (this.#ended) return null;
    const e = this.#session.next();
    if (e === null) return null;
    if (e.event === 'reply') return { kind: 'send', bytes: e.wire };
    if (e.event === 'message') return this.#message(e.message);
    return this.#close(e.clean ? 'io' : 'corrupt', e.reason, e.clean);
  }

  /** What is written for the peer: whole Rayforce frames in, frames out. */
  wrap(bytes: Uint8Array): Uint8Array {
    this.#written.append(Uint8Array.from(bytes));
    const out: Uint8Array[] = [];
    for (;;) {
      const held = this.#written.bytes;
      if (held.length < HEADER_SIZE) break;
      const size = held[8] + held[9] * 256 + held[10] * 65536 + held[11] * 16777216;
      if (held.length < HEADER_SIZE + size) break;
      const frame = this.#lane(held[7], held[5], held.subarray(HEADER_SIZE, HEADER_SIZE + size));
      if (frame !== null) out.push(frame);
      this.#written.drop(HEADER_SIZE + size);
    }
    return out.length === 1 ? out[0] : Buffer.concat(out);
  }

  #message({ message, lane, frame }: Exclude<LaneMessage, { message: 'fault' }>): SessionEvent {
    if (message === 'response') {
      // Out of order there is no telling which of ours it would end.
      if (this.#own.shift() !== frame.requestId) return this.#close('corrupt', `a response to no request: ${frame.requestId}`, false);
      return lane === VALUE_LANE ? rayforce(MSG.RESPONSE, 0, frame.payload) : this.#close('corrupt', 'a response on the text lane', false);
    }
    if (frame.payload.length === 0) return this.#close('corrupt', 'an empty payload', false);
    const sync = message === 'request';
    if (sync) this.#asked.push(frame);
    return lane === VALUE_LANE ? rayforce(sync ? MSG.SYNC : MSG.ASYNC, 0, frame.payload) : rayforce(sync ? MSG.SYNC : MSG.ASYNC, FLAG.TEXT, serializedText(frame.payload));
  }

  #lane(msgtype: number, flags: number, payload: Uint8Array): Uint8Array | null {
    const value = (flags & FLAG.COMPRESSED) !== 0 ? inflate(payload, 0, payload.length) : payload;
    if (msgtype === MSG.RESPONSE) {
      const asked = this.#asked.shift();
      if (asked === undefined) return null;
      return frameWire(responseTo(asked, asked.payloadProtocol === TEXT_LANE ? fitting(textOf(value), TOO_LARGE_TEXT) : fitting(value)));
    }
    if (msgtype === MSG.ASYNC) return frameWire(eventFrame(VALUE_LANE, fitting(value)));
    this.#own.push(++this.#lastId);
    return frameWire(request(VALUE_LANE, fitting(value), this.#lastId));
  }

  #close(code: 'io' | 'corrupt', reason: string, clean: boolean): SessionEvent {
    this.#ended = true;
    return { kind: 'close', code, reason, clean, wasOpen: true };
  }
}

/** A frame of the channel. */
function rayforce(msgtype: number, flags: number, payload: Uint8Array): Frame {
  const bytes = Buffer.allocUnsafe(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, msgtype, flags, payload.length);
  bytes.set(payload, HEADER_SIZE);
  return new Frame(bytes, 0, bytes.length);
}

function serializedText(text: Uint8Array): Uint8Array {
  const value = Buffer.alloc(STR_HEAD + text.length);
  value[0] = STR_TAG;
  value.writeUInt32LE(text.length, 2);
  value.set(text, STR_HEAD);
  return value;
}

/** The text in a serialized str. */
function textOf(value: Uint8Array): Uint8Array {
  return value[0] === STR_TAG ? value.subarray(STR_HEAD) : TOO_LARGE_TEXT;
}

function fitting(payload: Uint8Array, otherwise = TOO_LARGE): Uint8Array {
  return payload.length <= MAX_FRAME_BYTES - ENVELOPE_BYTES ? payload : otherwise;
}
