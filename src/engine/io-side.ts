/**
 * The thread that owns the sockets. It never touches a value of the language and never waits for the evaluating thread: what does
 * not fit into the channel stays here while the peers it came from are not read.
 */
import { ListenError, type Listener } from '../net/listener.js';
import type { ListenAddress } from '../net/address.js';
import { Arrivals, type Question } from './arrivals.js';
import { TO_IO, TO_LANG, type End } from './channel.js';
import { Cork } from './cork.js';
import { dial, enter } from './dialing.js';
import { Intake } from './intake.js';
import { IoLoop } from './io-loop.js';
import { Listeners } from './listeners.js';
import { Outbox } from './outbox.js';
import { Outflow } from './outflow.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';
import { Slots } from './slots.js';
import type { BrokerHub, BrokerPorts } from './broker/hub.js';
import type { BrokerVerdict } from './broker/calls.js';
import { SocHub } from './soc/hub.js';
import type { SharedState } from './shared-state.js';
import type { ConnectionInfo, Limits, ListenOptions, LogRecord, Users } from './api.js';
import { ServerContexts, TlsFilesError, type ServerTls } from './tls-files.js';
import type { NetCall } from './net-calls.js';
import { startTls } from './upgrades.js';
import { UsersFiles } from './users-files.js';
import { UsersFileError } from './users.js';
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

export class IoSide {
  readonly #contexts = new ServerContexts();
  readonly #usersFiles = new UsersFiles();
  readonly #outflow: Outflow;
  readonly #peers: Peers;
  readonly #arrivals: Arrivals;
  readonly #listeners: Listeners<Peer | Question>;
  readonly #intake: Intake;
  readonly #outbox: Outbox;
  readonly #loop: IoLoop;
  readonly #soc: SocHub;
  /** Loaded when a script first asks for a broker. */
  #broker: Promise<BrokerHub> | null = null;

