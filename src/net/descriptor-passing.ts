/**
 * Passing an open connection to another process over a Unix socket, and taking one. The runtime itself would read such a message as
 * plain bytes and lose the descriptor: so the connection that takes must not be read from, which is what `mute` is for.
 */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { cLibrary, MESSAGE_BYTES, type DescriptorPassing } from './c-library.js';
import { systemClock, type Clock } from './clock.js';
import type { Connection } from './endpoint.js';
import { peerCredentials } from './peer-credentials.js';
import { SocketTransport } from './socket-transport.js';
import type { Transport } from './transport.js';

/**
 * - `passed`: the peer has, or will have, the payload and a descriptor of its own. Drop this side with `hardClose`: `close` would
 *   end the stream for both.
 * - `partly`: the peer may have the descriptor, but not all of the payload. The connection it was sent over is of no more use.
 * - `refused`: nothing has left. `code`: `unavailable` (no C library), `not-ready` (see `passConnection`), or the system's own.
 */
export type Passed =
  | { readonly kind: 'passed' }
  | { readonly kind: 'partly'; readonly bytes: number }
  | { readonly kind: 'refused'; readonly code: string };

/**
 * `transport`: what was passed, for `Connection.server`; nothing was read from it. `onReleased`: calls `run` when its descriptor is
 * free. On `refused` every descriptor that came is closed.
 */
export type Taken =
  | { readonly kind: 'taken'; readonly payload: Uint8Array; readonly transport: Transport; onReleased(run: () => void): void }
  | { readonly kind: 'refused'; readonly code: TakeRefusal | string };

export const TAKE_REFUSALS = {
  unavailable: 'there is no C library to ask',
  'not-ready': 'the connection is not open, not plain, not muted, or has read ahead',
  closed: 'one of the sides closed before everything was there',
  timeout: 'not everything came in time',
  'no-descriptor': 'bytes came without a descriptor',
  'several-descriptors': 'more than one descriptor came',
  'no-stream': 'the descriptor is not a connected stream socket',
} as const;
export type TakeRefusal = keyof typeof TAKE_REFUSALS;

/** Whether this system can pass connections at all. */
export function canPassConnections(): boolean {
  return passing() !== null;
}

/**
 * Sends `payload` (1 to 4096 bytes) together with the socket of `passed`, ahead of whatever is sent over `over` later. Both have to be
 * open, plain and without bytes that wait, and `passed` muted: what it reads here, its new owner would miss.
 */
export function passConnection(over: Connection, payload: Uint8Array, passed: Connection, library: DescriptorPassing | null = passing()): Passed {
  if (library === null) return { kind: 'refused', code: 'unavailable' };
  if (over.descriptor < 0 || passed.descriptor < 0 || over.pendingSends > 0 || !passed.muted || !passed.atRest) return { kind: 'refused', code: 'not-ready' };
  const answer = library.sendMessage(over.descriptor, payload, [passed.descriptor]);
  if (typeof answer === 'string') return { kind: 'refused', code: answer };
  if (answer === 0) return { kind: 'refused', code: 'EAGAIN' };
  return answer === payload.length ? { kind: 'passed' } : { kind: 'partly', bytes: answer };
}

/**
 * Takes exactly `bytes` bytes (1 to 4096) and the connection that comes with them from `over`, which was muted before anything could be
 * read from it (in `onStarted` or `onConnected`) and can be unmuted afterwards: what follows is delivered as usual.
 */
export function takeConnection(over: Connection, bytes: number, timeoutMs: number, { clock = systemClock, library = passing() }: { clock?: Clock; library?: DescriptorPassing | null } = {}): Promise<Taken> {
  if (library === null) return Promise.resolve({ kind: 'refused', code: 'unavailable' });
  if (over.descriptor < 0 || !over.muted || !over.atRest || bytes < 1 || bytes > MESSAGE_BYTES) return Promise.resolve({ kind: 'refused', code: 'not-ready' });
  return new Promise((resolve) => new Taking(over, bytes, clock, library, resolve).begin(timeoutMs));
}

/** Attempts in turns of their own, about half a millisecond of them, before waiting: a sender that writes right after it has connected is met by then. */
const EAGER = 256;
const MOST_WAIT_MS = 8;

/** Looks again and again, since nothing tells when there is something to read on a socket that is not read from. */
class Taking {
  readonly #payload: Uint8Array;
  #filled = 0;
  #descriptor = -1;
  #looked = 0;
  #deadline = 0;

  constructor(
    private readonly over: Connection, bytes: number, private readonly clock: Clock, private readonly library: DescriptorPassing,
    private readonly resolve: (taken: Taken) => void,
  ) {
    this.#payload = new Uint8Array(bytes);
  }

  begin(timeoutMs: number): void {
    this.#deadline = this.clock.now() + timeoutMs;
    this.#look();
  }

  #look(): void {
    for (;;) {
      const { descriptor, muted } = this.over;
      if (descriptor < 0) return this.#refuse('closed');
      if (!muted) return this.#refuse('not-ready');
      const message = this.library.receiveMessage(descriptor, this.#payload.length - this.#filled);
      if (message === 'EAGAIN' || message === 'EINTR') return this.#wait();
      if (typeof message === 'string') return this.#refuse(message);
      const { payload, descriptors, truncated } = message;
      for (const fd of descriptors.slice(1)) closeSync(fd);
      if (descriptors.length > 0) {
        if (this.#descriptor >= 0) closeSync(this.#descriptor);
        const several = this.#descriptor >= 0 || descriptors.length > 1 || truncated;
        this.#descriptor = descriptors[0];
        if (several) return this.#refuse('several-descriptors');
      }
      if (payload.length === 0) return this.#refuse('closed');
      this.#payload.set(payload, this.#filled);
      this.#filled += payload.length;
      if (this.#filled === this.#payload.length) return this.#complete();
    }
  }

  #wait(): void {
    const left = this.#deadline - this.clock.now();
    if (left <= 0) return this.#refuse('timeout');
    const waits = this.#looked++ - EAGER;
    if (waits < 0) this.clock.soon(() => this.#look());
    else this.clock.after(Math.min(left, MOST_WAIT_MS, 1 + (waits >> 3)), () => this.#look());
  }

  #complete(): void {
    if (this.#descriptor < 0) return this.#refuse('no-descriptor');
    const socket = adopt(this.#descriptor, this.library);
    if (socket === null) return this.#refuse('no-stream');
    const found = peerCredentials(socket);
    const transport = new SocketTransport(socket, found === 'unavailable' ? null : found);
    this.resolve({ kind: 'taken', payload: this.#payload, transport, onReleased: (run) => void socket.once('close', run) });
  }

  #refuse(code: TakeRefusal | string): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.resolve({ kind: 'refused', code });
  }
}

function passing(): DescriptorPassing | null {
  return cLibrary()?.passing ?? null;
}

/** Makes a stream of a descriptor, which belongs to it from here on; null: it is none. */
function adopt(fd: number, library: DescriptorPassing): Socket | null {
  if (!library.isStream(fd)) return null;
  try {
    return new Socket({ fd, allowHalfOpen: true, readable: true, writable: true, pauseOnCreate: true } as ConstructorParameters<typeof Socket>[0]);
  } catch {
    return null;
  }
}
