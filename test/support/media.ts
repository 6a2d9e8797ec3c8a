/** Pairs of connections over every medium: what holds for one has to hold for all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, type ClientOptions, type ServerOptions } from '../../src/net/endpoint.js';
import { Listener, type ListenerOptions, type ListenTarget } from '../../src/net/stream-listener.js';
import { TlsContext } from '../../src/net/tls-context.js';
import type { DialTarget } from '../../src/net/transport.js';
import { authority, certificate, hasOpenssl } from './certificates.js';
import { Recorder } from './recorder.js';

export type Medium = 'tcp' | 'unix' | 'tls';
export const MEDIA: readonly Medium[] = hasOpenssl ? ['tcp', 'unix', 'tls'] : ['tcp', 'unix'];
if (!hasOpenssl) console.error('no openssl: everything about TLS is skipped');

const folder = mkdtempSync(join(tmpdir(), 'rfl-net-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let paths = 0;
/** Of a Unix socket; on Windows of a pipe. */
export const freshPath = (): string => (process.platform === 'win32' ? `\\\\.\\pipe\\rfl-net-${process.pid}-${++paths}` : join(folder, `s${++paths}`));

export interface Contexts { readonly server: TlsContext; readonly client: TlsContext }
let made: Contexts | null = null;
export function contexts(): Contexts {
  if (made === null) {
    const ca = authority('authority');
    const { cert, key } = certificate('server', 'authority');
    made = { server: new TlsContext({ cert, key }), client: new TlsContext({ ca: ca.cert }) };
  }
  return made;
}

/** Resolves when it listens. */
export function listen(target: ListenTarget, accept: (accepted: Parameters<typeof Connection.server>[0]) => Connection | null, options: Partial<ListenerOptions> = {}): Promise<Listener> {
  return new Promise((resolve, reject) => {
    Listener.open(target, {
      onListening: resolve,
      onListenFailure: (_, failure) => reject(Object.assign(new Error(failure.message), { code: failure.code })),
      onAccept: (_, accepted) => accept(accepted),
    }, { log: () => {}, ...options });
  });
}

export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
  readonly listener: Listener;
}

interface PairOptions { client?: Partial<ClientOptions>; server?: ServerOptions; contexts?: Contexts }

/** Connects two recorders; both are ready when it resolves. `body` runs with them; afterwards everything is closed. */
export async function withPair(medium: Medium, client: Recorder, server: Recorder, body: (pair: Pair) => Promise<void> | void, options: PairOptions = {}): Promise<void> {
  const { pair, ready } = await startPair(medium, client, server, options);
  try {
    await ready;
    await body(pair());
  } finally {
    client.connection?.hardClose();
    server.connection?.hardClose();
    pair().client.hardClose();
    pair().listener.close();
  }
}

export async function startPair(medium: Medium, client: Recorder, server: Recorder, options: PairOptions = {}): Promise<{ pair: () => Pair; ready: Promise<unknown> }> {
  const { server: serverContext, client: clientContext } = medium === 'tls' ? (options.contexts ?? contexts()) : { server: null, client: null };
  const quiet = { log: () => {} };
  let accepted: Connection | null = null;
  const target: ListenTarget = medium === 'unix' ? { kind: 'unix', path: freshPath() } : { kind: 'tcp', host: '127.0.0.1', port: 0 };
  const listener = await listen(target, (transport) => {
    accepted = serverContext === null
      ? Connection.server(transport, server, { ...quiet, ...options.server })
      : Connection.sslServer(transport, serverContext, server, { ...quiet, ...options.server });
    return accepted;
  });
  const peer: DialTarget = target.kind === 'unix' ? target : { kind: 'tcp', host: '127.0.0.1', port: listener.port };
  const connection = clientContext === null
    ? Connection.client({ target: peer, ...quiet, ...options.client }, client)
    : Connection.sslClient({ target: peer, context: clientContext, servername: 'localhost', ...quiet, ...options.client }, client);
  const ready = Promise.all([client.until(() => client.count('connected') + client.count('connect-failed') > 0), server.until(() => server.count('started') + server.count('start-failed') > 0)]);
  // Whoever ends the pair before it is ready does not wait for it.
  ready.catch(() => {});
  return { pair: () => ({ client: connection, server: accepted ?? connection, listener }), ready };
}

export const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};
export const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));
