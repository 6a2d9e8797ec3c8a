/** A process of its own that shakes hands with itself, both sides showing certificates; writes as JSON what so many have left behind, the least of some tries. */
import { readdirSync } from 'node:fs';
import { Connection } from '../../src/net/endpoint.js';
import { TlsContext } from '../../src/net/tls-context.js';
import { authority, certificate } from './certificates.js';
import { listen, ms } from './media.js';

const quiet = { log: () => {} };
/** What only warms up grows less from try to try; what is kept grows in each. */
const TRIES = 4;
const AT_A_TIME = 8;

export interface Leftovers { readonly heap: number; readonly resident: number; readonly descriptors: number }

async function measured(): Promise<Leftovers> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc!();
    await ms(20);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss, descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0 };
}

async function main(count: number): Promise<void> {
  const ca = authority('authority').cert;
  const context = (name: string): TlsContext => {
    const { cert, key } = certificate(name, 'authority');
    return new TlsContext({ ca, cert, key });
  };
  const [serving, known, unknown] = [context('server'), context('client'), new TlsContext({ ca })];
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => Connection.sslServer(accepted, serving, { onStartFailure: () => {}, onReceived: (c, data) => void c.send(data) }, quiet));
  const once = (client: TlsContext): Promise<void> => new Promise((resolve) => {
    Connection.sslClient({ target: { kind: 'tcp', host: '127.0.0.1', port: listener.port }, servername: 'localhost', context: client, ...quiet }, {
      onConnected: (c) => void c.send(Buffer.from('x')), onReceived: (c) => c.close(), onConnectionFailure: () => resolve(), onClosed: () => resolve(),
    });
  });
  const times = async (n: number): Promise<void> => {
    let left = n;
    // One of ten is refused.
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => { while (left-- > 0) await once(left % 10 === 0 ? unknown : known); }));
  };
  await times(count >> 1);
  const all = [await measured()];
  for (let i = 0; i < TRIES; i++) {
    await times(count);
    all.push(await measured());
  }
  const least = (of: (m: Leftovers) => number): number => Math.min(...all.slice(1).map((m, i) => of(m) - of(all[i])));
  const left: Leftovers = { heap: least((m) => m.heap), resident: least((m) => m.resident), descriptors: least((m) => m.descriptors) };
  process.stdout.write(JSON.stringify(left));
  process.exit(0);
}

await main(Number(process.argv[2]));
