/**
 * A peer that speaks frames, to the rest of the engine a peer like all others: its requests become Rayforce frames for the channel, and
 * what is written for it becomes frames again. Each carries a number, so that answers find their requests in whatever order they come.
 */
import { RayError } from '../lang/errors.js';
import { Dict, List, T, Vec, symVec } from '../lang/value.js';
import { framesWire, MAX_FRAME_BYTES, request, responseTo, event as eventFrame } from '../wire/broker/frame.js';
import type { LaneMessage } from '../wire/broker/lanes.js';
import type { Frame as LaneFrame } from '../wire/broker/messages.generated.js';
import { TEXT_LANE, VALUE_LANE } from '../wire/broker/protocols.js';
import { FrameSession } from '../wire/frame-session.js';
import type { EndpointMux } from '../wire/mux.js';
import { inflate } from '../wire/rayforce/compress.js';
import { Frame } from '../wire/rayforce/frames.js';
import { FLAG, HEADER_SIZE, MSG, readTag, writeHeader, writeTag } from '../wire/rayforce/header.js';
import type { SessionEvent } from '../wire/rayforce/session.js';
import { encode } from '../wire/rayforce/value.js';
import { Slots } from './slots.js';

/** In front of a serialized str or u8 vector: its tag, its attribute byte, its length in 8 bytes. */
const STR_TAG = 256 - 13;
const VEC_HEAD = 10;
/** Room for the envelope around a payload. */
const ENVELOPE_BYTES = 1024;
const NOTHING = Buffer.alloc(0);
/** What is said instead of an answer that does not fit a frame. */
const TOO_LARGE = encode(new RayError('limit'));
const TOO_LARGE_TEXT = Buffer.from('error: limit');
const KEYS = symVec(['protocol', 'payload']);

export class FrameBridge {
  readonly #session: FrameSession;
  readonly #events: SessionEvent[] = [{ kind: 'open' }];
  /** Requests of the peer that are not answered yet, by their numbers here. */
  readonly #asked = new Slots<LaneFrame>(Infinity);
  /** Numbers of our own requests to the peer, which are their ids too. */
  readonly #own = new Set<number>();
  /** Frames for the channel that came together lie together, so that they are handed over as one. */
  #batch = NOTHING;
  #filled = 0;
  #ended = false;

  constructor(mux: EndpointMux) {
    this.#session = new FrameSession(mux);
  }

  receive(chunk: Uint8Array): void {
    // Never the one before: it may have been given away.
    this.#batch = Buffer.allocUnsafe(2 * chunk.length + HEADER_SIZE + VEC_HEAD);
    this.#filled = 0;
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
    if (e.event === 'reply') {
      this.#batch = NOTHING;
      this.#filled = 0;
      return { kind: 'send', bytes: e.wire };
    }
    if (e.event === 'message') return this.#message(e.message);
    return this.#close(e.clean ? 'io' : 'corrupt', e.reason, e.clean);
  }

  /** What is written for the peer: whole Rayforce frames in, frames out. */
  wrap(bytes: Uint8Array): Uint8Array {
    const out: LaneFrame[] = [];
    for (let at = 0; at < bytes.length;) {
      const payload = at + HEADER_SIZE;
      const end = payload + sizeAt(bytes, at + 8);
      const frame = this.#lane(bytes[at + 7], bytes[at + 5], readTag(bytes, at), bytes.subarray(payload, end));
      if (frame !== null) out.push(frame);
      at = end;
    }
    return framesWire(out);
  }

  #message({ message, lane, frame }: Exclude<LaneMessage, { message: 'fault' }>): SessionEvent {
    if (message === 'response') {
      const tag = Number(frame.requestId);
      if (!this.#own.delete(tag)) return this.#close('corrupt', `a response to no request: ${frame.requestId}`, false);
      return lane === VALUE_LANE ? this.#frame(MSG.RESPONSE, 0, tag, frame.payload) : this.#close('corrupt', 'a response on another lane', false);
    }
    const own = lane === VALUE_LANE || lane === TEXT_LANE;
    if (own && frame.payload.length === 0) return this.#close('corrupt', 'an empty payload', false);
    const sync = message === 'request';
    const type = sync ? MSG.SYNC : MSG.ASYNC;
    const tag = sync ? this.#asked.add(() => frame) : 0;
    return own ? this.#frame(type, lane === TEXT_LANE ? FLAG.TEXT : 0, tag, frame.payload) : this.#frame(type, FLAG.BYTES, tag, foreign(lane, frame.payload));
  }

  #lane(msgtype: number, flags: number, tag: number, payload: Uint8Array): LaneFrame | null {
    const value = (flags & FLAG.COMPRESSED) !== 0 ? inflate(payload, 0, payload.length) : payload;
    if (msgtype === MSG.RESPONSE) {
      const asked = this.#asked.get(tag);
      if (asked === null) return null;
      this.#asked.free(tag);
      const { payloadProtocol: lane } = asked;
      const otherwise = lane === VALUE_LANE ? TOO_LARGE : lane === TEXT_LANE ? TOO_LARGE_TEXT : NOTHING;
      return responseTo(asked, fitting(lane === VALUE_LANE ? value : bytesOf(value, otherwise), otherwise));
    }
    if (msgtype === MSG.ASYNC) return eventFrame(VALUE_LANE, fitting(value));
    this.#own.add(tag);
    return request(VALUE_LANE, fitting(value), BigInt(tag));
  }

  /** A frame of the channel; on the text lane the payload is made a str. */
  #frame(msgtype: number, flags: number, tag: number, payload: Uint8Array): Frame {
    const text = flags === FLAG.TEXT;
    const size = payload.length + (text ? VEC_HEAD : 0);
    if (this.#filled + HEADER_SIZE + size > this.#batch.length) {
      this.#batch = Buffer.allocUnsafe(HEADER_SIZE + size);
      this.#filled = 0;
    }
    const to = this.#batch;
    const start = this.#filled;
    this.#filled += HEADER_SIZE + size;
    writeHeader(to, start, msgtype, flags, size);
    writeTag(to, start, tag);
    if (text) strHead(to, start + HEADER_SIZE, payload.length);
    to.set(payload, this.#filled - payload.length);
    return new Frame(to, start, this.#filled);
  }

  #close(code: 'io' | 'corrupt', reason: string, clean: boolean): SessionEvent {
    this.#ended = true;
    return { kind: 'close', code, reason, clean, wasOpen: true };
  }
}

function strHead(to: Buffer, at: number, length: number): void {
  to[at] = STR_TAG;
  to[at + 1] = 0;
  to.writeUInt32LE(length, at + 2);
  to.writeUInt32LE(0, at + 6);
}

/** A message on a lane of somebody else's, as hooks see it. */
function foreign(lane: number, payload: Uint8Array): Uint8Array {
  return encode(new Dict(KEYS, new List([lane, new Vec(T.U8, payload)])));
}

/** What is in a serialized str or u8 vector. An error stands there where encoding has failed. */
function bytesOf(value: Uint8Array, otherwise: Uint8Array): Uint8Array {
  return value[0] === STR_TAG || value[0] === T.U8 ? value.subarray(VEC_HEAD) : otherwise;
}

/** The upper half of a size holds the number. */
function sizeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function fitting(payload: Uint8Array, otherwise = TOO_LARGE): Uint8Array {
  return payload.length <= MAX_FRAME_BYTES - ENVELOPE_BYTES ? payload : otherwise;
}
