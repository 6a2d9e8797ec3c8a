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
  return built(new TlsContext({ ...read(files), ...(files.requireClient === undefined ? {} : { requireClient: files.requireClient }) }));
}

/** Reads the files again for sessions that begin from now on. Errors: TlsFilesError, and then nothing has changed. */
export function reload(context: TlsContext, files: ServerTls): void {
  const failure = context.reload(read(files));
  if (failure !== null) throw new TlsFilesError(failure.message);
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
