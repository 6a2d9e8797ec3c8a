/** What TLS is made of on one side: certificates, trust and protocols. Its secure context can be swapped while connections live. */
import type { SecureContext, Server } from 'node:tls';
import { tlsFailure, type TlsFailure } from './failures.js';
import { nodeTls } from './node-tls.js';
import { explained, faultOf, secureOptions, type TlsContextOptions } from './tls-options.js';

export type { PeerCertificateInfo, TlsDetails } from './tls-details.js';
export type { TlsContextOptions } from './tls-options.js';

/** Certificates, trust and protocols of one side, for any number of connections. What was wrong with them is in `failure`. */
export class TlsContext {
  #options: TlsContextOptions;
  #secure: SecureContext | null = null;
  #server: Server | null = null;
  #failure: TlsFailure | null = null;

  /** Never throws: sessions of a context that cannot be built fail with `session-failed`. */
  constructor(options: TlsContextOptions) {
    this.#options = options;
    this.#failure = this.#build(options);
  }

  get options(): TlsContextOptions {
    return this.#options;
  }
  /** Why no session can be made. */
  get failure(): TlsFailure | null {
    return this.#failure;
  }
  get secureContext(): SecureContext {
    return this.#secure!;
  }

  /**
   * Takes new certificates for sessions that begin from now on; live ones go on. Protocols and names stay as they are. null: done;
   * otherwise nothing has changed.
   */
  reload(fresh: Pick<TlsContextOptions, 'cert' | 'key' | 'passphrase' | 'ca' | 'crl'>): TlsFailure | null {
    const options = { ...this.#options, ...fresh };
    const failure = this.#build(options);
    if (failure !== null) return failure;
    this.#options = options;
    this.#failure = null;
    this.#server?.setSecureContext(secureOptions(options));
    return null;
  }

  /**
   * The server that raw connections are injected into; it never listens. A bare server-side TLS socket would let a client pass whose
   * certificate was not accepted, and knows no time limit.
   */
  get server(): Server {
    if (this.#server === null) {
      const { ca, requireClient, alpn } = this.#options;
      const asks = ca !== undefined;
      this.#server = nodeTls().createServer({
        ...secureOptions(this.#options), requestCert: asks, rejectUnauthorized: asks && requireClient !== false,
        ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      });
    }
    return this.#server;
  }

  #build(options: TlsContextOptions): TlsFailure | null {
    const fault = faultOf(options);
    if (fault !== null) return tlsFailure('session-failed', fault);
    try {
      this.#secure = nodeTls().createSecureContext(secureOptions(options));
      return null;
    } catch (e) {
      return tlsFailure('session-failed', explained(e as Error, options));
    }
  }
}
