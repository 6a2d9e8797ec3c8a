/** What the engine offers to the command line, the REPL and library users: types only. */
import type { HostServices } from '../lang/runtime.js';
import type { Value } from '../lang/value.js';
import type { CredentialRules } from '../net/peer-credentials.js';
import type { ServeOptions } from './protocols.js';
import type { ClientTls, ServerTls } from './tls-files.js';

/** Which release's rule for symbol flags a peer follows; see the wire reference. */
export type Dialect = '2512' | '216';

/* ── users ───────────────────────────────────────────────────────────── */

/** One line of a users file. Plain data, because it crosses to the thread that owns the sockets. */
export interface UserEntry {
  /** Bytes before the first colon of the credentials; '' or '*' accepts any. */
  readonly name: string;
  /** Plain bytes, or `$scrypt$...`. */
  readonly secret: string;
  /** Sessions of this user evaluate restricted. */
  readonly restricted: boolean;
}

/** The secret compare, made from entries by `makeUsers` of users.ts. */
export interface Users {
  /** False: peers are admitted without credentials. */
  readonly required: boolean;
  /**
   * Constant work for known and unknown users, hashing off the event loop; never rejects. Arguments are byte strings. Once `wanted`
   * answers false nothing more is hashed, and the answer is no.
   */
  verify(user: string, password: string, wanted?: () => boolean): Promise<{ ok: boolean; restricted: boolean }>;
  /** Whether somebody known without a password evaluates restricted: as the line with his name says; without one, if any line restricts. */
  restricts(user: string): boolean;
}

/* ── limits ──────────────────────────────────────────────────────────── */

/** What peers may take up. Sizes in bytes, times in ms. */
export interface Limits {
  /** Connections held at once; one more is closed at accept. Default 10 000: below the usual descriptor limits, above any desk's need. */
  readonly maxConnections: number;
  /** Time for version and credentials. Default 2 000 ms: a peer on another continent needs three round trips, under one second. */
  readonly handshakeMs: number;
  /** Bytes buffered for a peer that is not admitted yet. Default 64 KiB: the longest credentials are 258 bytes, the rest may be a pipelined frame. Larger values have no effect. */
  readonly preAuthBytes: number;
  /** Largest payload accepted, and largest size a compressed one may inflate to. Default 256 MiB: the reference's own bound. */
  readonly maxFrame: number;
  /**
   * Request bytes of one peer taken from the socket and not yet served; above it the socket is not read. Default 128 KiB: some
   * thousand requests ahead hide any latency, and who floods us delays others by no more than these. A larger frame is taken alone.
   */
  readonly inputPerPeer: number;
  /** Bytes held for one peer that does not read; above it the peer is closed. Default 64 MiB: one big reply and some. */
  readonly outputPerPeer: number;
  /** Bytes held for all peers together; above it the slowest are closed first. Default a quarter of the memory. */
  readonly outputTotal: number;
}

/* ── a node: server, script host, REPL backend ───────────────────────── */

/** One line of the log. `event` is a stable word for machines, `message` is for people. */
export interface LogRecord {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly message: string;
  /** The connection's number. */
  readonly handle?: number;
  readonly peer?: string;
}

/** What a hosted program is told about its surroundings. */
export interface ProgramHost {
  /** Arguments after `--`. */
  readonly args?: readonly string[];
  /** Folders where `load` looks for library scripts. */
  readonly libraries?: readonly string[];
  /** How the program was started, for `.sys.args` and `.sys.build`. */
  readonly program?: HostServices['program'];
  /** Standard error is a terminal. */
  readonly terminal?: boolean;
  /** Makes `rand` and `guid` answer the same in every run. */
  readonly seed?: number;
}

/** A journal to bring back and to go on with (`-l`, `-L`). */
export interface JournalOptions {
  /** Path without the extension. */
  readonly base: string;
  /** Every request lasts before it is evaluated, whatever happens to the machine; false: whatever happens to the process. */
  readonly durable: boolean;
  /** Cut a torn end instead of refusing to start. */
  readonly cut: boolean;
}

