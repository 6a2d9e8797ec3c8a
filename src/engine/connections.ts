/** The connections as the evaluating thread knows them: who is there, who is away, and the hooks at both ends of a connection's life. */
import type { Lambda } from '../lang/value.js';
import { RayError } from '../lang/errors.js';
import { truthy } from '../lang/truth.js';
import { OPENED, TO_IO } from './channel.js';
import { Conn } from './conn.js';
import { explainBriefly } from './errors-text.js';
import type { LangSide } from './lang-side.js';
import type { AuthQuestion } from './messages.js';
import type { NetEvent } from './net-calls.js';

export class Connections {
  readonly #open = new Map<number, Conn>();
  /** Handles of connections that were lost and are dialled again. */
  readonly #away = new Set<number>();

  constructor(private readonly lang: LangSide) {}

  get active(): boolean {
    return this.#open.size > 0 || this.#away.size > 0;
  }
  get(handle: number): Conn | undefined {
    return this.#open.get(handle);
  }
  /** The connection to send over. A program that does not serve hears here whether a lost one is back. */
  reach(handle: number): Conn | undefined {
    while (this.#away.has(handle)) {
      const known = this.lang.inbox.first((t) => t.handle === handle);
      if (known === null) break;
      this.lang.serve(known);
    }
    return this.#open.get(handle);
  }
  isAway(handle: number): boolean {
    return this.#away.has(handle);
  }
  /** Why nothing can be sent, for people. */
  why(handle: number): string {
    if (this.lang.soc.has(handle)) return 'a pipe: it is sent to by .soc';
    return this.#away.has(handle) ? 'connection lost, and not back yet' : 'connection closed';
  }

  /* ── the beginning ─────────────────────────────────────────────────── */

  /** Whether a user is let in, as the hook says. */
  judge(handle: number, { user, password, restricted }: AuthQuestion): void {
    const { lang } = this;
    let ok = true;
    const hook = lang.hooks.auth;
    if (hook !== null) {
      try {
        ok = truthy(lang.dispatcher.within(handle, restricted, () => lang.interp.call(hook, [user, password])));
      } catch (e) {
        if (!(e instanceof RayError)) throw e;
        ok = false;
        lang.log({ level: 'warn', event: 'hook-error', handle, message: `ipc: .ipc.on.auth hook raised an error — rejecting: ${explainBriefly(e)}` });
      }
    }
    lang.send(TO_IO.AUTH, handle, ok ? 1 : 0);
    lang.end.flush();
  }
  /** Somebody has connected; `arg` as in `OPENED`. */
  accepted(handle: number, arg: number): void {
    const conn = new Conn(handle, true, (arg & OPENED.RESTRICTED) !== 0, arg >> OPENED.PORT, (arg & OPENED.NUMBERED) !== 0);
    this.#open.set(handle, conn);
    this.#openHook(conn);
  }
  /** Takes up a connection that was opened for a script. */
  opened(conn: Conn): void {
    // What is left of an earlier connection with this handle was behind the times when the handle was given away.
    this.lang.inbox.forget(conn.handle);
    this.#open.set(conn.handle, conn);
    if (conn.returns) this.#openHook(conn);
  }
  /** A connection that was lost is there again. */
  returned(handle: number, { localPort, restricted, numbered }: Extract<NetEvent, { is: 'back' }>): void {
    if (this.#away.delete(handle)) this.opened(new Conn(handle, false, restricted, localPort, numbered, true));
  }

  /* ── the end ───────────────────────────────────────────────────────── */

  /** Nothing more comes of a connection. */
  ended(handle: number): void {
    const conn = this.#open.get(handle);
    if (conn === undefined) return;
    if (conn.muted) {
      conn.ended = true;
      return;
    }
    if (conn.returns) this.#away.add(handle);
    this.#gone(conn);
    // Closed by its hook, its handle may be somebody else's by now.
    if (!conn.returns || this.#away.has(handle)) this.lang.send(TO_IO.RELEASE, handle);
  }
  /** Closes from this side; the close hook runs first. Unknown handles are ignored. */
  close(handle: number): void {
    if (this.#away.delete(handle)) return this.#closes(handle);
    const conn = this.#open.get(handle);
    if (conn === undefined || !conn.open) return;
    this.#gone(conn);
    this.#closes(handle);
  }
  closeAll(): void {
    for (const handle of [...this.#open.keys(), ...this.#away]) this.close(handle);
  }

  #closes(handle: number): void {
    this.lang.send(TO_IO.CLOSE, handle);
    this.lang.end.flush();
  }
  #gone(conn: Conn): void {
    // Taken off the table before the hook runs: a close inside the hook must not close twice.
    this.#open.delete(conn.handle);
    const hook = conn.inbound || conn.returns ? this.lang.hooks.close : null;
    if (hook !== null) this.#call('close', conn, hook);
    conn.open = false;
  }

  #openHook(conn: Conn): void {
    const hook = this.lang.hooks.open;
    if (hook !== null) this.#call('open', conn, hook);
  }
  #call(name: 'open' | 'close', conn: Conn, hook: Lambda): void {
    try {
      this.lang.dispatcher.hook(conn, hook, [conn.handle]);
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      this.lang.log({
        level: 'warn', event: 'hook-error', handle: conn.handle,
        message: `ipc: .ipc.on.${name} hook raised an error (handle=${conn.handle}): ${explainBriefly(e)}`,
      });
    }
  }
}
