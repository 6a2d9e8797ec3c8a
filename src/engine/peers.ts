/** The connections of the I/O side, from the socket to its end: who is let in, what goes to the language side, and which number each has. */
import type { Listener } from '../net/listener.js';
import type { TlsFailure } from '../net/failures.js';
import { toBytes } from '../lang/text.js';
import type { ConnectionInfo, LogRecord } from './api.js';
import { Question } from './arrivals.js';
import { OPENED, TO_LANG } from './channel.js';
import type { DialHost, Returning } from './dialing.js';
import type { Intake } from './intake.js';
import type { AuthQuestion, CallResult } from './messages.js';
import type { NetEvent } from './net-calls.js';
import type { Outbox } from './outbox.js';
import type { Outflow } from './outflow.js';
import { Peer } from './peer.js';
import { CLOSED, type SharedState } from './shared-state.js';
import type { Slots } from './slots.js';
import type { ServerContexts } from './tls-files.js';
import { beginPrepared, upgraded, type UpgradeHost } from './upgrades.js';
import type { IoOptions } from './io-side.js';

export interface PeersParts {
  readonly shared: SharedState;
  readonly outbox: Outbox;
  readonly intake: Intake;
  readonly outflow: Outflow;
  readonly slots: Slots<Peer | Listener | Question>;
  readonly contexts: ServerContexts;
  readonly options: Pick<IoOptions, 'restricted' | 'limits' | 'log'>;
  /** Something was put into the outbox. */
  work(): void;
}

export class Peers implements DialHost, UpgradeHost {
  readonly outflow: Outflow;
  readonly contexts: ServerContexts;
  readonly log: (record: LogRecord) => void;
  readonly preAuthBytes: number;
  readonly maxFrame: number;
  readonly returning = new Set<Returning>();
  readonly #outbox: Outbox;
  readonly #intake: Intake;
  readonly #all = new Set<Peer>();
  /** Gone, but the language side does not know yet: their handles are still taken. */
  readonly #zombies = new Set<Peer>();

  constructor(private readonly parts: PeersParts) {
    const { outflow, contexts, outbox, intake, options } = parts;
    this.outflow = outflow;
    this.contexts = contexts;
    this.log = options.log;
    this.preAuthBytes = options.limits.preAuthBytes;
    this.maxFrame = options.limits.maxFrame;
    this.#outbox = outbox;
    this.#intake = intake;
  }

  /** Nobody is connected, or will be again. */
  get idle(): boolean {
    return this.#all.size === 0 && this.returning.size === 0;
  }
  /** Who a handle is. */
  find(handle: number): Peer | null {
    const slot = this.parts.slots.get(handle);
    return slot instanceof Peer ? slot : null;
  }

  list(): ConnectionInfo[] {
    const out: ConnectionInfo[] = [];
    for (const p of this.#all) {
      if (p.state === 'open') out.push({ handle: p.handle, peer: p.path === '' ? p.connection.peer : `unix://${p.path}`, direction: p.inbound ? 'in' : 'out', user: p.user, restricted: p.restricted, held: p.held, protocol: p.bridge === null ? 'rayforce' : 'frame', ...p.connection.figures, ...uidOf(p), openedMs: p.openedMs });
    }
    for (const { away, handle, address, call } of this.returning) {
      if (away && handle >= 0) out.push({ handle, peer: address, direction: 'out', user: '', restricted: this.parts.options.restricted, held: 0, protocol: call.frames === true ? 'frame' : 'rayforce', state: 'away' });
    }
    return out;
  }

