/** A node: sockets on the calling thread, the interpreter in a worker. */
import { Worker } from 'node:worker_threads';
import { listenAddress } from '../net/address.js';
import { ListenError } from '../net/listener.js';
import { toBytes } from '../lang/text.js';
import { AddressError } from '../net/address.js';
import { TO_IO, TO_LANG, End, channelMemory, nudge, ports, type EndMemory } from './channel.js';
import { IoSide } from './io-side.js';
import { JournalLock } from './journal-lock.js';
import { defaultHeapMb, withDefaults } from './limits.js';
import { SharedState, sharedMemory } from './shared-state.js';
import { TlsFilesError } from './tls-files.js';
import { makeUsers, UsersFileError } from './users.js';
import type { InterpreterThreadData } from './interpreter-thread.js';
import type { Command, CommandResult, JournalFailure } from './messages.js';
import type { ConnectionInfo, EvaluateOptions, EvaluateResult, Limits, ListenOptions, NodeOptions, RflNode } from './api.js';

const STACK_MB = 32;
const SHUTDOWN_MS = 5000;

/** Errors of the engine towards the program around it; `code` is one of the language's catalogue. */
class EngineError extends Error {
  constructor(readonly code: 'io' | 'domain' | 'state' | 'journal', message: string) {
    super(message);
  }
}

/** Recovers the journal, then starts the listeners. Rejects with EngineError when one of that fails. */
export async function startNode(options: NodeOptions = {}): Promise<RflNode> {
  const node = new Node(options);
  try {
    await node.recover();
    for (const address of options.listen ?? []) await node.listen(address);
  } catch (e) {
    await node.shutdown(0);
    throw e;
  }
  return node;
}

