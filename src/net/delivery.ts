/** Hands received bytes over: cut into messages, held while muted, and a turn's share at a time. */
import type { Clock } from './clock.js';
import type { ConnectionOptions } from './connection-options.js';
import { Inbound } from './inbound.js';

/**
 * What became of a size; all but `ok` change nothing. `below-framing`: messages of `bufferUntil` would not fit. `below-used`: so much is held
 * already. `above-minimum`: see `setReadBufferMinimum`. `out-of-range`: no size.
 */
export type BufferResult = 'ok' | 'below-framing' | 'below-used' | 'above-minimum' | 'out-of-range';

export interface DeliveryHost {
  /** Whether bytes are delivered in the present state. */
  readonly delivers: boolean;
  /** Tells what has happened before the bytes that are delivered next. */
  catchUp(): void;
  deliver(message: Uint8Array): void | 'yield';
  /** Asks the transport for nothing more, or for more again. */
  pause(): void;
  resume(): void;
  /** Everything received was delivered, and the peer sends nothing more; called once. */
  peerEnd(): void;
}

export class Delivery {
  muted = false;
  /** The peer sends nothing more. */
  peerEnded = false;
  /** `peerEnd` was called. */
  endHandled = false;
  readonly #inbound = new Inbound();
  #minimum: number;
  #size: number;
  /** The rest comes in the next turn. */
  #waiting = false;
  #pumping = false;
  #paused = false;
  /** Delivered since the last time it waited for a turn. */
  #bytes = 0;
  #messages = 0;

  constructor(private readonly host: DeliveryHost, private readonly clock: Clock, private readonly options: ConnectionOptions) {
    this.#minimum = options.readBufferMinimum;
    this.#size = Math.max(options.readBufferSize, this.#minimum);
  }

  get held(): number {
    return this.#inbound.bytes;
  }

  received(chunk: Uint8Array): void {
    this.#inbound.push(chunk);
    if (this.#waiting) this.#hold();
    else this.#pump();
  }
  ended(): void {
    this.peerEnded = true;
    if (!this.#waiting) this.#pump();
  }
  drop(): void {
    this.#inbound.drop();
  }

  mute(): void {
    this.muted = true;
    if (!this.#pumping) this.#hold();
  }
  unmute(): void {
    if (!this.muted) return;
    this.muted = false;
    this.#nextTurn();
  }
  /** A transport that was not asked for anything yet takes over. */
  replaced(): void {
    this.#paused = false;
  }
  /** The connection is ready. */
  begin(): void {
    if (this.muted) this.#hold();
  }

  bufferUntil(bytes: number | 'streaming'): BufferResult {
    const framing = bytes === 'streaming' ? 0 : bytes;
    if (!Number.isInteger(framing) || (framing < 1 && bytes !== 'streaming')) return 'out-of-range';
    if (framing > this.#minimum) return 'above-minimum';
    this.#inbound.framing = framing;
    // What is held may be a message now, and nothing else would bring it.
    if (!this.#pumping && this.#inbound.ready) this.#nextTurn();
    return 'ok';
  }
  setMinimum(bytes: number): BufferResult {
    if (!Number.isInteger(bytes)) return 'out-of-range';
    if (bytes < Math.max(1, this.#inbound.framing)) return 'below-framing';
    this.#minimum = bytes;
    this.#size = Math.max(this.#size, bytes);
    return 'ok';
  }
  resize(bytes: number): BufferResult {
    if (!Number.isInteger(bytes)) return 'out-of-range';
    if (bytes < Math.max(1, this.#inbound.framing)) return 'below-framing';
    if (bytes < this.#inbound.bytes) return 'below-used';
    this.#size = bytes;
    this.#minimum = Math.min(this.#minimum, bytes);
    return 'ok';
  }

  #pump(): void {
    if (this.#pumping) return;
    const { host } = this;
    this.#pumping = true;
    while (this.#inbound.ready && this.#mayDeliver()) {
      const message = this.#inbound.next();
      if (message === null) break;
      this.#bytes += message.length;
      this.#messages++;
      const yields = host.deliver(message) === 'yield';
      if (yields || this.#messages >= this.options.messagesPerTurn || this.#bytes >= this.#size) this.#nextTurn();
    }
    this.#pumping = false;
    if (!host.delivers) return;
    if (this.muted) return this.#hold();
    if (this.#waiting) return this.#inbound.ready ? this.#hold() : undefined;
    if (this.#paused) {
      this.#paused = false;
      host.resume();
    }
    if (!this.peerEnded || this.endHandled || !this.#mayDeliver()) return;
    this.endHandled = true;
    host.peerEnd();
  }
  #mayDeliver(): boolean {
    this.host.catchUp();
    return !this.muted && !this.#waiting && this.host.delivers;
  }
  #nextTurn(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.clock.soon(() => {
      this.#waiting = false;
      this.#bytes = this.#messages = 0;
      this.#pump();
    });
  }
  #hold(): void {
    if (this.#paused || !this.host.delivers) return;
    this.#paused = true;
    this.host.pause();
  }
}
