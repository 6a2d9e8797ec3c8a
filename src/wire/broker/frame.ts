/** The envelope around every message: the byte 01, the body's length as four bytes (low byte first), the body, a Frame. */
import protobuf from 'protobufjs/minimal.js';
import { ByteQueue } from './byte-queue.js';
import { createFrame, decodeFrame, FrameKind, PayloadEncoding, writeFrame, type Frame } from './messages.generated.js';
import { PROTOCOL_VERSION } from './protocols.js';

export const FRAMING_BYTE = 1;
export const HEADER_BYTES = 5;
/** Largest body, in bytes. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** Largest body of the first frame on a connection that must be a Hello. */
export const MAX_HELLO_BYTES = 64 * 1024;

export type FramingFault =
  | { readonly kind: 'UnsupportedFramingVersion'; readonly got: number; readonly expected: number }
  | { readonly kind: 'FrameTooLarge'; readonly bodyLength: number; readonly cap: number }
  | { readonly kind: 'UnexpectedEof'; readonly context: 'framing byte' | 'body length header' | 'frame body' }
  | { readonly kind: 'Decode'; readonly detail: string };

/** The stream is no sequence of frames, and cannot be picked up again. */
export class FramingError extends Error {
  constructor(readonly fault: FramingFault) {
    super(TEXTS[fault.kind](fault as never));
  }
}

const TEXTS: { [K in FramingFault['kind']]: (f: Extract<FramingFault, { kind: K }>) => string } = {
  UnsupportedFramingVersion: (f) => `framing version ${f.got}, expected ${f.expected}`,
  FrameTooLarge: (f) => `frame body of ${f.bodyLength} bytes exceeds ${f.cap}`,
  UnexpectedEof: (f) => `stream ended in the ${f.context}`,
  Decode: (f) => `frame body is malformed: ${f.detail}`,
};

/* ── writing ───────────────────────────────────────────────────────────── */

/** A body with its header. Errors: FramingError FrameTooLarge. */
export function frameBody(body: Uint8Array): Uint8Array {
  const wire = new Uint8Array(HEADER_BYTES + body.length);
  wire.set(body, HEADER_BYTES);
  return withHeader(wire);
}

/** A frame as it goes over the wire. Errors: FramingError FrameTooLarge. */
export function frameWire(frame: Frame): Uint8Array {
  return withHeader(writeFrame(frame, protobuf.Writer.create().raw(BLANK)).finish());
}
const BLANK = new Uint8Array(HEADER_BYTES);

export function request(protocol: number, payload: Uint8Array, requestId = 0n): Frame {
  return createFrame({ envelopeVersion: PROTOCOL_VERSION, kind: FrameKind.REQUEST, payloadProtocol: protocol, payload, requestId });
}

/** Answers on the lane, with the id and in the trace of the request. */
export function responseTo(to: Frame, payload: Uint8Array): Frame {
  return createFrame({
    envelopeVersion: PROTOCOL_VERSION, kind: FrameKind.RESPONSE, payloadProtocol: to.payloadProtocol, payload,
    requestId: to.requestId, traceparent: to.traceparent, tracestate: to.tracestate,
  });
}

export function event(protocol: number, payload: Uint8Array, requestId = 0n): Frame {
  return createFrame({ envelopeVersion: PROTOCOL_VERSION, kind: FrameKind.EVENT, payloadProtocol: protocol, payload, requestId });
}

/** What is passed on to another process: the trace headers that are not empty. */
export function traceHeaders(frame: Frame): [name: string, value: string][] {
  const headers: [string, string][] = [['traceparent', frame.traceparent], ['tracestate', frame.tracestate]];
  return headers.filter(([, value]) => value !== '');
}

/* ── reading ───────────────────────────────────────────────────────────── */

export interface Decoded { readonly frame: Frame; readonly consumed: number }

/**
 * The frame that `buffer[start, end)` begins with, or null while it is incomplete; what follows is left alone. Its payload is a view of
 * `buffer`. Errors: FramingError (version, size, Decode) as soon as the bytes show it.
 */
export function tryDecode(buffer: Uint8Array, start = 0, end = buffer.length): Decoded | null {
  const length = bodyLength(buffer, MAX_FRAME_BYTES, start, end);
  const consumed = HEADER_BYTES + length;
  if (length < 0 || end - start < consumed) return null;
  return { frame: decodeBody(buffer, start + HEADER_BYTES, start + consumed), consumed };
}

