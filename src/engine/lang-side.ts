/**
 * The thread that evaluates: takes record after record from the channel and serves it to the end before the next. What must wait
 * (other connections' requests while a send waits for its response) stays in the inbox, in order.
 */
import type { Lambda } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import type { Interp } from '../lang/interpreter.js';
import { OPENED, TO_IO, TO_LANG, type End } from './channel.js';
import { Capture } from './capture.js';
import { Commands } from './commands.js';
import type { Conn } from './conn.js';
import { Connections } from './connections.js';
import { Dispatcher } from './dispatch.js';
import { explainBriefly } from './errors-text.js';
import { Hooks } from './hooks.js';
import { Inbox, type Taken } from './inbox.js';
import { Journal } from './journal.js';
import { NetLang } from './net-lang.js';
import { Remote } from './remote.js';
import { BrokerLang } from './broker/lang.js';
import { SocLang } from './soc/lang.js';
import { Timers } from './timers.js';
import type { ListenAddress } from '../net/address.js';
import type { ListenOptions } from './api.js';
import type { NetEvent } from './net-calls.js';
import type { SharedState } from './shared-state.js';
import type { BrokerQuestion } from './broker/calls.js';
import type { SocEvent } from './soc/calls.js';
import type { AuthQuestion, Call, CallResult, Command, LangSettings, LogRecord } from './messages.js';

/** The program called `exit`: nothing more is evaluated. Not an `Error`, so that no handler of the language sees it. */
export class ExitSignal {
  constructor(readonly status: number) {}
}

export interface Surroundings {
  readonly interp: Interp;
  readonly capture: Capture;
  readonly log: (record: LogRecord) => void;
  /** Called before anything is asked of the I/O side. */
  readonly beforeCall?: () => void;
  /** Called when this thread has something to serve that no event of its loop tells of: it has blocked on the channel, or put something back. */
  readonly blocked?: () => void;
}

/** Marks frames that were taken up before, and put back. */
const COUNTED = 1;
/** A blocked send looks this often whether it was interrupted or is late, besides being woken. */
const LOOK_MS = 20;

export class LangSide {
  readonly inbox: Inbox;
  readonly connections: Connections;
  readonly timers = new Timers();
  readonly hooks: Hooks;
  readonly journal: Journal;
  readonly dispatcher: Dispatcher;
  readonly remote: Remote;
  readonly soc: SocLang;
  readonly broker: BrokerLang;
  readonly net: NetLang;
  readonly #commands: Commands;
  #calls = 0;
  readonly #results = new Map<number, CallResult | null>();
  /** The status after `exit`; nothing is served then. */
  exited: number | null = null;
  stopping = false;

  readonly interp: Interp;
  readonly capture: Capture;
  readonly log: (record: LogRecord) => void;
  readonly #surroundings: Surroundings;
  #listeners = 0;

  constructor(readonly end: End, readonly shared: SharedState, readonly settings: LangSettings, surroundings: Surroundings) {
    const { interp } = surroundings;
    this.interp = interp;
    this.capture = surroundings.capture;
    this.log = surroundings.log;
    this.#surroundings = surroundings;
    this.inbox = new Inbox(end);
    this.connections = new Connections(this);
    this.hooks = new Hooks(interp.env);
    this.journal = new Journal(interp, settings.dialect, this.log);
    this.dispatcher = new Dispatcher({
      interp, hooks: this.hooks, journal: this.journal, settings, capture: this.capture, log: this.log,
      answer: (conn, frame) => (conn.secures ? this.net.secure(conn, frame) : this.write(conn, frame)),
      beforeRequest: () => end.flush(),
    });
    this.remote = new Remote(this);
    this.soc = new SocLang(this);
    this.broker = new BrokerLang(this);
    this.net = new NetLang(this);
    this.#commands = new Commands(this);
    interp.env.onSlot = () => this.publishHooks();
  }

  /* ── to the I/O side ───────────────────────────────────────────────── */

  /** Hands a record over; blocks only while the queue is full, and the I/O side never waits for this one. */
  send(kind: number, handle: number, arg = 0, bytes?: Uint8Array): void {
    while (!this.end.write(kind, handle, arg, bytes, 0, bytes?.length ?? 0, true)) this.end.waitForRoom();
  }
  sendObject(kind: number, arg: number, object: unknown): void {
    while (!this.end.writeObject(kind, -1, arg, object)) this.end.waitForRoom();
    this.end.flush();
  }
  /** Whole frames for the peer of a connection. */
  write(conn: Conn, frame: Uint8Array): void {
    conn.written = (conn.written + frame.length) | 0;
    this.send(TO_IO.WRITE, conn.handle, 0, frame);
  }
  publishHooks(): void {
    this.shared.authHook = this.hooks.auth !== null;
    this.broker.publishHooks();
  }

