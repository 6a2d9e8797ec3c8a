/** TLS as programs, scripts and the command line name it: by files in PEM. Plain data, because it crosses threads. */
import { readFileSync } from 'node:fs';
import { TlsContext, type TlsContextOptions } from '../net/tls-context.js';

export interface ServerTls {
  /** Certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose clients are let in. Default: clients are not asked for a certificate. */
  readonly ca?: string;
  /** With `ca`: whoever has no certificate is refused. Default true. */
  readonly requireClient?: boolean;
  /** Protocols, best first: when given, both sides have to agree on one. */
  readonly alpn?: readonly string[];
}

export interface ClientTls {
  /** Authorities that are trusted. Default: those of the system. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name the server's certificate has to be for. Default: the host. */
  readonly servername?: string;
  readonly alpn?: readonly string[];
}

/** A file that cannot be read, or that holds no certificate. */
export class TlsFilesError extends Error {}

export function serverContext(files: ServerTls): TlsContext {
  const { requireClient, alpn } = files;
  return built(new TlsContext({ ...read(files), ...(requireClient === undefined ? {} : { requireClient }), ...(alpn === undefined ? {} : { alpn }) }));
}

/** The contexts of the servers here, one for each choice of files, so that all can be renewed. */
export class ServerContexts {
  readonly #made = new Map<string, { readonly files: ServerTls; readonly context: TlsContext }>();

  /** Errors: TlsFilesError. */
  of(files: ServerTls): TlsContext {
    const key = JSON.stringify(files, Object.keys(files).sort());
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = { files, context: serverContext(files) }));
    return made.context;
  }

  /** Reads all files again, for sessions that begin from now on. Errors: TlsFilesError, and then nothing has changed. */
  reload(): void {
    for (const { files } of this.#made.values()) serverContext(files);
    for (const { files, context } of this.#made.values()) {
      const failure = context.reload(read(files));
      if (failure !== null) throw new TlsFilesError(failure.message);
    }
  }
}

export function clientContext(files: ClientTls): TlsContext {
  return built(new TlsContext({ ...read(files), ...(files.alpn === undefined ? {} : { alpn: files.alpn }) }));
}

function built(context: TlsContext): TlsContext {
  if (context.failure !== null) throw new TlsFilesError(context.failure.message);
  return context;
}
function read(files: { readonly cert?: string; readonly key?: string; readonly ca?: string }): TlsContextOptions {
  const options: Partial<Record<'cert' | 'key' | 'ca', Uint8Array>> = {};
  for (const name of ['cert', 'key', 'ca'] as const) {
    const path = files[name];
    if (path === undefined) continue;
    try {
      options[name] = readFileSync(path);
    } catch (e) {
      throw new TlsFilesError(`${name}: ${(e as Error).message}`);
    }
  }
  return options;
}
