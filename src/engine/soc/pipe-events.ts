/** What a pipe is made with, and what it says to its owner. */
import type { Clock } from '../../net/clock.js';
import type { IdSource } from '../../wire/soc/ids.js';
import type { Message } from '../../wire/soc/message.js';
import type { OutboxOptions } from '../../wire/soc/outbox.js';
import type { Window } from '../../wire/soc/window.js';
import type { Pipe } from './pipe.js';
import type { SpoolMessage } from './spool.js';

/** Why a connection is over when all is well. */
export const CLOSED = 'the peer has closed';

export interface PipeEvents {
  /** New messages: whole lines with their LF, in memory of their own. */
  lines(pipe: Pipe, lines: Buffer): void;
  /** Instead of `lines`, for who wants them one by one. */
  readonly message?: (pipe: Pipe, message: Message, ascii: boolean) => void;
  /** A line that is no message. */
  malformed(pipe: Pipe, reason: string): void;
  /** The connection was made, or made again. */
  up(pipe: Pipe): void;
  /** Nobody listens. `code`: why, in a short word or the system's own. */
  refused(pipe: Pipe, reason: string, code: string): void;
  /** The connection is over. */
  lost(pipe: Pipe, reason: string): void;
  /** These are in the spool. */
  readonly stored?: (pipe: Pipe, messages: readonly SpoolMessage[]) => void;
  /** So many messages are delivered, as far as this pipe promises, or dropped: there is room for others. */
  released(pipe: Pipe, messages: number, bytes: number): void;
  /** Before `released` counts them. */
  dropped(pipe: Pipe, dropped: readonly Dropped[]): void;
  /** Nothing follows. */
  closed(pipe: Pipe): void;
}

/** Since the end began: messages settled, messages given up, and those that stay in the spool. */
export interface PipeEnd { readonly flushed: number; readonly dropped: number; readonly kept: number }

export interface Dropped { readonly id: string; readonly line: string; readonly reason: string }

export interface PipeOptions {
  /** Null: an accepted connection. */
  readonly path: string | null;
  readonly outbox: Partial<OutboxOptions>;
  readonly window: Window;
  readonly ids: IdSource;
  /** Ms since 1970. */
  readonly wall: () => number;
  readonly clock?: Clock;
  readonly connectMs?: number;
}
