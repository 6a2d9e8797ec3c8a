/** What goes over lanes: requests, answers and events, and the client's open requests. */
import { event, frameWire, request, responseTo } from './frame.js';
import { FrameKind, PayloadEncoding, type Frame } from './messages.generated.js';
import { PROTOCOL_VERSION } from './protocols.js';

/** What a lane's frame asks for. An event is not answered. */
export type LaneMessage =
  | { readonly message: 'request' | 'event' | 'response'; readonly lane: number; readonly frame: Frame }
  | { readonly message: 'fault'; readonly detail: string };

/** Reads a frame that the mux passed on; which lanes are served it has seen to, envelopes are checked here. */
export function laneMessage(frame: Frame): LaneMessage {
  const { envelopeVersion, kind, payloadProtocol: lane, payloadEncoding } = frame;
  if (envelopeVersion !== PROTOCOL_VERSION) return { message: 'fault', detail: 'envelope_version is not v1' };
  if (payloadEncoding !== PayloadEncoding.NONE) return { message: 'fault', detail: 'payload is compressed' };
  const message = MESSAGES.get(kind);
  return message === undefined ? { message: 'fault', detail: `frame kind ${kind}` } : { message, lane, frame };
}
const MESSAGES = new Map<number, 'request' | 'response' | 'event'>([
  [FrameKind.REQUEST, 'request'], [FrameKind.RESPONSE, 'response'], [FrameKind.EVENT, 'event'],
]);

/** The bytes of a RESPONSE to a frame. */
export function answerWire(to: Frame, payload: Uint8Array): Uint8Array {
  return frameWire(responseTo(to, payload));
}

/** The bytes of an EVENT, which is not answered. */
export function eventWire(lane: number, payload: Uint8Array): Uint8Array {
  return frameWire(event(lane, payload));
}

/** Requests that wait for their answers, which may come in any order. */
export class OpenRequests<T> {
  readonly #open = new Map<bigint, { readonly lane: number; readonly context: T }>();
  #last = 0n;

  get size(): number {
    return this.#open.size;
  }

  /** The frame to send; `context` comes back with its answer. */
  ask(lane: number, payload: Uint8Array, context: T): { readonly wire: Uint8Array; readonly requestId: bigint } {
    do this.#last = this.#last === LAST_ID ? 1n : this.#last + 1n;
    while (this.#open.has(this.#last));
    this.#open.set(this.#last, { lane, context });
    return { wire: frameWire(request(lane, payload, this.#last)), requestId: this.#last };
  }

  /** Whose answer a frame is; an answer to nothing, or on another lane, is the peer's fault. */
  settle(frame: Frame): { readonly context: T } | { readonly fault: string } {
    const open = this.#open.get(frame.requestId);
    if (open === undefined) return { fault: `no request ${frame.requestId}` };
    if (frame.payloadProtocol !== open.lane) return { fault: `request ${frame.requestId} was on another lane` };
    if (frame.kind !== FrameKind.RESPONSE) return { fault: 'kind is not RESPONSE' };
    this.#open.delete(frame.requestId);
    return { context: open.context };
  }

  /** Nobody waits for this one any more; its answer will be a fault. */
  drop(requestId: bigint): void {
    this.#open.delete(requestId);
  }

  /** The connection is over: what was open. */
  close(): T[] {
    const contexts = [...this.#open.values()].map((o) => o.context);
    this.#open.clear();
    return contexts;
  }
}
const LAST_ID = 0xffff_ffff_ffff_ffffn;