  /** Ends the program: the I/O side hears of it, and whatever is being evaluated is left. */
  exit(status: number): never {
    this.exited ??= status;
    this.send(TO_IO.EXIT, -1, status);
    this.end.flush();
    throw new ExitSignal(status);
  }

  /* ── serving ───────────────────────────────────────────────────────── */

  /** Serves until stopped, `exit`, or `ms` have passed. */
  run(ms = Infinity): void {
    const until = ms === Infinity ? Infinity : performance.now() + ms;
    this.stopping = false;
    while (!this.stopping && this.exited === null) {
      if (this.step()) continue;
      const left = until === Infinity ? Infinity : until - performance.now();
      if (left <= 0) return;
      this.idle(Math.min(left, this.timers.wait));
    }
  }

  /** Serves what is due: timers, or one record. False: there was nothing. */
  step(): boolean {
    try {
      if (this.timers.size > 0) this.timers.fire(this.#fire);
      if (this.inbox.empty) return false;
      this.#forgetInterrupt();
      // Before the record is taken: the other side must not see an empty channel and nobody at work.
      this.shared.running = true;
      const next = this.inbox.next();
      if (next === null) return false;
      this.serve(next);
      this.end.flush();
      this.shared.running = false;
      return true;
    } catch (e) {
      if (e instanceof ExitSignal) return true;
      throw e;
    }
  }

  idle(ms: number): void {
    this.#forgetInterrupt();
    if (ms > 0) this.end.wait(ms);
  }

  /** Something of a connection waits to be served. */
  waits(conn: Conn): boolean {
    return conn.hasFrames || conn.kept !== null || this.inbox.keepsOf(conn.handle);
  }
  /** One that came too late for what it was meant for must not hit the next evaluation. */
  #forgetInterrupt(): void {
    if (this.interp.interrupt.word[0] === 1) this.interp.interrupt.clear();
  }

