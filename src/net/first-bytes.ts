/** What a stream begins with, told to somebody who then hands the stream on as if nobody had looked. */
import { messageOf, type TlsFailure } from './failures.js';
import type { TlsContext } from './tls-context.js';
import type { Transport, TransportEvents } from './transport.js';

/** The stream is handed on unread; or goes on inside of TLS, where `arrived` is called once more; or (null) was destroyed. */
export type Next = { readonly take: (transport: Transport) => void } | { readonly secure: TlsContext } | null;

export interface FirstBytesEvents {
  arrived(transport: Transport, chunk: Uint8Array): Next;
  /** It ended, failed, or TLS did not come about; nothing follows. `refused`: it was TLS. */
  over(reason: string, refused: boolean): void;
}

export class FirstBytes {
  #transport: Transport;
  #over = false;

  constructor(transport: Transport, private readonly events: FirstBytesEvents) {
    this.#transport = transport;
    transport.open(this.#transportEvents);
  }

  get transport(): Transport {
    return this.#transport;
  }
  /** Drops the stream. `over` is not called. */
  destroy(): void {
    this.#over = true;
    this.#transport.destroy();
  }

  readonly #transportEvents: TransportEvents = {
    data: (chunk) => {
      if (this.#over) return;
      try {
        this.#judge(chunk);
      } catch (e) {
        // Whoever was to take it over has not.
        this.#over = false;
        this.#end(`handler-error: ${messageOf(e)}`);
      }
    },
    ended: () => this.#end('closed by the peer'),
    failed: (error) => this.#end((error as NodeJS.ErrnoException).code ?? error.message),
    secured: (transport) => {
      if (this.#over) return transport.destroy();
      this.#transport = transport;
    },
    refused: (failure) => this.#refused(failure),
    progress: () => {},
    congested: () => {},
    drained: () => {},
    finished: () => {},
    released: () => {},
  };

  #judge(chunk: Uint8Array): void {
    const transport = this.#transport;
    const next = this.events.arrived(transport, chunk);
    if (next === null) return;
    transport.unread(chunk);
    if ('take' in next) {
      this.#over = true;
      return next.take(transport);
    }
    const failure = transport.secure({ role: 'server', context: next.secure, host: '' }, this.#transportEvents);
    if (failure !== null) this.#refused(failure);
  }
  #refused(failure: TlsFailure): void {
    this.#end(`TLS: ${failure.code}`, true);
  }
  #end(reason: string, refused = false): void {
    if (this.#over) return;
    this.destroy();
    this.events.over(reason, refused);
  }
}
