/**
 * The thread that owns the sockets. It never touches a value of the language and never waits for the evaluating thread: what does
 * not fit into the channel stays here while the peers it came from are not read.
 */
import { ListenError, type Listener } from '../net/listener.js';
import type { ListenAddress } from '../net/address.js';
import { toBytes } from '../lang/text.js';
import { Arrivals, Question } from './arrivals.js';
import { OPENED, TO_IO, TO_LANG, type End } from './channel.js';
import { Cork } from './cork.js';
import { dial, enter, type DialHost, type Returning } from './dialing.js';
import { Intake } from './intake.js';
import { IoLoop } from './io-loop.js';
import { Listeners } from './listeners.js';
import { Outbox } from './outbox.js';
import { Outflow } from './outflow.js';
import { Peer } from './peer.js';
import { Slots } from './slots.js';
import type { BrokerHub, BrokerPorts } from './broker/hub.js';
import type { BrokerVerdict } from './broker/calls.js';
import { SocHub } from './soc/hub.js';
import { CLOSED, type SharedState } from './shared-state.js';
import type { ConnectionInfo, Limits, ListenOptions, LogRecord, Users } from './api.js';
import type { TlsFailure } from '../net/failures.js';
import { ServerContexts, type ServerTls } from './tls-files.js';
import type { NetCall, NetEvent } from './net-calls.js';
import { beginPrepared, startTls, upgraded, type UpgradeHost } from './upgrades.js';
import type { AuthQuestion, Call, CallResult } from './messages.js';

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

export class IoSide implements DialHost, UpgradeHost {
  readonly contexts = new ServerContexts();
  readonly outflow: Outflow;
  readonly log: (record: LogRecord) => void;
  readonly preAuthBytes: number;
  readonly maxFrame: number;
  readonly #slots: Slots<Peer | Listener | Question>;
  readonly #peers = new Set<Peer>();
  readonly #arrivals: Arrivals;
  readonly #listeners: Listeners<Peer | Question>;
  readonly #intake: Intake;
  readonly returning = new Set<Returning>();
  /** Gone, but the language side does not know yet: their handles are still taken. */
  readonly #zombies = new Set<Peer>();
  readonly #outbox: Outbox;
  readonly #loop: IoLoop;
  readonly #soc: SocHub;
  /** Loaded when a script first asks for a broker. */
  #broker: Promise<BrokerHub> | null = null;

  constructor(private readonly end: End, private readonly shared: SharedState, private readonly options: IoOptions) {
    const { limits, users, tls, serving, log } = options;
    this.log = log;
    this.preAuthBytes = limits.preAuthBytes;
    this.maxFrame = limits.maxFrame;
    this.#slots = new Slots(shared.slotCount);
    this.#outbox = new Outbox(end);
    this.#intake = new Intake(shared, this.#outbox, limits.inputPerPeer);
    this.outflow = new Outflow(shared, this.#outbox, limits, () => this.#loop.work());
    this.#loop = new IoLoop({
      end, shared, outbox: this.#outbox, intake: this.#intake,
      cork: new Cork((handle) => this.#peer(handle), (peer, bytes) => this.outflow.write(peer, bytes)),
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
    this.#arrivals = new Arrivals({
      users, limits, restricted: options.restricted, log, shared, slots: this.#slots, soc: this.#soc, owner: this,
      entered: (peer) => void this.#peers.add(peer),
      ask: (handle, question) => this.#ask(handle, question),
    });
    this.#listeners = new Listeners<Peer | Question>(this.#slots, { tls, contexts: this.contexts, serving, usersRequired: users.required, handshakeMs: limits.handshakeMs, log }, this.#arrivals);
    this.#loop.work();
  }

  /* ── for the program around the engine ─────────────────────────────── */

  /** Rejects with ListenError. Answers the listener's handle and port. */
  listen(address: ListenAddress, options: ListenOptions = {}): Promise<{ handle: number; port: number }> {
    return this.#listeners.listen(address, options);
  }
  /** Reads the certificates again, for connections that begin from now on. Throws TlsFilesError; then nothing has changed. */
  reloadTls(): void {
    this.contexts.reload();
  }

  /** Hands a structured record to the language side, after everything that was accepted before it. */
  command(kind: number, arg: number, object: unknown): void {
    this.#outbox.put(kind, -1, arg, null, object);
    this.#loop.work();
  }

