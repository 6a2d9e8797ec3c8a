/** Pipes and the swarm on the I/O side: what the language side asks for, and what happens by itself. Never waits for an evaluation. */
import { systemClock } from '../../net/clock.js';
import type { Connection } from '../../net/endpoint.js';
import { Listener } from '../../net/stream-listener.js';
import type { Transport } from '../../net/transport.js';
import { IdSource } from '../../wire/soc/ids.js';
import { Window, WINDOW } from '../../wire/soc/window.js';
import { OUTBOX } from '../../wire/soc/outbox.js';
import { TO_LANG } from '../channel.js';
import type { ConnectionInfo, LogRecord } from '../api.js';
import type { CallResult } from '../messages.js';
import type { NetEvent } from '../net-calls.js';
import { POST, type DialOptions, type DialResult, type ListenOptions, type SocCall, type SocEvent } from './calls.js';
import { tryAgain } from './dialing.js';
import { PipeError, pipePath } from './paths.js';
import type { Dropped, PipeEnd, PipeEvents } from './pipe-events.js';
import { Pipe } from './pipe.js';
import type { Recovered } from './spool.js';
import { SwarmNode, factRow, rowFact } from './swarm-node.js';
import { PipeWords, pipeMemory } from './words.js';

export interface HubPorts {
  /** Puts a record into the channel, or behind those that wait for it. */
  toLang(kind: number, handle: number, arg: number, bytes: Uint8Array | null, object: unknown): void;
  /** Records wait for the channel: nothing more is to be read. */
  readonly crowded: () => boolean;
  readonly log: (record: LogRecord) => void;
}

/** Bytes of messages of one pipe that are read and not taken up. Default 256 KiB, as for other peers. */
const INPUT_PER_PIPE = 256 << 10;
const SPOOL_CAPACITY = 65_536;
/** Handles of pipes: a range of their own, in which no number is given out twice. */
const FIRST_HANDLE = 1 << 20;
const RESUME_MS = 2;

/** Waits for no message but for all. */
const EVERYTHING = '';

interface Held {
  readonly pipe: Pipe;
  readonly words: PipeWords;
  readonly origin: Origin;
  dispatched: number;
  /** Dropped since somebody asked. */
  failed: number;
  readonly waiting: Map<string, (failure: string | null) => void>;
}
/** Where a pipe leads or came to, and who is at its other end; '' and null: not known. */
interface Origin { readonly address: string; readonly user: string; readonly uid: number | null; readonly tls: string; readonly restricted: boolean }

export class SocHub {
  readonly swarm: SwarmNode;
  readonly #pipes = new Map<number, Held>();
  readonly #listeners = new Map<number, { readonly listener: Listener; readonly window: Window }>();
  readonly #muted = new Set<Held>();
  readonly #stop = new AbortController();
  readonly #ids: IdSource;
  #resuming: NodeJS.Timeout | null = null;
  #handles = FIRST_HANDLE;

