/** An interpreter of the calling thread, made able to serve and to connect. */
import type { Worker } from 'node:worker_threads';
import { fail } from '../lang/errors.js';
import type { Interp } from '../lang/interpreter.js';
import { later } from '../columns/later.js';
import { AddressError, listenAddress } from '../net/address.js';
import { End, channelMemory, ports } from './channel.js';
import { engineBuiltins } from './builtins.js';
import { Capture } from './capture.js';
import { LangSide } from './lang-side.js';
import { withDefaults } from './limits.js';
import { SharedState, sharedMemory } from './shared-state.js';
import type { IoThreadData } from './io-thread.js';
import type { AttachOptions, ConnectionInfo, IpcHost, ListenOptions } from './api.js';

const SHUTDOWN_MS = 5000;
const threads = later<typeof import('node:worker_threads')>('node:worker_threads');
/** Records served before the thread's own events get their turn. */
const TURN = 256;

/** Binds `.ipc.*`, `.sys.listen` and timers in `interp`. Errors (RayError): `io` when an address of `listen` cannot be listened on, those of
 * the journal that cannot be recovered. */
export function attachIpc(interp: Interp, options: AttachOptions = {}): IpcHost {
  return new Attached(interp, options);
}

class Attached implements IpcHost {
  readonly #lang: LangSide;
  readonly #end: End;
  readonly #startThread: () => Worker;
  #thread: Worker | null = null;
  /** Ends serving from the event loop; null: not on. */
  #events: EventPump | null = null;

  constructor(interp: Interp, options: AttachOptions) {
    const limits = withDefaults(options.limits);
    const memory = channelMemory();
    const shared = sharedMemory(limits.maxConnections);
    this.#end = new End(memory.lang);
    const data: IoThreadData = { end: memory.io, shared, limits, users: options.users ?? [], restricted: options.restricted ?? false, tls: options.tls ?? null, serving: options.serving ?? {} };
    this.#startThread = () => {
      const worker = new (threads().Worker)(new URL('./io-thread.js', import.meta.url), { workerData: data, transferList: ports(memory.io) });
      // Whether anything is to be waited for is the caller's business: `active`.
      worker.unref();
      return worker;
    };
    const { host } = interp;
    const { out, err } = host;
    const capture = new Capture((bytes, stream) => (stream === 1 ? out : err).call(host, bytes));
    host.out = (bytes) => capture.out(bytes, 1);
    host.err = (bytes) => capture.out(bytes, 2);
    const settings = {
      dialect: options.dialect ?? '2512', maxFrame: limits.maxFrame,
      sendTimeoutMs: options.sendTimeoutMs ?? Infinity, outputPerPeer: limits.outputPerPeer, restricted: options.restricted ?? false,
    } as const;
    this.#lang = new LangSide(this.#end, new SharedState(shared), settings, {
      interp, capture,
      log: options.log ?? (() => {}),
      beforeCall: () => void (this.#thread ??= this.#startThread()),
      blocked: () => this.#events?.again(),
    });
    interp.define(engineBuiltins(() => this.#lang));
    if (options.journal !== undefined) this.#lang.journal.start(options.journal);
    for (const address of options.listen ?? []) this.listen(address);
  }

  serve(ms?: number): void {
    this.#lang.run(ms);
  }

  pump(): number {
    let served = 0;
    while (served < TURN && this.#lang.step()) served++;
    return served;
  }

  pumpOnEvents(): () => void {
    this.#events ??= new EventPump(this.#lang, this.#end, () => this.pump());
    return () => {
      this.#events?.stop();
      this.#events = null;
    };
  }

  stop(): void {
    this.#lang.stopping = true;
  }

  get active(): boolean {
    return this.#lang.active;
  }
  get serving(): boolean {
    return this.#lang.soc.listens;
  }

  listen(address: string | number, options: ListenOptions = {}): { port: number } {
    return { port: this.#lang.listen(parse(address), options).port };
  }

  reloadFiles(): boolean {
    return this.#thread !== null && (this.#lang.call({ ask: 'reload' }).value as boolean);
  }

  connections(): ConnectionInfo[] {
    return this.#thread === null ? [] : (this.#lang.call({ ask: 'connections' }).value as ConnectionInfo[]);
  }

  shutdown(ms = SHUTDOWN_MS): void {
    this.#events?.stop();
    this.#events = null;
    this.#lang.detach();
    if (this.#thread === null) return this.#lang.journal.close();
    const until = performance.now() + ms;
    this.#lang.call({ ask: 'drain' });
    while (performance.now() < until && this.#lang.step());
    this.#lang.connections.closeAll();
    this.#lang.journal.close();
    this.#lang.call({ ask: 'finish', ms: Math.max(0, until - performance.now()) });
    void this.#thread.terminate();
    this.#thread = null;
    this.#end.close();
  }
}

function parse(address: string | number): ReturnType<typeof listenAddress> {
  try {
    return listenAddress(address);
  } catch (e) {
    if (!(e instanceof AddressError)) throw e;
    return fail('domain', e.message);
  }
}

/** Serves whenever the event loop gets round to it, and keeps the loop alive until it is stopped. */
class EventPump {
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Immediate | null = null;
  #on = true;

  constructor(private readonly lang: LangSide, private readonly end: End, private readonly pump: () => number) {
    end.onWake(this.#turn);
    end.ref();
    lang.timers.changed = () => this.again();
    this.again();
  }

  /** There may be something to serve, or this side may have stopped listening for it. */
  again(): void {
    if (this.#on) this.#soon ??= setImmediate(this.#turn);
  }

  stop(): void {
    this.#on = false;
    this.end.offWake();
    this.end.unref();
    this.lang.timers.changed = () => {};
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#soon !== null) clearImmediate(this.#soon);
  }

  readonly #turn = (): void => {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.pump();
    if (!this.#on) return;
    if (this.lang.inbox.keeps || !this.end.reader.sleepInEventLoop()) return this.again();
    const { wait } = this.lang.timers;
    if (wait !== Infinity) this.#timer = setTimeout(this.#turn, Math.min(wait, 0x7fffffff));
  };
}
