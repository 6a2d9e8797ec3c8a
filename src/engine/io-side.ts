/**
 * The thread that owns the sockets. It never touches a value of the language and never waits for the evaluating thread: what does
 * not fit into the channel stays here while the peers it came from are not read.
 */
import { ListenError, type Listener } from '../net/listener.js';
import type { ListenAddress } from '../net/address.js';
import { QueuedConnection } from '../net/queued-connection.js';
import type { Transport } from '../net/transport.js';
import { toBytes } from '../lang/text.js';
import { Session } from '../wire/rayforce/session.js';
import { OPENED, TO_IO, TO_LANG, type End } from './channel.js';
import { Cork } from './cork.js';
import { dial, type DialHost } from './dialing.js';
import { Intake } from './intake.js';
import { IoLoop } from './io-loop.js';
import { Listeners, type ListenersHost } from './listeners.js';
import { Outbox } from './outbox.js';
import { OutputAccount } from './output-account.js';
import { Peer } from './peer.js';
import type { Guest } from './reception.js';
import { Slots } from './slots.js';
import type { BrokerHub, BrokerPorts } from './broker/hub.js';
import type { BrokerVerdict } from './broker/calls.js';
import { SocHub } from './soc/hub.js';
import type { SharedState } from './shared-state.js';
import type { ConnectionInfo, Limits, ListenOptions, LogRecord, Users } from './api.js';
import type { ServerTls } from './tls-files.js';
import type { Call, CallResult } from './messages.js';

export interface IoOptions {
  readonly users: Users;
  readonly restricted: boolean;
  readonly limits: Limits;
  /** For listeners with TLS. */
  readonly tls: ServerTls | null;
  /** For listeners that are not told themselves. */
  readonly serving: ListenOptions;
  readonly log: (record: LogRecord) => void;
  /** Records that are for the program around the engine: ANSWER, OUTPUT, EXIT. */
  readonly outward: (kind: number, arg: number, payload: unknown) => void;
}

export class IoSide implements DialHost {
  readonly preAuthBytes: number;
  readonly maxFrame: number;
  readonly #slots: Slots<Peer | Listener | Question>;
  readonly #peers = new Set<Peer>();
  readonly #listeners: Listeners<Peer | Question>;
  readonly #output: OutputAccount<Peer>;
  readonly #intake: Intake;
  /** Gone, but the language side does not know yet: their handles are still taken. */
  readonly #zombies = new Set<Peer>();
  readonly #outbox: Outbox;
  readonly #loop: IoLoop;
  readonly #soc: SocHub;
  /** Loaded when a script first asks for a broker. */
  #broker: Promise<BrokerHub> | null = null;
  #inbound = 0;
  #draining = false;

