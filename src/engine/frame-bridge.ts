/**
 * A peer that speaks frames, to the rest of the engine a peer like all others: its requests become Rayforce frames for the channel, and
 * what is written for it becomes frames again. Each carries a number, so that answers find their requests in whatever order they come.
 */
import { RayError } from '../lang/errors.js';
import { Dict, List, T, Vec, symVec } from '../lang/value.js';
import { frameWire, request, event as eventFrame } from '../wire/broker/frame.js';
import type { LaneMessage } from '../wire/broker/lanes.js';
import type { Frame as LaneFrame } from '../wire/broker/messages.generated.js';
import { TEXT_LANE, VALUE_LANE } from '../wire/broker/protocols.js';
import { AnswerWriter } from '../wire/answer-writer.js';
import { FrameSession } from '../wire/frame-session.js';
import type { EndpointMux } from '../wire/mux.js';
import { Frame } from '../wire/rayforce/frames.js';
import { FLAG, HEADER_SIZE, MSG, readTag, writeHeader, writeTag } from '../wire/rayforce/header.js';
import type { SessionEvent } from '../wire/rayforce/session.js';
import { encode } from '../wire/rayforce/value.js';
import { LANE_BYTES } from './limits.js';

/** In front of a serialized str or u8 vector: its tag, its attribute byte, its length in 8 bytes. */
const STR_TAG = 256 - 13;
const VEC_HEAD = 10;
const BATCH_BYTES = 64 << 10;
const NOTHING = Buffer.alloc(0);
/** What is said instead of an answer that does not fit a frame. */
const TOO_LARGE = encode(new RayError('limit'));
const TOO_LARGE_TEXT = Buffer.from('error: limit');
const KEYS = symVec(['protocol', 'payload']);

/** Frames for the channel that came together lie together, so that they are handed over as one. Nothing is written twice. */
const batch = {
  bytes: NOTHING,
  filled: 0,
  reserve(bytes: number): void {
    if (batch.filled + bytes <= batch.bytes.length) return;
    batch.bytes = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, bytes));
    batch.filled = 0;
  },
};
const answers = new AnswerWriter();

export class FrameBridge {
  readonly #session: FrameSession;
  readonly #events: SessionEvent[] = [{ kind: 'open' }];
  /** Requests of the peer that are not answered yet, by their numbers here; and the numbers that are free. */
  readonly #asked: (LaneFrame | null)[] = [];
  readonly #free: number[] = [];
  /** Numbers of our own requests to the peer, which are their ids too. */
  readonly #own = new Set<number>();
  #ended = false;

  constructor(mux: EndpointMux) {
    this.#session = new FrameSession(mux);
  }

  receive(chunk: Uint8Array): void {
    batch.reserve(chunk.length + (chunk.length >> 2));
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
    if (e.event === 'message') return this.#received(e.message);
    return this.#close(e.clean ? 'io' : 'corrupt', e.reason, e.clean);
  }

  /** What is written for the peer: whole Rayforce frames in, frames out. */
  wrap(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length;) {
      const start = at + HEADER_SIZE;
      const end = start + sizeAt(bytes, at + 8);
      const type = bytes[at + 7];
      if (type === MSG.RESPONSE) this.#answer(readTag(bytes, at), bytes, start, end);
      else answers.raw(this.#message(type, readTag(bytes, at), bytes.subarray(start, end)));
      at = end;
    }
    return answers.take();
  }

  #answer(tag: number, bytes: Uint8Array, start: number, end: number): void {
    const asked = this.#asked[tag] ?? null;
    if (asked === null) return;
    this.#asked[tag] = null;
    this.#free.push(tag);
    const { payloadProtocol: lane } = asked;
    // What is no str and no u8 vector is the error that encoding has ended in.
    const from = lane === VALUE_LANE ? start : bytes[start] === STR_TAG || bytes[start] === T.U8 ? start + VEC_HEAD : end + 1;
    if (from <= end && end - from <= LANE_BYTES) return answers.answer(asked, bytes, from, end);
    answers.answer(asked, lane === VALUE_LANE ? TOO_LARGE : lane === TEXT_LANE ? TOO_LARGE_TEXT : NOTHING);
  }

  /** An event or a request of ours: not packed, and of a size that fits. */
  #message(type: number, tag: number, payload: Uint8Array): Uint8Array {
    if (type === MSG.ASYNC) return frameWire(eventFrame(VALUE_LANE, payload));
    this.#own.add(tag);
    return frameWire(request(VALUE_LANE, payload, BigInt(tag)));
  }

  #received({ message, lane, frame }: Exclude<LaneMessage, { message: 'fault' }>): SessionEvent {
    if (message === 'response') {
      const tag = Number(frame.requestId);
      if (!this.#own.delete(tag)) return this.#close('corrupt', `a response to no request: ${frame.requestId}`, false);
      return lane === VALUE_LANE ? this.#frame(MSG.RESPONSE, 0, tag, frame.payload) : this.#close('corrupt', 'a response on another lane', false);
    }
    const { payload } = frame;
    const own = lane === VALUE_LANE || lane === TEXT_LANE;
    if (own && payload.length === 0) return this.#close('corrupt', 'an empty payload', false);
    const sync = message === 'request';
    const tag = sync ? this.#number(frame) : 0;
    const type = sync ? MSG.SYNC : MSG.ASYNC;
    return own ? this.#frame(type, lane === TEXT_LANE ? FLAG.TEXT : 0, tag, payload) : this.#frame(type, FLAG.BYTES, tag, foreign(lane, payload));
  }

  #number(frame: LaneFrame): number {
    // Only the envelope is needed for the answer.
    frame.payload = NOTHING;
    const tag = this.#free.pop();
    if (tag === undefined) return this.#asked.push(frame) - 1;
    this.#asked[tag] = frame;
    return tag;
  }

  /** A frame of the channel; on the text lane the payload is made a str. */
  #frame(msgtype: number, flags: number, tag: number, payload: Uint8Array): Frame {
    const text = flags === FLAG.TEXT;
    const size = payload.length + (text ? VEC_HEAD : 0);
    batch.reserve(HEADER_SIZE + size);
    const to = batch.bytes;
    const start = batch.filled;
    const end = (batch.filled += HEADER_SIZE + size);
    writeHeader(to, start, msgtype, flags, size);
    writeTag(to, start, tag);
    if (text) strHead(to, start + HEADER_SIZE, payload.length);
    to.set(payload, end - payload.length);
    return new Frame(to, start, end);
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

/** The upper half of a size holds the number. */
function sizeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
