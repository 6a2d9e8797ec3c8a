/** A TCP or Unix socket, plain or with TLS, as a transport. */
import type { Socket } from 'node:net';
import { CONGESTED, PENDING, TAKEN, type PeerCredentials, type PeerName, type TlsSession, type Transport, type TransportEvents, type WriteOutcome } from './transport.js';
import { liveTlsError, type TlsFailure } from './failures.js';
import type { TlsDetails } from './tls-context.js';
import { watchSilentRecords } from './silent-records.js';
import { secureSocket } from './tls-handshake.js';

/** Up to here the pieces of a list are copied together; beyond, handing them over one by one is cheaper. */
const COPY_BYTES = 16 << 10;
/** TLS encrypts and pipes write in the background: so much may be on its way before it counts as refused, in one turn and over several. */
const BURST = 256 << 10;
const LINGERING = 64 << 10;
/** What is encrypted at a time. TLS takes all it is given at once: 100 MB would hold everybody else up for as long as that takes. */
const TLS_PIECE = 128 << 10;

const PIPES = process.platform === 'win32';

/** The runtime finishes writes of TLS, and those that are made when it does, before anything else happens: after so many the others get their turn. */
const TLS_WRITES_A_TURN = 64;

/** What the runtime knows about a socket's handle; not part of its public interface, so every use has another way. */
interface Handle { readonly fd?: number; readonly bytesWritten?: number; readonly writeQueueSize?: number }

abstract class BaseTransport implements Transport {
  protected events: TransportEvents | null = null;
  protected written = 0;
  protected known = 0;
  protected pending = false;
  #congested = false;
  #checking = false;
  #held = false;
  #gone = false;
  #early: Error | null = null;

