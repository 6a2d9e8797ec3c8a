/** When to give a sign of life, and when the peer is taken for dead. */

/** Silence of ours before a heartbeat. Default 15 s: a third of what the peer waits, so that two may get lost. */
const HEARTBEAT_MS = 15_000;
/** Silence of the peer before it is dead. Default 45 s. */
const DEAD_MS = 45_000;

export class Liveness {
  #sent: number;
  #heard: number;

  /** `watch`: the peer is known to give signs of life; one that never does (it may be of an older kind) is not taken for dead. */
  constructor(now: number, private watch: boolean, private readonly heartbeatMs = HEARTBEAT_MS, private readonly deadMs = DEAD_MS) {
    this.#sent = now;
    this.#heard = now;
  }

  sent(now: number): void {
    this.#sent = now;
  }
  heard(now: number, heartbeat = false): void {
    this.#heard = now;
    if (heartbeat) this.watch = true;
  }

  /** What is due now. */
  check(now: number): 'dead' | 'heartbeat' | null {
    if (this.watch && now - this.#heard >= this.deadMs) return 'dead';
    return now - this.#sent >= this.heartbeatMs ? 'heartbeat' : null;
  }
  /** Ms until something is due. */
  wait(now: number): number {
    const heartbeat = this.#sent + this.heartbeatMs - now;
    return Math.max(0, this.watch ? Math.min(heartbeat, this.#heard + this.deadMs - now) : heartbeat);
  }
}