/** What a listener may be told besides its address. */
export interface ListenOptions extends ServeOptions {
  /** Who may connect to a Unix socket. Whoever is let in by a list of it may speak frames and lines where users are asked for. Default: whoever can open it. */
  readonly credentials?: CredentialRules;
  /** The certificate of this listener, which then speaks TLS. Default: that of all. */
  readonly tls?: ServerTls;
  /** A users file: who may connect here. It is read again by `reloadFiles`. Default: as everywhere else, see `NodeOptions.users`. */
  readonly users?: string;
  /** Every session that begins here evaluates restricted. Default false. */
  readonly restricted?: boolean;
  /** After so many ms without a byte `.net.on.idle` is called, again and again; 0: never. Default 0. */
  readonly idleMs?: number;
}

/** Each has its default. */
export interface NodeOptions {
  /** Addresses to listen on before anything is evaluated: `port`, `host:port`, `tcp://host:port`, `tls://host:port`, `unix:///path`. Default none. */
  readonly listen?: readonly (string | number)[];
  /** For listeners that are not told themselves; `credentials` for those on paths. */
  readonly serving?: ListenOptions;
  /** For addresses that start with `tls://`, and listeners that serve `tls`. */
  readonly tls?: ServerTls;
  /** Who may connect, where a listener has no users file; absent or empty: everybody, with full rights. */
  readonly users?: readonly UserEntry[];
  /** Every inbound session, and pushes over outbound connections, evaluate restricted (`-U`). Default false. */
  readonly restricted?: boolean;
  /** Symbol rule of peers. Default '2512'. */
  readonly dialect?: Dialect;
  /** Recovered before anything listens or is evaluated. Default none. */
  readonly journal?: JournalOptions;
  readonly limits?: Partial<Limits>;
  /** Default deadline of `.ipc.send` in ms. Default Infinity, as in the reference. */
  readonly sendTimeoutMs?: number;
  /** Where the engine reports; never blocks. Default: silent. */
  readonly log?: (record: LogRecord) => void;
  readonly host?: ProgramHost;
  /** Stack of the interpreter thread. Default 32 MB: room for the language's own depth limit in generated code. */
  readonly stackSizeMb?: number;
  /**
   * Heap of the interpreter thread: everything but columns of one width and long texts, which lie outside. Default half of the memory:
   * the other half is for those, and a heap that is full ends the interpreter with a report, where a full machine ends anything without one.
   */
  readonly heapMb?: number;
}

export interface EvaluateOptions {
  /** Name shown in error traces. Default 'repl'. */
  readonly file?: string;
  /** 'repl': `text` shows the value as the REPL does ('' for null); 'none': only errors have text. Default 'repl'. */
  readonly print?: 'repl' | 'none';
  /** Width results are cut to. Default 80. */
  readonly columns?: number;
  /** Colours in error text. Default false. */
  readonly color?: boolean;
  /** The evaluation ends with `cancel` after so many ms. Default none. */
  readonly deadlineMs?: number;
}

export interface EvaluateResult {
  readonly ok: boolean;
  /** Bytes to show, without a final newline: the formatted value, or the explained error. */
  readonly text: string;
  /** Tag of the value (see `T` in lang/value.ts); absent after errors. */
  readonly type?: number;
  /** Error code when not ok. */
  readonly code?: string;
  /** The program called `(exit n)`: the status; nothing more is evaluated. */
  readonly exit?: number;
  /** Address of the remote session that `.repl.connect` opened and further input goes to, for the prompt; null: none. */
  readonly remote: string | null;
  readonly elapsedMs: number;
}

export interface ConnectionInfo {
  readonly handle: number;
  readonly peer: string;
  readonly direction: 'in' | 'out';
  readonly user: string;
  readonly restricted: boolean;
  /** Bytes written but not yet taken by the kernel. */
  readonly held: number;
  readonly protocol: 'rayforce' | 'frame' | 'soc';
  /** Who is at the other end of a Unix socket, where that is known. */
  readonly uid?: number;
  /** The version of TLS; '' on plain connections. */
  readonly tls?: string;
  readonly state?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  /** When it was admitted, ms since 1970. */
  readonly openedMs?: number;
}

