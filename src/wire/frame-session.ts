/**
 * A connection that speaks frames, as a state machine: `receive` takes bytes, `next` answers what is to be done. Probes are answered
 * here; lanes' messages are handed on. The first fault is the end.
 */
import { ByteQueue } from './broker/byte-queue.js';
import { laneMessage, type LaneMessage } from './broker/lanes.js';
import type { EndpointMux, MuxFault } from './mux.js';

/** What came of the bytes so far. */
export type FrameEvent =
  /** To be written as it is, before anything that follows. */
  | { readonly event: 'reply'; readonly wire: Uint8Array }
  /** Its payload is a view that stays valid. */
  | { readonly event: 'message'; readonly message: Exclude<LaneMessage, { message: 'fault' }> }
  /** Nothing follows. `clean`: the peer ended between two frames. */
  | { readonly event: 'close'; readonly clean: boolean; readonly reason: string };

/** One stream of frames: bytes go in however they are cut, events come out in order. */
export class FrameSession {
  readonly #queue = new ByteQueue();
  #ended = false;
  #over = false;

  constructor(private readonly mux: EndpointMux) {}

  receive(chunk: Uint8Array): void {
    if (!this.#over) this.#queue.append(chunk);
  }

  /** The peer sends nothing more. */
  eof(): void {
    this.#ended = true;
  }

  /** Null: more bytes are needed. */
  next(): FrameEvent | null {
    if (this.#over) return null;
    const { buffer, start, end } = this.#queue;
    const verdict = this.mux.poll(buffer, start, end);
    switch (verdict.verdict) {
      case 'NeedMoreBytes': return this.#ended ? this.#close(this.#queue.length === 0, this.#queue.length === 0 ? 'the peer has closed' : 'the stream ended inside a frame') : null;
      case 'Legacy': return this.#close(false, 'not a frame');
      case 'Error': return this.#close(false, reason(verdict.error));
      case 'ProbeAnswered':
        this.#queue.drop(verdict.consumed);
        return { event: 'reply', wire: verdict.reply };
      case 'Payload': {
        this.#queue.drop(verdict.consumed);
        const message = laneMessage(verdict.frame);
        return message.message === 'fault' ? this.#close(false, message.detail) : { event: 'message', message };
      }
    }
  }

  #close(clean: boolean, why: string): FrameEvent {
    this.#over = true;
    this.#queue.clear();
    return { event: 'close', clean, reason: why };
  }
}

function reason(fault: MuxFault): string {
  switch (fault.kind) {
    case 'Framing': return `framing: ${fault.fault.kind}`;
    case 'MalformedProbe': return `malformed probe: ${fault.detail}`;
    case 'UnexpectedFirstPartyFrame': return `frame of the broker's own protocol ${fault.payloadProtocol.toString(16)}`;
    case 'UnservedPayloadProtocol': return `payload protocol ${fault.payloadProtocol.toString(16)} is not served`;
  }
}
