/**
 * The journal of one interpreter: every synchronous request is kept before it is evaluated.
 *
 * | file              | what it is                                                    |
 * |-------------------|---------------------------------------------------------------|
 * | `BASE.log`        | requests since the last roll                                  |
 * | `BASE.STAMP.log`  | requests before it                                            |
 * | `BASE.qdb`        | a snapshot: the globals at the last roll that took one        |
 * | `BASE.qdb.tmp`    | a snapshot on its way                                         |
 * | `BASE.lock`       | the process that writes the journal                           |
 */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RayError, fail } from '../lang/errors.js';
import type { Value } from '../lang/value.js';
import { fromBytes, toBytes } from '../lang/text.js';
import type { Interp } from '../lang/interpreter.js';
import { attempt, replaceFile, syncFolder } from '../builtins/files.js';
import { recordHeader } from '../wire/rayforce/journal.js';
import { HEADER_SIZE, MAX_PAYLOAD } from '../wire/rayforce/header.js';
import { decodePayload, encodeFrame, type DecodeOptions, type Dialect } from '../wire/rayforce/value.js';
import { AppendFile, cutFile, scanJournal } from './journal-file.js';
import { JournalLock } from './journal-lock.js';
import { bindSnapshot, replay, snapshotOf, type Replayed } from './journal-replay.js';
import { resolver } from './serde-builtins.js';
import type { JournalOptions, LogRecord } from './api.js';

/** Requests and data are nobody else's business. */
const OWNER_ONLY = 0o600;

/** A log may tell to replay another one, or, without end, itself. */
const MAX_NESTED = 4;

export class Journal {
  /** Requests are to be kept, whether or not the file could be opened. */
  #open = false;
  #file: AppendFile | null = null;
  #lock: JournalLock | null = null;
  /** Byte string; '' before any journal was opened. */
  #base = '';
  #durable = false;
  /** While records are evaluated again the journal stays as it is: what they did to it is done. */
  #replaying = 0;
  readonly #decoding: DecodeOptions;

  constructor(private readonly interp: Interp, private readonly dialect: Dialect, private readonly log: (record: LogRecord) => void) {
    this.#decoding = { dialect, limit: MAX_PAYLOAD, resolve: resolver(interp.env) };
  }

