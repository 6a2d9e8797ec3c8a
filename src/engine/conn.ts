/** One connection as the language side sees it. */
import type { Value } from '../lang/value.js';

export class Conn {
  open = true;
  /** Whole frames that were taken from the channel, and how far they are served. Nested serving of the connection goes on from here. */
  bytes: Uint8Array = NOTHING;
  at = 0;
  /** A `.ipc.send` waits for a response. */
  waiting = false;
  /** The response it got; undefined: none yet. `null` is a value. */
  response: Value | undefined = undefined;
  /** The response is asked to tell what its evaluation printed; it is kept apart, because the result may be an error. */
  verbose = false;
  printed = '';
  /** Responses still to come that nobody waits for any more. */
  abandoned = 0;
  /** The number of the request that `response` has to answer, where requests are numbered. */
  asked = 0;
  /** Levels of serving of this connection on the stack. */
  depth = 0;
  /** Synchronous requests of it that are being served. */
  serving = 0;
  /** Bytes handed over for the peer, modulo 2^32. */
  written = 0;
  /** Nothing of it is served; `kept` is what came meanwhile, `ended` that nothing follows. */
  muted = false;
  kept: Uint8Array[] | null = null;
  ended = false;
  /** TLS begins behind the next answer. */
  secures = false;

  /**
   * `clientPort`: the port at the connecting end. `numbered`: requests carry numbers, and answers come in any order. `returns`: after a loss
   * there will be another one with this handle.
   */
  constructor(
    readonly handle: number, readonly inbound: boolean, readonly restricted: boolean, readonly clientPort: number, readonly numbered: boolean, readonly returns = false,
  ) {}

  /** This interpreter is at both ends. */
  isOtherEndOf(conn: Conn): boolean {
    // Unix sockets have no port to know each other by.
    return this.clientPort !== 0 && this.inbound !== conn.inbound && this.clientPort === conn.clientPort;
  }

  get hasFrames(): boolean {
    return this.at < this.bytes.length;
  }
  /** An idle connection holds no memory but its own. */
  letGo(): void {
    if (this.hasFrames) return;
    this.bytes = NOTHING;
    this.at = 0;
  }
}
const NOTHING = new Uint8Array(0);
