/**
 * What a sender does next: dial, write, give up a connection, wait. Knows neither socket nor clock: it is told what happened and when,
 * and asked what to do. A write that failed or came too late leaves a torn line behind, so its connection is never used again; what was
 * in it goes out once more over the next one, under the same ids.
 */

import { Unconfirmed } from './unconfirmed.js';

export interface OutboxOptions {
  /** Messages held. Default 4096: a second or more of a busy pipe. */
  readonly capacity: number;
  /** Bytes held. Default 64 MiB. */
  readonly capacityBytes: number;
  /** A message stays until it is acknowledged, and is never given up. Default false. */
  readonly reliable: boolean;
  /** `has` can be asked. Default true; costs some memory for each message. */
  readonly indexed: boolean;
  /** The connection can be made again. Default true. */
  readonly redials: boolean;
  /** Tries of a message that is not reliable. Default 3. */
  readonly attempts: number;
  /** Wait after the nth failure: n times as long, 100 ms; at most `longestWaitMs`. */
  readonly waitMs: number;
  /** Default 5000: whoever comes back is found within it. */
  readonly longestWaitMs: number;
  /** For the kernel to take a batch. Default 5000. */
  readonly writeMs: number;
  /** Bytes written at once. Default 64 KiB: enough that system calls do not count, little enough that a slow peer shows. */
  readonly batchBytes: number;
}
export const OUTBOX: OutboxOptions = {
  capacity: 4096, capacityBytes: 64 << 20, reliable: false, indexed: true, redials: true, attempts: 3, waitMs: 100, longestWaitMs: 5000, writeMs: 5000, batchBytes: 64 << 10,
};

/** `gone` may have arrived: the kernel had it, and the connection was lost before the peer said that it did. */
export interface Lost { readonly entry: Entry; readonly reason: string; readonly gone: boolean }
export interface Entry { readonly id: string; readonly line: string; attempts: number; settled: boolean }

export type OutboxState = 'down' | 'dialing' | 'ready' | 'writing' | 'waiting' | 'closed';
export type OutboxEvent = 'connected' | 'refused' | 'sent' | 'lost' | 'due';

export type Todo =
  | { readonly do: 'dial' }
  /** Lines to be written together; `sent` or `lost` is to follow. */
  | { readonly do: 'write'; readonly bytes: string }
  /** The connection is not to be used any more; `lost` has been accounted for. */
  | { readonly do: 'kill'; readonly reason: string }
  /** Nothing before `ms` have passed or something happens. */
  | { readonly do: 'rest'; readonly ms: number }
  /** Closed: nothing follows. */
  | { readonly do: 'done' };

/** state x event -> state. What is not in it does not happen, and is ignored: a late report of a connection that was given up. */
const TABLE: Record<OutboxState, Partial<Record<OutboxEvent, OutboxState>>> = {
  down: {},
  dialing: { connected: 'ready', refused: 'waiting' },
  ready: { lost: 'waiting' },
  writing: { sent: 'ready', lost: 'waiting', due: 'waiting' },
  waiting: { due: 'down' },
  closed: {},
};

