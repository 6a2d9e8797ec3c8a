/**
 * Tokens that show a client knows the broker and the daemon as they run now: 16 bytes of each. A sign of life, not a proof of
 * identity. Opt-in: with them on, every Hello must bring one.
 */
import type { RandomBytes } from './handoff-tokens.js';
import { sameBytes } from './secrets.js';

const SESSION_HALF_BYTES = 16;

export class SessionTokens {
  #broker: Uint8Array;
  readonly #daemons = new Map<string, Uint8Array>();

  constructor(private readonly random: RandomBytes) {
    this.#broker = random(SESSION_HALF_BYTES);
  }

  /** A daemon of this service started: earlier tokens for it are over. Answers the new one. */
  register(service: string): Uint8Array {
    this.#daemons.set(service, this.random(SESSION_HALF_BYTES));
    return this.token(service)!;
  }

  unregister(service: string): void {
    this.#daemons.delete(service);
  }

  /** All tokens are over. */
  rotate(): void {
    this.#broker = this.random(SESSION_HALF_BYTES);
  }

  token(service: string): Uint8Array | null {
    const daemon = this.#daemons.get(service);
    if (daemon === undefined) return null;
    const token = new Uint8Array(2 * SESSION_HALF_BYTES);
    token.set(this.#broker);
    token.set(daemon, SESSION_HALF_BYTES);
    return token;
  }

  /** Why a token is not taken, or null. */
  fault(token: Uint8Array, service: string): string | null {
    if (token.length !== 2 * SESSION_HALF_BYTES) return 'session token malformed: wrong byte length';
    if (!sameBytes(token.subarray(0, SESSION_HALF_BYTES), this.#broker)) return 'session invalidated: broker was restarted or rotated since this token was issued';
    const daemon = this.#daemons.get(service);
    if (daemon === undefined) return 'session invalidated: daemon is no longer registered';
    if (!sameBytes(token.subarray(SESSION_HALF_BYTES), daemon)) return 'session invalidated: daemon was restarted since this token was issued';
    return null;
  }
}
