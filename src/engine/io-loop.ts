/**
 * The I/O side's turns at the channel: what was written for it is taken in turns between the sockets' events, and after work the channel is
 * polled for a while, because the next record is often nearer than a wake-up.
 */
import { TO_IO, type End } from './channel.js';
import type { Cork } from './cork.js';
import type { Intake } from './intake.js';
import type { Outbox } from './outbox.js';
import type { SharedState } from './shared-state.js';
import { SPIN_MS, Spinner } from './spinner.js';

/** Records handled before the sockets get their turn. */
const TURN = 4096;

export interface LoopParts {
  readonly end: End;
  readonly shared: SharedState;
  readonly outbox: Outbox;
  readonly intake: Intake;
  readonly cork: Cork;
  /** Every record but writes that lie in the ring, which go to the cork. */
  readonly handle: (kind: number, handle: number, arg: number, payload: unknown) => void;
}

export class IoLoop {
  #armed = false;
  /** Until when the sockets are polled instead of waited for; 0: not. */
  #pollUntil = 0;
  readonly #polling = new Spinner();

  constructor(private readonly parts: LoopParts) {
    parts.end.onWake(() => this.work());
  }

  /** There was work: hand over what is written, and look out for answers. */
  work(): void {
    this.parts.end.flush();
    if (this.#pollUntil > 0) {
      this.#polling.won();
      this.#pollUntil = 0;
    }
    if (!this.#armed) {
      this.#armed = true;
      setImmediate(this.#turn);
    }
  }

  /** Handles what there is, at most a turn's worth; whether there was something. */
  take(): boolean {
    const { end, cork, handle } = this.parts;
    let n = 0;
    for (; n < TURN && end.reader.peek(); n++) {
      if (end.kind === TO_IO.WRITE && !end.isBulk) cork.collect(end.reader);
      else {
        cork.flush();
        handle(end.kind, end.reader.handle, end.reader.arg, end.isBulk ? end.bulk() : undefined);
      }
      end.consume();
    }
    cork.flush();
    return n > 0;
  }

  readonly #turn = (): void => {
    const { end, outbox, intake } = this.parts;
    this.#armed = false;
    // While the other side is at work its answer is nearer than the next event of a socket.
    if (this.#answerIsNear()) end.spin(this.#answerIsNear);
    const worked = this.take();
    if (outbox.full) outbox.drain();
    intake.resume();
    end.flush();
    if (this.#keepPolling(worked) || !end.reader.sleepInEventLoop()) {
      this.#armed = true;
      setImmediate(this.#turn);
    }
  };

  /** After answers went out, the next requests may be so near that sleeping is not worth it. */
  #keepPolling(worked: boolean): boolean {
    if (worked) {
      this.#pollUntil = this.#polling.worthIt() ? performance.now() + SPIN_MS : 0;
      return this.#pollUntil > 0;
    }
    if (this.#pollUntil === 0) return false;
    if (performance.now() < this.#pollUntil) return true;
    this.#polling.lost();
    this.#pollUntil = 0;
    return false;
  }

  readonly #answerIsNear = (): boolean => this.parts.shared.running || !this.parts.end.allTaken;
}