type Output = (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void;

class Node implements RflNode {
  readonly #limits: Limits;
  readonly #output = new Set<Output>();
  readonly #exit = new Set<(status: number) => void>();
  #threads: Threads;
  #stopped: Promise<void> | null = null;
  /** The interpreter has the journal. */
  #journal = false;

  constructor(private readonly options: NodeOptions) {
    this.#limits = withDefaults(options.limits);
    this.#threads = this.#start();
  }

  async evaluate(source: string, options: EvaluateOptions = {}): Promise<EvaluateResult> {
    return (await this.#threads.ask({ ask: 'evaluate', source, options })) as EvaluateResult;
  }
  async complete(prefix: string): Promise<string[]> {
    return (await this.#threads.ask({ ask: 'complete', prefix })) as string[];
  }
  async globals(): Promise<[string, string][]> {
    return (await this.#threads.ask({ ask: 'globals' })) as [string, string][];
  }

  interrupt(): void {
    this.#threads.interrupt(1);
  }

  onOutput(listener: Output): () => void {
    this.#output.add(listener);
    return () => void this.#output.delete(listener);
  }
  onExit(listener: (status: number) => void): () => void {
    this.#exit.add(listener);
    return () => void this.#exit.delete(listener);
  }

  async listen(address: string | number, options: ListenOptions = {}): Promise<{ port: number }> {
    try {
      const { port } = await this.#threads.io.listen(listenAddress(address), options);
      return { port };
    } catch (e) {
      if (e instanceof AddressError) throw new EngineError('domain', e.message);
      if (e instanceof ListenError) throw new EngineError('io', `failed to listen on ${address}: ${e.reason}`);
      throw e;
    }
  }

  reloadFiles(): boolean {
    try {
      return this.#threads.io.reloadFiles();
    } catch (e) {
      throw e instanceof TlsFilesError || e instanceof UsersFileError ? new EngineError('io', e.message) : e;
    }
  }

  connections(): ConnectionInfo[] {
    return this.#threads.io.connections();
  }

  shutdown(ms = SHUTDOWN_MS): Promise<void> {
    this.#stopped ??= this.#threads.shutdown(ms).then(() => this.#freeJournal());
    return this.#stopped;
  }

  async restart(): Promise<void> {
    await this.#threads.abandon();
    this.#freeJournal();
    this.#threads = this.#start();
    await this.recover();
    for (const address of this.options.listen ?? []) await this.listen(address);
  }

  /** An interpreter that was ended from outside could not do it. */
  #freeJournal(): void {
    if (this.#journal && this.options.journal !== undefined) JournalLock.free(toBytes(this.options.journal.base));
    this.#journal = false;
  }

  /** Brings the journal back. Rejects with EngineError `journal`. */
  async recover(): Promise<void> {
    const { journal } = this.options;
    if (journal === undefined) return;
    const failure = (await this.#threads.ask({ ask: 'journal', options: journal })) as JournalFailure | null;
    if (failure !== null) throw new EngineError('journal', `${failure.code}: ${failure.message}`);
    this.#journal = true;
  }

  #start(): Threads {
    return new Threads(this.options, this.#limits, {
      output: (bytes, stream) => {
        for (const listener of this.#output) listener(bytes, stream);
      },
      exit: (status) => {
        for (const listener of this.#exit) listener(status);
      },
    });
  }
}

/** One interpreter thread with the I/O side that feeds it. */
class Threads {
  readonly io: IoSide;
  readonly #worker: Worker;
  readonly #shared: SharedState;
  readonly #interrupt = new Int32Array(new SharedArrayBuffer(4));
  readonly #mine: EndMemory;
  readonly #waiting = new Map<number, { resolve(result: CommandResult): void; reject(e: Error): void }>();
  #commands = 0;
  #over: string | null = null;

  constructor(options: NodeOptions, limits: Limits, events: { output: Output; exit(status: number): void }) {
    const memory = channelMemory();
    const shared = sharedMemory(limits.maxConnections);
    this.#mine = memory.io;
    this.#shared = new SharedState(shared);
    const data: InterpreterThreadData = {
      end: memory.lang, shared, interrupt: this.#interrupt, host: options.host ?? {},
      settings: {
        dialect: options.dialect ?? '2512', maxFrame: limits.maxFrame,
        sendTimeoutMs: options.sendTimeoutMs ?? Infinity, outputPerPeer: limits.outputPerPeer, restricted: options.restricted ?? false,
      },
    };
    const heapMb = options.heapMb ?? defaultHeapMb();
    this.#worker = new Worker(new URL('./interpreter-thread.js', import.meta.url), {
      workerData: data, transferList: ports(memory.lang), resourceLimits: { stackSizeMb: options.stackSizeMb ?? STACK_MB, maxOldGenerationSizeMb: heapMb },
    });
    this.io = new IoSide(new End(memory.io), this.#shared, {
      users: makeUsers(options.users ?? []),
      restricted: options.restricted ?? false,
      limits,
      tls: options.tls ?? null,
      serving: options.serving ?? {},
      log: options.log ?? (() => {}),
      outward: (kind, arg, payload) => {
        if (kind === TO_IO.OUTPUT) events.output(payload as Uint8Array, arg === 1 ? 'stdout' : 'stderr');
        else if (kind === TO_IO.EXIT) events.exit(arg);
        else if (kind === TO_IO.ANSWER) this.#answered(arg, payload as CommandResult);
      },
    });
    this.#worker.on('error', (e: NodeJS.ErrnoException) => {
      const full = e.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const reason = full ? `the interpreter ran out of memory: its heap of ${heapMb} MB is full (--heap)` : `the interpreter failed: ${e.message}`;
      this.#ended(reason);
      options.log?.({ level: 'error', event: full ? 'out-of-memory' : 'interpreter-failed', message: reason });
      // Nobody is left to answer: whoever is connected must not wait.
      this.io.drain();
      void this.io.finish(0);
      events.exit(FAILED);
    });
    this.#worker.on('exit', () => {
      if (this.#over === null) this.io.takeRest();
      this.#ended('the interpreter has ended');
    });
  }

  ask(command: Command): Promise<CommandResult> {
    if (this.#over !== null) return Promise.reject(new EngineError('state', this.#over));
    const id = ++this.#commands;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.io.command(TO_LANG.COMMAND, id, command);
    });
  }

  /** `reason` of the interrupt word. Without something running it would hit the next evaluation; what waits for its turn is meant, too. */
  interrupt(reason: 1 | 3): void {
    if (reason === 3 || this.#shared.running) this.#raise(reason);
    if (reason === 1 && !this.#waiting.has(this.#shared.evaluating)) this.#interruptLater([...this.#waiting.keys()]);
  }

  /** Interrupts the first of these commands that begins; none of them has. */
  #interruptLater(commands: readonly number[]): void {
    const waiting = commands.filter((id) => this.#waiting.has(id));
    if (waiting.length === 0) return;
    if (waiting.includes(this.#shared.evaluating)) this.#raise(1);
    else setTimeout(() => this.#interruptLater(waiting), TURN_MS).unref();
  }

  #raise(reason: 1 | 3): void {
    Atomics.store(this.#interrupt, 0, reason);
    nudge(this.#mine);
  }

  async shutdown(ms: number): Promise<void> {
    const until = performance.now() + ms;
    this.io.drain();
    if (this.#over === null) {
      const late = setTimeout(() => this.interrupt(3), ms);
      // What does not even react to the interrupt is ended from outside.
      await Promise.race([this.ask({ ask: 'shutdown' }).catch(() => {}), new Promise((resolve) => setTimeout(resolve, ms + GRACE_MS).unref())]);
      clearTimeout(late);
    }
    await this.io.finish(Math.max(GRACE_MS, until - performance.now()));
    this.#over = 'the node was shut down';
    this.io.close();
    await this.#worker.terminate();
  }

  async abandon(): Promise<void> {
    this.#over = 'the interpreter was restarted';
    this.io.abandon();
    await this.#worker.terminate();
  }

  #answered(id: number, result: CommandResult): void {
    this.#waiting.get(id)?.resolve(result);
    this.#waiting.delete(id);
  }

  #ended(reason: string): void {
    this.#over ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new EngineError('state', this.#over));
    this.#waiting.clear();
  }
}

/** Status of a program whose interpreter died: of memory, or of a defect. */
const FAILED = 70;
const GRACE_MS = 250;
/** Until it is looked again whether what waits has begun. */
const TURN_MS = 2;
