/** Muting, idleness, failed and returning connections, as scripts see them, in both thread arrangements. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import test, { after, before, describe } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ARRANGEMENTS, RawClient, frame, startHost, text, until, type TestHost } from './support/engine.js';
import { RECORD, logOf, logged } from './support/net-script.js';

for (const arrangement of ARRANGEMENTS) {
  describe(`connections of scripts, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement);
    });
    after(() => host.stop(500));

    const entered = async (): Promise<RawClient> => {
      await host.evaluate(RECORD);
      const client = await RawClient.open(host.port);
      await logged(host, 'open');
      return client;
    };

    const connections = (): string[] => host.connections().map(({ handle, state, peer }) => `${handle} ${state} ${peer}`);
    const left = async (client: RawClient): Promise<void> => {
      client.close();
      await logged(host, 'close');
    };

    test('a muted connection is not served; unmuted, what it sent comes first and in order', async () => {
      const client = await entered();
      await host.evaluate('(do (set got (list)) (set .ipc.on.async (fn [m] (set got (concat got m)))))');
      assert.equal(await host.evaluate('(.net.mute peer)'), '');
      for (const word of ['a', 'b', 'c']) client.write(frame(text(word), 0));
      client.write(frame(text('(+ 1 2)')));
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(await host.evaluate('(count got)'), '0');
      assert.match(await host.evaluate('(.ipc.send peer 1)'), /^error state/, 'its answer would not be taken');
      await host.evaluate('(.net.unmute peer)');
      assert.equal((await client.reply()).length, 10);
      assert.match(await host.evaluate('got'), /"?a"?.*"?b"?.*"?c"?/);
      await host.evaluate('(set .ipc.on.async 0)');
      await left(client);
    });

    test('muted inside of a message, the ones behind it wait', async () => {
      const client = await entered();
      await host.evaluate('(do (set got (list)) (set .ipc.on.async (fn [m] (do (set got (concat got m)) (if (== (count got) 2) (.net.mute (.ipc.handle)))))))');
      client.write(Buffer.concat(['a', 'b', 'c', 'd'].map((word) => frame(text(word), 0))));
      await until(async () => (await host.evaluate('(count got)')) === '2', 'two messages');
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(await host.evaluate('(count got)'), '2');
      await host.evaluate('(.net.unmute peer)');
      await until(async () => (await host.evaluate('(count got)')) === '4', 'the others');
      await host.evaluate('(set .ipc.on.async 0)');
      await left(client);
    });

    test('while muted the end of the peer is not seen; it is when it is read again', async () => {
      const client = await entered();
      await host.evaluate('(.net.mute peer)');
      client.socket.end();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(await logOf(host), [['open', await host.evaluate('peer')]]);
      await host.evaluate('(.net.unmute peer)');
      await logged(host, 'close');
      await left(client);
    });

    test('idle connections are told of, again and again, where it was asked for', async () => {
      await host.evaluate(RECORD);
      const id = await host.evaluate('(do (set every 40) (set extra (.net.listen "127.0.0.1:0" {idle: every})))');
      const port = /listening on port (\d+)/.exec(host.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1];
      const client = await RawClient.open(Number(port));
      await logged(host, 'idle', 2);
      await left(client);
      assert.equal(await host.evaluate(`(.net.unlisten ${id})`), '');
      await assert.rejects(RawClient.open(Number(port)), { code: 'ECONNREFUSED' });
      assert.match(await host.evaluate(`(.net.unlisten ${id})`), /^error io/);
    });

    test('who cannot be connected to is told of with a code', async () => {
      await host.evaluate(RECORD);
      const port = await freePort();
      assert.match(await host.evaluate(`(.ipc.open "127.0.0.1:${port}")`), /^error io/);
      await logged(host, 'refused');
      assert.match((await logOf(host))[0].join(' '), /refused -1 ECONNREFUSED/);
    });

    test('a connection that comes back keeps its handle; meanwhile every send fails at once, with a code', async () => {
      await host.evaluate(RECORD);
      const server = await OnOff.start();
      const h = await host.evaluate(`(do (set back {address: "127.0.0.1:${server.port}" reconnect: true}) (set h (.ipc.open back)))`);
      assert.match(h, /^\d+$/);
      assert.equal(await host.evaluate('(.ipc.send h "(+ 1 2)")'), '3');
      assert.deepEqual(await logOf(host), [['open', h]]);
      await server.off();
      await logged(host, 'close');
      assert.match(await host.evaluate('(.ipc.send h "1")'), /^error io.*not back yet/);
      assert.match(await host.evaluate('(.ipc.post h "1")'), /^error io.*not back yet/);
      assert.match(await host.evaluate('(.net.send h "1")'), /^error io.*not back yet/);
      assert.match(await host.evaluate("(at (.net.conns) 'state)"), /away/);
      await logged(host, 'refused', 2);
      await server.on();
      await logged(host, 'open', 2);
      assert.equal(await host.evaluate('(.ipc.send h "(+ 3 4)")'), '7');
      assert.deepEqual((await logOf(host)).filter(([word]) => word !== 'refused'), [['open', h], ['close', h], ['open', h]]);
      assert.equal(await host.evaluate('(do (.ipc.close h) (.ipc.close h))'), '');
      await logged(host, 'close', 2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal((await logOf(host)).filter(([word]) => word === 'open').length, 2, 'it stays closed');
      assert.match(await host.evaluate('(.ipc.send h "1")'), /^error io.*connection closed/);
      await server.stop();
    });

    test('what is pending when it is lost has failed; closed while away it does not come back', async () => {
      await host.evaluate(RECORD);
      const server = await OnOff.start();
      const h = await host.evaluate(`(set h (.ipc.open {address: "127.0.0.1:${server.port}" reconnect: true}))`);
      assert.match(await host.evaluate('(.ipc.send h "die")'), /^error io.*connection closed/);
      await logged(host, 'close');
      await host.evaluate('(.ipc.close h)');
      await server.on();
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.deepEqual((await logOf(host)).filter(([word]) => word !== 'refused'), [['open', h], ['close', h]]);
      assert.deepEqual(connections(), []);
      await server.stop();
    });

    test('the first attempt fails like any other', async () => {
      assert.match(await host.evaluate(`(.ipc.open {address: "127.0.0.1:${await freePort()}" reconnect: true})`), /^error io/);
      assert.deepEqual(connections(), []);
    });
  });
}

async function freePort(): Promise<number> {
  const server: Server = createServer((socket: Socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server in a thread of its own that can be switched off and on again: it adds, and at `die` it switches itself off. */