  connections(): ConnectionInfo[] {
    const out: ConnectionInfo[] = this.#soc.connections();
    for (const p of this.#peers) {
      if (p.state === 'open') out.push({ handle: p.handle, peer: p.connection.peer, direction: p.inbound ? 'in' : 'out', user: p.user, restricted: p.restricted, held: p.held, protocol: p.bridge === null ? 'rayforce' : 'frame', ...p.connection.figures, ...uidOf(p), openedMs: p.openedMs });
    }
    for (const { away, handle, address } of this.returning) {
      if (away && handle >= 0) out.push({ handle, peer: address, direction: 'out', user: '', restricted: this.options.restricted, held: 0, protocol: 'rayforce', state: 'away' });
    }
    return out;
  }
  get idle(): boolean {
    return this.#peers.size === 0 && this.returning.size === 0 && this.#listeners.empty && this.#soc.idle;
  }

  /** Accepts and reads nothing more; what was read is in the channel or in front of the next command. */
  drain(): void {
    this.#arrivals.close();
    this.#intake.close();
    this.#soc.drain();
    this.#listeners.close();
    for (const returning of this.returning) returning.stop();
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
    for (const returning of this.returning) returning.stop();
    for (const peer of this.#peers) peer.connection.destroy();
    this.#soc.drain();
    void this.#soc.finish(0);
    void this.#broker?.then((hub) => hub.finish(0));
    this.end.close();
  }

  /* ── peers ─────────────────────────────────────────────────────────── */

  credentials(peer: Peer, user: string, password: string): void {
    if (peer.barred) return this.#judged(peer, false);
    if (user !== '') peer.user = user;
    // What it sends ahead stays in the kernel while its credentials are judged.
    peer.connection.pause();
    void this.options.users.verify(user, password, () => peer.state === 'handshake').then(({ ok, restricted }) => {
      if (peer.state !== 'handshake') return;
      peer.restricted ||= restricted;
      if (!ok) this.#judged(peer, false);
      else if (this.shared.authHook) this.#ask(peer.handle, { user, password, restricted: peer.restricted });
      else this.#judged(peer, true);
    });
  }
  #ask(handle: number, question: AuthQuestion): void {
    this.#outbox.put(TO_LANG.AUTH, handle, 0, null, question);
    this.#loop.work();
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

  entered(peer: Peer, handle: number): CallResult | null {
    if (handle >= 0) this.#slots.put(handle, peer);
    peer.handle = handle >= 0 ? handle : this.#slots.add(() => peer);
    if (peer.handle < 0) return { ok: false, code: 'limit', message: 'too many handles' };
    peer.restricted = this.options.restricted;
    this.#opened(peer);
    return null;
  }
  tell(handle: number, event: NetEvent): void {
    this.#outbox.put(TO_LANG.NET_EVENT, handle, 0, null, event);
    this.#loop.work();
  }

  #opened(peer: Peer): void {
    peer.state = 'open';
    peer.openedMs = Date.now();
    peer.dispatched = this.shared.taken(peer.handle);
    this.outflow.opened(peer);
    if (peer.idleMs > 0) peer.connection.setIdleTimeout(peer.idleMs);
  }

  frames(peer: Peer, bytes: Uint8Array, from: number, to: number): void {
    const written = this.#outbox.tryWrite(TO_LANG.FRAMES, peer.handle, bytes, from, to);
    if (!written) this.#outbox.put(TO_LANG.FRAMES, peer.handle, 0, bytes.subarray(from, to));
    this.#intake.delivered(peer, to - from);
    this.#loop.work();
  }