  constructor(private readonly end: End, private readonly shared: SharedState, private readonly options: IoOptions) {
    const { limits, users, tls, serving, log } = options;
    this.preAuthBytes = limits.preAuthBytes;
    this.maxFrame = limits.maxFrame;
    this.#slots = new Slots(shared.slotCount);
    this.#listeners = new Listeners<Peer | Question>(this.#slots, { tls, serving, usersRequired: users.required, handshakeMs: limits.handshakeMs, log }, this.#host());
    this.#outbox = new Outbox(end);
    this.#intake = new Intake(shared, this.#outbox, limits.inputPerPeer);
    this.#output = new OutputAccount<Peer>(limits);
    this.#loop = new IoLoop({
      end, shared, outbox: this.#outbox, intake: this.#intake,
      cork: new Cork((handle) => this.#peer(handle), (peer, bytes) => this.#send(peer, bytes)),
      handle: (kind, handle, arg, payload) => this.#handle(kind, handle, arg, payload),
    });
    this.#soc = new SocHub({
      toLang: (kind, handle, arg, bytes, object) => {
        this.#outbox.put(kind, handle, arg, bytes, object);
        this.#loop.work();
      },
      crowded: () => this.#outbox.full,
      log,
    });
    this.#loop.work();
  }

  /* ── for the program around the engine ─────────────────────────────── */

  /** Rejects with ListenError. Answers the listener's handle and port. */
  listen(address: ListenAddress, options: ListenOptions = {}): Promise<{ handle: number; port: number }> {
    return this.#listeners.listen(address, options);
  }
  /** Reads the certificates again, for connections that begin from now on. Throws TlsFilesError; then nothing has changed. */
  reloadTls(): void {
    this.#listeners.reloadTls();
  }

  /** Hands a structured record to the language side, after everything that was accepted before it. */
  command(kind: number, arg: number, object: unknown): void {
    this.#outbox.put(kind, -1, arg, null, object);
    this.#loop.work();
  }

  connections(): ConnectionInfo[] {
    const out: ConnectionInfo[] = this.#soc.connections();
    for (const p of this.#peers) {
      if (p.state === 'open') out.push({ handle: p.handle, peer: p.connection.peer, direction: p.inbound ? 'in' : 'out', user: p.user, restricted: p.restricted, held: p.held, protocol: 'rayforce', ...p.connection.figures, openedMs: p.openedMs });
    }
    return out;
  }
  get idle(): boolean {
    return this.#peers.size === 0 && this.#listeners.empty && this.#soc.idle;
  }

  /** Accepts and reads nothing more; what was read is in the channel or in front of the next command. */
  drain(): void {
    this.#draining = true;
    this.#intake.close();
    this.#soc.drain();
    this.#listeners.close();
    for (const peer of this.#peers) {
      if (peer.state === 'handshake') peer.connection.destroy();
      else peer.connection.pause();
    }
  }

  /** Waits until every peer has what was written for it, at most `ms`; then drops them all. */
  async finish(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const pipes = this.#soc.finish(ms);
    const brokers = this.#broker?.then((hub) => hub.finish(ms));
    for (const peer of this.#peers) peer.connection.close();
    const unread = (): boolean => [...this.#peers].some((p) => p.held > 0);
    while (this.#peers.size > 0 && unread() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    // A moment for the peers to close their side: dropping over their unread bytes would take ours from them.
    for (let i = 0; i < 20 && this.#peers.size > 0 && performance.now() < until; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const peer of this.#peers) peer.connection.destroy();
    await Promise.all([pipes, brokers]);
  }
  /** Handles what the language side wrote before it ended: its end may be noticed first. */
  takeRest(): void {
    while (this.#loop.take());
  }
  /** Nothing is exchanged with the language side any more. */
  close(): void {
    this.end.close();
  }

  /** The language side was replaced: its connections go with it. */
  abandon(): void {
    this.#listeners.close();
    for (const peer of this.#peers) peer.connection.destroy();
    this.#soc.drain();
    void this.#soc.finish(0);
    void this.#broker?.then((hub) => hub.finish(0));
    this.end.close();
  }

  /* ── peers ─────────────────────────────────────────────────────────── */

  #host(): ListenersHost {
    const { limits, users, log } = this.options;
    return {
      admits: () => this.#admits(),
      released: () => void this.#inbound--,
      wire: (transport, msLeft) => {
        const peer = new Peer(this, Session.server(users.required, { limit: limits.maxFrame, preAuth: limits.preAuthBytes }), true);
        if (this.#enter(peer, transport)) peer.timer = setTimeout(() => this.ended(peer, `no handshake within ${limits.handshakeMs} ms`, true), msLeft);
      },
      frames: (transport, bridge, guest) => {
        const peer = new Peer(this, bridge, true, bridge);
        if (this.#enter(peer, transport, guest)) peer.pump(null);
      },
      lines: () => {
        const receive = this.#soc.receiver();
        return (transport, guest) => receive(transport, guest?.restricted ?? this.options.restricted);
      },
      vouch: (user, answer) => this.#vouch(user, answer),
      refused: ({ peer }, reason) => log({ level: 'warn', event: 'handshake-failed', peer: peer.name, message: `closing ${peer.name}: ${reason}` }),
    };
  }

  #admits(): boolean {
    const { limits, log } = this.options;
    if (this.#draining || this.#inbound >= limits.maxConnections) {
      log({ level: 'warn', event: 'refused', message: this.#draining ? 'refusing a connection: shutting down' : `refusing a connection: ${limits.maxConnections} are open` });
      return false;
    }
    this.#inbound++;
    return true;
  }

  #enter(peer: Peer, transport: Transport, guest: Guest | null = null): boolean {
    // With a certificate of its own a client is known by that, unless it says otherwise.
    peer.user = guest?.user ?? toBytes(transport.tls?.peerCertificate?.subject ?? '');
    peer.restricted = guest?.restricted ?? this.options.restricted;
    peer.connection = QueuedConnection.accept(transport, peer);
    this.#peers.add(peer);
    peer.handle = this.#slots.add(() => peer);
    if (peer.handle < 0) peer.connection.destroy();
    return peer.handle >= 0;
  }

  /** The hook may narrow what a list or a certificate allows: it sees the name, and no password. */
  #vouch(user: string, answer: (guest: Guest | null) => void): void {
    const guest = { user, restricted: this.options.restricted || this.options.users.restricts(user) };
    if (!this.shared.authHook) return answer(guest);
    const handle = this.#slots.add(() => new Question((accept) => answer(accept ? guest : null)));
    if (handle < 0) return answer(null);
    this.#outbox.put(TO_LANG.AUTH, handle, 0, null, { user, password: '', restricted: guest.restricted });
    this.#loop.work();
  }

  credentials(peer: Peer, user: string, password: string): void {
    if (user !== '') peer.user = user;
    // What it sends ahead stays in the kernel while its credentials are judged.
    peer.connection.pause();
    void this.options.users.verify(user, password, () => peer.state === 'handshake').then(({ ok, restricted }) => {
      if (peer.state !== 'handshake') return;
      peer.restricted ||= restricted;
      if (!ok) this.#judged(peer, false);
      else if (this.shared.authHook) {
        this.#outbox.put(TO_LANG.AUTH, peer.handle, 0, null, { user, password, restricted: peer.restricted });
        this.#loop.work();
      } else this.#judged(peer, true);
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
    this.#loop.work();
  }

  dialed(peer: Peer): void {
    this.#peers.add(peer);
  }

  entered(peer: Peer): CallResult | null {
    peer.handle = this.#slots.add(() => peer);
    if (peer.handle < 0) return { ok: false, code: 'limit', message: 'too many handles' };
    peer.restricted = this.options.restricted;
    this.#opened(peer);
    return null;
  }

  #opened(peer: Peer): void {
    peer.state = 'open';
    peer.openedMs = Date.now();
    peer.dispatched = this.shared.taken(peer.handle);
    this.shared.setOpen(peer.handle, true);
  }

  frames(peer: Peer, bytes: Uint8Array, from: number, to: number, own: boolean): void {
    const written = this.#outbox.tryWrite(TO_LANG.FRAMES, peer.handle, bytes, from, to, own);
    if (!written) this.#outbox.put(TO_LANG.FRAMES, peer.handle, 0, bytes.subarray(from, to));
    this.#intake.delivered(peer, to - from);
    this.#loop.work();
  }

  ended(peer: Peer, reason: string, fault: boolean, code = 'io'): void {
    if (peer.state === 'ended') return;
    const wasOpen = peer.state === 'open';
    this.#end(peer);
    if (fault) {
      this.options.log({
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
    this.#loop.work();
  }

  closed(peer: Peer, reason: string, refused: boolean): void {
    this.ended(peer, reason, refused);
    this.#peers.delete(peer);
    this.#output.forget(peer);
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
      this.shared.setOpen(peer.handle, false);
      this.#zombies.add(peer);
    }
    peer.state = 'ended';
  }

  #release(peer: Peer): void {
    this.#zombies.delete(peer);
    if (peer.handle >= 0 && this.#slots.get(peer.handle) === peer) this.#slots.free(peer.handle);
    peer.handle = -1;
  }

  #peer(handle: number): Peer | null {
    const slot = this.#slots.get(handle);
    return slot instanceof Peer ? slot : null;
  }

  /* ── the channel ───────────────────────────────────────────────────── */

  #send(peer: Peer, bytes: Uint8Array): void {
    peer.connection.write(peer.bridge === null ? bytes : peer.bridge.wrap(bytes));
    this.#output.wrote(peer);
  }

  #handle(kind: number, handle: number, arg: number, payload: unknown): void {
    switch (kind) {
      case TO_IO.WRITE: {
        const peer = this.#peer(handle);
        if (peer !== null) this.#send(peer, payload as Uint8Array);
        return;
      }
      case TO_IO.AUTH: {
        const slot = this.#slots.get(handle);
        if (slot instanceof Peer) this.#judged(slot, arg === 1);
        else if (slot instanceof Question) {
          this.#slots.free(handle);
          slot.answer(arg === 1);
        }
        return;
      }
      case TO_IO.CLOSE: return this.#close(handle);
      case TO_IO.RELEASE: {
        const peer = this.#peer(handle);
        if (peer === null) return;
        peer.connection.close();
        return this.#release(peer);
      }
      case TO_IO.CALL: return void this.#call(arg, payload as Call);
      case TO_IO.SOC: return this.#soc.record(handle, arg, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
      case TO_IO.BROKER: return void this.#broker?.then((hub) => hub.answered(arg, payload as BrokerVerdict));
      case TO_IO.LOG: return this.options.log(payload as LogRecord);
      case TO_IO.OUTPUT: return this.options.outward(kind, arg, payload ?? this.end.reader.copy());
      default: this.options.outward(kind, arg, payload);
    }
  }

  #brokerPorts(): BrokerPorts {
    return {
      shared: this.shared,
      ask: (id, question) => this.command(TO_LANG.BROKER, id, question),
      log: this.options.log,
    };
  }

  #close(handle: number): void {
    const slot = this.#slots.get(handle);
    if (!(slot instanceof Peer)) return;
    if (slot.state === 'open') this.shared.setOpen(handle, false);
    slot.state = 'ended';
    slot.connection.close();
    this.#release(slot);
  }

  /* ── what the language side asks for ───────────────────────────────── */

  async #call(id: number, call: Call): Promise<void> {
    if (call.ask === 'open') return dial(this, call, (result) => this.command(TO_LANG.RESULT, id, result));
    this.command(TO_LANG.RESULT, id, await this.#answer(call));
  }

  async #answer(call: Exclude<Call, { ask: 'open' }>): Promise<CallResult> {
    switch (call.ask) {
      case 'listen':
        try {
          const { handle, port } = await this.listen(call, call.options);
          return { ok: true, handle, value: port };
        } catch (e) {
          if (!(e instanceof ListenError)) throw e;
          return { ok: false, code: 'io', message: `listen: bind to port ${call.port} failed: ${e.reason}` };
        }
      case 'connections': return { ok: true, handle: -1, value: this.connections() };
      case 'drain': return this.drain(), { ok: true, handle: -1 };
      case 'soc': return this.#soc.call(call);
      case 'broker':
        this.#broker ??= import('./broker/hub.js').then(({ BrokerHub: Hub }) => new Hub(this.#brokerPorts()));
        return (await this.#broker).call(call);
      case 'finish': return await this.finish(call.ms), { ok: true, handle: -1 };
    }
  }
}

/** Whether somebody is let in: a handle of its own until the language side has answered. */
class Question {
  constructor(readonly answer: (accept: boolean) => void) {}
}