  constructor(private readonly end: End, private readonly shared: SharedState, private readonly options: IoOptions) {
    const { limits, users, tls, serving, log } = options;
    const slots = new Slots<Peer | Listener | Question>(shared.slotCount);
    const work = (): void => this.#loop.work();
    const outbox = (this.#outbox = new Outbox(end));
    const intake = (this.#intake = new Intake(shared, outbox, limits.inputPerPeer));
    const outflow = (this.#outflow = new Outflow(shared, outbox, limits, work));
    const peers = (this.#peers = new Peers({ shared, outbox, intake, outflow, slots, contexts: this.#contexts, options, work }));
    this.#loop = new IoLoop({
      end, shared, outbox, intake,
      cork: new Cork((handle) => peers.find(handle), (peer, bytes) => outflow.write(peer, bytes)),
      handle: (kind, handle, arg, payload) => this.#handle(kind, handle, arg, payload),
    });
    this.#soc = new SocHub({
      toLang: (kind, handle, arg, bytes, object) => {
        outbox.put(kind, handle, arg, bytes, object);
        work();
      },
      crowded: () => outbox.full,
      log,
    });
    this.#arrivals = new Arrivals({
      limits, restricted: options.restricted, log, shared, slots, soc: this.#soc, owner: peers,
      entered: (peer) => peers.dialed(peer),
      ask: (handle, question) => peers.ask(handle, question),
    });
    this.#listeners = new Listeners<Peer | Question>(slots, { tls, contexts: this.#contexts, users, usersFiles: this.#usersFiles, serving, handshakeMs: limits.handshakeMs, log }, this.#arrivals);
    this.#loop.work();
  }

  /* ── for the program around the engine ─────────────────────────────── */

  /** Rejects with ListenError. Answers the listener's handle and port. */
  listen(address: ListenAddress, options: ListenOptions = {}): Promise<{ handle: number; port: number }> {
    return this.#listeners.listen(address, options);
  }
  /** Reads certificates and users files again, for connections that begin from now on: whether there are any. Throws TlsFilesError, UsersFileError; then nothing has changed. */
  reloadFiles(): boolean {
    const admit = this.#usersFiles.reread();
    this.#contexts.reload();
    admit();
    return !this.#usersFiles.empty || !this.#contexts.empty;
  }

  /** Hands a structured record to the language side, after everything that was accepted before it. */
  command(kind: number, arg: number, object: unknown): void {
    this.#outbox.put(kind, -1, arg, null, object);
    this.#loop.work();
  }

  connections(): ConnectionInfo[] {
    return [...this.#soc.connections(), ...this.#peers.list()];
  }
  get idle(): boolean {
    return this.#peers.idle && this.#listeners.empty && this.#soc.idle;
  }

  /** Accepts and reads nothing more; what was read is in the channel or in front of the next command. */
  drain(): void {
    this.#arrivals.close();
    this.#intake.close();
    this.#soc.drain();
    this.#listeners.close();
    this.#peers.drain();
  }

  /** Waits until every peer has what was written for it, at most `ms`; then drops them all. */
  async finish(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const pipes = this.#soc.finish(ms);
    const brokers = this.#broker?.then((hub) => hub.finish(ms));
    await this.#peers.finish(until);
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
    this.#peers.abandon();
    this.#soc.drain();
    void this.#soc.finish(0);
    void this.#broker?.then((hub) => hub.finish(0));
    this.end.close();
  }

  /* ── the channel ───────────────────────────────────────────────────── */

  #handle(kind: number, handle: number, arg: number, payload: unknown): void {
    switch (kind) {
      case TO_IO.WRITE: {
        const peer = this.#peers.find(handle);
        if (peer !== null) this.#outflow.write(peer, payload as Uint8Array);
        return;
      }
      case TO_IO.SEND: return this.#outflow.send(this.#peers.find(handle), arg, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
      case TO_IO.WANT: return this.#outflow.want(this.#peers.find(handle));
      case TO_IO.MUTE: return this.#peers.mute(handle, arg === 1);
      case TO_IO.SECURE: return this.#peers.secure(handle, (payload as Uint8Array | undefined) ?? this.end.reader.copy());
      case TO_IO.AUTH: return this.#peers.answered(handle, arg === 1);
      case TO_IO.CLOSE: return this.#peers.close(handle);
      case TO_IO.RELEASE: return this.#peers.release(handle);
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
      enter: (link, msLeft, answer) => enter(this.#peers, (peer) => link.attach(peer), msLeft, answer),
      log: this.options.log,
    };
  }

  /* ── what the language side asks for ───────────────────────────────── */

  async #call(id: number, call: Call): Promise<void> {
    if (call.ask === 'broker' && call.op === 'connect') return (await this.#brokers()).connect(call, (result) => this.command(TO_LANG.RESULT, id, result));
    if (call.ask === 'open') return dial(this.#peers, call, (result) => this.command(TO_LANG.RESULT, id, result));
    this.command(TO_LANG.RESULT, id, await this.#answer(call));
  }

  #reload(): CallResult {
    try {
      return { ok: true, handle: -1, value: this.reloadFiles() };
    } catch (e) {
      if (!(e instanceof TlsFilesError || e instanceof UsersFileError)) throw e;
      return { ok: false, code: 'io', message: e.message };
    }
  }
  #tlsCall(call: Extract<NetCall, { ask: 'tls' | 'start-tls' }>): CallResult | Promise<CallResult> {
    const peer = this.#peers.find(call.handle);
    if (peer === null || peer.state !== 'open') return { ok: false, code: 'io', message: 'connection closed' };
    return call.ask === 'tls' ? { ok: true, handle: -1, value: peer.connection.tls } : startTls(peer, call, this.#peers);
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
      case 'reload': return this.#reload();
      case 'connections': return { ok: true, handle: -1, value: this.connections() };
      case 'drain': return this.drain(), { ok: true, handle: -1 };
      case 'soc': return this.#soc.call(call);
      case 'broker': return (await this.#brokers()).call(call);
      case 'finish': return await this.finish(call.ms), { ok: true, handle: -1 };
    }
  }
}