/** Sockets on the calling thread, the interpreter in a worker of its own. */
export interface RflNode {
  /** Evaluates a whole source (bytes) after what was accepted before it. Never rejects for errors of the program. */
  evaluate(source: string, options?: EvaluateOptions): Promise<EvaluateResult>;
  /** Stops the running evaluation with `cancel`, within 50 ms; also a waiting `.ipc.send`. Nothing running: no effect. */
  interrupt(): void;
  /** Output of the program, in order, always before the result it belongs to. Answers how to unsubscribe. */
  onOutput(listener: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void): () => void;
  /** `(exit n)` was called, by whatever: a script, a timer, a peer; or the interpreter failed (70). The program decides what happens; the interpreter is gone. */
  onExit(listener: (status: number) => void): () => void;
  /** Names (globals and builtins) that start with `prefix`, sorted. */
  complete(prefix: string): Promise<string[]>;
  /** User's globals, sorted, with the label of their type. */
  globals(): Promise<[name: string, typeLabel: string][]>;
  /** Listens on a further address. Rejects with an error whose `code` is `io` or `domain`. */
  listen(address: string | number, options?: ListenOptions): Promise<{ port: number }>;
  /**
   * Reads certificates and users files of all listeners again, for connections that begin from now on. Whether there are any. Throws an error
   * whose `code` is `io`; then nothing has changed.
   */
  reloadFiles(): boolean;
  connections(): ConnectionInfo[];
  /** Stops accepting, answers what was accepted, runs the close hooks, closes; after `ms` (default 5 000) without waiting on. */
  shutdown(ms?: number): Promise<void>;
  /** Replaces an interpreter that does not react: all its state is lost, connections are closed. */
  restart(): Promise<void>;
}

/* ── an interpreter in the caller's thread ───────────────────────────── */

/** Of `Interpreter.ipc`, as in `NodeOptions`. */
export type AttachOptions = Pick<NodeOptions, 'users' | 'restricted' | 'dialect' | 'limits' | 'sendTimeoutMs' | 'log' | 'listen' | 'serving' | 'tls' | 'journal'>;

/** Gives an interpreter of the calling thread `.ipc.*`, `.sys.listen` and timers; the I/O thread starts with their first use. */
export interface IpcHost {
  /** Serves until `stop` is called by something served, `(exit n)`, or `ms` have passed; blocks the thread. */
  serve(ms?: number): void;
  /** Serves what has arrived and returns at once; answers how many events were served. */
  pump(): number;
  /** Serves from the thread's event loop from now on. Answers how to stop. */
  pumpOnEvents(): () => void;
  stop(): void;
  /** Something may still arrive: a listener, a connection or a timer is open. */
  readonly active: boolean;
  /** A pipe or a swarm is listened for: the program is there for others. */
  readonly serving: boolean;
  /** Listens on a further address. Throws a RayError: `io`, `domain`. */
  listen(address: string | number, options?: ListenOptions): { port: number };
  /** As `RflNode.reloadFiles`; throws a RayError `io`. */
  reloadFiles(): boolean;
  connections(): ConnectionInfo[];
  /** As `RflNode.shutdown`, blocking; ends the I/O thread. */
  shutdown(ms?: number): void;
}

/* ── a client without interpreter ────────────────────────────────────── */

/** Of `connect`. */
export interface ConnectOptions {
  /** For connecting and the handshake. Default 5 000 ms, the reference's. */
  readonly timeoutMs?: number;
  readonly dialect?: Dialect;
  readonly maxFrame?: number;
  /** For addresses that start with `tls://`. */
  readonly tls?: ClientTls;
}

export interface SendOptions {
  /** The promise rejects with code `io` after so many ms; the connection is closed, where replies have no number to match: over the wire. */
  readonly deadlineMs?: number;
  /** Asks the peer to capture output: answers LIST (STR captured, result). Not in frames. */
  readonly verbose?: boolean;
}

/** A message the peer sent on its own; sync ones wait for `reply`. */
export interface Incoming {
  readonly kind: 'async' | 'sync';
  readonly value: Value;
  reply(value: Value): void;
}

/** A connection to a server of the wire, or of frames. */
export interface Client {
  /** Resolves with the reply; rejects with a `RayError` (`code`): what the peer raised, or `io`. Strings are language text, as bytes. */
  send(value: Value, options?: SendOptions): Promise<Value>;
  /** Sends without reply. Throws `io` when the connection is closed. */
  post(value: Value): void;
  on(event: 'message', listener: (message: Incoming) => void): this;
  on(event: 'close', listener: (reason: string) => void): this;
  /** Finds out the peer's symbol rule by one request, and follows it from then on. */
  probeDialect(): Promise<Dialect>;
  close(): void;
  readonly closed: boolean;
}
