/**
 * Tokens that stand for a connection on its way from the broker to a backend, and the acknowledgements that are due for them.
 * Time is what the caller says, in ms; randomness is injected.
 */
import { hex, sameBytes } from './secrets.js';

export const TOKEN_BYTES = 16;

/** Bytes nobody can guess; throws where the system has none. */
export type RandomBytes = (n: number) => Uint8Array;

export interface TokenLimits { readonly maxPending: number; readonly ttlMs: number; readonly collisionAttempts: number }
/** A pending token costs about 200 bytes; a backend that takes 30 s has lost its client long before. */
export const TOKEN_LIMITS: TokenLimits = { maxPending: 1024, ttlMs: 30_000, collisionAttempts: 16 };

export type IssueFault =
  | { readonly fault: 'PendingLimitReached'; readonly max: number }
  | { readonly fault: 'CollisionExhausted'; readonly attempts: number }
  | { readonly fault: 'Random' };
export type ConsumeFault = 'TokenNotPending' | 'TokenExpired' | 'TokenMismatch';

export class TokenStore {
  readonly #limits: TokenLimits;
  /** Expiry by token; in the order of issue, which is the order of expiry. */
  readonly #pending = new Map<string, number>();

  /** A limit below 1 counts as 1. */
  constructor(private readonly random: RandomBytes, limits: Partial<TokenLimits> = {}) {
    const { maxPending, ttlMs, collisionAttempts } = { ...TOKEN_LIMITS, ...limits };
    this.#limits = { maxPending: Math.max(1, maxPending), ttlMs: Math.max(1, ttlMs), collisionAttempts: Math.max(1, collisionAttempts) };
  }

  get pending(): number {
    return this.#pending.size;
  }

