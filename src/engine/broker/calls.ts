/** What the two threads say to each other about brokers: plain data. */

export interface ServeOptions {
  /** Which broker this is. Default `shared`. */
  readonly instance?: string;
  /** For a client's request and its reply, in ms. Default 30 000. */
  readonly timeout?: number;
  /** Hellos of one process in `window` ms. Default 256 in 1000. */
  readonly rate?: number;
  readonly window?: number;
}
export interface ServiceRow {
  readonly service: string;
  readonly version: string;
  readonly pipe: string;
  readonly minVersion: string;
  readonly allow: readonly string[];
  /** A bitmap. */
  readonly capabilities: number;
}
export interface HelloWords {
  readonly service: string;
  readonly want: string;
  readonly client?: string;
  readonly keepalive?: number;
  /** In ms. Default 30 000. */
  readonly timeout?: number;
}

export type BrokerCall = { readonly ask: 'broker' } & (
  | { readonly op: 'serve'; readonly path: string; readonly options: ServeOptions }
  | { readonly op: 'stop'; readonly path: string }
  /** `alone`: other versions of the service are forgotten. */
  | { readonly op: 'register'; readonly row: ServiceRow; readonly alone: boolean }
  | { readonly op: 'unregister'; readonly service: string; readonly version: string | null }
  | { readonly op: 'services' }
  | { readonly op: 'stats' }
  | { readonly op: 'hello'; readonly path: string; readonly words: HelloWords }
  | { readonly op: 'probe'; readonly path: string }
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
export interface StatsRow { readonly path: string; readonly connections: number; readonly negotiated: number; readonly refused: number }
