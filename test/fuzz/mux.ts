/**
 * Every opening ends in a verdict; it is the same for each longer buffer, consumes what it says, and never throws. A listener that serves
 * everything makes one thing of it, plain and inside of TLS, by its first byte alone.
 */
import { BackendTable } from '../../src/wire/broker/directories.js';
import { Exchange, type Demand } from '../../src/wire/broker/exchange.js';
import { frameWire, request } from '../../src/wire/broker/frame.js';
import { HelloHandler } from '../../src/wire/broker/hello.js';
import { laneMessage } from '../../src/wire/broker/lanes.js';
import { createDaemonProcess, createEndpoint, createHello, encodeHello } from '../../src/wire/broker/messages.generated.js';
import { ProbeResponder } from '../../src/wire/broker/probe.js';
import { refusalWire, replyFrame } from '../../src/wire/broker/refusal.js';
import { hex } from '../../src/wire/broker/secrets.js';
import { EndpointMux, opening, type MuxVerdict, type Protocol } from '../../src/wire/mux.js';
import { visit } from '../support/visitor.js';
import type { Random } from './random.js';
import { check, damaged } from './target.js';

export const name = 'mux';

const PROBES = new ProbeResponder(createDaemonProcess({ pid: 1, ipcEndpoint: createEndpoint({ path: '/x' }), exeHashAlgorithm: 'blake3', exeHash: new Uint8Array(32) }), new Uint8Array(32));
const MUX = new EndpointMux({ probes: PROBES, served: [0x7266, 0x7267] });
const SERVED: ReadonlySet<Protocol> = new Set<Protocol>(['wire', 'frame', 'soc']);

export function once(bytes: Uint8Array): void {
  let at = 0;
  for (let polls = 0; polls < 20; polls++) {
    const rest = bytes.subarray(at);
    const verdict = MUX.poll(rest);
    stable(rest, verdict);
    if (!('consumed' in verdict)) break;
    check(verdict.consumed >= 5 && verdict.consumed <= rest.length, 'consumes a frame that is there');
    if (verdict.verdict === 'Payload') laneMessage(verdict.frame);
    at += verdict.consumed;
  }
  const { opening: found } = opening(bytes, SERVED);
  check((found === 'frame') === (bytes[0] === 1), 'the first byte tells');
  if (bytes.length > 0) arrives(bytes, found);
  check(served(bytes, bytes.length) === served(bytes, 1), 'a control socket answers alike, whole and byte by byte');
}

function arrives(bytes: Uint8Array, found: string): void {
  for (const usersRequired of [false, true]) {
    const arrival = { served: EVERYTHING, usersRequired, certificate: true, vouched: true };
    const plain = visit(bytes, arrival);
    check(plain === visit(bytes.subarray(0, 1), arrival), 'the first byte decides');
    if (!usersRequired) check(found === 'refused' ? plain.startsWith('refused') : plain === found, 'a listener does what the first byte tells');
    const inside = visit(HELLO, arrival, bytes);
    check(inside.startsWith('refused') || inside.startsWith(found), 'and alike inside of TLS');
  }
}
const HELLO = Uint8Array.of(0x16, 3, 1);
const EVERYTHING = { plain: new Set<Protocol>(['wire', 'frame', 'soc', 'tls']), secured: SERVED };

/** More bytes do not change a verdict, fewer do not bring it forward. */
function stable(bytes: Uint8Array, verdict: MuxVerdict): void {
  const kind = JSON.stringify(verdict, replacer);
  if (verdict.verdict !== 'NeedMoreBytes') check(JSON.stringify(MUX.poll(Buffer.concat([bytes, TAIL])), replacer) === kind, 'a verdict does not change');
  if ('consumed' in verdict) {
    check(JSON.stringify(MUX.poll(bytes.subarray(0, verdict.consumed)), replacer) === kind, 'a verdict needs no more than it consumes');
    check(MUX.poll(bytes.subarray(0, verdict.consumed - 1)).verdict === 'NeedMoreBytes', 'and no less');
  }
}
const TAIL = Uint8Array.of(1, 3, 0x7b, 0, 0, 0, 0xff);
const replacer = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? String(v) : v instanceof Uint8Array ? hex(v) : v);

function served(bytes: Uint8Array, step: number): string {
  const exchange = new Exchange('control-socket');
  let demand: Demand | null = null;
  for (let at = 0; at < bytes.length && demand === null; at += step) demand = exchange.receive(bytes.subarray(at, at + step));
  demand ??= exchange.eof();
  check(demand !== null, 'a control socket always answers in the end');
  if (demand!.demand === 'refuse') return hex(refusalWire(null, demand!.refusal));
  const handler = new HelloHandler({ directory: new BackendTable(), clock: () => 0 });
  return demand!.demand === 'admin' ? 'admin' : hex(frameWire(replyFrame(demand!.frame, handler.handle(demand!.frame, { pid: 7, uid: '' }))));
}

export const input = damaged((r: Random) => Buffer.concat(Array.from({ length: 1 + r.int(4) }, () => r.pick<() => Uint8Array>([
  () => frameWire(request(r.pick([0x7266, 0x7267]), r.bytes(r.int(40)), BigInt(r.int(1000)))),
  () => frameWire(request(0xb232, r.bytes(r.int(8) === 0 ? 31 : 32), 7n)),
  () => frameWire(request(r.pick([0, 0xad01, 0xd0ff, 0x5350, 0x7000]), r.bytes(r.int(20)))),
  () => frameWire(request(0, encodeHello(createHello({ clientMinProtocol: 1, clientMaxProtocol: 1, serviceName: 'zccache', wantedVersion: '1.0.0', peerPid: r.int(10) })), 3n)),
  () => Uint8Array.of(3, 0),
  () => Buffer.from('{"type":"hello"}\n'),
  () => Uint8Array.of(0x16, 3, 1, 2, 0, 1),
])())));
