/**
 * The thread that owns the sockets. It never touches a value of the language and never waits for the evaluating thread: what does
 * not fit into the channel stays here while the peers it came from are not read.
 */
import { Listener, ListenError } from '../net/listener.js';
import { ConnectError, connect, type Via } from '../net/connection.js';
import type { ListenAddress } from '../net/address.js';
import { toBytes } from '../lang/text.js';
import { Session } from '../wire/rayforce/session.js';
import { TO_IO, TO_LANG, type End } from './channel.js';
import { Cork } from './cork.js';
import { Outbox } from './outbox.js';
import { OutputAccount } from './output-account.js';
import { Peer, type PeerOwner } from './peer.js';
import { Slots } from './slots.js';
import type { FrameBridge } from './frame-bridge.js';
import type { BrokerHub } from './broker/hub.js';
import { SocHub } from './soc/hub.js';
import { SPIN_MS, Spinner } from './spinner.js';
import type { SharedState } from './shared-state.js';
import type { ConnectionInfo, Limits, LogRecord, Users } from './api.js';
import { clientContext, reload, serverContext, TlsFilesError, type ServerTls } from './tls-files.js';
import type { TlsContext } from '../net/tls-context.js';
import type { Call, CallResult } from './messages.js';

export interface IoOptions {
  readonly users: Users;
  readonly restricted: boolean;
  readonly limits: Limits;
  /** For listeners with TLS. */
  readonly tls: ServerTls | null;
  readonly log: (record: LogRecord) => void;
  /** Records that are for the program around the engine: ANSWER, OUTPUT, EXIT. */
  readonly outward: (kind: number, arg: number, payload: unknown) => void;
}

type Slot = Peer | Listener;

/** Records handled before the sockets get their turn. */
const TURN = 4096;

export class IoSide implements PeerOwner {
  readonly preAuthBytes: number;
  readonly #slots: Slots<Slot>;
  readonly #peers = new Set<Peer>();
  readonly #listeners = new Set<Listener>();
  readonly #output: OutputAccount<Peer>;
  readonly #paused = new Set<Peer>();
  /** Gone, but the language side does not know yet: their handles are still taken. */
  readonly #zombies = new Set<Peer>();
  readonly #outbox: Outbox;
  readonly #soc: SocHub;
  /** Loaded when a script first asks for a broker. */
  #broker: Promise<BrokerHub> | null = null;
  readonly #cork = new Cork((handle) => this.#peer(handle), (peer, bytes) => this.#send(peer, bytes));
  #tls: TlsContext | null = null;
  #inbound = 0;
  #draining = false;
  #armed = false;
  /** Until when the sockets are polled instead of waited for; 0: not. */
  #pollUntil = 0;
  readonly #polling = new Spinner();
  #pausedTimer: NodeJS.Timeout | null = null;