  frameParts(peer: Peer, parts: readonly Uint8Array[], size: number): void {
    this.#outbox.putParts(TO_LANG.FRAMES, peer.handle, parts, size);
    this.#intake.delivered(peer, size);
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
      this.shared.setState(peer.handle, CLOSED);
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

  #handle(kind: number, handle: number, arg: number, payload: unknown): void {
    switch (kind) {
      case TO_IO.WRITE: {
        const peer = this.#peer(handle);
        if (peer !== null) this.outflow.write(peer, payload as Uint8Array);
        return;
      }
      case TO_IO.SEND: return this.outflow.send(this.#peer(handle), arg, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
      case TO_IO.WANT: return this.outflow.want(this.#peer(handle));
      case TO_IO.MUTE: return this.#mute(handle, arg === 1);
      case TO_IO.SECURE: return this.#secure(handle, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
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
        if (peer.returning === null) return this.#release(peer);
        // The number stays, for the next one.
        this.#zombies.delete(peer);
        peer.handle = -1;
        return peer.returning.lost('connection lost');
      }
      case TO_IO.CALL: return void this.#call(arg, payload as Call);
      case TO_IO.SOC: return this.#soc.record(handle, arg, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
      case TO_IO.BROKER: return void this.#broker?.then((hub) => hub.answered(arg, payload as BrokerVerdict));
      case TO_IO.LOG: return this.options.log(payload as LogRecord);
      case TO_IO.OUTPUT: return this.options.outward(kind, arg, payload ?? this.end.reader.copy());
      default: this.options.outward(kind, arg, payload);
    }
  }

  #brokers(): Promise<BrokerHub> {
    this.#broker ??= import('./broker/hub.js').then(({ BrokerHub: Hub }) => new Hub(this.#brokerPorts()));
    return this.#broker;
  }
  #brokerPorts(): BrokerPorts {
    return {
      shared: this.shared,
      ask: (id, question) => this.command(TO_LANG.BROKER, id, question),
      listens: (path) => this.#listeners.has(path),
      receive: (path, { transport, onReleased }) => void this.#listeners.receive(path, transport, onReleased),
      enter: (link, msLeft, answer) => enter(this, (peer) => link.attach(peer), msLeft, answer),
      log: this.options.log,
    };
  }

  #close(handle: number): void {
    const slot = this.#slots.get(handle);
    if (!(slot instanceof Peer)) return;
    slot.returning?.stop();
    if (slot.state === 'open') this.shared.setState(handle, CLOSED);
    slot.state = 'ended';
    slot.connection.close();
    slot.handle = handle;
    this.#release(slot);
  }

  #mute(handle: number, on: boolean): void {
    const peer = this.#peer(handle);
    if (peer === null || peer.state !== 'open') return;
    peer.muted = on;
    if (on) peer.connection.pause();
    else if (this.#intake.reads(peer)) peer.connection.resume();
  }

  taken(peer: Peer): boolean {
    return this.#intake.taken(peer);
  }
  #secure(handle: number, bytes: Uint8Array): void {
    const peer = this.#peer(handle);
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

  /* ── what the language side asks for ───────────────────────────────── */

  async #call(id: number, call: Call): Promise<void> {
    if (call.ask === 'broker' && call.op === 'connect') return (await this.#brokers()).connect(call, (result) => this.command(TO_LANG.RESULT, id, result));
    if (call.ask === 'open') return dial(this, call, (result) => this.command(TO_LANG.RESULT, id, result));
    this.command(TO_LANG.RESULT, id, await this.#answer(call));
  }

  #tlsCall(call: Extract<NetCall, { ask: 'tls' | 'start-tls' }>): CallResult | Promise<CallResult> {
    const peer = this.#peer(call.handle);
    if (peer === null || peer.state !== 'open') return { ok: false, code: 'io', message: 'connection closed' };
    return call.ask === 'tls' ? { ok: true, handle: -1, value: peer.connection.tls } : startTls(peer, call, this);
  }

  async #answer(call: Exclude<Call, { ask: 'open' } | { op: 'connect' }>): Promise<CallResult> {
    switch (call.ask) {
      case 'listen':
        try {
          const { handle, port } = await this.listen(call, call.options);
          return { ok: true, handle, value: port };
        } catch (e) {
          if (!(e instanceof ListenError)) throw e;
          return { ok: false, code: 'io', message: call.path === undefined ? `listen: bind to port ${call.port} failed: ${e.reason}` : `listen: ${call.path}: ${e.reason}` };
        }
      case 'unlisten': return this.#listeners.unlisten(call.handle) ? { ok: true, handle: -1 } : { ok: false, code: 'io', message: `no listener ${call.handle}` };
      case 'tls':
      case 'start-tls': return this.#tlsCall(call);
      case 'connections': return { ok: true, handle: -1, value: this.connections() };
      case 'drain': return this.drain(), { ok: true, handle: -1 };
      case 'soc': return this.#soc.call(call);
      case 'broker': return (await this.#brokers()).call(call);
      case 'finish': return await this.finish(call.ms), { ok: true, handle: -1 };
    }
  }
}

function uidOf(peer: Peer): { uid?: number } {
  const uid = peer.connection.endpoint.peer?.credentials?.uid;
  return uid === undefined ? {} : { uid };
}
