/** Reading no faster than is served: a peer whose requests are not taken yet, or all of them while the channel is full, are not read. */
import type { Outbox } from './outbox.js';
import type { Peer } from './peer.js';
import type { SharedState } from './shared-state.js';

/** Between looks at the peers that are not read, ms, when nothing else happens. */
const LOOK_MS = 5;

export class Intake {
  readonly #paused = new Set<Peer>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** `limit`: bytes handed over for one peer and not taken. */
  constructor(private readonly shared: SharedState, private readonly outbox: Outbox, private readonly limit: number) {}

  /** Bytes for the peer were handed over. */
  delivered(peer: Peer, bytes: number): void {
    peer.dispatched = (peer.dispatched + bytes) | 0;
    if (this.outbox.full || this.#untaken(peer) > this.limit) this.#pause(peer);
  }

  /** Whether the peer is read, as far as it depends on what it sent. */
  reads(peer: Peer): boolean {
    return !this.#closed && !peer.muted && !this.#paused.has(peer);
  }

  /** Reads those again that have been served meanwhile. */
  resume(): void {
    if (this.#paused.size === 0 || this.outbox.full || this.#closed) return;
    for (const peer of this.#paused) {
      if (this.#untaken(peer) > this.limit >> 1) continue;
      this.#paused.delete(peer);
      if (!peer.muted) peer.connection.resume();
    }
  }

  forget(peer: Peer): void {
    this.#paused.delete(peer);
  }

  /** Nobody is read any more. */
  close(): void {
    this.#closed = true;
  }

  /** All that came of the peer has been taken up. */
  taken(peer: Peer): boolean {
    return this.#untaken(peer) === 0;
  }

  #untaken(peer: Peer): number {
    return (peer.dispatched - this.shared.taken(peer.handle)) | 0;
  }

  #pause(peer: Peer): void {
    if (this.#paused.has(peer)) return;
    this.#paused.add(peer);
    peer.connection.pause();
    this.#watch();
  }

  /** Usually resumed by the work loop; the timer is for when nothing else happens. */
  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.resume();
      if (this.#paused.size > 0) this.#watch();
    }, LOOK_MS);
  }
}
