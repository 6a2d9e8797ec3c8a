/** What the two threads say to each other about brokers: plain data. */

export interface ServeOptions {
  /** Which broker this is. Default `shared`. */
  readonly instance?: string;
  /** For a client's request and its reply, in ms. Default 30 000. */
  readonly timeout?: number;
  /** Hellos of one process in `window` ms. Default 256 in 1000. */
  readonly rate?: number;
  readonly window?: number;
  /** Folder of service definitions; true: the usual one. Default: none, registrations alone decide. */
  readonly services?: string | boolean;
  /** Backends that do not run are started by their definitions. Default false. */
  readonly launch?: boolean;
  /** Hellos have to bring a session token. Default false. */
  readonly tokens?: boolean;
  /** Connections are passed on to backends that take them. Default: where the system can do it. */
  readonly handoff?: boolean;
  /** A file that says who serves here. */
  readonly sidecar?: string;
}
export interface ServiceRow {
  readonly service: string;
  readonly version: string;
  readonly pipe: string;
  readonly minVersion: string;
  readonly allow: readonly string[];
  /** A bitmap. */
  readonly capabilities: number;
  /** Where it takes connections that are passed on; '': nowhere. */
  readonly handoff: string;
}
export interface HelloWords {
  readonly service: string;
  readonly want: string;
  readonly client?: string;
  readonly keepalive?: number;
  /** In ms. Default 30 000. */
  readonly timeout?: number;
  /** A session token in hex. */
  readonly token?: string;
}
export interface ConnectWords extends HelloWords {
  /** Whether the connection of the Hello may become that to the backend. Default false. */
  readonly handoff?: boolean;
  /** The version of this program, and where the backend was the last time: with the version it wants it dials that without asking. */
  readonly self?: string;
  readonly cached?: string;
}
export interface AdminWords { readonly json?: boolean; readonly service?: string; readonly path?: string; readonly drain?: number; readonly timeout?: number }
export interface AdminOutcome { readonly kind: number; readonly body: string; readonly exitCode: number; readonly contentType: string }
export interface DefinitionWords {
  readonly service: string;
  readonly binary: string;
  /** `private`, `shared`, or `explicit:NAME`. */
  readonly isolation?: string;
  readonly versions?: string;
  readonly min_version?: string;
  readonly allow?: readonly string[];
}

/** Whose path: the shared broker's, or one of these. */
export interface PathWords { readonly service?: string; readonly instance?: string; readonly backend?: boolean }

export type BrokerCall = { readonly ask: 'broker' } & (
  | { readonly op: 'serve'; readonly path: string; readonly options: ServeOptions }
  | { readonly op: 'stop'; readonly path: string }
  /** `alone`: other versions of the service are forgotten. */
  | { readonly op: 'register'; readonly row: ServiceRow; readonly alone: boolean }
  | { readonly op: 'unregister'; readonly service: string; readonly version: string | null }
  | { readonly op: 'services' }
  | { readonly op: 'stats' }
  | { readonly op: 'hello'; readonly path: string; readonly words: HelloWords }
  /** Answered with a handle, or with `RefusedWords` and none. */
  | { readonly op: 'connect'; readonly path: string; readonly words: ConnectWords }
  /** `expect`: the sidecar that has to be right about it; '': none. */
  | { readonly op: 'probe'; readonly path: string; readonly expect: string }
  /** Takes connections over for a path that is listened on. */
  | { readonly op: 'adopt'; readonly pipe: string; readonly path: string }
  | { readonly op: 'path'; readonly words: PathWords }
  | { readonly op: 'token'; readonly service: string }
  | { readonly op: 'sidecar'; readonly file: string; readonly path: string }
  | { readonly op: 'define'; readonly folder: string; readonly words: DefinitionWords }
  | { readonly op: 'admin'; readonly path: string; readonly verb: string; readonly words: AdminWords }
);

/** What a slot is asked: about a Hello, or about a connection on its way here. */
export interface BrokerQuestion {
  readonly slot: 'hello' | 'handoff';
  readonly subject: Readonly<Record<string, string | number>>;
  /** The process at the other end, as the system says: `pid` and `uid`, 0 and '' where it does not. */
  readonly peer: Readonly<Record<string, string | number>>;
}
export interface BrokerVerdict { readonly allowed: boolean; readonly reason?: string }

export interface NegotiatedWords { readonly pipe: string; readonly version: string; readonly capabilities: string; readonly keepalive: number; readonly connection: number }
/** `name`: of the code, such as VERSION_BLOCKED. */
export interface RefusedWords { readonly code: number; readonly name: string; readonly reason: string; readonly retryAfterMs: number }
export type HelloOutcome = NegotiatedWords | RefusedWords;

export interface IdentityWords {
  readonly pid: number;
  readonly exe: string;
  readonly namespace: string;
  readonly path: string;
  readonly started: number;
  readonly boot: string;
  readonly algorithm: string;
  /** Hex. */
  readonly hash: string;
}
export interface StatsRow { readonly path: string; readonly connections: number; readonly negotiated: number; readonly refused: number; readonly handedOff: number; readonly fallbacks: number }
