/** A stream of messages reads the same however it is cut, memory follows the bytes received, and what is a message encodes to itself. */
import { decodeMessage, encodeMessage, type Message } from '../../src/wire/soc/message.js';
import { Receiver, type Received } from '../../src/wire/soc/receiver.js';
import type { Random } from './random.js';
import { check, damaged } from './target.js';

export const name = 'soc-lines';
const LIMIT = 512;

export function once(bytes: Uint8Array): void {
  const whole = run(bytes, bytes.length + 1);
  const step = 1 + (bytes.length > 0 ? bytes[bytes.length - 1] % 40 : 0);
  check(whole.join('\n') === run(bytes, step).join('\n'), `cut into pieces of ${step} the stream reads the same`);
}

function run(bytes: Uint8Array, step: number): string[] {
  const receiver = new Receiver(LIMIT);
  const out: string[] = [];
  const take = (r: Received | null): boolean => {
    if (r === null) return false;
    if (r.kind === 'message') {
      const { message, bytes: line, start, end } = r;
      check(JSON.stringify(decodeMessage(line, start, end)) === JSON.stringify({ ok: true, message }), 'what came before does not change what a line is');
      same(message);
    }
    out.push(r.kind === 'message' ? JSON.stringify(r.message) : r.reason);
    return true;
  };
  for (let at = 0; at < bytes.length; at += step) {
    receiver.push(bytes.slice(at, at + step));
    while (take(receiver.next()));
  }
  take(receiver.finish());
  out.push(String(receiver.over));
  return out;
}

function same(message: Message): void {
  if (message.payload?.includes('\r') === true) return;
  const encoded = encodeMessage(message);
  check(encoded.ok, 'what was received can be sent');
  if (!encoded.ok) return;
  const receiver = new Receiver();
  receiver.push(Buffer.from(encoded.line, 'latin1'));
  const again = receiver.next();
  check(again?.kind === 'message' && JSON.stringify(again.message) === JSON.stringify(message), 'a message survives being relayed');
}

const TEXTS = ['soc_event', 'soc_ack', '', 'a"b', '\u00c3\u00a9', 'x\n', '\\'];
const PAYLOADS = [null, '1', '{"a":[1,2,{"b":null}]}', '"\\u00e9\\ud83d"', '[]', '1e5', '{"id":"1"}'];
export const input = damaged((r: Random) => Buffer.from(Array.from({ length: 1 + r.int(5) }, () => {
  const encoded = encodeMessage({ type: r.pick(TEXTS), id: r.pick(TEXTS), ts: r.int(1e9) - 5e8, payload: r.pick(PAYLOADS) });
  return encoded.ok ? encoded.line : '';
}).join(''), 'latin1'));