  issue(now: number): { readonly token: Uint8Array } | IssueFault {
    const { maxPending, ttlMs, collisionAttempts } = this.#limits;
    this.prune(now);
    if (this.#pending.size >= maxPending) return { fault: 'PendingLimitReached', max: maxPending };
    for (let i = 0; i < collisionAttempts; i++) {
      let token: Uint8Array;
      try {
        token = this.random(TOKEN_BYTES);
      } catch {
        return { fault: 'Random' };
      }
      const key = hex(token);
      if (this.#pending.has(key)) continue;
      this.#pending.set(key, now + ttlMs);
      return { token };
    }
    return { fault: 'CollisionExhausted', attempts: collisionAttempts };
  }

  /** Awaits a token that somebody else has issued, as long as one of our own. False: there is no room, or it is awaited already. */
  expect(token: Uint8Array, now: number): boolean {
    this.prune(now);
    const key = hex(token);
    if (this.#pending.size >= this.#limits.maxPending || this.#pending.has(key)) return false;
    this.#pending.set(key, now + this.#limits.ttlMs);
    return true;
  }

  /** Uses a token up, once; null when that worked. A token that differs from the expected one uses nothing up. */
  consume(expected: Uint8Array, presented: Uint8Array, now: number): ConsumeFault | null {
    const key = hex(expected);
    const expiry = this.#pending.get(key);
    this.prune(now);
    if (expiry === undefined) return 'TokenNotPending';
    if (now >= expiry) return 'TokenExpired';
    if (!sameBytes(expected, presented)) return 'TokenMismatch';
    this.#pending.delete(key);
    return null;
  }

  revoke(token: Uint8Array): boolean {
    return this.#pending.delete(hex(token));
  }

  /** Removes what expired; answers how many. */
  prune(now: number): number {
    let n = 0;
    for (const [key, expiry] of this.#pending) {
      if (now < expiry) break;
      this.#pending.delete(key);
      n++;
    }
    return n;
  }
}

export interface AckBackend { readonly serviceName: string; readonly pid: number }
export interface PendingAck { readonly token: Uint8Array; readonly backend: AckBackend; readonly issuedAt: number; readonly deadline: number }

/** Must stay below the tokens' time to live. */
export const ACK_DEADLINE_MS = 5000;

export type AckResult =
  | { readonly result: 'Acknowledged'; readonly token: Uint8Array; readonly backend: AckBackend; readonly waitedMs: number }
  | { readonly result: 'TokenNotPending' }
  | { readonly result: 'AckDeadlineExceeded'; readonly backend: AckBackend; readonly deadline: number };

/** Tokens and the acknowledgements due for them change together: a token is on offer exactly as long as its ACK is awaited. */
export class AckRegistry {
  readonly #deadlineMs: number;
  readonly #waiting = new Map<string, PendingAck>();

  constructor(readonly tokens: TokenStore, deadlineMs = ACK_DEADLINE_MS) {
    this.#deadlineMs = Math.max(1, deadlineMs);
  }

  get pending(): number {
    return this.#waiting.size;
  }

  /** Issues a token whose ACK is due from now on. */
  issue(backend: AckBackend, now: number): { readonly token: Uint8Array } | IssueFault {
    const issued = this.tokens.issue(now);
    if ('token' in issued) this.#waiting.set(hex(issued.token), { token: issued.token, backend, issuedAt: now, deadline: now + this.#deadlineMs });
    return issued;
  }

  waitingFor(token: Uint8Array): PendingAck | undefined {
    return this.#waiting.get(hex(token));
  }

  acknowledge(token: Uint8Array, now: number): AckResult {
    const entry = this.#take(token);
    if (entry === undefined) return { result: 'TokenNotPending' };
    const { backend, deadline, issuedAt } = entry;
    if (now >= deadline) return { result: 'AckDeadlineExceeded', backend, deadline };
    return { result: 'Acknowledged', token: entry.token, backend, waitedMs: now - issuedAt };
  }

  /** Nobody waits for this one any more. */
  abandon(token: Uint8Array): void {
    this.#take(token);
    this.tokens.revoke(token);
  }

  /** Removes what is overdue and revokes its tokens; these clients use `backend_pipe`. To be called now and then. */
  expireOverdue(now: number): PendingAck[] {
    const overdue = [...this.#waiting.values()].filter((entry) => now >= entry.deadline);
    for (const { token } of overdue) this.#take(token);
    return overdue;
  }

  /** When `expireOverdue` has something to do next, or null. */
  get nextDeadline(): number | null {
    for (const { deadline } of this.#waiting.values()) return deadline;
    return null;
  }

  #take(token: Uint8Array): PendingAck | undefined {
    const key = hex(token);
    const entry = this.#waiting.get(key);
    if (entry === undefined) return undefined;
    this.#waiting.delete(key);
    this.tokens.revoke(token);
    return entry;
  }
}

export type AdoptionFault =
  | { readonly fault: 'MissingToken' }
  | { readonly fault: 'InvalidTokenLength'; readonly actual: number; readonly expected: number }
  | { readonly fault: ConsumeFault };

/** The backend's check of a connection that was handed to it; null: it is the backend's from now on. */
export function acceptHandedOff(store: TokenStore, expected: Uint8Array, presented: Uint8Array, now: number): AdoptionFault | null {
  if (presented.length === 0) return { fault: 'MissingToken' };
  if (presented.length !== TOKEN_BYTES) return { fault: 'InvalidTokenLength', actual: presented.length, expected: TOKEN_BYTES };
  const fault = store.consume(expected, presented, now);
  return fault === null ? null : { fault };
}

/** What an ACK says about it. */
export function adoptionText(fault: AdoptionFault): string {
  switch (fault.fault) {
    case 'MissingToken': return 'handoff token is missing';
    case 'InvalidTokenLength': return `handoff token length was ${fault.actual} bytes; expected ${fault.expected}`;
    case 'TokenMismatch': return 'handoff token mismatch';
    case 'TokenExpired': return 'handoff token expired';
    case 'TokenNotPending': return 'handoff token is not pending';
  }
}
