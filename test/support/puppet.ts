/** A transport that does what the test says. */
import type { Acceptor, AcceptorEvents, ListenFailure, ListenTarget } from '../../src/net/acceptor.js';
import { ManualClock } from '../../src/net/clock.js';
import { Connection, type ServerOptions } from '../../src/net/endpoint.js';
import type { TlsFailure } from '../../src/net/failures.js';
import { PENDING, TAKEN, type TlsSession, type Transport, type TransportEvents, type WriteOutcome } from '../../src/net/transport.js';
import type { Recorder } from './recorder.js';

export class Puppet implements Transport {
  readonly peer = { kind: 'tcp', name: 'puppet', port: 0, localPort: 0, credentials: null } as const;
  events: TransportEvents | null = null;
  readonly writes: number[] = [];
  readonly calls: string[] = [];
  taken_ = 0;
  outcome: WriteOutcome = TAKEN;
  fails: Error | null = null;
  busy = false;
  readonly descriptor = -1;
  readonly tls = null;
  open(events: TransportEvents): void { this.events = events; }
  write(_: readonly Uint8Array[], bytes: number): WriteOutcome {
    this.writes.push(bytes);
    if (this.fails !== null) {
      this.events?.failed(this.fails);
      return PENDING;
    }
    if (this.outcome === TAKEN) this.taken_ += bytes;
    return this.outcome;
  }
  taken(): number { return this.taken_; }
  end(): void { this.calls.push('end'); }
  pause(): void { this.calls.push('pause'); }
  resume(): void { this.calls.push('resume'); }
  onDestroyed: () => void = () => {};
  destroy(): void {
    this.calls.push('destroy');
    this.onDestroyed();
  }
  unread(): void {}
  secure(_: TlsSession, __: TransportEvents): TlsFailure | null { return null; }
  setNoDelay(_: boolean): void {}
  setKeepAlive(_: number): void {}
}

/** Listens nowhere: what arrives is what the test says. */
export class PuppetAcceptor implements Acceptor {
  reachable = true;
  closed = false;
  readonly #events: AcceptorEvents[] = [];

  constructor(private readonly outcome: { readonly port: number } | ListenFailure) {}

  open(_: ListenTarget, __: number, events: AcceptorEvents): Promise<{ readonly port: number } | ListenFailure> {
    this.#events.push(events);
    return Promise.resolve(this.outcome);
  }
  arrive(puppet: Puppet): void {
    for (const events of this.#events) {
      events.arrived({
        admit: () => ({ kind: 'admitted', credentials: null }), transport: () => puppet,
        onReleased: (run) => { puppet.onDestroyed = run; }, drop: (how) => { puppet.calls.push(how); },
      });
    }
  }
  close(): void {
    this.closed = true;
  }
  ref(): void {}
  unref(): void {}
}

/** A server that has started on a puppet. */
export function started(recorder: Recorder, options: ServerOptions = {}): { clock: ManualClock; puppet: Puppet; connection: Connection } {
  const clock = new ManualClock();
  const puppet = new Puppet();
  const connection = Connection.server(puppet, recorder, { clock, log: () => {}, ...options });
  clock.advance(1);
  return { clock, puppet, connection };
}