  /** Brings back what a journal holds, then goes on with it. Errors: `state` another process writes it, `badtail`, `deser`, `decompr`, `domain`, `io`, `cancel`. */
  start({ base, durable, cut }: JournalOptions): void {
    const path = toBytes(base);
    // Before anything is cut or renamed.
    this.#lock = JournalLock.take(path);
    this.#locked(() => {
      this.interp.top(() => this.#recover(path, cut));
      this.open(path, durable);
    });
  }

  /** Goes on with a journal without looking at what it holds. Errors: `domain` one is open, `state` another process writes it, `badtail`, `io`. */
  open(base: string, durable: boolean): void {
    if (this.#replaying > 0) return;
    if (base === '') fail('domain', '.log.open: empty base');
    if (this.#open) fail('domain', '.log.open: a journal is open');
    this.#lock ??= JournalLock.take(base);
    this.#locked(() => {
      this.#settle(base);
      const path = `${base}.log`;
      const { torn, valid } = there(path) ? attempt(path, (file) => scanJournal(file)) : { torn: false, valid: 0 };
      // Records behind a torn one could never be read again.
      if (torn) fail('badtail', `${path}: framing broken at offset ${valid}`);
      this.#base = base;
      this.#durable = durable;
      this.#reopen();
      this.#open = true;
    });
  }

  /** Keeps a request, given by its frame. Errors: `io`: it must not be evaluated then. */
  request(bytes: Uint8Array, start: number, end: number, restricted: boolean): void {
    if (!this.#open || this.#replaying > 0) return;
    this.#append([recordHeader(bytes, start, restricted), bytes.subarray(start + HEADER_SIZE, end)]);
  }

  /** Keeps a value as a record. Errors: `noopen`, `io`, `type` it cannot be serialized. */
  write(v: Value): void {
    if (this.#replaying > 0) return;
    if (!this.#open) fail('noopen', '.log.write: no journal open (start with -l/-L)');
    this.#append([encodeFrame(v, { msgtype: 0, dialect: this.dialect, compress: false })]);
  }

  /** Nothing where no journal is open. Errors: `io`. */
  sync(): void {
    attempt(`${this.#base}.log`, () => this.#file?.sync());
  }

  /** Puts the records so far into an archive. Errors: `domain` no journal is open, `io`. */
  roll(): void {
    if (this.#replaying > 0) return;
    if (!this.#open) fail('domain', '.log.roll: no journal open');
    this.#archive();
    this.#reopen();
  }

  /**
   * Keeps the globals and begins a new log. The order makes a crash at any point harmless: while the log is there, a snapshot on its
   * way counts for nothing; once it is archived, the snapshot on its way is the state (`#recover`). Errors: as `roll`, `type`.
   */
  snapshot(): void {
    if (this.#replaying > 0) return;
    if (!this.#open) fail('domain', '.log.snapshot: no journal open');
    const frame = encodeFrame(snapshotOf(this.interp), { msgtype: 0, dialect: this.dialect, compress: false });
    const beside = `${this.#base}.qdb.tmp`;
    replaceFile(beside, [frame], OWNER_ONLY);
    this.#archive();
    this.#rename(beside, `${this.#base}.qdb`);
    this.#reopen();
  }

  /** Nothing where no journal is open. */
  close(): void {
    if (this.#replaying > 0) return;
    this.#open = false;
    this.#file?.close();
    this.#file = null;
    this.#unlock();
  }

  /** Removes all files of the journal that is or was open. Errors: `domain` none ever was, `io`. */
  purge(): void {
    if (this.#replaying > 0) return;
    if (this.#base === '') fail('domain', '.log.purge: no journal was opened');
    this.close();
    const base = this.#base;
    this.#base = '';
    attempt(base, (file) => {
      const own = basename(file);
      const ours = (f: string): boolean => [`${own}.log`, `${own}.qdb`, `${own}.qdb.tmp`, `${own}.qdb.tmp.tmp`].includes(f) || (f.startsWith(`${own}.`) && f.endsWith('.log'));
      for (const f of readdirSync(dirname(file)).filter(ours)) rmSync(join(dirname(file), f), { force: true });
    });
  }

  /** Evaluates the records of any journal file. Errors: as `start`, `limit`. */
  replay(path: string): Replayed {
    if (this.#replaying >= MAX_NESTED) fail('limit', `.log.replay: ${MAX_NESTED} logs that replay each other`);
    this.#replaying++;
    try {
      return attempt(path, () => replay(this.interp, path, this.#decoding, (message) => this.#report('warn', message)));
    } finally {
      this.#replaying--;
    }
  }

  #recover(base: string, cut: boolean): void {
    const log = `${base}.log`;
    const snapshot = `${base}.qdb`;
    this.#settle(base);
    const torn = there(log) ? this.#tornAt(log) : null;
    if (torn !== null) {
      if (!cut) fail('badtail', `journal ${log} is damaged at its end: ${torn.records} entries are whole, valid bytes = ${torn.valid}; --journal-cut cuts it at offset ${torn.valid}`);
      attempt(log, (file) => cutFile(file, torn.valid));
      this.#report('warn', `log: cut ${fromBytes(log)} at offset ${torn.valid} after ${torn.records} entries`);
    }
    if (there(snapshot)) this.#load(snapshot);
    if (!there(log)) return;
    const { records, errors } = this.replay(log);
    this.#report('info', `log: replayed ${records} entries (${errors} eval errors) from ${fromBytes(log)}`);
  }

  /** Gives the lock back where `body` fails. */
  #locked(body: () => void): void {
    try {
      body();
    } catch (e) {
      this.#unlock();
      throw e;
    }
  }

  #unlock(): void {
    this.#lock?.release();
    this.#lock = null;
  }

  /** Finishes or forgets a snapshot that a crash left on its way. */
  #settle(base: string): void {
    const snapshot = `${base}.qdb`;
    if (!there(`${snapshot}.tmp`)) return;
    if (there(`${base}.log`)) attempt(snapshot, (file) => rmSync(`${file}.tmp`));
    else this.#rename(`${snapshot}.tmp`, snapshot);
  }

  #tornAt(log: string): { records: number; valid: number } | null {
    const { torn, records, valid } = attempt(log, (file) => scanJournal(file));
    return torn ? { records, valid } : null;
  }

  #load(snapshot: string): void {
    const bytes = attempt(snapshot, (file) => readFileSync(file));
    const reader = attempt(snapshot, (file) => scanJournal(file));
    if (reader.torn || reader.records !== 1) fail('deser', `snapshot ${snapshot} is no snapshot, or damaged`);
    let v: Value;
    try {
      v = decodePayload(bytes, bytes[5], this.#decoding, HEADER_SIZE);
    } catch (e) {
      throw e instanceof RayError ? new RayError(e.code, `snapshot ${snapshot}: ${e.message}`) : e;
    }
    const { bound, skipped } = bindSnapshot(this.interp, v, snapshot);
    this.#report('info', `log: loaded snapshot ${fromBytes(snapshot)} (${bound} bound, ${skipped} skipped)`);
  }

  #append(parts: readonly Uint8Array[]): void {
    if (this.#file === null) this.#reopen();
    attempt(`${this.#base}.log`, () => this.#file!.append(parts));
  }

  #reopen(): void {
    this.#file = attempt(`${this.#base}.log`, (file) => new AppendFile(file, this.#durable));
  }

  /** Closes the log and gives it the name of this second; two of one second get different names. */
  #archive(): void {
    const stamp = `${this.#base}.${new Date(this.interp.host.wall()).toISOString().slice(0, 19).replaceAll('-', '.').replaceAll(':', '.')}Z`;
    let archive = `${stamp}.log`;
    for (let n = 1; there(archive); n++) archive = `${stamp}.${n}.log`;
    this.#file?.close();
    this.#file = null;
    try {
      this.#rename(`${this.#base}.log`, archive);
    } catch (e) {
      this.#reopen();
      throw e;
    }
  }

  #rename(from: string, to: string): void {
    attempt(to, (file) => {
      renameSync(fromBytes(from), file);
      syncFolder(dirname(file));
    });
  }

  #report(level: LogRecord['level'], message: string): void {
    this.log({ level, event: 'journal', message });
  }
}

const there = (path: string): boolean => existsSync(fromBytes(path));
