/**
 * Answers as they go over the wire, one behind the other. The bytes are those of `frameWire`: what depends on the lane alone is written by
 * the generated code once, and what is of one answer, its payload and its id, goes in between without an object for each field.
 */
import { frameWire, HEADER_BYTES, responseTo } from './broker/frame.js';
import { createFrame, encodeFrame, FrameKind, type Frame } from './broker/messages.generated.js';
import { PROTOCOL_VERSION } from './broker/protocols.js';

/** Tags of the fields `payload` and `request_id`. */
const PAYLOAD_TAG = 0x22;
const ID_TAG = 0x28;
/** Most bytes of a tag and a length or an id. */
const MOST = 11;
const SLAB_BYTES = 64 << 10;
/** Below this a loop copies faster than `set`. */
const SMALL = 96;

export class AnswerWriter {
  readonly #heads = new Map<number, Uint8Array>();
  #slab: Buffer = NO_SLAB;
  #from = 0;
  #to = 0;

  /** Answers a request with `bytes[start, end)`. Errors: FramingError FrameTooLarge. */
  answer(to: Frame, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const id = Number(to.requestId);
    if (to.traceparent !== '' || to.tracestate !== '' || id > MAX_EXACT) return this.raw(frameWire(responseTo(to, bytes.subarray(start, end))));
    const head = this.#head(to.payloadProtocol);
    const size = end - start;
    this.#reserve(HEADER_BYTES + head.length + 2 * MOST + size);
    const slab = this.#slab;
    const frame = this.#to;
    let at = frame + HEADER_BYTES;
    for (let i = 0; i < head.length; i++) slab[at++] = head[i];
    if (size > 0) {
      slab[at++] = PAYLOAD_TAG;
      at = varint(slab, at, size);
      if (size < SMALL) for (let i = start; i < end; i++) slab[at++] = bytes[i];
      else {
        slab.set(bytes.subarray(start, end), at);
        at += size;
      }
    }
    if (id > 0) {
      slab[at++] = ID_TAG;
      at = varint(slab, at, id);
    }
    const body = at - frame - HEADER_BYTES;
    slab[frame] = 1;
    slab[frame + 1] = body;
    slab[frame + 2] = body >>> 8;
    slab[frame + 3] = body >>> 16;
    slab[frame + 4] = body >>> 24;
    this.#to = at;
  }

  /** What is a frame already. */
  raw(wire: Uint8Array): void {
    this.#reserve(wire.length);
    this.#slab.set(wire, this.#to);
    this.#to += wire.length;
  }

  /** What was written since the last time. Nobody writes to it again. */
  take(): Uint8Array {
    const taken = this.#slab.subarray(this.#from, this.#to);
    this.#from = this.#to;
    // A large one is not kept for small answers.
    if (this.#slab.length > SLAB_BYTES) {
      this.#slab = NO_SLAB;
      this.#from = this.#to = 0;
    }
    return taken;
  }

  #head(lane: number): Uint8Array {
    let head = this.#heads.get(lane);
    if (head === undefined) {
      head = encodeFrame(createFrame({ envelopeVersion: PROTOCOL_VERSION, kind: FrameKind.RESPONSE, payloadProtocol: lane }));
      this.#heads.set(lane, head);
    }
    return head;
  }

  #reserve(bytes: number): void {
    if (this.#to + bytes <= this.#slab.length) return;
    const written = this.#slab.subarray(this.#from, this.#to);
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (written.length + bytes)));
    this.#slab.set(written);
    this.#from = 0;
    this.#to = written.length;
  }
}

const NO_SLAB = Buffer.alloc(0);
const MAX_EXACT = Number.MAX_SAFE_INTEGER;

function varint(to: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    to[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  to[at++] = rest;
  return at;
}
