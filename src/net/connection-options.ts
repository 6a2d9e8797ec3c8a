/** What a connection is made of, and its limits: each with its default and the reason for it. */
import { systemClock, type Clock } from './clock.js';
import { withDefaults } from './defaults.js';
import { logToStderr, type Log } from './handlers.js';
import type { TlsContext } from './tls-context.js';
import type { Dialer, DialTarget } from './transport.js';

/** Of both sides. Each has its default. */
export interface ConnectionOptions {
  /** From the start to ready, in ms; covers the name look-up, TCP and TLS. null: no limit. Clients only. Default 30 000: longer than three SYN retransmissions. */
  readonly connectTimeoutMs: number | null;
  /** For each TLS handshake, in ms. Default 10 000: a silent peer must not hold a slot, a slow phone may need seconds. */
  readonly handshakeTimeoutMs: number;
  /** From `close` until the peer has agreed, in ms. Default 5 000: a silent peer must not hold the descriptor. */
  readonly closeTimeoutMs: number;
  /** Most bytes of one send. Default 256 MiB: nothing else bounds the memory one accepted send may hold. */
  readonly maxSendBytes: number;
  /**
   * Collects sends of one turn in a buffer of so many bytes, and writes them together when the turn is over or the buffer full; 0 does
   * not. At most 1 MiB. Default 0: with one message a turn it only costs. 65 536 makes bursts of small messages ten times faster.
   */
  readonly coalesceBytes: number;
  /** Largest message `bufferUntil` may ask for, in bytes. Default 16 384, as much as one TLS record holds. */
  readonly readBufferMinimum: number;
  /** Bytes delivered in one turn before others get theirs. Default 262 144, a few reads of a socket: with less, streams would wait more than they run. */
  readonly readBufferSize: number;
  /** Messages delivered in one turn before others get theirs. Default 1 000: small frames take a microsecond each. */
  readonly messagesPerTurn: number;
  /** `onSent` calls in a row that answer sends made inside of `onSent`, before others get their turn. Default 64. */
  readonly chainedSends: number;
  /** The peer's end is reported as `onPeerEnd` instead of closing the connection. Default false: whoever does not ask for it forgets to close. */
  readonly halfOpen: boolean;
  /** Small packets leave at once. Default true: this is request and response traffic. */
  readonly noDelay: boolean;
  /** TCP probes after so many idle ms; 0: none. Default 0. */
  readonly keepAliveMs: number;
  /** Default: that of the system. */
  readonly clock: Clock;
  /** Default: a line on stderr. */
  readonly log: Log;
}

/** Of `Connection.client`. */
export interface ClientOptions extends Partial<ConnectionOptions> {
  /** Where to. */
  readonly target: DialTarget;
  /** Default: the sockets of the system. */
  readonly dialer?: Dialer;
}
/** Of `Connection.sslClient`. */
export interface SslClientOptions extends ClientOptions {
  /** Whom this side trusts, and what it shows. */
  readonly context: TlsContext;
  /** The name the server is asked for and its certificate has to be for. Default: the host of a TCP target; a path has none. */
  readonly servername?: string;
}
/** Of `Connection.server` and `Connection.sslServer`. */
export type ServerOptions = Partial<ConnectionOptions>;

const DEFAULTS: ConnectionOptions = {
  connectTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
  maxSendBytes: 256 << 20,
  coalesceBytes: 0,
  readBufferMinimum: 16 << 10,
  readBufferSize: 256 << 10,
  messagesPerTurn: 1_000,
  chainedSends: 64,
  halfOpen: false,
  noDelay: true,
  keepAliveMs: 0,
  clock: systemClock,
  log: logToStderr,
};

/** The options with the defaults; all connections of a listener share one object. */
export function connectionOptions(options: Partial<ConnectionOptions>): ConnectionOptions {
  let all = completed.get(options);
  if (all === undefined) completed.set(options, (all = withDefaults(DEFAULTS, options)));
  return all;
}
const completed = new WeakMap<Partial<ConnectionOptions>, ConnectionOptions>();