const IDLE: Todo = { do: 'rest', ms: Infinity };

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #dropped: Lost[] = [];
  readonly #unconfirmed = new Unconfirmed();
  readonly #byId = new Map<string, Entry>();
  /** Entries in order: acknowledgements outstanding, then the batch being written, then what waits. */
  #entries: Entry[] = [];
  #head = 0;
  #next = 0;
  #batchEnd = 0;
  #bytes = 0;
  #live = 0;
  #freed = 0;
  #state: OutboxState = 'down';
  #failures = 0;
  #due = Infinity;
  #closing = Infinity;
  #isClosing = false;
  #kill: string | null = null;
  /** Since it was made. */
  readonly counts = { offered: 0, settled: 0, dropped: 0, resent: 0, unconfirmed: 0 };

  constructor(options: Partial<OutboxOptions> = {}) {
    this.#options = { ...OUTBOX, ...options };
  }

  get state(): OutboxState {
    return this.#state;
  }
  /** Messages neither settled nor dropped. */
  get pending(): number {
    return this.#live;
  }
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** A message to be sent. `known`: a reliable one of this id is on its way. */
  offer(id: string, line: string): 'ok' | 'full' | 'closed' | 'known' {
    if (this.#isClosing || this.#state === 'closed') return 'closed';
    const { capacity, capacityBytes, reliable } = this.#options;
    if (reliable && this.#byId.has(id)) return 'known';
    if (this.#live >= capacity || this.#bytes + line.length > capacityBytes) return 'full';
    const entry: Entry = { id, line, attempts: 0, settled: false };
    this.#entries.push(entry);
    if (this.#options.indexed) this.#byId.set(id, entry);
    this.#bytes += line.length;
    this.#live++;
    this.counts.offered++;
    return 'ok';
  }

  /** A message of this id is neither settled nor dropped. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The peer has acknowledged a message: true if it was waiting for that. */
  acked(id: string): boolean {
    if (!this.#options.reliable) return this.#unconfirmed.confirm(id), false;
    const entry = this.#byId.get(id);
    if (entry === undefined) return false;
    this.#failures = 0;
    this.#settle(entry);
    this.#trim();
    return true;
  }

  connected(now: number): void {
    this.#happened('connected', now);
  }
  refused(now: number): void {
    if (this.#happened('refused', now)) this.#failed('nobody listens');
  }
  /** The kernel has the batch. */
  sent(now: number): void {
    if (!this.#happened('sent', now)) return;
    const { reliable } = this.#options;
    if (!reliable) {
      this.#failures = 0;
      for (let i = this.#next; i < this.#batchEnd; i++) {
        const entry = this.#entries[i];
        if (this.#settle(entry)) this.#unconfirmed.add(entry, this.#options.capacity, this.#options.capacityBytes);
      }
    }
    this.#next = this.#batchEnd;
    this.#trim();
  }
  /** The connection is over, whoever ended it. `clean`: the peer has closed, and had read everything. */
  lost(now: number, reason: string, clean = false): void {
    if (!this.#happened('lost', now)) return;
    this.#unconfirm(reason, clean);
    this.#failed(reason);
  }

  /** Takes nothing more; what is there has `timeoutMs` to go out. */
  close(now: number, timeoutMs = 5000): void {
    if (this.#isClosing || this.#state === 'closed') return;
    this.#isClosing = true;
    this.#closing = now + timeoutMs;
  }

  /**
   * What is to be done now. To be asked again after whatever it says, and after anything that happened. `writeable`: the connection
   * takes data; where it does not, it is to be asked again when it does.
   */
  todo(now: number, writeable = true): Todo {
    if (this.#kill !== null) {
      const reason = this.#kill;
      this.#kill = null;
      return { do: 'kill', reason };
    }
    if (this.#state === 'closed') return { do: 'done' };
    if (this.#isClosing && (this.#live === 0 || now >= this.#closing)) return this.#end();
    if (now >= this.#due && this.#happened('due', now)) {
      if (this.#state === 'waiting') {
        this.#kill = 'the peer takes nothing';
        this.#unconfirm(this.#kill, false);
        this.#failed(this.#kill);
      }
      return this.todo(now, writeable);
    }
    if (writeable && this.#state === 'ready' && this.#next < this.#entries.length) return this.#write(now);
    if (this.#state === 'down' && this.#options.redials && (this.#live > 0 || this.#options.reliable)) {
      this.#state = 'dialing';
      return { do: 'dial' };
    }
    const until = Math.min(this.#due, this.#closing);
    return until === Infinity ? IDLE : { do: 'rest', ms: Math.max(0, until - now) };
  }

  /** The connection is being made by somebody else, who will report `connected` or `refused`. */
  expect(): void {
    if (this.#state !== 'down' && this.#state !== 'waiting') return;
    this.#state = 'dialing';
    this.#due = Infinity;
  }

  /** What was given up since this was last asked. */
  takeDropped(): Lost[] {
    return this.#dropped.splice(0);
  }

  /** Bytes of messages settled or given up since this was last asked. */
  takeSettledBytes(): number {
    const bytes = this.#freed;
    this.#freed = 0;
    return bytes;
  }

  /** Messages that are not settled, oldest first. */
  *unsettled(): Generator<Entry> {
    for (let i = this.#head; i < this.#entries.length; i++) if (!this.#entries[i].settled) yield this.#entries[i];
  }

  #happened(event: OutboxEvent, now: number): boolean {
    const next = TABLE[this.#state][event];
    if (next === undefined) return false;
    this.#state = next;
    this.#due = next === 'waiting' ? now + this.#wait() : Infinity;
    return true;
  }
  #wait(): number {
    const { waitMs, longestWaitMs } = this.#options;
    return Math.min(longestWaitMs, waitMs * ++this.#failures);
  }

  #write(now: number): Todo {
    const { batchBytes, writeMs } = this.#options;
    let bytes = '';
    let i = this.#next;
    for (; i < this.#entries.length && (bytes === '' || bytes.length + this.#entries[i].line.length <= batchBytes); i++) {
      const entry = this.#entries[i];
      if (entry.settled) continue;
      if (entry.attempts > 0) this.counts.resent++;
      bytes += entry.line;
    }
    this.#batchEnd = i;
    if (bytes === '') {
      // All of them were acknowledged over an earlier connection.
      this.#next = i;
      return this.todo(now);
    }
    this.#state = 'writing';
    this.#due = now + writeMs;
    return { do: 'write', bytes };
  }

  /**
   * The kernel had them, and nobody knows whether the peer did: they are reported, unless it has left in good order and is none of those
   * that acknowledge.
   */
  #unconfirm(reason: string, clean: boolean): void {
    const { entries, forgotten } = this.#unconfirmed.take(clean);
    const more = forgotten === 0 ? '' : `; and so did ${forgotten} before it`;
    for (const entry of entries) this.#dropped.push({ entry, reason: `may not have arrived: ${reason}${more}`, gone: true });
    this.counts.unconfirmed += entries.length + forgotten;
  }

  /** Everything that is not settled goes out again; who has had all tries is given up. */
  #failed(reason: string): void {
    const { reliable, redials, attempts, batchBytes } = this.#options;
    const tried = reliable ? this.#entries.length : Math.max(this.#batchEnd, this.#oneBatch(batchBytes));
    for (let i = this.#head; i < tried; i++) {
      const entry = this.#entries[i];
      if (entry.settled) continue;
      entry.attempts++;
      if (!reliable && entry.attempts >= attempts) this.#drop(entry, reason);
    }
    this.#next = this.#head;
    this.#batchEnd = this.#head;
    this.#trim();
    if (redials) return;
    for (const entry of this.unsettled()) this.#drop(entry, reason);
    this.#state = 'closed';
  }
  /** A dial that failed counts for those who would have gone out with it. */
  #oneBatch(limit: number): number {
    let i = this.#next;
    for (let bytes = 0; i < this.#entries.length && bytes < limit; i++) bytes += this.#entries[i].line.length;
    return i;
  }

  #end(): Todo {
    for (const entry of [...this.unsettled()]) {
      // A reliable message is not lost: it stays in the spool.
      if (!this.#options.reliable) this.#drop(entry, 'closed before it could be sent');
    }
    this.#state = 'closed';
    return { do: 'done' };
  }

  #settle(entry: Entry): boolean {
    if (!this.#free(entry)) return false;
    this.counts.settled++;
    return true;
  }
  #drop(entry: Entry, reason: string): void {
    if (!this.#free(entry)) return;
    this.counts.dropped++;
    this.#dropped.push({ entry, reason, gone: false });
  }
  #free(entry: Entry): boolean {
    if (entry.settled) return false;
    entry.settled = true;
    if (this.#options.indexed && this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id);
    this.#bytes -= entry.line.length;
    this.#freed += entry.line.length;
    this.#live--;
    return true;
  }

  #trim(): void {
    while (this.#head < this.#entries.length && this.#entries[this.#head].settled) this.#head++;
    if (this.#next < this.#head) this.#next = this.#head;
    if (this.#batchEnd < this.#head) this.#batchEnd = this.#head;
    if (this.#head < 1024 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#next -= this.#head;
    this.#batchEnd -= this.#head;
    this.#head = 0;
  }
}
