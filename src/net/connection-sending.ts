/** The sending side of a connection: what it accepts, when it writes, and when it accepts nothing more. */
import { ConnectionControls } from './connection-controls.js';
import type { ConnectionOptions } from './connection-options.js';
import type { Bytes, ConnectionHandler } from './handlers.js';
import { Outbound, sizeOf } from './outbound.js';
import { STATES } from './states.js';
import type { TlsState } from './tls-state.js';
import { CONGESTED, type Transport } from './transport.js';

/**
 * - `accepted`: its token gets exactly one of `onSent` and `onSendFailed`. All others have no token.
 * - `not-connected`: not open. `not-writeable`: the kernel refuses, until `onUnthrottled`. `too-large`: more than `maxSendBytes`.
 */
export type SendResult = 'accepted' | 'not-connected' | 'not-writeable' | 'too-large';

export abstract class ConnectionSending extends ConnectionControls {
  protected abstract readonly handler: ConnectionHandler;
  protected readonly outbound: Outbound;
  /** Bytes that went through transports before this one. */
  protected before = 0;
  /** How much the kernel had at the end; -1 while there is more to come. */
  protected frozen = -1;
  #flushLater = false;

  protected constructor(tls: TlsState, transport: Transport | null, protected readonly options: ConnectionOptions) {
    super(tls, transport);
    this.outbound = new Outbound(options.coalesceBytes);
  }

  protected abstract tellAccepted(token: number, data: Bytes): void;
  protected abstract tellThrottled(): void;
  protected abstract tellUnthrottled(): void;

  /** A list leaves as one; its token comes through `onSendAccepted`. Accepted bytes must not be changed until the token is settled. */
  send(data: Bytes): SendResult {
    if (STATES[this.phase].send !== 'try') return 'not-connected';
    if (this.throttled) return 'not-writeable';
    const bytes = sizeOf(data);
    if (bytes > this.options.maxSendBytes) return 'too-large';
    const token = this.settlement.ledger.accept(bytes);
    const collected = this.outbound.stage(data, bytes);
    if (this.handler.onSendAccepted !== undefined) {
      this.tellAccepted(token, data);
      if (!this.flows()) return 'accepted';
    }
    if (collected) this.#flushAfterThis();
    else this.flush();
    return 'accepted';
  }

  protected flush(): void {
    const outcome = this.outbound.flush(this.transport!);
    this.timers.touch();
    if (outcome === CONGESTED) this.throttle();
    else if (!this.settlement.active) this.settlement.settle();
  }
  #flushAfterThis(): void {
    if (this.#flushLater) return;
    this.#flushLater = true;
    this.options.clock.afterThis(() => {
      this.#flushLater = false;
      if (this.flows() && this.outbound.bytes > 0) this.flush();
    });
  }

  protected throttle(): void {
    const before = this.throttled;
    this.throttled = true;
    this.settlement.settle();
    if (!before && this.flows()) this.tellThrottled();
  }
  /** The transport has nothing left to write. */
  protected drained(): void {
    this.timers.touch();
    this.settlement.settle();
    if (!this.throttled) return;
    this.throttled = false;
    if (this.flows()) this.tellUnthrottled();
  }

  /** Whether bytes still go through. Asked after handlers have run, which may have changed the state. */
  protected flows(): boolean {
    return this.phase === 'open' || this.phase === 'closing';
  }
  protected taken(): number {
    return this.frozen >= 0 ? this.frozen : this.before + (this.transport?.taken() ?? 0);
  }
}
