/** Reports accepted sends as sent once their bytes are taken, and as failed once they never will be. */
import type { Clock } from './clock.js';
import { SendLedger } from './send-ledger.js';

export interface SettlementHost {
  /** Bytes of all accepted sends that the kernel has. */
  taken(): number;
  /** Nothing more is accepted. */
  readonly over: boolean;
  sent(token: number): void;
  failed(token: number): void;
}

export class Settlement {
  readonly ledger = new SendLedger();
  /** A handler of a finished send is running. */
  active = false;
  /** What was taken is reported in a later turn. */
  #postponed = false;

  constructor(private readonly host: SettlementHost, private readonly clock: Clock, private readonly chainedSends: number) {}

  /**
   * Reports every send whose bytes are taken. Sends made inside of `sent` are settled by the loop that called it, not by a deeper one,
   * and after a number of them in the next turn: an endless chain neither fills the stack nor starves the others.
   */
  settle(): void {
    const { ledger, host } = this;
    const outer = !this.active;
    const { minted } = ledger;
    this.active = true;
    this.#postponed = false;
    let taken = host.taken();
    for (let chained = 0; ; ) {
      // Asked anew only when it is used up: handlers may have sent more.
      const token = ledger.settle(taken) || ledger.settle((taken = host.taken()));
      if (token === 0) break;
      host.sent(token);
      if (token > minted && ++chained >= this.chainedSends && !host.over) {
        this.#nextTurn();
        break;
      }
    }
    if (outer) this.active = false;
  }

  /** What was left for a later turn is reported before whatever has happened since. */
  catchUp(): void {
    if (this.#postponed) this.settle();
  }

  failPending(): void {
    for (let token = this.ledger.abandon(); token !== 0; token = this.ledger.abandon()) this.host.failed(token);
  }

  #nextTurn(): void {
    if (this.ledger.pending === 0) return;
    this.#postponed = true;
    this.clock.soon(() => this.catchUp());
  }
}
