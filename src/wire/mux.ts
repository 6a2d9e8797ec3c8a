/**
 * One endpoint, many protocols. `EndpointMux.poll` tells what a connection's buffer begins with, and consumes nothing; `opening` tells
 * from the first byte which protocol a connection speaks.
 */
import { FRAMING_BYTE, FramingError, tryDecode, type FramingFault } from './broker/frame.js';
import type { Frame } from './broker/messages.generated.js';
import { probeFault, type ProbeResponder } from './broker/probe.js';
import { isFirstParty, PROBE } from './broker/protocols.js';

/* ── the first byte ────────────────────────────────────────────────────── */

/** What a first byte can tell: the wire, frames of the broker, lines of JSON, TLS. */
export type Protocol = 'wire' | 'frame' | 'soc' | 'tls';

const FIRST_BYTES: ReadonlyMap<number, Protocol> = new Map([[0x03, 'wire'], [FRAMING_BYTE, 'frame'], [0x7b, 'soc'], [0x16, 'tls']]);

/** What `opening` answers. */
export type Opening =
  | { readonly opening: 'need-more' }
  | { readonly opening: Protocol }
  /** `protocol`: what it would have been; null: nothing this host knows. */
  | { readonly opening: 'refused'; readonly protocol: Protocol | null };

/** What a connection speaks, by its first byte, and whether this listener serves it. */
export function opening(buffer: Uint8Array, served: ReadonlySet<Protocol>): Opening {
  if (buffer.length === 0) return { opening: 'need-more' };
  const protocol = FIRST_BYTES.get(buffer[0]) ?? null;
  return protocol !== null && served.has(protocol) ? { opening: protocol } : { opening: 'refused', protocol };
}

/* ── the buffer ────────────────────────────────────────────────────────── */

/** Whether bytes belong to the protocol that was there first. Asked at every poll, before anything else, also about a leading 01. */
export type LegacyDetector = (buffer: Uint8Array) => 'Legacy' | 'NotLegacy' | 'NeedMoreBytes';

/** Why a connection has to be closed. */
export type MuxFault =
  | { readonly kind: 'Framing'; readonly fault: FramingFault }
  | { readonly kind: 'MalformedProbe'; readonly detail: string }
  | { readonly kind: 'UnexpectedFirstPartyFrame' | 'UnservedPayloadProtocol'; readonly payloadProtocol: number };

/** What a buffer begins with, and how many bytes of it are done with. */
export type MuxVerdict =
  | { readonly verdict: 'NeedMoreBytes' }
  /** The consumer's own decoder takes the buffer, garbage included. */
  | { readonly verdict: 'Legacy' }
  /** `reply` is to be written as it is before the buffer moves on by `consumed`. */
  | { readonly verdict: 'ProbeAnswered'; readonly reply: Uint8Array; readonly consumed: number }
  /** The envelope was not looked at: version, kind and encoding are the lane's business. */
  | { readonly verdict: 'Payload'; readonly frame: Frame; readonly consumed: number }
  /** The end of the connection. */
  | { readonly verdict: 'Error'; readonly error: MuxFault };

/** What an endpoint serves. */
export interface MuxOptions {
  readonly probes: Pick<ProbeResponder, 'answer'>;
  /** Payload protocols that are passed on; the broker's own never are. */
  readonly served: Iterable<number>;
  readonly detect?: LegacyDetector;
}

/** Tells frames of an endpoint apart, answers identity probes, and passes on what is served. Holds no stream: see `FrameSession`. */
export class EndpointMux {
  readonly #probes: Pick<ProbeResponder, 'answer'>;
  readonly #served: ReadonlySet<number>;
  readonly #detect: LegacyDetector | null;

  constructor({ probes, served, detect }: MuxOptions) {
    this.#probes = probes;
    this.#served = new Set(served);
    this.#detect = detect ?? null;
  }

  /** A pure function of `buffer[start, end)`. Never throws. */
  poll(buffer: Uint8Array, start = 0, end = buffer.length): MuxVerdict {
    if (start === end) return NEED_MORE;
    if (this.#detect !== null) {
      const detected = this.#detect(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end));
      if (detected !== 'NotLegacy') return detected === 'Legacy' ? LEGACY : NEED_MORE;
    }
    if (buffer[start] !== FRAMING_BYTE) return LEGACY;
    try {
      const decoded = tryDecode(buffer, start, end);
      return decoded === null ? NEED_MORE : this.#frame(decoded.frame, decoded.consumed);
    } catch (e) {
      if (e instanceof FramingError) return { verdict: 'Error', error: { kind: 'Framing', fault: e.fault } };
      throw e;
    }
  }

  #frame(frame: Frame, consumed: number): MuxVerdict {
    const { payloadProtocol } = frame;
    if (payloadProtocol === PROBE) {
      const detail = probeFault(frame);
      if (detail !== null) return { verdict: 'Error', error: { kind: 'MalformedProbe', detail } };
      return { verdict: 'ProbeAnswered', reply: this.#probes.answer(frame), consumed };
    }
    if (isFirstParty(payloadProtocol)) return { verdict: 'Error', error: { kind: 'UnexpectedFirstPartyFrame', payloadProtocol } };
    if (!this.#served.has(payloadProtocol)) return { verdict: 'Error', error: { kind: 'UnservedPayloadProtocol', payloadProtocol } };
    return { verdict: 'Payload', frame, consumed };
  }
}

const NEED_MORE: MuxVerdict = { verdict: 'NeedMoreBytes' };
const LEGACY: MuxVerdict = { verdict: 'Legacy' };
