/** The messages of a handoff: the broker's offer beside the descriptor, the backend's ACK, the event that tells the client. */
import { decodeBody, envelopeFault, envelopeText, event, FramingError, frameWire, request, responseTo } from './frame.js';
import type { RateLimiter } from './limits.js';
import { createHandoffAck, decodeHandoffAck, decodeHandoffOffer, encodeHandoffAck, encodeHandoffOffer, FrameKind, type Frame, type HandoffAck, type HandoffOffer } from './messages.generated.js';
import { DecodeError } from './protobuf.js';
import { HANDOFF } from './protocols.js';
import { sameBytes } from './secrets.js';

/** How long a client waits for the event before it takes the other way, in ms. */
export const READY_TIMEOUT_MS = 2000;

/** A frame of the exchange that is not what it should be. */
export class HandoffError extends Error {
  constructor(readonly kind: 'UnexpectedFrame' | 'Malformed', message: string) {
    super(message);
  }
}

/* ── broker ────────────────────────────────────────────────────────────── */

/** The offer's wire bytes; they follow the 16 token bytes that carry the descriptor. */
export function offerWire(offer: HandoffOffer): Uint8Array {
  // Field 1 is written even where it is 0: that is what backends in the field were built against.
  const fields = encodeHandoffOffer(offer);
  const payload = offer.handleValue === 0n ? Buffer.concat([ZERO_HANDLE, fields]) : fields;
  return frameWire(request(HANDOFF, payload, offer.correlationId));
}
const ZERO_HANDLE = Uint8Array.of(0x08, 0x00);

/** What became of an offer. Unless the backend said no in so many words it may own the connection. */
export type AckVerdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'rejected'; readonly detail: string }
  | { readonly verdict: 'fallback'; readonly detail: string };

/** Judges the body of the frame that answered an offer. */
export function judgeAck(body: Uint8Array, offer: { readonly token: Uint8Array; readonly correlationId: bigint; readonly deadline: number }, now: number): AckVerdict {
  try {
    const { ack, frame } = readAck(body, FrameKind.RESPONSE);
    if (frame.requestId !== offer.correlationId) return fallback('frame request_id does not match the offer');
    if (ack.correlationId !== offer.correlationId) return fallback('correlation_id does not match the offer');
    if (!sameBytes(ack.token, offer.token)) return fallback('token does not match the offer');
    if (!ack.accepted) return { verdict: 'rejected', detail: `backend refused the handoff: ${ack.errorDetail}` };
    return now > offer.deadline ? fallback('the ACK came after its deadline') : { verdict: 'accepted' };
  } catch (e) {
    if (e instanceof HandoffError) return fallback(e.message);
    throw e;
  }
}

/** Tells the client, on its Hello connection, that a backend owns it now. */
export function readyWire(token: Uint8Array, correlationId: bigint): Uint8Array {
  return frameWire(event(HANDOFF, encodeHandoffAck(createHandoffAck({ token, accepted: true, correlationId })), correlationId));
}

/* ── backend ───────────────────────────────────────────────────────────── */

export interface ReceivedOffer { readonly frame: Frame; readonly offer: HandoffOffer }

/** Errors: HandoffError. */
export function readOffer(body: Uint8Array): ReceivedOffer {
  const frame = checked(body, FrameKind.REQUEST);
  const offer = decoded('HandoffOffer', decodeHandoffOffer, frame.payload);
  if (frame.requestId !== offer.correlationId) throw new HandoffError('UnexpectedFrame', 'frame request_id does not match HandoffOffer correlation_id');
  return { frame, offer };
}

/** `error`: why the backend does not take it; null: it does. */
export function ackWire({ frame, offer }: ReceivedOffer, error: string | null): Uint8Array {
  const ack = createHandoffAck({ token: offer.token, accepted: error === null, errorDetail: error ?? '', correlationId: offer.correlationId });
  return frameWire({ ...responseTo(frame, encodeHandoffAck(ack)), requestId: offer.correlationId });
}

/* ── client ────────────────────────────────────────────────────────────── */

