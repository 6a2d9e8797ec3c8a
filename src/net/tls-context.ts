/** What TLS is made of on one side: certificates, trust and protocols. Its secure context can be swapped while connections live. */
import type { SecureContext, SecureContextOptions, Server } from 'node:tls';
import { tlsFailure, type TlsFailure } from './failures.js';
import { nodeTls } from './node-tls.js';

export interface TlsContextOptions {
  /** Own certificate with its chain, PEM. Servers need one. */
  readonly cert?: string | Uint8Array;
  /** Private key of `cert`, PEM. */
  readonly key?: string | Uint8Array;
  readonly passphrase?: string;
  /** Authorities that are trusted, PEM; instead of those of the system. A server that is given some asks its clients for a certificate. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Servers with `ca`: clients without a certificate are refused. Default true. */
  readonly requireClient?: boolean;
  /** Servers: a client's certificate has to carry one of these names. Default: any name. */
  readonly clientNames?: readonly string[];
  /** Protocols for ALPN, best first. When given, both sides have to agree on one. */
  readonly alpn?: readonly string[];
  /** Default TLSv1.2: older versions are broken. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface PeerCertificateInfo {
  /** The common name, or '' . */
  readonly subject: string;
  readonly issuer: string;
  /** As the library prints it: `DNS:localhost, IP Address:127.0.0.1`. */
  readonly names: string;
  readonly fingerprint256: string;
  readonly validTo: string;
}

export interface TlsDetails {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** What ALPN has chosen. */
  readonly alpn: string | null;
  /** Verified; null when the peer has shown none and need not. */
  readonly peerCertificate: PeerCertificateInfo | null;
}

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
  reload(fresh: Pick<TlsContextOptions, 'cert' | 'key' | 'passphrase' | 'ca'>): TlsFailure | null {
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
    try {
      this.#secure = nodeTls().createSecureContext(secureOptions(options));
      return null;
    } catch (e) {
      return tlsFailure('session-failed', (e as Error).message);
    }
  }
}

function secureOptions(options: TlsContextOptions): SecureContextOptions {
  const text = (pem: string | Uint8Array): string | Buffer => (typeof pem === 'string' ? pem : Buffer.from(pem));
  const { cert, key, passphrase, ca, minVersion, maxVersion } = options;
  const authorities = ca === undefined ? undefined : ca instanceof Uint8Array || typeof ca === 'string' ? [text(ca)] : ca.map(text);
  return {
    ...(cert === undefined ? {} : { cert: text(cert) }),
    ...(key === undefined ? {} : { key: text(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(authorities === undefined ? {} : { ca: authorities }),
    minVersion: minVersion ?? 'TLSv1.2',
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}
