/** Both ends of the handshake and the session behind it: the same events whole and byte by byte, and an end that stays one. */
import { Session } from '../../src/wire/rayforce/session.js';
import { encodeFrame } from '../../src/wire/rayforce/value.js';
import type { Random } from './random.js';
import { check, damaged } from './target.js';

export const name = 'handshake';

const MAKE = [() => Session.server(false), () => Session.server(true), () => Session.client(null), () => Session.client('user:password')];

/** The first byte chooses the end that is played and the verdict, the others arrive. */
export function once(bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const stream = bytes.subarray(1);
  const whole = run(bytes[0], stream, stream.length);
  check(whole === run(bytes[0], stream, 1), 'the same events whole and byte by byte');
  check(whole === run(bytes[0], stream, 1 + (bytes[0] >> 3)), 'the same events in pieces');
}

function run(choice: number, stream: Uint8Array, step: number): string {
  const session = MAKE[choice & 3]();
  const events: string[] = [];
  let closed = false;
  const pull = (): void => {
    for (let e = session.next(); e !== null; e = session.next()) {
      check(!closed, 'nothing follows the end');
      events.push(e.kind === 'frame' ? `${e.msgtype} ${e.end - e.start}` : JSON.stringify(e));
      closed = e.kind === 'close';
      if (e.kind === 'credentials') session.verdict((choice & 4) === 0);
    }
  };
  for (let at = 0; at < stream.length; at += step) {
    session.receive(stream.subarray(at, at + step));
    pull();
  }
  session.eof();
  pull();
  check(closed && session.state === 'closed', 'the end of the stream is the end');
  return events.join('\n');
}

const frame = Buffer.from(encodeFrame('(+ 1 2)', { msgtype: 1 }));
export const input = damaged((r: Random) => {
  const choice = r.int(256);
  const credentials = Buffer.from(`${r.pick(['bob', '', 'a:b'])}:${r.pick(['secret', '', 'x'.repeat(200)])}\0`);
  const parts = [
    [Buffer.of(3, 0)], [Buffer.of(3, 0, credentials.length), credentials], [Buffer.of(3, 0)], [Buffer.of(3, 1, 0)],
  ][choice & 3];
  return Buffer.concat([Buffer.of(choice), ...parts, ...Array.from({ length: r.int(4) }, () => frame)]);
});
