/** What the two threads say to each other about pipes and the swarm. */
import type { Outcome } from '../../wire/soc/swarm.js';
import type { FsyncPolicy } from './spool.js';

export interface CredentialOptions {
  readonly uids?: readonly number[];
  readonly gids?: readonly number[];
  readonly policy?: 'require' | 'if-available' | 'off';
}
export interface ListenOptions extends CredentialOptions {
  /** Connections at a time. Default 64: pipes join a handful of processes. */
  readonly connections?: number;
  /** Ids of messages kept to tell what was sent twice. */
  readonly window?: number;
}
export interface DialOptions {
  /** Times the peer is looked for before dialing fails, 500 ms longer apart each time. Default 1. */
  readonly retries?: number;
  /** File that keeps messages until they are acknowledged. Default none: a message is done when the kernel has it. */
  readonly spool?: string;
  readonly fsync?: FsyncPolicy;
  /** Messages waiting; with a spool 65 536, else 4096. */
  readonly capacity?: number;
  /** Bytes waiting. Default 64 MiB. */
  readonly bytes?: number;
}
export interface SwarmSelf {
  readonly id: string;
  readonly node: string;
  readonly hash: string;
  readonly oldPeers: boolean;
}
/** A fact as texts in the order of `FACT_FIELDS`. */
export type FactRow = readonly [id: string, content: string, level: number, domain: string, module: string, isGene: boolean, source: string, createdAt: string];

export type SocCall = { readonly ask: 'soc' } & (
  | { readonly op: 'listen'; readonly name: string; readonly options: ListenOptions }
  | { readonly op: 'dial'; readonly name: string; readonly options: DialOptions }
  /** Answered when the message is in the spool, or else with the kernel. */
  | { readonly op: 'wait'; readonly handle: number; readonly id: string }
  /** Answered when everything posted so far is; value: pending. Fails with `io` if something was dropped since the last time. */
  | { readonly op: 'flush'; readonly handle: number }
  | { readonly op: 'close'; readonly handle: number; readonly ms: number }
  | { readonly op: 'swarm.listen'; readonly dir: string; readonly self: SwarmSelf; readonly options: CredentialOptions }
  | { readonly op: 'swarm.dial'; readonly dir: string; readonly self: SwarmSelf }
  | { readonly op: 'swarm.listening' }
  | { readonly op: 'swarm.close' }
  | { readonly op: 'swarm.facts' }
  | { readonly op: 'swarm.put'; readonly facts: readonly FactRow[] }
  | { readonly op: 'swarm.peers' }
);

export interface DialResult {
  readonly memory: SharedArrayBuffer;
  /** Messages and bytes that were in the spool. */
  readonly pending: number;
  readonly bytes: number;
  readonly capacity: number;
  readonly capacityBytes: number;
  /** The greatest id in the spool; ids given out must be greater. */
  readonly lastId: string;
  /** What of the spool could not be read; '' where all could. */
  readonly damage: string;
}
export interface CloseResult { readonly flushed: number; readonly dropped: number; readonly kept: number }

export interface SyncReport {
  /** `no-peer`: nobody listens, which is no error. */
  readonly outcome: Outcome | 'no-peer';
  readonly peer: string;
  readonly node: string;
  readonly sent: number;
  readonly left: number;
  readonly skipped: number;
  readonly imported: readonly FactRow[];
}

export type SocEvent =
  | { readonly is: 'accepted'; readonly memory: SharedArrayBuffer; readonly capacity: number; readonly capacityBytes: number; readonly listener: number; /** Its messages are handled with the rights of a restricted session. */ readonly restricted: boolean }
  | { readonly is: 'lost'; readonly reason: string; /** Nothing follows for this handle. */ readonly final: boolean }
  | { readonly is: 'dropped'; readonly lines: readonly string[]; readonly reasons: readonly string[] }
  | { readonly is: 'sync'; readonly report: SyncReport };

/** What a record for the I/O side is about; its bytes. */
export const POST = { /** Length of the id less one, the id, the line. */ MESSAGE: 1, /** An id. */ ACK: 2 } as const;