/** Whether this body tells that the connection was handed over for `token`; if not, the client dials `backend_pipe`. */
export function isReady(body: Uint8Array, token: Uint8Array): boolean {
  try {
    const { ack } = readAck(body, FrameKind.EVENT);
    return sameBytes(ack.token, token) && ack.accepted;
  } catch (e) {
    if (e instanceof HandoffError) return false;
    throw e;
  }
}

/* ── when to try ───────────────────────────────────────────────────────── */

export type HandoffDecision =
  | { readonly decision: 'Attempt' | 'ClientUnsupported' | 'ServicePolicyDisabled' | 'FdPressureDisabled' | 'AdoptedBackend' }
  | { readonly decision: 'FailedAttemptRateLimited'; readonly retryAfterMs: number };

/** Failures of a backend, after which it is left alone for a while. */
export const FAILURE_RATE = { max: 8, windowMs: 30_000 };

export interface HandoffSituation {
  readonly clientSupports: boolean;
  readonly serviceAllows: boolean;
  readonly fdPressure: boolean;
  /** A backend the broker did not start, and that takes no connections. */
  readonly adoptedBackend: boolean;
}

/** `failures` counts the failed attempts by backend key; who succeeds clears the key. */
export function decideHandoff(s: HandoffSituation, key: string, failures: RateLimiter<string>, now: number): HandoffDecision {
  if (!s.clientSupports) return { decision: 'ClientUnsupported' };
  if (!s.serviceAllows) return { decision: 'ServicePolicyDisabled' };
  if (s.fdPressure) return { decision: 'FdPressureDisabled' };
  if (s.adoptedBackend) return { decision: 'AdoptedBackend' };
  const retryAfterMs = failures.wait(key, now);
  return retryAfterMs > 0 ? { decision: 'FailedAttemptRateLimited', retryAfterMs } : { decision: 'Attempt' };
}

/** Handoffs that wait for their backend's socket. Full or too old: fall back. */
export class PendingHandoffs<T> {
  readonly #waiting: { readonly item: T; readonly until: number }[] = [];
  constructor(private readonly max = 64, readonly ttlMs = 100) {}

  /** False: no room. */
  add(item: T, now: number): boolean {
    if (this.#waiting.length >= this.max) return false;
    this.#waiting.push({ item, until: now + this.ttlMs });
    return true;
  }

  /** The oldest one that may still be tried; those that grew too old are in `expired`. */
  take(now: number): { readonly next: T | null; readonly expired: T[] } {
    const expired = this.expire(now);
    return { next: this.#waiting.shift()?.item ?? null, expired };
  }

  /** Those that grew too old, which are out of the queue now. */
  expire(now: number): T[] {
    const fresh = this.#waiting.findIndex(({ until }) => now < until);
    return this.#waiting.splice(0, fresh < 0 ? this.#waiting.length : fresh).map(({ item }) => item);
  }
}

/* ── helpers ───────────────────────────────────────────────────────────── */

function readAck(body: Uint8Array, kind: number): { frame: Frame; ack: HandoffAck } {
  const frame = checked(body, kind);
  return { frame, ack: decoded('HandoffAck', decodeHandoffAck, frame.payload) };
}

function checked(body: Uint8Array, kind: number): Frame {
  let frame: Frame;
  try {
    frame = decodeBody(body);
  } catch (e) {
    if (e instanceof FramingError) throw new HandoffError('Malformed', e.message);
    throw e;
  }
  const fault = envelopeFault(frame, kind, HANDOFF);
  if (fault !== null) throw new HandoffError('UnexpectedFrame', envelopeText(fault, 'handoff'));
  return frame;
}

function decoded<M>(name: string, decode: (bytes: Uint8Array) => M, payload: Uint8Array): M {
  try {
    return decode(payload);
  } catch (e) {
    if (e instanceof DecodeError) throw new HandoffError('Malformed', `malformed ${name}: ${e.message}`);
    throw e;
  }
}

function fallback(detail: string): AckVerdict {
  return { verdict: 'fallback', detail };
}
