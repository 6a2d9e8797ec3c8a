/**
 * Messages on disk until they are acknowledged. One file, appended to; what is settled is thrown out when there is more of it than of
 * the rest. Whatever fails is reported and never thrown: a full disk stops messages, not the process.
 */
import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { holdName, type HeldName } from '../../net/held-name.js';
import { KIND, recordSize, scanRecords, writeRecord, type Damage } from '../../wire/soc/spool-format.js';
import { PipeError } from './paths.js';

/**
 * `batch`: what was posted in one turn is synced to disk together before any of it counts as spooled: it outlives a power cut.
 * `none`: it counts once the kernel has it: it outlives the process.
 */
export type FsyncPolicy = 'batch' | 'none';

/** Settled bytes that are put up with before the file is written anew. */
const SLACK = 1 << 20;

export interface SpoolEvents {
  /** These are on disk. */
  stored(messages: readonly SpoolMessage[]): void;
  /** These are not, and will not be. */
  failed(messages: readonly SpoolMessage[], reason: string): void;
}
export interface SpoolMessage { readonly id: string; readonly line: string }

export interface Recovered {
  /** Unacknowledged messages, oldest first. */
  readonly messages: readonly SpoolMessage[];
  readonly damage: readonly Damage[];
  /** The greatest of all ids. */
  readonly lastId: string;
}

export class Spool {
  readonly #live = new Map<string, SpoolMessage>();
  #fd: number;
  #size = 0;
  #liveBytes = 0;
  /** Posted, not yet written. */
  #batch: SpoolMessage[] = [];
  /** Ids neither stored nor failed. */
  readonly #posted = new Set<string>();
  #acks: string[] = [];
  #scheduled = false;
  #syncing = false;
  #closed = false;
  #onIdle: (() => void) | null = null;

  private constructor(private readonly path: string, private readonly fsync: FsyncPolicy, private readonly events: SpoolEvents, private readonly lock: HeldName, fd: number) {
    this.#fd = fd;
  }

  /** Opens or makes the file. Rejects with PipeError where it cannot be had, or another process has it. */
  static async open(path: string, fsync: FsyncPolicy, events: SpoolEvents): Promise<{ spool: Spool; recovered: Recovered }> {
    const lock = await holdName('spool', resolve(path)).catch((e: Error) => { throw new PipeError('io', `${path}: ${e.message}`); });
    if (lock === null) throw new PipeError('io', `another process has the spool '${path}'`);
    try {
      const fd = openSync(path, 'a+', 0o600);
      const spool = new Spool(path, fsync, events, lock, fd);
      return { spool, recovered: spool.#recover() };
    } catch (e) {
      lock.release();
      throw e instanceof PipeError ? e : new PipeError('io', `${path}: ${(e as Error).message}`);
    }
  }

  /** Bytes of the file, without what waits to be written. */
  get size(): number {
    return this.#size;
  }

  add(message: SpoolMessage): void {
    this.#posted.add(message.id);
    this.#batch.push(message);
    this.#schedule();
  }
  /** False: it is not in the spool. */
  ack(id: string): boolean {
    const message = this.#live.get(id);
    if (message === undefined) return false;
    this.#live.delete(id);
    this.#liveBytes -= recordSize(message.id, message.line);
    this.#acks.push(id);
    this.#schedule();
    return true;
  }
  /** It is in the spool, or about to be. */
  has(id: string): boolean {
    return this.#live.has(id) || this.#posted.has(id);
  }
  /** It is about to be: `stored` or `failed` will follow. */
  isPosted(id: string): boolean {
    return this.#posted.has(id);
  }

  /** Resolves when everything that was added is stored or has failed. */
  flush(): Promise<void> {
    return new Promise((done) => {
      const look = (): void => {
        this.#write();
        if (this.#syncing) this.#onIdle = look;
        else done();
      };
      look();
    });
  }

  /** Writes what is there, and lets the file go. */
  async close(): Promise<void> {
    await this.flush();
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    this.lock.release();
  }

  #recover(): Recovered {
    const bytes = readFileSync(this.path);
    let lastId = '';
    const damage = scanRecords(bytes, ({ kind, id, line }) => {
      if (id.length > lastId.length || (id.length === lastId.length && id > lastId)) lastId = id;
      if (kind === KIND.ACK) this.#live.delete(id);
      else if (kind === KIND.MESSAGE) this.#live.set(id, { id, line });
    });
    for (const { id, line } of this.#live.values()) this.#liveBytes += recordSize(id, line);
    this.#size = bytes.length;
    // Behind a torn record nothing may be appended that the next recovery had to look for.
    if (damage.length > 0 || this.#size > this.#liveBytes + SLACK) this.#rewrite();
    return { messages: [...this.#live.values()], damage, lastId };
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#syncing || this.#closed || this.#batch.length + this.#acks.length === 0) return;
    const batch = this.#batch;
    const acks = this.#acks;
    this.#batch = [];
    this.#acks = [];
    const failure = this.#append(batch, acks);
    if (failure !== null) {
      // Acks that are not noted only mean that messages are sent once more.
      return this.#done(batch, failure);
    }
    for (const m of batch) {
      this.#live.set(m.id, m);
      this.#liveBytes += recordSize(m.id, m.line);
    }
    if (this.#size > 2 * this.#liveBytes + SLACK) {
      try {
        this.#rewrite();
      } catch {
        // The old file is still whole; there will be another occasion.
      }
    }
    if (batch.length === 0) return;
    if (this.fsync === 'none') return this.#done(batch, null);
    this.#syncing = true;
    fdatasync(this.#fd, (e) => {
      this.#syncing = false;
      this.#done(batch, e === null ? null : e.message);
      const idle = this.#onIdle;
      this.#onIdle = null;
      if (idle !== null) idle();
      else if (this.#batch.length + this.#acks.length > 0) this.#write();
    });
  }

  #done(batch: readonly SpoolMessage[], failure: string | null): void {
    for (const { id } of batch) this.#posted.delete(id);
    if (failure === null) this.events.stored(batch);
    else this.events.failed(batch, failure);
  }

  /** Null: all of it is in the file. Otherwise nothing is. */
  #append(batch: readonly SpoolMessage[], acks: readonly string[]): string | null {
    let size = 0;
    for (const m of batch) size += recordSize(m.id, m.line);
    for (const id of acks) size += recordSize(id, '');
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    for (const m of batch) at = writeRecord(bytes, at, KIND.MESSAGE, m.id, m.line);
    for (const id of acks) at = writeRecord(bytes, at, KIND.ACK, id, '');
    try {
      for (let done = 0; done < size;) done += writeSync(this.#fd, bytes, done);
      this.#size += size;
      return null;
    } catch (e) {
      try {
        ftruncateSync(this.#fd, this.#size);
      } catch {
        // Recovery passes over the torn record.
      }
      return (e as Error).message;
    }
  }

  /** A new file with what is not settled takes the old one's place. Throws what the system says; the old one is then as it was. */
  #rewrite(): void {
    const bytes = Buffer.allocUnsafe(this.#liveBytes);
    let at = 0;
    for (const m of this.#live.values()) at = writeRecord(bytes, at, KIND.MESSAGE, m.id, m.line);
    const next = `${this.path}.new`;
    const fd = openSync(next, 'w', 0o600);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      if (this.fsync === 'batch') fsyncSync(fd);
      renameSync(next, this.path);
    } catch (e) {
      closeSync(fd);
      throw e;
    }
    closeSync(fd);
    closeSync(this.#fd);
    this.#fd = openSync(this.path, 'a+', 0o600);
    this.#size = bytes.length;
  }
}
