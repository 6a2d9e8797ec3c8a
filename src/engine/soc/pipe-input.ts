/** What one connection of a pipe brings in: its lines, told apart into news, repetitions, and what keeps the pipe going. */
import { crc32 } from '../../wire/soc/crc32.js';
import { TYPES, ackedId, type Message } from '../../wire/soc/message.js';
import { Receiver, type Received } from '../../wire/soc/receiver.js';
import type { Window } from '../../wire/soc/window.js';

export interface InputEvents {
  /** New messages: whole lines with their LF, in memory of their own. */
  lines(lines: Buffer): void;
  /** Instead of `lines`, where they are wanted one by one. */
  readonly message: ((message: Message, ascii: boolean) => void) | undefined;
  malformed(reason: string): void;
  /** The peer has acknowledged a message of ours. */
  acked(id: string): void;
  heartbeat(): void;
  /** A message came again; `handled`: it was acknowledged before. */
  again(id: string, handled: boolean): void;
}

type Got = Extract<Received, { kind: 'message' }>;
const LF = 10;
const NOTHING = Buffer.alloc(0);

export class PipeInput {
  readonly #receiver = new Receiver();

  /** `way`: what the window is to note as the way messages came over. */
  constructor(private readonly window: Window, private readonly way: unknown, private readonly events: InputEvents) {}

  /** False: a line is too long, nothing more can be read. */
  receive(data: Uint8Array): boolean {
    const { events } = this;
    const receiver = this.#receiver;
    receiver.push(data);
    // All that is new fits into it: what comes now, and a line that began before.
    const out = events.message === undefined ? Buffer.allocUnsafeSlow(data.length + receiver.held + 1) : NOTHING;
    let size = 0;
    for (let r = receiver.next(); r !== null; r = receiver.next()) {
      if (r.kind === 'malformed') events.malformed(r.reason);
      else if (!this.#isNew(r)) continue;
      else if (events.message !== undefined) events.message(r.message, r.ascii);
      else size = copyLine(out, size, r);
    }
    if (size > 0) events.lines(size * 2 < out.length ? Buffer.from(out.subarray(0, size)) : out.subarray(0, size));
    return receiver.over !== 'overrun';
  }

  /** The stream has ended: its last line needs no LF. False: what there is of it is no message. */
  finish(): boolean {
    const last = this.#receiver.finish();
    if (last?.kind === 'message' && this.#isNew(last)) this.#deliver(last);
    return last?.kind !== 'malformed';
  }
  #deliver(last: Got): void {
    if (this.events.message !== undefined) return this.events.message(last.message, last.ascii);
    const out = Buffer.allocUnsafeSlow(last.end - last.start + 1);
    copyLine(out, 0, last);
    this.events.lines(out);
  }

  /** False: it is dealt with here. */
  #isNew({ message: { type, id, payload }, bytes, start, end }: Got): boolean {
    if (type === TYPES.ACK) {
      const acked = ackedId(payload);
      if (acked !== null) this.events.acked(acked);
      return false;
    }
    if (type === TYPES.HEARTBEAT) return this.events.heartbeat(), false;
    const sighting = this.window.note(id, id === '' ? 0 : crc32(bytes, start, end), this.way);
    if (sighting !== 'new') this.events.again(id, sighting === 'acked');
    return sighting === 'new';
  }
}

/** Appends a line with its LF; answers where the next begins. */
function copyLine(out: Buffer, at: number, line: { readonly bytes: Buffer; readonly start: number; readonly end: number }): number {
  const end = at + line.bytes.copy(out, at, line.start, line.end);
  out[end] = LF;
  return end + 1;
}
