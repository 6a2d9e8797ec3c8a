/** One connection to the broker's control socket: bytes in, one request out, or the refusal that answers bytes that are none. */
import { BodyReader, decodeBody, FramingError, MAX_FRAME_BYTES, MAX_HELLO_BYTES } from './frame.js';
import type { Peer } from './hello.js';
import type { Frame } from './messages.generated.js';
import { ADMIN } from './protocols.js';
import { refusalWire, REFUSALS, type Refusal } from './refusal.js';

/** How long a client may take for its request and for taking the reply, in ms. */
export const HELLO_TIMEOUT_MS = 30_000;

/** `hello-only` takes nothing else, and no body over 64 KiB; a control socket reads up to 16 MiB for the admin lane. */
export type Entry = 'hello-only' | 'control-socket';

export type Demand =
  | { readonly demand: 'hello' | 'admin'; readonly frame: Frame }
  /** To be written, and the connection closed. */
  | { readonly demand: 'refuse'; readonly wire: Uint8Array; readonly refusal: Refusal };

export class Exchange {
  readonly #reader: BodyReader;
  #over = false;

  /** `demoted`: whether Hellos are refused for want of descriptors. */
  constructor(private readonly entry: Entry, private readonly demoted: () => boolean = () => false) {
    this.#reader = new BodyReader(entry === 'hello-only' ? MAX_HELLO_BYTES : MAX_FRAME_BYTES);
  }

  /** Null: more bytes are needed, or the one request was answered. */
  receive(chunk: Uint8Array): Demand | null {
    if (this.#over) return null;
    this.#reader.push(chunk);
    let body: Uint8Array | null;
    try {
      body = this.#reader.next();
      if (body === null) return null;
      return this.#end(this.#dispatch(decodeBody(body), body.length));
    } catch (e) {
      if (e instanceof FramingError) return this.#end(refuse(null, BY_FAULT[e.fault.kind]));
      throw e;
    }
  }

  /** The peer sends no more. */
  eof(): Demand | null {
    return this.#over ? null : this.#end(refuse(null, REFUSALS.incomplete));
  }

  #dispatch(frame: Frame, size: number): Demand {
    if (this.entry === 'control-socket' && frame.payloadProtocol === ADMIN) return { demand: 'admin', frame };
    if (size > MAX_HELLO_BYTES) return refuse(frame, REFUSALS.tooLarge);
    return this.demoted() ? refuse(frame, REFUSALS.fdPressure) : { demand: 'hello', frame };
  }

  #end(demand: Demand): Demand {
    this.#over = true;
    return demand;
  }
}

const BY_FAULT = {
  UnsupportedFramingVersion: REFUSALS.framingVersion,
  FrameTooLarge: REFUSALS.tooLarge,
  UnexpectedEof: REFUSALS.incomplete,
  Decode: REFUSALS.malformedFrame,
} as const;

export type PeerPolicy = { readonly policy: 'AllowAny' } | { readonly policy: 'OwnerOnly'; readonly uid: string };

/** Whether a peer is talked to at all; the others are closed without reading or writing a byte. */
export function allows(policy: PeerPolicy, peer: Peer): boolean {
  return policy.policy === 'AllowAny' || (policy.uid !== '' && peer.uid === policy.uid);
}

function refuse(to: Frame | null, refusal: Refusal): Demand {
  return { demand: 'refuse', wire: refusalWire(to, refusal), refusal };
}