  /**
   * Blocks until `done` answers true, serving meanwhile what arrives on `conn` and the questions of handshakes; everything else
   * waits. Errors: `cancel` when interrupted. Answers false when `deadline` (of `performance.now()`) passed.
   */
  waitUntil(conn: Conn | null, done: () => boolean, deadline: number): boolean {
    for (;;) {
      if (conn !== null && conn.hasFrames) {
        this.dispatcher.serve(conn, true);
        this.end.flush();
      }
      if (done()) return true;
      const next = this.inbox.first((t) => this.#mayServe(t, conn));
      if (next !== null) {
        this.#serveNested(next, conn);
        continue;
      }
      this.end.flush();
      const { word } = this.interp.interrupt;
      if (word[0] !== 0) {
        const stopping = word[0] === 3;
        if (!stopping) this.interp.interrupt.clear();
        fail('cancel', stopping ? 'shutting down' : 'interrupted');
      }
      const now = performance.now();
      if (now >= this.interp.interrupt.deadline) fail('cancel', 'deadline exceeded');
      if (now >= deadline) return false;
      this.end.wait(Math.min(LOOK_MS, deadline - now, this.interp.interrupt.deadline - now));
      this.#surroundings.blocked?.();
    }
  }

  /** Asks the I/O side and waits for its answer. Errors: those of the answer, `cancel`. */
  call(call: Call): { readonly handle: number; readonly value?: unknown } {
    this.#surroundings.beforeCall?.();
    const id = ++this.#calls;
    this.#results.set(id, null);
    try {
      this.sendObject(TO_IO.CALL, id, call);
      this.waitUntil(null, () => this.#results.get(id) !== null, Infinity);
      const result = this.#results.get(id)!;
      return result.ok ? result : fail(result.code, toBytes(result.message));
    } finally {
      this.#results.delete(id);
    }
  }

  /** Serves on an address. Errors: `io`. */
  listen(address: ListenAddress, options: ListenOptions = {}): { readonly handle: number; readonly port: number } {
    const { handle, value } = this.call({ ask: 'listen', ...address, options });
    this.#listeners++;
    return { handle, port: value as number };
  }
  /** Stops accepting; connections live on. Errors: `io` no listener has this handle. */
  unlisten(handle: number): void {
    this.call({ ask: 'unlisten', handle });
    this.#listeners--;
  }
  /** Something may still arrive or fall due. */
  get active(): boolean {
    return this.#listeners > 0 || this.connections.active || this.net.active || this.timers.size > 0 || this.broker.active || this.soc.active;
  }
  /** The interpreter is to know nothing of this any more. */
  detach(): void {
    this.interp.env.onSlot = () => {};
  }

  #answered(id: number, result: CallResult): void {
    if (this.#results.has(id)) this.#results.set(id, result);
    // Whoever asked was interrupted: what was opened for it must not stay.
    else if (result.ok && result.handle >= 0) this.send(TO_IO.CLOSE, result.handle);
  }

  /** What is left of a connection's frames after a wait goes on where the connection is served, or comes next. */
  afterWait(conn: Conn): void {
    if (conn.depth > 0 || !conn.hasFrames || !conn.open || conn.muted) return;
    const rest = conn.bytes.subarray(conn.at);
    conn.at = conn.bytes.length;
    this.inbox.putBack({ kind: TO_LANG.FRAMES, handle: conn.handle, arg: COUNTED, payload: rest });
  }
  /** What came while it was muted comes next, behind what is left of the message in which it was muted. */
  afterMute(conn: Conn): void {
    const kept = conn.kept ?? [];
    conn.kept = null;
    if (conn.ended) this.inbox.putBack({ kind: TO_LANG.CLOSED, handle: conn.handle, arg: 0, payload: undefined });
    this.inbox.putBack(...kept.map((payload) => ({ kind: TO_LANG.FRAMES, handle: conn.handle, arg: 0, payload })));
    this.afterWait(conn);
    this.#surroundings.blocked?.();
  }

  /* ── records ───────────────────────────────────────────────────────── */

  /** What may be served while a send on `conn` (or a call, null) waits: what belongs to that connection, whichever end of it we are. */
  #mayServe(t: Taken, conn: Conn | null): boolean {
    if (t.kind === TO_LANG.RESULT || t.kind === TO_LANG.AUTH || t.kind === TO_LANG.BROKER || t.kind === TO_LANG.LOG) return true;
    if (conn === null || t.kind === TO_LANG.COMMAND) return false;
    if (t.handle === conn.handle) return true;
    if (t.kind === TO_LANG.OPEN) return !conn.inbound && t.arg >> OPENED.PORT === conn.clientPort;
    return this.connections.get(t.handle)?.isOtherEndOf(conn) ?? false;
  }

  serve(taken: Taken): void {
    const { handle } = taken;
    switch (taken.kind) {
      case TO_LANG.FRAMES: {
        const conn = this.#frames(taken);
        if (conn !== undefined) this.dispatcher.serve(conn, false);
        return;
      }
      case TO_LANG.AUTH: return this.connections.judge(handle, taken.payload as AuthQuestion);
      case TO_LANG.OPEN: return this.connections.accepted(handle, taken.arg);
      case TO_LANG.CLOSED: return this.connections.ended(handle);
      case TO_LANG.SENT: return this.net.sent(taken.arg);
      case TO_LANG.SIGN: return this.net.sign(handle, taken.arg);
      case TO_LANG.NET_EVENT: return this.net.event(handle, taken.payload as NetEvent);
      case TO_LANG.RESULT: return this.#answered(taken.arg, taken.payload as CallResult);
      case TO_LANG.SOC: return this.soc.messages(handle, taken.payload as Uint8Array);
      case TO_LANG.SOC_EVENT: return this.soc.event(handle, taken.payload as SocEvent);
      case TO_LANG.BROKER: return this.broker.question(taken.arg, taken.payload as BrokerQuestion);
      case TO_LANG.LOG: return this.log(taken.payload as LogRecord);
      case TO_LANG.COMMAND: this.#commands.run(taken.arg, taken.payload as Command);
    }
  }

  #serveNested(taken: Taken, conn: Conn | null): void {
    // The frames of the connection itself are served only up to the response.
    if (taken.kind === TO_LANG.FRAMES && taken.handle === conn?.handle) this.#frames(taken);
    else this.serve(taken);
    this.end.flush();
  }

  #frames(taken: Taken): Conn | undefined {
    const bytes = taken.payload as Uint8Array;
    const conn = this.connections.get(taken.handle);
    if (conn?.muted === true) {
      // Not taken up yet: with enough of it the socket is not read.
      (conn.kept ??= []).push(bytes);
      return undefined;
    }
    if (taken.arg !== COUNTED) this.shared.addTaken(taken.handle, bytes.length);
    if (conn === undefined) return undefined;
    conn.bytes = bytes;
    conn.at = 0;
    return conn;
  }

  readonly #fire = (fn: Lambda, id: number): void => {
    this.shared.running = true;
    try {
      this.interp.top(() => this.interp.call(fn, [Math.floor(this.interp.host.mono())]));
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      this.capture.out(`timer ${id}: ${fromBytes(explainBriefly(e))}\n`, 2);
    } finally {
      this.shared.running = false;
      this.end.flush();
    }
  };
}
