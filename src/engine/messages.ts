/** Structured payloads of the channel's records. */
import type { Dialect, EvaluateOptions, EvaluateResult, JournalOptions, ListenOptions, LogRecord } from './api.js';
import type { ListenAddress, PeerAddress } from '../net/address.js';
import type { BrokerCall } from './broker/calls.js';
import type { NetCall } from './net-calls.js';
import type { SocCall } from './soc/calls.js';
import type { ClientTls } from './tls-files.js';

/** What the language side asks of the I/O side. */
export type Call =
  | ({ readonly ask: 'open'; readonly timeoutMs: number; readonly files?: ClientTls; readonly reconnect?: boolean; readonly idleMs?: number } & PeerAddress)
  | ({ readonly ask: 'listen'; readonly options: ListenOptions } & ListenAddress)
  | { readonly ask: 'connections' }
  /** Stop accepting and reading; answered when everything taken so far is in the channel. */
  | { readonly ask: 'drain' }
  /** Wait until what was written is with the peers, at most `ms`. */
  | { readonly ask: 'finish'; readonly ms: number }
  | BrokerCall
  | NetCall
  | SocCall;

export type CallResult = { readonly ok: true; readonly handle: number; readonly value?: unknown } | { readonly ok: false; readonly code: 'io' | 'access' | 'domain' | 'limit' | 'state'; readonly message: string };

/** What the embedding program asks of the language side. */
export type Command =
  | { readonly ask: 'evaluate'; readonly source: string; readonly options: EvaluateOptions }
  | { readonly ask: 'complete'; readonly prefix: string }
  | { readonly ask: 'globals' }
  | { readonly ask: 'journal'; readonly options: JournalOptions }
  | { readonly ask: 'shutdown' };

export type CommandResult = EvaluateResult | string[] | [string, string][] | JournalFailure | null;

export interface JournalFailure { readonly code: string; readonly message: string }

/** Whether somebody is let in. Name and password are byte strings. */
export interface AuthQuestion { readonly user: string; readonly password: string; readonly restricted: boolean }

export interface LangSettings {
  readonly dialect: Dialect;
  readonly maxFrame: number;
  readonly sendTimeoutMs: number;
  /** Bytes that may wait for one peer. */
  readonly outputPerPeer: number;
  /** Outbound connections' pushes evaluate restricted. */
  readonly restricted: boolean;
}

export type { LogRecord };