  constructor(private readonly ports: HubPorts, private readonly wall: () => number = Date.now) {
    this.#ids = new IdSource(wall, process.pid % 1000);
    this.swarm = new SwarmNode(wall, (report) => this.#event(-1, { is: 'sync', report }), (message) => this.#log('warn', 'swarm', message));
  }

  get idle(): boolean {
    return this.#pipes.size === 0 && this.#listeners.size === 0 && !this.swarm.listening;
  }

  connections(): ConnectionInfo[] {
    return Array.from(this.#pipes.values(), ({ pipe, origin: { address, user, uid, tls, restricted } }) => ({
      handle: pipe.handle, peer: address, direction: pipe.path === null ? 'in' : 'out', user, restricted, held: pipe.outbox.pendingBytes, protocol: 'soc', tls,
      state: pipe.connected ? 'open' : 'away', bytesIn: pipe.bytesIn, bytesOut: pipe.bytesOut, openedMs: pipe.openedMs, ...(uid === null ? {} : { uid }),
    }));
  }

  /** Accepts and reads nothing more. */
  drain(): void {
    this.#stop.abort();
    this.swarm.stepDown('');
    for (const { listener } of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    // A pipe that was dialed is read on: what it has sent may still be acknowledged.
    for (const { pipe } of this.#pipes.values()) if (pipe.path === null) pipe.mute();
  }

  /** Sends what is there, at most for `ms`. */
  async finish(ms: number): Promise<void> {
    await Promise.all([...this.#pipes.keys()].map((handle) => this.#close(handle, ms)));
  }

  /** A record of the language side. `arg`: one of `POST`. */
  record(handle: number, arg: number, bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    if (arg === POST.ACK) return this.#ack(handle, text);
    const held = this.#pipes.get(handle);
    const split = 2 + text.charCodeAt(0);
    const id = text.slice(1, split);
    const line = text.slice(split);
    if (held === undefined) return this.#event(handle, { is: 'dropped', lines: [line], reasons: ['the pipe is closed'] });
    held.pipe.post(id, line);
  }

  async call(call: SocCall): Promise<CallResult> {
    try {
      return await this.#answer(call);
    } catch (e) {
      if (e instanceof PipeError) return { ok: false, code: e.code, message: e.message };
      throw e;
    }
  }

  async #answer(call: SocCall): Promise<CallResult> {
    const value = (v: unknown, handle = -1): CallResult => ({ ok: true, handle, value: v });
    switch (call.op) {
      case 'listen': return value(null, await this.#listen(call.name, call.options));
      case 'dial': return this.#dial(call.name, call.options);
      case 'wait': return this.#wait(call.handle, call.id);
      case 'flush': return this.#flush(call.handle);
      case 'close': return value(await this.#close(call.handle, call.ms));
      case 'swarm.listen': {
        const won = await this.swarm.listen(call.dir, call.self, call.options);
        if (won) this.#log('info', 'listening', `swarm: listening in ${call.dir}`);
        return value(won);
      }
      case 'swarm.dial': return value(await this.swarm.dial(call.dir, call.self));
      case 'swarm.listening': return value(this.swarm.listening);
      case 'swarm.close': return this.swarm.stepDown(''), value(null);
      case 'swarm.facts': return value(Array.from(this.swarm.facts.values(), factRow));
      case 'swarm.put': return value(call.facts.reduce((n, row) => n + (this.swarm.facts.put(rowFact(row)) ? 1 : 0), 0));
      case 'swarm.peers': return value([...this.swarm.peers.values()]);
    }
  }

  /* ── listening ─────────────────────────────────────────────────────── */

  async #listen(name: string, options: ListenOptions): Promise<number> {
    const path = pipePath(name);
    const handle = this.#handles++;
    const window = new Window(options.window ?? WINDOW);
    await new Promise<void>((resolve, reject) => {
      const listener = Listener.open({ kind: 'unix', path }, {
        onListening: () => {
          this.#listeners.set(handle, { listener, window });
          resolve();
        },
        onListenFailure: (_, { message }) => reject(new PipeError('io', message)),
        onAccept: (_, accepted) => this.#accept(accepted, window, handle, false, path, ''),
      }, { credentials: options, maxConnections: options.connections ?? 64, log: ({ event, message }) => this.#log('warn', event, `soc: ${name}: ${message}`) });
    });
    this.#log('info', 'listening', `soc: listening on ${path}`);
    return handle;
  }

  /** For a listener of somebody else that serves lines as well: takes its connections over. */
  receiver(): (accepted: Transport, restricted: boolean, path: string, user: string) => void {
    const window = new Window(WINDOW);
    return (accepted, restricted, path, user) => void this.#accept(accepted, window, -1, restricted, path, user);
  }

  #accept(accepted: Transport, window: Window, listener: number, restricted: boolean, path: string, user: string): Connection {
    const { pipe, connection } = Pipe.accepted(accepted, { path: null, outbox: {}, window, ids: this.#ids, wall: this.wall }, this.#events);
    const memory = pipeMemory();
    const { name, credentials } = accepted.peer;
    this.#hold(pipe, memory, { address: path === '' ? name : `unix://${path}`, user, uid: credentials?.uid ?? null, tls: accepted.tls?.protocol ?? '', restricted });
    this.#event(pipe.handle, { is: 'accepted', memory, capacity: OUTBOX.capacity, capacityBytes: OUTBOX.capacityBytes, listener, restricted });
    return connection;
  }

  /* ── dialing ───────────────────────────────────────────────────────── */

  async #dial(name: string, options: DialOptions): Promise<CallResult> {
    const path = pipePath(name);
    const reliable = options.spool !== undefined;
    const capacity = options.capacity ?? (reliable ? SPOOL_CAPACITY : OUTBOX.capacity);
    const capacityBytes = options.bytes ?? OUTBOX.capacityBytes;
    let first: ((up: boolean) => void) | null = null;
    const events: PipeEvents = {
      ...this.#events,
      up: (pipe) => (first === null ? this.#events.up(pipe) : first(true)),
      refused: (pipe, _, code) => {
        this.#unreachable(first === null ? pipe.handle : -1, path, code);
        first?.(false);
      },
    };
    const pipe = new Pipe({
      path, window: new Window(), ids: this.#ids, wall: this.wall,
      // What the language side lets through always finds room here.
      outbox: { reliable, capacity: capacity + 1, capacityBytes: capacityBytes * 2 },
    }, events);
    const memory = pipeMemory();
    this.#hold(pipe, memory, { address: `unix://${path}`, user: '', uid: null, tls: '', restricted: false });
    const recovered = options.spool === undefined ? null : await this.#openSpool(pipe, options.spool, options.fsync ?? 'batch');
    const result: DialResult = {
      memory, capacity, capacityBytes,
      pending: recovered?.messages.length ?? 0,
      bytes: recovered?.messages.reduce((n, m) => n + m.line.length, 0) ?? 0,
      lastId: recovered?.lastId ?? '',
      damage: recovered === null ? '' : damageText(recovered.damage),
    };
    if (reliable) {
      // With a spool a missing peer is no failure: messages wait.
      pipe.dial();
      return { ok: true, handle: pipe.handle, value: result };
    }
    const up = await tryAgain(() => new Promise<boolean>((resolve) => {
      first = resolve;
      pipe.redial();
    }), options.retries ?? 1, systemClock, this.#stop.signal);
    first = null;
    if (up) return { ok: true, handle: pipe.handle, value: result };
    await this.#close(pipe.handle, 0);
    throw new PipeError('io', `nobody listens on '${path}'`);
  }

  async #openSpool(pipe: Pipe, file: string, fsync: 'batch' | 'none'): Promise<Recovered> {
    try {
      const recovered = await pipe.keepIn(file, fsync);
      if (recovered.damage.length > 0) this.#log('warn', 'spool-damaged', `soc: ${file}: ${damageText(recovered.damage)}`);
      return recovered;
    } catch (e) {
      this.#pipes.delete(pipe.handle);
      throw e;
    }
  }

  /* ── pipes ─────────────────────────────────────────────────────────── */

  #hold(pipe: Pipe, memory: SharedArrayBuffer, origin: Origin): Held {
    const held: Held = { pipe, words: new PipeWords(memory), origin, dispatched: 0, failed: 0, waiting: new Map() };
    pipe.handle = this.#handles++;
    this.#pipes.set(pipe.handle, held);
    return held;
  }

  #wait(handle: number, id: string): CallResult | Promise<CallResult> {
    const held = this.#pipes.get(handle);
    if (held === undefined) throw new PipeError('io', 'the pipe is closed');
    const { pipe, waiting } = held;
    const outstanding = pipe.spool === null ? pipe.outbox.has(id) : pipe.spool.isPosted(id);
    if (!outstanding) {
      const failure = this.#failures.get(id);
      this.#failures.delete(id);
      return failure === undefined ? { ok: true, handle } : { ok: false, code: 'io', message: failure };
    }
    return new Promise((resolve) => waiting.set(id, (failure) => resolve(failure === null ? { ok: true, handle } : { ok: false, code: 'io', message: failure })));
  }
  /** Of messages that failed before anybody asked; bounded. */
  readonly #failures = new Map<string, string>();

  async #flush(handle: number): Promise<CallResult> {
    const held = this.#pipes.get(handle);
    if (held === undefined) throw new PipeError('io', 'the pipe is closed');
    const { pipe } = held;
    if (pipe.spool !== null) await pipe.spool.flush();
    else if (pipe.outbox.pending > 0) await new Promise<void>((resolve) => held.waiting.set(EVERYTHING, () => resolve()));
    const { failed } = held;
    held.failed = 0;
    if (failed > 0) throw new PipeError('io', `${failed} messages were dropped`);
    return { ok: true, handle, value: pipe.outbox.pending };
  }

  #settled(held: Held, id: string, failure: string | null): void {
    const answer = held.waiting.get(id);
    held.waiting.delete(id);
    if (answer !== undefined) answer(failure);
    else if (failure !== null) {
      if (this.#failures.size >= 64) this.#failures.delete(this.#failures.keys().next().value!);
      this.#failures.set(id, failure);
    }
  }

  #released(held: Held, messages: number, bytes: number): void {
    held.words.addSettled(messages, bytes);
    if (held.pipe.spool !== null) return;
    const { outbox } = held.pipe;
    for (const id of [...held.waiting.keys()]) if (id === EVERYTHING ? outbox.pending === 0 : !outbox.has(id)) this.#settled(held, id, null);
  }

  #ack(handle: number, id: string): void {
    const own = this.#listeners.get(handle);
    const held = this.#pipes.get(handle);
    const window = own?.window ?? (held === undefined ? null : held.pipe.window);
    const from = window?.ack(id);
    if (from instanceof Pipe) from.ack(id);
  }

  async #close(handle: number, ms: number): Promise<PipeEnd | null> {
    const listening = this.#listeners.get(handle);
    if (listening !== undefined) {
      this.#listeners.delete(handle);
      listening.listener.close();
      return null;
    }
    const held = this.#pipes.get(handle);
    return held === undefined ? null : held.pipe.end(ms);
  }

  readonly #events: PipeEvents = {
    lines: (pipe, lines) => {
      const held = this.#pipes.get(pipe.handle);
      if (held === undefined) return;
      this.ports.toLang(TO_LANG.SOC, pipe.handle, 0, lines, undefined);
      held.dispatched = (held.dispatched + lines.length) | 0;
      if (!this.#mayRead(held)) this.#mute(held);
    },
    malformed: (pipe, reason) => {
      // One word about it for each connection: a peer must not fill the log.
      if (pipe.malformed === 1) this.#log('warn', 'malformed', `soc: ${pipe.peer} sends what is no message: ${reason}`, pipe.handle);
    },
    up: () => {},
    refused: () => {},
    lost: (pipe, reason) => {
      const final = pipe.path === null;
      this.#log('info', 'pipe-lost', `soc: ${pipe.peer}: ${reason}`, pipe.handle);
      this.#event(pipe.handle, { is: 'lost', reason, final });
    },
    stored: (pipe, messages) => {
      const held = this.#pipes.get(pipe.handle);
      if (held !== undefined) for (const { id } of messages) this.#settled(held, id, null);
    },
    released: (pipe, messages, bytes) => {
      const held = this.#pipes.get(pipe.handle);
      if (held !== undefined) this.#released(held, messages, bytes);
    },
    dropped: (pipe, dropped: readonly Dropped[]) => {
      const held = this.#pipes.get(pipe.handle);
      if (held === undefined) return;
      held.failed += dropped.length;
      for (const { id, reason } of dropped) this.#settled(held, id, reason);
      this.#event(pipe.handle, { is: 'dropped', lines: dropped.map((d) => d.line), reasons: dropped.map((d) => d.reason) });
    },
    closed: (pipe) => {
      const held = this.#pipes.get(pipe.handle);
      if (held === undefined) return;
      this.#muted.delete(held);
      this.#pipes.delete(pipe.handle);
      for (const id of [...held.waiting.keys()]) this.#settled(held, id, 'the pipe is closed');
    },
  };

  /* ── reading no faster than is served ──────────────────────────────── */

  #mayRead(held: Held): boolean {
    return !this.ports.crowded() && ((held.dispatched - held.words.taken) | 0) <= INPUT_PER_PIPE;
  }
  #mute(held: Held): void {
    if (this.#muted.has(held)) return;
    this.#muted.add(held);
    held.pipe.mute();
    this.#watch();
  }
  #watch(): void {
    this.#resuming ??= setTimeout(() => {
      this.#resuming = null;
      this.resume();
      if (this.#muted.size > 0) this.#watch();
    }, RESUME_MS);
  }
  /** Reads on where the language side has caught up. */
  resume(): void {
    for (const held of this.#muted) {
      if (!this.#mayRead(held)) continue;
      this.#muted.delete(held);
      held.pipe.unmute();
    }
  }

  #unreachable(handle: number, path: string, code: string): void {
    const event: NetEvent = { is: 'connect-failed', address: `unix://${path}`, code };
    this.ports.toLang(TO_LANG.NET_EVENT, handle, 0, null, event);
  }
  #event(handle: number, event: SocEvent): void {
    this.ports.toLang(TO_LANG.SOC_EVENT, handle, 0, null, event);
  }
  #log(level: LogRecord['level'], event: string, message: string, handle?: number): void {
    this.ports.log({ level, event, message, ...(handle === undefined ? {} : { handle }) });
  }
}

const damageText = (damage: readonly { at: number; bytes: number; tail: boolean }[]): string =>
  damage.map(({ at, bytes, tail }) => `${bytes} bytes at ${at} are ${tail ? 'torn off' : 'damaged'}`).join(', ');