/** The frame whose body is `bytes[start, end)`. Errors: FramingError Decode. */
export function decodeBody(bytes: Uint8Array, start = 0, end = bytes.length): Frame {
  try {
    return decodeFrame(bytes, start, end);
  } catch (e) {
    throw new FramingError({ kind: 'Decode', detail: (e as Error).message });
  }
}

/** Cuts a stream into bodies. A body is held as far as it arrived: memory follows the bytes received, not the length announced. */
export class BodyReader {
  readonly #queue = new ByteQueue();
  /** `cap`: largest body, in bytes; tested on the header alone. */
  constructor(private readonly cap = MAX_FRAME_BYTES) {}

  push(chunk: Uint8Array): void {
    this.#queue.append(chunk);
  }

  /** The next body, or null until it is complete. Errors: FramingError (version, size), again at every call. */
  next(): Uint8Array | null {
    const { bytes } = this.#queue;
    const length = bodyLength(bytes, this.cap);
    if (length < 0 || bytes.length < HEADER_BYTES + length) return null;
    const body = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
    this.#queue.drop(HEADER_BYTES + length);
    return body;
  }

  /** Why an end of the stream is too early here; a reader that expects no further frame does not ask. */
  eof(): FramingError {
    const { length } = this.#queue;
    return new FramingError({ kind: 'UnexpectedEof', context: length === 0 ? 'framing byte' : length < HEADER_BYTES ? 'body length header' : 'frame body' });
  }

  /** What was received behind the bodies taken. */
  rest(): Uint8Array {
    return this.#queue.bytes;
  }
}

/* ── the envelope's own fields ─────────────────────────────────────────── */

export type EnvelopeFault =
  | { readonly kind: 'EnvelopeVersion'; readonly actual: number }
  | { readonly kind: 'Kind'; readonly expected: number; readonly actual: number }
  | { readonly kind: 'PayloadProtocol'; readonly expected: number; readonly actual: number }
  | { readonly kind: 'PayloadEncoding'; readonly actual: number };

/** The first thing wrong with an envelope, or null. Who asks has words of its own for each. */
export function envelopeFault(frame: Frame, kind: number, protocol: number): EnvelopeFault | null {
  if (frame.envelopeVersion !== PROTOCOL_VERSION) return { kind: 'EnvelopeVersion', actual: frame.envelopeVersion };
  if (frame.kind !== kind) return { kind: 'Kind', expected: kind, actual: frame.kind };
  if (frame.payloadProtocol !== protocol) return { kind: 'PayloadProtocol', expected: protocol, actual: frame.payloadProtocol };
  if (frame.payloadEncoding !== PayloadEncoding.NONE) return { kind: 'PayloadEncoding', actual: frame.payloadEncoding };
  return null;
}

/** The words of probes and handoff for an envelope that is not as expected; `lane` names the expected lane. */
export function envelopeText(fault: EnvelopeFault, lane: string): string {
  switch (fault.kind) {
    case 'EnvelopeVersion': return 'envelope_version is not v1';
    case 'Kind': return `kind is not ${KIND_NAMES[fault.expected]}`;
    case 'PayloadProtocol': return `payload_protocol is not ${lane}`;
    case 'PayloadEncoding': return 'payload is compressed';
  }
}
const KIND_NAMES = Object.keys(FrameKind);

/* ── helpers ───────────────────────────────────────────────────────────── */

/** What the header in `bytes[start, end)` announces, -1 while it is incomplete. */
function bodyLength(bytes: Uint8Array, cap: number, start = 0, end = bytes.length): number {
  if (start === end) return -1;
  if (bytes[start] !== FRAMING_BYTE) throw new FramingError({ kind: 'UnsupportedFramingVersion', got: bytes[start], expected: FRAMING_BYTE });
  if (end - start < HEADER_BYTES) return -1;
  const length = (bytes[start + 1] | (bytes[start + 2] << 8) | (bytes[start + 3] << 16) | (bytes[start + 4] << 24)) >>> 0;
  if (length > cap) throw new FramingError({ kind: 'FrameTooLarge', bodyLength: length, cap });
  return length;
}

function withHeader(wire: Uint8Array): Uint8Array {
  const length = wire.length - HEADER_BYTES;
  if (length > MAX_FRAME_BYTES) throw new FramingError({ kind: 'FrameTooLarge', bodyLength: length, cap: MAX_FRAME_BYTES });
  wire[0] = FRAMING_BYTE;
  wire[1] = length;
  wire[2] = length >>> 8;
  wire[3] = length >>> 16;
  wire[4] = length >>> 24;
  return wire;
}