  /** Nothing more is read, nobody new is let in, and who is lost does not come back. */
  drain(): void {
    this.#stopReturning();
    for (const peer of this.#all) {
      if (peer.state === 'handshake') peer.connection.destroy();
      else peer.connection.pause();
    }
  }
  /** Waits until every peer has what was written for it, until `until` of `performance.now()`; then drops them all. */
  async finish(until: number): Promise<void> {
    for (const peer of this.#all) peer.connection.close();
    const unread = (): boolean => [...this.#all].some((p) => p.held > 0);
    while (this.#all.size > 0 && unread() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    // A moment for the peers to close their side: dropping over their unread bytes would take ours from them.
    for (let i = 0; i < 20 && this.#all.size > 0 && performance.now() < until; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#destroy();
  }
  abandon(): void {
    this.#stopReturning();
    this.#destroy();
  }

  /* ── being let in ──────────────────────────────────────────────────── */

  /** Asks the hook about the user at a handle. */
  ask(handle: number, question: AuthQuestion): void {
    this.#outbox.put(TO_LANG.AUTH, handle, 0, null, question);
    this.parts.work();
  }
  /** What the hook has said. */
  answered(handle: number, accept: boolean): void {
    const slot = this.parts.slots.get(handle);
    if (slot instanceof Peer) this.#judged(slot, accept);
    else if (slot instanceof Question) {
      this.parts.slots.free(handle);
      slot.answer(accept);
    }
  }

  credentials(peer: Peer, user: string, password: string): void {
    if (peer.barred) return this.#judged(peer, false);
    if (user !== '') peer.user = user;
    // What it sends ahead stays in the kernel while its credentials are judged.
    peer.connection.pause();
    const { shared } = this.parts;
    void peer.users!.verify(user, password, () => peer.state === 'handshake').then(({ ok, restricted }) => {
      if (peer.state !== 'handshake') return;
      peer.restricted ||= restricted;
      if (!ok) this.#judged(peer, false);
      else if (shared.authHook) this.ask(peer.handle, { user, password, restricted: peer.restricted });
      else this.#judged(peer, true);
    });
  }
  #judged(peer: Peer, accept: boolean): void {
    peer.verdict(accept);
    if (peer.state === 'open' && this.#intake.reads(peer)) peer.connection.resume();
  }

  admitted(peer: Peer): void {
    if (peer.timer !== null) clearTimeout(peer.timer);
    peer.timer = null;
    if (!peer.inbound) return peer.opening!(null);
    this.#opened(peer);
    const bits = (peer.restricted ? OPENED.RESTRICTED : 0) | (peer.bridge === null ? 0 : OPENED.NUMBERED);
    this.#outbox.put(TO_LANG.OPEN, peer.handle, (peer.connection.peerPort << OPENED.PORT) | bits);
    this.parts.work();
  }

  /** It has a socket and begins its handshake, whoever has connected. */
  dialed(peer: Peer): void {
    this.#all.add(peer);
  }
  entered(peer: Peer, handle: number): CallResult | null {
    const { slots, options } = this.parts;
    if (handle >= 0) slots.put(handle, peer);
    peer.handle = handle >= 0 ? handle : slots.add(() => peer);
    if (peer.handle < 0) return { ok: false, code: 'limit', message: 'too many handles' };
    peer.restricted = options.restricted;
    this.#opened(peer);
    return null;
  }
  tell(handle: number, event: NetEvent): void {
    this.#outbox.put(TO_LANG.NET_EVENT, handle, 0, null, event);
    this.parts.work();
  }
  #opened(peer: Peer): void {
    peer.state = 'open';
    peer.openedMs = Date.now();
    peer.dispatched = this.parts.shared.taken(peer.handle);
    this.outflow.opened(peer);
    if (peer.idleMs > 0) peer.connection.setIdleTimeout(peer.idleMs);
  }

  /* ── what comes ────────────────────────────────────────────────────── */

  frames(peer: Peer, bytes: Uint8Array, from: number, to: number): void {
    const written = this.#outbox.tryWrite(TO_LANG.FRAMES, peer.handle, bytes, from, to);
    if (!written) this.#outbox.put(TO_LANG.FRAMES, peer.handle, 0, bytes.subarray(from, to));
    this.#intake.delivered(peer, to - from);
    this.parts.work();
  }
  frameParts(peer: Peer, parts: readonly Uint8Array[], size: number): void {
    this.#outbox.putParts(TO_LANG.FRAMES, peer.handle, parts, size);
    this.#intake.delivered(peer, size);
    this.parts.work();
  }
  taken(peer: Peer): boolean {
    return this.#intake.taken(peer);
  }
  mute(handle: number, on: boolean): void {
    const peer = this.find(handle);
    if (peer === null || peer.state !== 'open') return;
    peer.muted = on;
    if (on) peer.connection.pause();
    else if (this.#intake.reads(peer)) peer.connection.resume();
  }

  /** An answer behind which TLS begins, as was prepared. */
  secure(handle: number, bytes: Uint8Array): void {
    const peer = this.find(handle);
    if (peer === null || peer.state !== 'open') return;
    this.outflow.write(peer, bytes);
    const failure = beginPrepared(peer, this);
    // It was told that TLS comes next: nothing else may.
    if (failure !== null) this.tooSlow(peer, failure);
  }
  upgraded(peer: Peer, failure: TlsFailure | null): void {
    upgraded(peer, failure?.code ?? null);
    if (failure !== null) return this.ended(peer, `TLS: ${failure.code}`, true);
    if (peer.inbound && peer.user === '') peer.user = toBytes(peer.connection.tls?.peerCertificate?.subject ?? '');
  }

  /* ── the end ───────────────────────────────────────────────────────── */

  /** The language side ends it: its number is free. */
  close(handle: number): void {
    const peer = this.find(handle);
    if (peer === null) return;
    peer.returning?.stop();
    if (peer.state === 'open') this.parts.shared.setState(handle, CLOSED);
    peer.state = 'ended';
    peer.connection.close();
    peer.handle = handle;
    this.#release(peer);
  }
  /** The language side has noted its end. */
  release(handle: number): void {
    const peer = this.find(handle);
    if (peer === null) return;
    peer.connection.close();
    if (peer.returning === null) return this.#release(peer);
    // The number stays, for the next one.
    this.#zombies.delete(peer);
    peer.handle = -1;
    peer.returning.lost('connection lost');
  }

  ended(peer: Peer, reason: string, fault: boolean, code = 'io'): void {
    if (peer.state === 'ended') return;
    const wasOpen = peer.state === 'open';
    this.#end(peer);
    if (fault) {
      this.log({
        level: 'warn', event: wasOpen ? 'peer-dropped' : 'handshake-failed', handle: peer.handle, peer: peer.connection.peer,
        message: `closing ${peer.connection.peer}: ${reason}`,
      });
    }
    if (!wasOpen) {
      peer.opening?.({ code, reason });
      return peer.connection.close();
    }
    // The socket stays until the language side has answered what came before the end.
    this.#outbox.put(TO_LANG.CLOSED, peer.handle);
    this.parts.work();
  }
  closed(peer: Peer, reason: string, refused: boolean): void {
    this.ended(peer, reason, refused);
    this.#all.delete(peer);
    this.outflow.over(peer, reason);
    upgraded(peer, 'closed');
    this.#intake.forget(peer);
    // An open one keeps its number until the language side has noted its end.
    if (peer.handle >= 0 && !this.#zombies.has(peer)) this.#release(peer);
  }
  tooSlow(peer: Peer, reason: string): void {
    this.ended(peer, reason, true);
    peer.connection.destroy();
  }

  #end(peer: Peer): void {
    if (peer.timer !== null) clearTimeout(peer.timer);
    peer.timer = null;
    if (peer.state === 'open') {
      this.parts.shared.setState(peer.handle, CLOSED);
      this.#zombies.add(peer);
    }
    peer.state = 'ended';
  }
  #release(peer: Peer): void {
    const { slots } = this.parts;
    this.#zombies.delete(peer);
    if (peer.handle >= 0 && slots.get(peer.handle) === peer) slots.free(peer.handle);
    peer.handle = -1;
  }
  #stopReturning(): void {
    for (const returning of this.returning) returning.stop();
  }
  #destroy(): void {
    for (const peer of this.#all) peer.connection.destroy();
  }
}

function uidOf(peer: Peer): { uid?: number } {
  const uid = peer.connection.endpoint.peer?.credentials?.uid;
  return uid === undefined ? {} : { uid };
}
