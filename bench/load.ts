/**
 * A lean client for load: one socket, a fixed number of requests in flight, replies counted by their headers and not decoded.
 *
 *     node load.js PORT|PATH [--ca FILE] [--frame] [--requests N] [--in-flight N] [--warm-up N] [--text SOURCE] [--host H] [--json]
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { frameWire, request as frameRequest } from '../src/wire/broker/frame.js';
import { VALUE_LANE } from '../src/wire/broker/protocols.js';

export interface Load {
  /** A port, or the path of a Unix socket. */
  readonly at: number | string;
  /** Frames are spoken, on the lane of values. */
  readonly framed?: boolean;
  readonly host?: string;
  /** The authority of the server, PEM: TLS 1.3 is spoken, with `localhost`. */
  readonly ca?: string;
  readonly text: string;
  readonly requests: number;
  readonly inFlight: number;
  readonly warmUp?: number;
}

/** Latencies in µs; bytes are those of the replies. */
export interface LoadResult { readonly rps: number; readonly p50: number; readonly p99: number; readonly max: number; readonly bytes: number }

const HEADER = 16;
const FRAME_HEADER = 5;

/** Sends `requests` string requests and answers what they took. Rejects when the peer hangs up. */
export function load({ at: to, framed = false, host = '127.0.0.1', ca, text, requests, inFlight, warmUp = Math.min(20_000, requests) }: Load): Promise<LoadResult> {
  const frames = Array.from({ length: Math.max(inFlight, 1) }, (_, i) => (framed ? framedRequest(text, i) : request(text)));
  const [frame] = frames;
  const batch = Buffer.concat(frames);
  const head = framed ? FRAME_HEADER : HEADER;
  const sizeAt = framed ? 1 : 8;
  const sentAt = new Float64Array(inFlight);
  const took = new Float64Array(requests);
  const total = warmUp + requests;
  return new Promise((resolve, reject) => {
    const place = typeof to === 'string' ? { path: to } : { port: to, host, noDelay: true };
    const socket = ca === undefined ? connect(place) : tlsConnect({ ...place, ca, servername: 'localhost', minVersion: 'TLSv1.3' });
    socket.setNoDelay(true);
    let shaken = framed ? 2 : 0;
    let sent = 0;
    let done = 0;
    let bytes = 0;
    let started = 0;
    let skip = 0;
    const header = Buffer.alloc(HEADER);
    let have = 0;

    const send = (n: number): void => {
      const now = performance.now();
      for (let i = 0; i < n; i++) sentAt[(sent + i) % inFlight] = now;
      sent += n;
      socket.write(n === inFlight ? batch : batch.subarray(0, n * frame.length));
    };
    const replied = (now: number): void => {
      if (done >= warmUp) took[done - warmUp] = now - sentAt[done % inFlight];
      if (++done === warmUp) {
        started = now;
        bytes = 0;
      }
    };
    socket.on(ca === undefined ? 'connect' : 'secureConnect', () => {
      if (!framed) return socket.write(Buffer.from([3, 0]));
      started = performance.now();
      send(inFlight);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the peer hung up')));
    socket.on('data', (chunk: Buffer) => {
      let at = 0;
      if (shaken < 2) {
        at = Math.min(2 - shaken, chunk.length);
        shaken += at;
        if (shaken < 2) return;
        started = performance.now();
        send(inFlight);
      }
      const before = done;
      const now = performance.now();
      bytes += chunk.length;
      while (at < chunk.length) {
        if (skip > 0) {
          const n = Math.min(skip, chunk.length - at);
          skip -= n;
          at += n;
          if (skip === 0) replied(now);
        } else if (have === 0 && chunk.length - at >= head) {
          skip = chunk.readUInt32LE(at + sizeAt);
          at += head;
        } else {
          const n = Math.min(head - have, chunk.length - at);
          chunk.copy(header, have, at, at + n);
          have += n;
          at += n;
          if (have === head) {
            skip = header.readUInt32LE(sizeAt);
            have = 0;
          }
        }
      }
      if (done >= total) {
        socket.removeAllListeners('close');
        socket.destroy();
        const seconds = (performance.now() - started) / 1000;
        took.sort();
        const q = (p: number): number => Math.round(took[Math.min(requests - 1, Math.floor(p * requests))] * 10_000) / 10;
        return resolve({ rps: Math.round(requests / seconds), p50: q(0.5), p99: q(0.99), max: q(1), bytes });
      }
      const next = Math.min(done - before, total - sent);
      if (next > 0) send(next);
    });
  });
}

function request(text: string): Buffer {
  const body = Buffer.from(text);
  const frame = Buffer.alloc(HEADER + 10 + body.length);
  frame.set([0xfa, 0xde, 0xfa, 0xce, 3, 0, 0, 1]);
  frame.writeUInt32LE(10 + body.length, 8);
  frame[16] = 0xf3;
  frame.writeUInt32LE(body.length, 18);
  body.copy(frame, 26);
  return frame;
}

const framedRequest = (text: string, i: number): Buffer => Buffer.from(frameWire(frameRequest(VALUE_LANE, request(text).subarray(HEADER), BigInt(1 + (i % 127)))));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      requests: { type: 'string', default: '100000' }, 'in-flight': { type: 'string', default: '1' }, 'warm-up': { type: 'string' },
      text: { type: 'string', default: '(+ 1 2)' }, host: { type: 'string' }, ca: { type: 'string' }, frame: { type: 'boolean', default: false }, json: { type: 'boolean', default: false },
    },
  });
  const result = await load({
    at: positionals[0].startsWith('/') ? positionals[0] : Number(positionals[0]), framed: values.frame, host: values.host, ...(values.ca === undefined ? {} : { ca: readFileSync(values.ca, 'latin1') }), text: values.text, requests: Number(values.requests), inFlight: Number(values['in-flight']),
    warmUp: values['warm-up'] === undefined ? undefined : Number(values['warm-up']),
  });
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${result.rps} requests/s, p50 ${result.p50} µs, p99 ${result.p99} µs, max ${result.max} µs\n`);
}