  constructor(private readonly end: End, private readonly shared: SharedState, private readonly options: IoOptions) {
    this.preAuthBytes = options.limits.preAuthBytes;
    this.#slots = new Slots(shared.slotCount);
    this.#outbox = new Outbox(end);
    this.#soc = new SocHub({
      toLang: (kind, handle, arg, bytes, object) => {
        this.#outbox.put(kind, handle, arg, bytes, object);
        this.#work();
      },
      crowded: () => this.#outbox.full,
      log: options.log,
    });
    this.#output = new OutputAccount<Peer>(options.limits);
    end.onWake(() => this.#work());
    this.#work();
  }

  /* ── for the program around the engine ─────────────────────────────── */

  /** Rejects with ListenError. Answers the listener's handle and port. */
  async listen(address: ListenAddress): Promise<{ handle: number; port: number }> {
    const frames = address.path === undefined || this.options.users.required ? null : await this.#frameBridges(address.path);
    const listener = await Listener.open(address, () => this.#accept(frames), address.tls === true ? this.#serverContext() : null);
    const handle = this.#slots.add(() => listener);
    if (handle < 0) {
      listener.close();
      throw new ListenError('too many handles');
    }
    this.#listeners.add(listener);
    this.options.log({ level: 'info', event: 'listening', handle, message: address.path === undefined ? `listening on port ${listener.port}` : `listening on ${address.path}` });
    return { handle, port: listener.port };
  }

  /** For listeners on paths, whose clients are this user's; loaded with the first of them. */
  async #frameBridges(path: string): Promise<() => FrameBridge> {
    const { frameEndpoint } = await import('./frame-endpoint.js');
    return frameEndpoint(path);
  }

  /** Reads the certificates again, for connections that begin from now on. Throws TlsFilesError; then nothing has changed. */
  reloadTls(): void {
    const { tls } = this.options;
    if (tls !== null && this.#tls !== null) reload(this.#tls, tls);
  }
  #serverContext(): TlsContext {
    const { tls } = this.options;
    if (tls === null) throw new ListenError('no certificate to listen with');
    try {
      return (this.#tls ??= serverContext(tls));
    } catch (e) {
      throw e instanceof TlsFilesError ? new ListenError(e.message) : e;
    }
  }

  /** Hands a structured record to the language side, after everything that was accepted before it. */
  command(kind: number, arg: number, object: unknown): void {
    this.#outbox.put(kind, -1, arg, null, object);
    this.#work();
  }

  connections(): ConnectionInfo[] {
    const out: ConnectionInfo[] = this.#soc.connections();
    for (const p of this.#peers) {
      if (p.state === 'open') out.push({ handle: p.handle, peer: p.connection.peer, direction: p.inbound ? 'in' : 'out', user: p.user, restricted: p.restricted, held: p.held, protocol: 'rayforce', ...p.connection.figures, openedMs: p.openedMs });
    }
    return out;
  }
  get idle(): boolean {
    return this.#peers.size === 0 && this.#listeners.size === 0 && this.#soc.idle;
  }

  /** Accepts and reads nothing more; what was read is in the channel or in front of the next command. */
  drain(): void {
    this.#draining = true;
    this.#soc.drain();
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
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
    while (this.#take());
  }
  /** Nothing is exchanged with the language side any more. */
  close(): void {
    this.end.close();
  }

  /** The language side was replaced: its connections go with it. */
  abandon(): void {
    for (const listener of this.#listeners) listener.close();
    for (const peer of this.#peers) peer.connection.destroy();
    this.#soc.drain();
    void this.#soc.finish(0);
    void this.#broker?.then((hub) => hub.finish(0));
    this.end.close();
  }

  /* ── peers ─────────────────────────────────────────────────────────── */

  #accept(frames: (() => FrameBridge) | null): ((open: (events: Peer) => Peer['connection']) => void) | null {
    const { limits, users } = this.options;
    if (this.#draining || this.#inbound >= limits.maxConnections) {
      this.options.log({ level: 'warn', event: 'refused', message: this.#draining ? 'refusing a connection: shutting down' : `refusing a connection: ${limits.maxConnections} are open` });
      return null;
    }
    return (open) => {
      const peer = new Peer(this, Session.server(users.required, { limit: limits.maxFrame, preAuth: limits.preAuthBytes }), true);
      peer.connection = open(peer);
      peer.frames = frames;
      peer.restricted = this.options.restricted;
      this.#inbound++;
      this.#peers.add(peer);
      peer.handle = this.#slots.add(() => peer);
      if (peer.handle < 0) return peer.connection.destroy();
      peer.timer = setTimeout(() => this.ended(peer, `no handshake within ${limits.handshakeMs} ms`, true), limits.handshakeMs);
    };
  }

  credentials(peer: Peer, user: string, password: string): void {
    peer.user = user;
    // What it sends ahead stays in the kernel while its credentials are judged.
    peer.connection.pause();
    void this.options.users.verify(user, password, () => peer.state === 'handshake').then(({ ok, restricted }) => {
      if (peer.state !== 'handshake') return;
      peer.restricted ||= restricted;
      if (!ok) this.#judged(peer, false);
      else if (this.shared.authHook) {
        this.#outbox.put(TO_LANG.AUTH, peer.handle, 0, null, { user, password, restricted: peer.restricted });
        this.#work();
      } else this.#judged(peer, true);
    });
  }

  #judged(peer: Peer, accept: boolean): void {
    peer.verdict(accept);
    if (peer.state === 'open' && !this.#paused.has(peer) && !this.#draining) peer.connection.resume();
  }

  admitted(peer: Peer): void {
    if (peer.timer !== null) clearTimeout(peer.timer);
    peer.timer = null;
    if (!peer.inbound) return peer.opening!(null);
    this.#opened(peer);
    this.#outbox.put(TO_LANG.OPEN, peer.handle, (peer.connection.peerPort << 1) | (peer.restricted ? 1 : 0));
    this.#work();
  }

  #opened(peer: Peer): void {
    peer.state = 'open';
    peer.openedMs = Date.now();
    // With a certificate of its own a client is known by that, unless it says otherwise.
    if (peer.inbound && peer.user === '') peer.user = toBytes(peer.connection.tls?.peerCertificate?.subject ?? '');
    peer.dispatched = this.shared.taken(peer.handle);
    this.shared.setOpen(peer.handle, true);
  }

  frames(peer: Peer, bytes: Uint8Array, from: number, to: number, own: boolean): void {
    const written = this.#outbox.tryWrite(TO_LANG.FRAMES, peer.handle, bytes, from, to, own);
    if (!written) this.#outbox.put(TO_LANG.FRAMES, peer.handle, 0, bytes.subarray(from, to));
    peer.dispatched = (peer.dispatched + to - from) | 0;
    if (this.#outbox.full || this.#untaken(peer) > this.options.limits.inputPerPeer) this.#pause(peer);
    this.#work();
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
    this.#work();
  }

  closed(peer: Peer, reason: string, refused: boolean): void {
    this.ended(peer, reason, refused);
    this.#peers.delete(peer);
    this.#output.forget(peer);
    this.#paused.delete(peer);
    if (peer.inbound) this.#inbound--;
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

  /* ── reading no faster than is served ──────────────────────────────── */

  #untaken(peer: Peer): number {
    return (peer.dispatched - this.shared.taken(peer.handle)) | 0;
  }

  #pause(peer: Peer): void {
    if (this.#paused.has(peer)) return;
    this.#paused.add(peer);
    peer.connection.pause();
    this.#watchPaused();
  }

  /** Usually resumed by the work loop; the timer is for when nothing else happens. */
  #watchPaused(): void {
    this.#pausedTimer ??= setTimeout(() => {
      this.#pausedTimer = null;
      this.#resume();
      if (this.#paused.size > 0) this.#watchPaused();
    }, 5);
  }

  #resume(): void {
    if (this.#outbox.full || this.#draining) return;
    for (const peer of this.#paused) {
      if (this.#untaken(peer) > this.options.limits.inputPerPeer >> 1) continue;
      this.#paused.delete(peer);
      peer.connection.resume();
    }
  }

  /* ── the channel ───────────────────────────────────────────────────── */

  /** There was work: hand over what is written, and look out for answers. */
  #work(): void {
    this.end.flush();
    if (this.#pollUntil > 0) {
      this.#polling.won();
      this.#pollUntil = 0;
    }
    if (!this.#armed) {
      this.#armed = true;
      setImmediate(this.#turn);
    }
  }

  readonly #turn = (): void => {
    this.#armed = false;
    // While the other side is at work its answer is nearer than the next event of a socket.
    if (this.#answerIsNear()) this.end.spin(this.#answerIsNear);
    const worked = this.#take();
    if (this.#outbox.full) this.#outbox.drain();
    if (this.#paused.size > 0) this.#resume();
    this.end.flush();
    if (this.#keepPolling(worked) || !this.end.reader.sleepInEventLoop()) {
      this.#armed = true;
      setImmediate(this.#turn);
    }
  };

  /** After answers went out, the next requests may be so near that sleeping is not worth it. */
  #keepPolling(worked: boolean): boolean {
    if (worked) {
      this.#pollUntil = this.#polling.worthIt() ? performance.now() + SPIN_MS : 0;
      return this.#pollUntil > 0;
    }
    if (this.#pollUntil === 0) return false;
    if (performance.now() < this.#pollUntil) return true;
    this.#polling.lost();
    this.#pollUntil = 0;
    return false;
  }

  readonly #answerIsNear = (): boolean => this.shared.running || !this.end.allTaken;

  #take(): boolean {
    const { end } = this;
    let n = 0;
    for (; n < TURN && end.reader.peek(); n++) {
      if (end.kind === TO_IO.WRITE && !end.isBulk) this.#cork.collect(end.reader);
      else {
        this.#cork.flush();
        this.#handle(end.kind, end.reader.handle, end.reader.arg, end.isBulk ? end.bulk() : undefined);
      }
      end.consume();
    }
    this.#cork.flush();
    return n > 0;
  }

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
        const peer = this.#peer(handle);
        return peer === null ? undefined : this.#judged(peer, arg === 1);
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
      case TO_IO.LOG: return this.options.log(payload as LogRecord);
      case TO_IO.OUTPUT: return this.options.outward(kind, arg, payload ?? this.end.reader.copy());
      default: this.options.outward(kind, arg, payload);
    }
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
    if (call.ask === 'open') return this.#open(call, (result) => this.command(TO_LANG.RESULT, id, result));
    this.command(TO_LANG.RESULT, id, await this.#answer(call));
  }

  async #answer(call: Exclude<Call, { ask: 'open' }>): Promise<CallResult> {
    switch (call.ask) {
      case 'listen':
        try {
          const { handle, port } = await this.listen(call);
          return { ok: true, handle, value: port };
        } catch (e) {
          if (!(e instanceof ListenError)) throw e;
          return { ok: false, code: 'io', message: `listen: bind to port ${call.port} failed: ${e.reason}` };
        }
      case 'connections': return { ok: true, handle: -1, value: this.connections() };
      case 'drain': return this.drain(), { ok: true, handle: -1 };
      case 'soc': return this.#soc.call(call);
      case 'broker':
        this.#broker ??= import('./broker/hub.js').then(({ BrokerHub: Hub }) => new Hub(this.options.log));
        return (await this.#broker).call(call);
      case 'finish': return await this.finish(call.ms), { ok: true, handle: -1 };
    }
  }

  /** `answer` is called at once when the peer is in: what it sends next must come behind the answer. */
  #open(call: Extract<Call, { ask: 'open' }>, answer: (result: CallResult) => void): void {
    const { host, port, timeoutMs, user, password } = call;
    const refused: CallResult = { ok: false, code: 'io', message: `connection refused: ${call.path ?? `${host}:${port}`}` };
    const credentials = password === null ? null : `${user}:${password}`;
    if (credentials !== null && credentials.length > 254) return answer(refused);
    const peer = new Peer(this, Session.client(credentials, { limit: this.options.limits.maxFrame }), false);
    peer.opening = (failure) => {
      peer.opening = null;
      if (failure !== null) return answer(failure.code === 'access' ? { ok: false, code: 'access', message: failure.reason } : refused);
      peer.handle = this.#slots.add(() => peer);
      if (peer.handle < 0) return answer({ ok: false, code: 'limit', message: 'too many handles' });
      peer.restricted = this.options.restricted;
      this.#opened(peer);
      answer({ ok: true, handle: peer.handle, value: peer.connection.localPort });
    };
    const until = performance.now() + timeoutMs;
    let via: Via;
    try {
      via = viaOf(call);
    } catch (e) {
      if (!(e instanceof TlsFilesError)) throw e;
      return answer({ ok: false, code: 'io', message: e.message });
    }
    connect(host, port, timeoutMs, peer, via).then((connection) => {
      peer.connection = connection;
      this.#peers.add(peer);
      peer.timer = setTimeout(() => this.ended(peer, 'no handshake in time', false, 'io'), Math.max(1, until - performance.now()));
      peer.pump(null);
    }, (e: unknown) => answer({ ok: false, code: 'io', message: e instanceof ConnectError ? e.message : String(e) }));
  }
}

function viaOf({ path, tls, files }: Extract<Call, { ask: 'open' }>): Via {
  if (tls !== true) return path === undefined ? {} : { path };
  const name = files?.servername === undefined ? {} : { servername: files.servername };
  return { ...(path === undefined ? {} : { path }), tls: { context: clientContext(files ?? {}), ...name } };
}
