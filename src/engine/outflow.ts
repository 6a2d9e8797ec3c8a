/** What leaves: writes, what of them waits for the kernel, and the tokens of sends, each settled once. */
import type { Limits } from './api.js';
import { SIGN, TO_LANG } from './channel.js';
import type { NetEvent } from './net-calls.js';
import type { Outbox } from './outbox.js';
import { OutputAccount } from './output-account.js';
import type { Peer } from './peer.js';
import { OPEN, THROTTLED, type SharedState } from './shared-state.js';
import { TokenQueue } from './token-queue.js';

export class Outflow {
  readonly #account: OutputAccount<Peer>;

  /** `work`: something was put into the outbox. */
  constructor(private readonly shared: SharedState, private readonly outbox: Outbox, limits: Limits, private readonly work: () => void) {
    this.#account = new OutputAccount<Peer>(limits);
  }

  /** Whole frames of the language side. */
  write(peer: Peer, bytes: Uint8Array): void {
    peer.handed = (peer.handed + bytes.length) | 0;
    peer.connection.write(peer.bridge === null ? bytes : peer.bridge.wrap(bytes));
    this.#account.wrote(peer);
    this.progress(peer);
  }

  /** As `write`; the token is settled once, with `peer` or without. */
  send(peer: Peer | null, low: number, bytes: Uint8Array): void {
    if (peer === null || peer.state !== 'open') return this.#failed(low, 'connection closed');
    // In the queue before the bytes are written, which may be the end of the peer.
    const { connection } = peer;
    const wire = peer.bridge === null ? bytes : peer.bridge.wrap(bytes);
    peer.handed = (peer.handed + bytes.length) | 0;
    (peer.tokens ??= new TokenQueue()).put(low, connection.taken + connection.held + wire.length);
    connection.write(wire);
    this.#account.wrote(peer);
    this.progress(peer);
  }

  /** A script was refused: if nothing waits any more, it may go on. */
  want(peer: Peer | null): void {
    if (peer === null || peer.state !== 'open' || peer.congested) return;
    this.#sign(peer, SIGN.THROTTLED);
    this.#sign(peer, SIGN.UNTHROTTLED);
  }

  progress(peer: Peer): void {
    const { held, connection, tokens } = peer;
    peer.behind = held > 0;
    if (peer.handle >= 0) this.shared.setGone(peer.handle, (peer.handed - held) | 0);
    if (tokens === null || tokens.empty) return;
    for (let low = tokens.next(connection.taken); low !== null; low = tokens.next(connection.taken)) this.outbox.put(TO_LANG.SENT, peer.handle, low);
    this.work();
  }

  throttled(peer: Peer): void {
    peer.congested = true;
    if (peer.state !== 'open') return;
    this.shared.setState(peer.handle, THROTTLED);
    this.#sign(peer, SIGN.THROTTLED);
  }
  unthrottled(peer: Peer): void {
    peer.congested = false;
    this.progress(peer);
    if (peer.state !== 'open') return;
    this.shared.setState(peer.handle, OPEN);
    this.#sign(peer, SIGN.UNTHROTTLED);
  }
  idle(peer: Peer): void {
    if (peer.state === 'open') this.#sign(peer, SIGN.IDLE);
  }

  /** It is open from now on. */
  opened(peer: Peer): void {
    peer.handed = 0;
    this.shared.setGone(peer.handle, 0);
    this.shared.setState(peer.handle, peer.congested ? THROTTLED : OPEN);
  }
  /** Its socket is gone. */
  over(peer: Peer, reason: string): void {
    this.#account.forget(peer);
    const { tokens } = peer;
    if (tokens === null) return;
    this.progress(peer);
    for (let low = tokens.next(); low !== null; low = tokens.next()) this.#failed(low, reason);
  }

  #sign(peer: Peer, sign: number): void {
    this.outbox.put(TO_LANG.SIGN, peer.handle, sign);
    this.work();
  }
  #failed(low: number, reason: string): void {
    const event: NetEvent = { is: 'send-failed', token: low, reason };
    this.outbox.put(TO_LANG.NET_EVENT, -1, 0, null, event);
    this.work();
  }
}
