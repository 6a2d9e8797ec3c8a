/**
 * Frames of live reference servers, named by RFL_REFERENCE and RFL_REFERENCE_216 (of the older dialect): what they send is read, and
 * written again to the same bytes; what is sent to them comes back the same.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { after, before, describe } from 'node:test';
import { Builtin, Dict, F64, Guid, List, Stamp, T, Table, Vec, date, f32, i16, i32, name, nullOf, strVec, symVec, symbol, time, u8, type Value } from '../src/lang/value.js';
import { FLAG } from '../src/wire/rayforce/header.js';
import { Session } from '../src/wire/rayforce/session.js';
import { decodePayload, decodeVerbose, encodeFrame } from '../src/wire/rayforce/value.js';

const REFERENCES = [['RFL_REFERENCE', '2512'], ['RFL_REFERENCE_216', '216']] as const;
const resolve = (text: string): Value => new Builtin(TAGS.get(text) ?? T.UNARY, text, () => null, {});
const TAGS = new Map<string, 101 | 102 | 103>([['+', T.BINARY], ['count', T.UNARY], ['select', T.VARIADIC], ['set', T.BINARY]]);

/** Expressions whose replies are compared byte for byte; the long ones arrive packed. */
const EXPRESSIONS = [
  '(+ 1 2)', '9007199254740993', '0Nl', '1.5', '0Nf', 'true', '"hello"', '""', "'sym", 'null', '0x05', "(as 'I16 7)", "(as 'I32 -2)",
  '2024.01.15', '12:30:45.123', '2024.01.15D10:00:00.000000001', '0Nd', '0Nt', '0Np', "(+ 1 'a)", '(list 1 "a" (list 2 3.0 null))', '[1 0Nl 3]',
  '[1.0 0Nf 2.5]', '[true false]', '["x" "" "longer than twelve bytes"]', "['a 'bc ']", '{a: 1 b: "x"}', '(dict [a b] [1 2])',
  '(table [x y] (list [1 2] ["p" "q"]))', '(fn [x] (+ x 1))', '(fn [] 1)', '+', 'count', 'select', '(list)', '(guid 1)',
  '(til 248)', '(til 249)', '(til 5000)', '(take 7 300)', '(take 0.1 5000)', '(take "text" 3000)', "(as 'F64 (til 4000))", '(* 1234567 (til 4000))',
  '(rand 5000 1000000)', '(guid 200)', "(take ['alpha 'beta 'gamma] 4000)", '(take [true false false] 9000)',
];

const ECHOED: Value[] = [
  1, 2n ** 60n, new F64(-0.5), u8(255), i16(-1), i32(7), f32(0.25), date(1), time(2), new Stamp(5n), new Guid('0123456789abcdef'), nullOf(T.I64), nullOf(T.F64),
  new Vec(T.F32, Float32Array.of(1, 2)), new Vec(T.I16, Int16Array.of(1, -1)), new Vec(T.U8, new Uint8Array(5000).map((_, i) => i % 7)),
  strVec(Array.from({ length: 500 }, (_, i) => `row ${i}`)), symVec(Array.from({ length: 500 }, (_, i) => `s${i % 9}`)),
  new Dict(symVec(['k']), new List([symbol('v')])), new Table(symVec(['a']), [new Vec(T.TIMESTAMP, BigInt64Array.of(1n))]),
];

for (const [variable, dialect] of REFERENCES) {
  const reference = process.env[variable];
  const skip = reference === undefined ? `${variable} is not set: NOT compared with this reference` : false;
  describe(`a live reference server of dialect ${dialect}`, { skip, timeout: 60_000 }, () => {
    let server: ChildProcess;
    let peer: Peer;
    before(async () => {
      const port = await freePort(7300);
      server = spawn(reference as string, ['-p', String(port)], { stdio: 'ignore' });
      peer = await Peer.open(port);
    });
    after(() => {
      peer?.close();
      server?.kill();
    });

    for (const text of EXPRESSIONS) {
      test(`${text} is read, and written to the same bytes`, async () => {
        const frame = await peer.ask(encodeFrame(text, { msgtype: 1, dialect }));
        const v = decodePayload(frame, frame[5], { resolve, dialect }, 16);
        assert.equal(Buffer.from(encodeFrame(v, { msgtype: 2, dialect })).toString('hex'), Buffer.from(frame).toString('hex'));
      });
    }

    test('values sent to it come back as they were sent', async () => {
      for (const v of ECHOED) {
        const sent = encodeFrame(v, { msgtype: 1, dialect });
        const frame = Buffer.from(await peer.ask(sent));
        frame[7] = 1;
        assert.equal(frame.toString('hex'), Buffer.from(sent).toString('hex'));
      }
    });

    test('a literal symbol arrives as a symbol, a name as what it is bound to', async () => {
      const ask = async (text: string, v: Value): Promise<Value> => {
        await peer.ask(encodeFrame(text, { msgtype: 1, dialect }));
        const frame = await peer.ask(encodeFrame(v, { msgtype: 1, dialect }));
        return decodePayload(frame, frame[5], { resolve, dialect }, 16);
      };
      assert.equal(await ask('(set bound 42)', name('bound')), 42);
      assert.equal(await ask('(set bound 42)', symbol('bound')), symbol('bound'));
    });

    test('a verbose reply carries what was printed', async () => {
      const frame = await peer.ask(encodeFrame('(println "hi" 1)', { msgtype: 1, flags: FLAG.VERBOSE }));
      assert.deepStrictEqual(decodeVerbose(frame, frame[5], { resolve, dialect }, 16), { printed: 'hi 1\n', result: null });
    });
  });
}

/** A client over the session table, one question at a time. */
class Peer {
  private waiting: ((frame: Uint8Array) => void) | null = null;
  private constructor(private readonly socket: Socket, session: Session, opened: () => void) {
    const pump = (): void => {
      for (let e = session.next(); e !== null; e = session.next()) {
        if (e.kind === 'send') socket.write(e.bytes);
        else if (e.kind === 'open') opened();
        else if (e.kind === 'frame') this.waiting?.(Uint8Array.from(e.whole()));
      }
    };
    socket.on('data', (bytes) => {
      session.receive(bytes as Buffer);
      pump();
    });
    pump();
  }
  static async open(port: number): Promise<Peer> {
    for (let attempt = 0; ; attempt++) {
      const socket = connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return await new Promise((resolved) => {
          const peer: Peer = new Peer(socket, Session.client(null), () => resolved(peer));
        });
      } catch (error) {
        if (attempt === 50) throw error;
        await new Promise((wake) => setTimeout(wake, 50));
      }
    }
  }
  ask(bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise((answer) => {
      this.waiting = answer;
      this.socket.write(bytes);
    });
  }
  close(): void {
    this.socket.destroy();
  }
}

async function freePort(from: number): Promise<number> {
  for (let port = from; ; port++) {
    const probe = createServer();
    const free = await new Promise<boolean>((answer) => probe.once('error', () => answer(false)).listen(port, '0.0.0.0', () => answer(true)));
    if (!free) continue;
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}
