/** TLS as programs, scripts and the command line name it: by files in PEM. Plain data, because it crosses threads. */
import { readFileSync } from 'node:fs';
import { TlsContext, type TlsContextOptions } from '../net/tls-context.js';

/** Of listeners: names of PEM files. */
export interface ServerTls {
  /** Certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose clients are let in. Default: clients are not asked for a certificate. */
  readonly ca?: string;
  /** With `ca`: what these authorities have revoked. Default: nothing. */
  readonly crl?: string;
  /** With `ca`: whoever has no certificate is refused. Default true. */
  readonly requireClient?: boolean;
  /** Protocols, best first: when given, both sides have to agree on one. */
  readonly alpn?: readonly string[];
}

/** Of this side as a client: names of PEM files. */
export interface ClientTls {
  /** Authorities that are trusted. Default: those of the system. */
  readonly ca?: string;
  /** What these authorities have revoked. Default: nothing. */
  readonly crl?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name the server's certificate has to be for. Default: the host. */
  readonly servername?: string;
  readonly alpn?: readonly string[];
}

/** Files that cannot be read, or that hold nothing that could be used; the message says which. */
export class TlsFilesError extends Error {}

export function serverContext(files: ServerTls): TlsContext {
  const { requireClient, alpn } = files;
  return built(files, { ...(requireClient === undefined ? {} : { requireClient }), ...(alpn === undefined ? {} : { alpn }) });
}

/** The contexts of the servers here, one for each choice of files, so that all can be renewed. */
export class ServerContexts {
  readonly #made = new Map<string, Made>();
  readonly #files = new WeakMap<TlsContext, Made>();
  /** What listeners serve with, and how many of them. */
  readonly #held = new Map<Made, number>();

  /** No listener serves TLS. */
  get empty(): boolean {
    return this.#held.size === 0;
  }

  /** Errors: TlsFilesError. */
  of(files: ServerTls): TlsContext {
    const key = JSON.stringify(files, Object.keys(files).sort());
    let made = this.#made.get(key);
    if (made === undefined) {
      this.#made.set(key, (made = { key, files, context: serverContext(files) }));
      this.#files.set(made.context, made);
    }
    return made.context;
  }

  /** A listener serves with the context from now on, until it is released. */
  hold(context: TlsContext): void {
    const made = this.#files.get(context)!;
    this.#made.set(made.key, made);
    this.#held.set(made, (this.#held.get(made) ?? 0) + 1);
  }
  release(context: TlsContext): void {
    const made = this.#files.get(context)!;
    const others = this.#held.get(made)! - 1;
    if (others > 0) this.#held.set(made, others);
    else this.#held.delete(made);
  }

  /**
   * Reads the files of all listeners again, for sessions that begin from now on; those no listener serves with are read when they are next
   * asked for. Errors: TlsFilesError, and then nothing has changed.
   */
  reload(): void {
    const fresh = Array.from(this.#held.keys(), ({ files, context }) => [context, serverContext(files).options] as const);
    for (const [context, options] of fresh) context.reload(options);
    for (const [key, made] of this.#made) if (!this.#held.has(made)) this.#made.delete(key);
  }
}
interface Made { readonly key: string; readonly files: ServerTls; readonly context: TlsContext }

export function clientContext(files: ClientTls): TlsContext {
  return built(files, files.alpn === undefined ? {} : { alpn: files.alpn });
}

type Files = Partial<Record<FileName, string>>;
const FILES = ['cert', 'key', 'ca', 'crl'] as const;
type FileName = (typeof FILES)[number];

function built(files: Files, rest: TlsContextOptions): TlsContext {
  const context = new TlsContext({ ...read(files), ...rest });
  if (context.failure !== null) throw new TlsFilesError(named(context.failure.message, files));
  return context;
}

function read(files: Files): Pick<TlsContextOptions, FileName> {
  const options: Partial<Record<FileName, Uint8Array>> = {};
  for (const name of FILES) {
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

/** What is wrong with an option, with its file. */
function named(fault: string, files: Files): string {
  const path = files[fault.slice(0, fault.indexOf(':')) as FileName];
  return path === undefined ? fault : `${fault}, '${path}'`;
}