class OnOff {
  private constructor(private readonly worker: Worker, readonly port: number) {}

  static async start(): Promise<OnOff> {
    const worker = new Worker(SERVER, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    return new OnOff(worker, port);
  }
  off(): Promise<void> {
    return this.#ask('off');
  }
  on(): Promise<void> {
    return this.#ask('on');
  }
  async stop(): Promise<void> {
    await this.worker.terminate();
  }
  async #ask(what: string): Promise<void> {
    this.worker.postMessage(what);
    await once(this.worker, 'message');
  }
}

const SERVER = `
const { parentPort } = require('node:worker_threads');
const net = require('node:net');
const open = new Set();
let server, port = 0;
const reply = (n) => { const b = Buffer.from('fadeface030000020a00000000000000fb000000000000000000', 'hex'); b.writeBigInt64LE(BigInt(n), 18); return b; };
const serve = (socket) => {
  open.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
  socket.once('data', () => {
    socket.write(Buffer.from('0300', 'hex'));
    socket.on('data', (chunk) => {
      const m = /\\(\\+ (\\d+) (\\d+)\\)/.exec(chunk.toString('latin1'));
      if (m !== null) socket.write(reply(Number(m[1]) + Number(m[2])));
      else if (chunk.includes('die')) off(() => {});
    });
  });
};
const on = (then) => { server = net.createServer(serve); server.listen(port, '127.0.0.1', () => { port = server.address().port; then(); }); };
const off = (then) => { server.close(then); for (const socket of open) socket.destroy(); };
on(() => parentPort.postMessage(port));
parentPort.on('message', (what) => {
  if (what === 'on') return on(() => parentPort.postMessage('on'));
  off(() => parentPort.postMessage('off'));
});
`;