  constructor(protected readonly socket: Socket, readonly peer: PeerName) {
    socket.on('error', this.#onError);
  }

  /** Bytes the kernel has, while the socket lives. */
  protected abstract measure(): number;
  /** Bytes of writes that are not finished. */
  protected abstract readonly waiting: number;
  protected abstract outcome(): WriteOutcome;
  /** An error of the socket, as whoever opened this is to see it. */
  protected told(error: Error): Error {
    return error;
  }
  abstract readonly descriptor: number;
  abstract readonly tls: TlsDetails | null;
  abstract secure(session: TlsSession, events: TransportEvents): TlsFailure | null;

  open(events: TransportEvents): void {
    const { socket } = this;
    // Dropped by whoever had it before: its owner has to hear of it.
    if (this.#gone) return void setImmediate(() => events.failed(Object.assign(new Error('the stream was dropped before it was opened'), { code: 'ECONNABORTED' })));
    this.events = events;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('finish', this.#onFinish);
    socket.on('close', this.#onClose);
    if (this.#early !== null) {
      const error = this.#early;
      setImmediate(() => this.events?.failed(error));
    } else if (!this.#held) socket.resume();
  }

  unread(chunk: Uint8Array): void {
    this.release().unshift(chunk);
  }

  write(chunks: readonly Uint8Array[], bytes: number): WriteOutcome {
    const { socket } = this;
    this.written += bytes;
    this.hand(chunks, bytes);
    if (!this.#unsent && !socket.destroyed && socket.errored === null) {
      this.known = this.written;
      return TAKEN;
    }
    this.pending = true;
    const outcome = this.outcome();
    if (outcome === CONGESTED) this.#congested = true;
    return outcome;
  }

  taken(): number {
    // While nothing is pending there is nothing to ask. A socket that has failed or was destroyed tells whatever it likes about its writes.
    if (this.pending && !this.socket.destroyed && this.socket.errored === null) this.known = this.measure();
    return this.known;
  }

  end(): void {
    this.socket.end();
  }
  pause(): void {
    this.#held = true;
    this.socket.pause();
  }
  resume(): void {
    this.#held = false;
    if (this.events !== null) this.socket.resume();
  }
  destroy(): void {
    const { events, socket } = this;
    this.events = null;
    this.#gone = true;
    if (socket.destroyed) return events?.released();
    socket.removeListener('close', this.#onClose);
    if (events !== null) socket.once('close', () => events.released());
    socket.destroy();
  }
  get busy(): boolean {
    return this.socket.readableLength > 0 || this.#unsent;
  }
  setNoDelay(on: boolean): void {
    if (this.peer.kind === 'tcp') this.socket.setNoDelay(on);
  }
  setKeepAlive(idleMs: number): void {
    if (this.peer.kind === 'tcp') this.socket.setKeepAlive(idleMs > 0, idleMs);
  }

  protected hand(chunks: readonly Uint8Array[], bytes: number): void {
    const { socket } = this;
    if (chunks.length === 1) socket.write(chunks[0], this.onWritten);
    else if (bytes <= COPY_BYTES) socket.write(Buffer.concat(chunks, bytes), this.onWritten);
    else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk, this.onWritten);
      socket.uncork();
    }
  }
  /** More can be handed over. */
  protected room(): void {}

  /** Gives the socket away: no listener of ours is left that would take its bytes. */
  protected release(): Socket {
    const { socket } = this;
    this.events = null;
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('finish', this.#onFinish);
    socket.removeListener('close', this.#onClose);
    socket.pause();
    return socket;
  }
  /** The kernel may have all of what has not been reported as finished yet. */
  get #unsent(): boolean {
    return this.waiting > 0 && this.measure() !== this.written;
  }
  /** Of bytes that leave in the background. */
  protected inBackground(): WriteOutcome {
    const { waiting } = this;
    if (waiting >= BURST) return CONGESTED;
    if (waiting >= LINGERING) this.#checkNextTurn();
    return PENDING;
  }
  /** What is PENDING for longer than a turn is CONGESTED when there is much of it. */
  #checkNextTurn(): void {
    if (this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      if (this.#congested || this.waiting < LINGERING) return;
      this.#congested = true;
      this.events?.congested();
    });
  }

  readonly #onData = (chunk: Uint8Array): void => this.events?.data(chunk);
  readonly #onEnd = (): void => this.events?.ended();
  readonly #onFinish = (): void => this.events?.finished();
  readonly #onClose = (): void => this.events?.released();
  readonly #onError = (error: Error): void => {
    const told = this.told(error);
    if (this.events === null) this.#early ??= told;
    else this.events.failed(told);
  };
  /** Also runs after `destroy`, and then claims success for bytes that never left. */
  protected readonly onWritten = (error?: Error | null): void => {
    const { events, socket } = this;
    if (!this.pending || events === null || error || socket.destroyed || socket.errored !== null) return;
    this.completed(events);
  };
  /** A write is finished. */
  protected completed(events: TransportEvents): void {
    this.room();
    if (this.waiting > 0) return events.progress();
    this.known = this.written;
    this.pending = false;
    this.#congested = false;
    events.drained();
  }
}

export class SocketTransport extends BaseTransport {
  readonly tls = null;
  #start: number;

  constructor(socket: Socket, credentials: PeerCredentials | null = null) {
    super(socket, nameOf(socket, credentials));
    this.#start = this.#handle()?.bytesWritten ?? 0;
  }

  get descriptor(): number {
    return this.#handle()?.fd ?? -1;
  }
  protected get waiting(): number {
    return this.socket.writableLength;
  }
  protected measure(): number {
    const handle = this.#handle();
    if (typeof handle?.bytesWritten !== 'number' || typeof handle.writeQueueSize !== 'number') return this.written - this.waiting;
    return handle.bytesWritten - handle.writeQueueSize - this.#start;
  }
  /** The kernel was asked within `write`: what it has not taken, it has refused. Pipes of Windows answer in a later turn. */
  protected outcome(): WriteOutcome {
    return PIPES && this.peer.kind === 'unix' ? this.inBackground() : CONGESTED;
  }

  secure(session: TlsSession, events: TransportEvents): TlsFailure | null {
    const raw = this.release();
    const failure = secureSocket(raw, session, {
      secured: (socket, details) => {
        watchSilentRecords(socket, raw, session.context.options.silentBytes);
        const transport = new TlsTransport(socket, this.peer, details);
        socket.pause();
        events.secured(transport, details);
        transport.open(events);
      },
      refused: (reason) => events.refused(reason),
    });
    // Nothing has begun: the stream goes on as it was.
    if (failure !== null) this.open(events);
    return failure;
  }

  #handle(): Handle | null {
    return (this.socket as unknown as { readonly _handle: Handle | null })._handle;
  }
}

class TlsTransport extends BaseTransport {
  /** What is not handed over yet: `#restBytes`, of `#rest` from `#next` on. */
  #rest: Uint8Array[] = [];
  #next = 0;
  #restBytes = 0;
  #ending = false;
  /** Writes that were finished since it was last looked whether they were all of one turn. */
  #finished = 0;

  constructor(socket: Socket, peer: PeerName, readonly tls: TlsDetails) {
    super(socket, peer);
  }

  readonly descriptor = -1;
  protected override told(error: Error): Error {
    return liveTlsError(error);
  }
  protected get waiting(): number {
    return this.socket.writableLength + this.#restBytes;
  }
  protected measure(): number {
    return this.written - this.waiting;
  }
  protected outcome(): WriteOutcome {
    return this.inBackground();
  }
  protected override hand(chunks: readonly Uint8Array[], bytes: number): void {
    if (this.#restBytes === 0 && bytes <= TLS_PIECE) return super.hand(chunks, bytes);
    for (const chunk of chunks) this.#rest.push(chunk);
    this.#restBytes += bytes;
    this.room();
  }
  protected override room(): void {
    const { socket } = this;
    // A little room is left alone: a few bytes would be a record of their own.
    if (this.#restBytes === 0 || socket.writableLength > TLS_PIECE / 2) return;
    for (let left = TLS_PIECE - socket.writableLength; left > 0 && this.#restBytes > 0; ) {
      const chunk = this.#rest[this.#next];
      const piece = chunk.subarray(0, left);
      if (piece.length === chunk.length) this.#next++;
      else this.#rest[this.#next] = chunk.subarray(left);
      left -= piece.length;
      this.#restBytes -= piece.length;
      super.hand([piece], piece.length);
    }
    if (this.#restBytes > 0) return;
    this.#rest = [];
    this.#next = 0;
    if (this.#ending) this.#takeLeave();
  }
  protected override completed(events: TransportEvents): void {
    if (++this.#finished > TLS_WRITES_A_TURN) return;
    // Whose writes are finished one a turn has hardly ever to be looked after.
    if (this.#finished === TLS_WRITES_A_TURN / 2) setImmediate(this.#turned);
    super.completed(events);
  }
  readonly #turned = (): void => {
    const left = this.#finished > TLS_WRITES_A_TURN;
    this.#finished = 0;
    if (left) this.onWritten();
  };
  override end(): void {
    this.#ending = true;
    if (this.#restBytes === 0) this.#takeLeave();
  }
  /** In a turn of its own: in the middle of a read it would make the library forget what it has read and not handed over. */
  #takeLeave(): void {
    setImmediate(() => {
      if (!this.socket.destroyed) super.end();
    });
  }
  /** Whoever keeps a closed connection keeps none of its bytes. */
  override destroy(): void {
    this.#rest = [];
    this.#restBytes = 0;
    super.destroy();
  }
  /** TLS within TLS is not offered: the connection refuses before it comes here. */
  secure(): TlsFailure {
    return { kind: 'general', code: 'session-failed', message: 'TLS is live already' };
  }
}

function nameOf(socket: Socket, credentials: PeerCredentials | null): PeerName {
  const { remoteAddress, remotePort = 0, localPort = 0 } = socket;
  if (remoteAddress === undefined) return { kind: 'unix', name: 'unix', port: 0, localPort: 0, credentials };
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
  return { kind: 'tcp', name: `${host}:${remotePort}`, port: remotePort, localPort, credentials };
}
