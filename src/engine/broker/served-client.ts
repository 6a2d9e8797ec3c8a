/** One connection to a broker, for one exchange. */
import type { Clock, Timer } from '../../net/clock.js';
import { Connection } from '../../net/endpoint.js';
import type { Log } from '../../net/handlers.js';
import type { Transport } from '../../net/transport.js';
import { Exchange, type Demand } from '../../wire/broker/exchange.js';
import type { Peer } from '../../wire/broker/hello.js';
import type { HandedClient } from './handoffs.js';

export interface ClientEvents {
  answer(demand: Demand): void;
  gone(): void;
}

export class ServedClient {
  readonly #exchange: Exchange;
  #connection: Connection | null = null;
  #deadline: Timer | null = null;
  #sent: (() => void) | null = null;
  #lost: (() => void) | null = null;
  #gone = false;

  constructor(readonly peer: Peer, demoted: () => boolean, private readonly events: ClientEvents) {
    this.#exchange = new Exchange('control-socket', demoted);
  }

  start(transport: Transport, clock: Clock, timeoutMs: number, log?: Log): Connection {
    this.#connection = Connection.server(transport, {
      onReceived: (_, data) => this.#demand(this.#exchange.receive(data)),
      onPeerEnd: () => this.#demand(this.#exchange.eof()),
      onSent: () => {
        const sent = this.#sent;
        this.#sent = null;
        sent?.();
      },
      onStartFailure: () => this.#end(),
      onClosed: () => this.#end(),
    }, { halfOpen: true, clock, ...(log && { log }) });
    this.#deadline = clock.after(timeoutMs, () => this.drop());
    return this.#connection;
  }

  /** Whether nobody is there to be answered any more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** The one reply; the client may be gone by now. */
  reply(wire: Uint8Array): void {
    this.#connection?.send(wire);
    this.#connection?.close();
  }

  /** The reply to a client whose connection goes on: `held` once the kernel has it, or else `lost`. What it sends now is not read here. */
  replyAndHold(wire: Uint8Array, next: { held(client: HandedClient): void; lost(): void }): void {
    const connection = this.#connection!;
    connection.mute();
    this.#lost = next.lost;
    this.#sent = () => {
      this.#lost = null;
      next.held({
        connection,
        keep: () => connection.close(),
        letGo: (last) => this.#letGo(connection, last),
      });
    };
    if (connection.send(wire) !== 'accepted') this.drop();
    // Closed before, it does not tell of its end again.
    if (this.#gone) this.#end();
  }

  drop(): void {
    this.#connection?.hardClose();
  }

  /** Closing would end the stream for its new owner as well. */
  #letGo(connection: Connection, last: Uint8Array | null): void {
    this.#sent = () => connection.hardClose();
    if (last === null || connection.send(last) !== 'accepted') connection.hardClose();
  }

  #demand(demand: Demand | null): void {
    if (demand !== null) this.events.answer(demand);
  }

  #end(): void {
    this.#gone = true;
    this.#sent = null;
    this.#lost?.();
    this.#lost = null;
    this.#deadline?.cancel();
    this.events.gone();
  }
}
