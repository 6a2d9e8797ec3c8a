/** Connections that have said what they speak: how many there may be, whom the hook lets in without a password, and the peers they become. */
import type { Listener } from '../net/listener.js';
import { QueuedConnection } from '../net/queued-connection.js';
import type { Transport } from '../net/transport.js';
import { toBytes } from '../lang/text.js';
import { Session } from '../wire/rayforce/session.js';
import type { Limits, LogRecord, Users } from './api.js';
import type { FrameBridge } from './frame-bridge.js';
import type { ListenersHost, Terms } from './listeners.js';
import type { AuthQuestion } from './messages.js';
import { Peer, type PeerOwner } from './peer.js';
import type { Guest } from './reception.js';
import type { SharedState } from './shared-state.js';
import type { Slots } from './slots.js';
import type { SocHub } from './soc/hub.js';

/** Whether somebody is let in: a handle of its own until the language side has answered. */
export class Question {
  constructor(readonly answer: (accept: boolean) => void) {}
}

export interface ArrivalsParts {
  readonly restricted: boolean;
  readonly limits: Limits;
  readonly log: (record: LogRecord) => void;
  readonly shared: Pick<SharedState, 'authHook'>;
  readonly slots: Slots<Peer | Listener | Question>;
  readonly soc: Pick<SocHub, 'receiver'>;
  readonly owner: PeerOwner;
  /** Of every peer. */
  entered(peer: Peer): void;
  /** Asks the hook about the user at a handle. */
  ask(handle: number, question: AuthQuestion): void;
}

export class Arrivals implements ListenersHost {
  #inbound = 0;
  #closed = false;

  constructor(private readonly parts: ArrivalsParts) {}

  /** Nobody is let in any more. */
  close(): void {
    this.#closed = true;
  }

  admits(): boolean {
    const { limits, log } = this.parts;
    if (this.#closed || this.#inbound >= limits.maxConnections) {
      log({ level: 'warn', event: 'refused', message: this.#closed ? 'refusing a connection: shutting down' : `refusing a connection: ${limits.maxConnections} are open` });
      return false;
    }
    this.#inbound++;
    return true;
  }
  released(): void {
    this.#inbound--;
  }
  refused({ peer }: Transport, reason: string): void {
    this.parts.log({ level: 'warn', event: 'handshake-failed', peer: peer.name, message: `closing ${peer.name}: ${reason}` });
  }

  wire(transport: Transport, msLeft: number, terms: Terms): void {
    const { users } = terms;
    // Whoever is asked for a password is judged with it. A certificate is all there is otherwise.
    const subject = users.required ? '' : subjectOf(transport);
    if (subject === '' || !this.parts.shared.authHook) this.#wire(transport, msLeft, terms, false);
    else this.vouch(subject, users, (guest) => this.#wire(transport, msLeft, terms, guest === null));
  }

  frames(transport: Transport, bridge: FrameBridge, guest: Guest | null, terms: Terms): void {
    const peer = new Peer(this.parts.owner, bridge, true, bridge);
    if (this.#enter(peer, transport, guest, terms)) peer.pump();
  }

  lines({ restricted, path }: Terms): (transport: Transport, guest: Guest | null) => void {
    const receive = this.parts.soc.receiver();
    return (transport, guest) => receive(transport, restricted === true || (guest?.restricted ?? this.parts.restricted), path, guest?.user ?? '');
  }

  /** The hook may narrow what a list or a certificate allows: it sees the name, and no password. */
  vouch(user: string, users: Users, answer: (guest: Guest | null) => void): void {
    const { shared, slots } = this.parts;
    const guest = { user, restricted: this.parts.restricted || users.restricts(user) };
    if (!shared.authHook) return answer(guest);
    const handle = slots.add(() => new Question((accept) => answer(accept ? guest : null)));
    if (handle < 0) return answer(null);
    this.parts.ask(handle, { user, password: '', restricted: guest.restricted });
  }

  /** `barred`: it is told that it is not let in. */
  #wire(transport: Transport, msLeft: number, terms: Terms, barred: boolean): void {
    const { limits, owner } = this.parts;
    const peer = new Peer(owner, Session.server(terms.users.required || barred, { limit: limits.maxFrame, preAuth: limits.preAuthBytes }), true);
    peer.barred = barred;
    if (this.#enter(peer, transport, null, terms)) peer.timer = setTimeout(() => owner.ended(peer, `no handshake within ${limits.handshakeMs} ms`, true), msLeft);
  }

  #enter(peer: Peer, transport: Transport, guest: Guest | null, { users, path, restricted, idleMs }: Terms): boolean {
    // With a certificate of its own a client is known by that, unless it says otherwise.
    peer.user = guest?.user ?? subjectOf(transport);
    peer.users = users;
    peer.path = path;
    peer.restricted = restricted === true || (guest?.restricted ?? this.parts.restricted);
    peer.idleMs = idleMs ?? 0;
    peer.connection = QueuedConnection.accept(transport, peer);
    this.parts.entered(peer);
    peer.handle = this.parts.slots.add(() => peer);
    if (peer.handle < 0) peer.connection.destroy();
    return peer.handle >= 0;
  }
}

/** The name of a client's certificate, as bytes; '' where it has none. */
const subjectOf = (transport: Transport): string => toBytes(transport.tls?.peerCertificate?.subject ?? '');
