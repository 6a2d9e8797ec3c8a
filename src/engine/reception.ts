/**
 * A listener's connections from their first byte to their protocol. Nothing here is a way around passwords: where users are asked for,
 * frames and lines, which carry none, are for peers that are known without.
 */
import { FirstBytes, type Next } from '../net/first-bytes.js';
import type { TlsContext } from '../net/tls-context.js';
import type { Transport } from '../net/transport.js';
import { toBytes } from '../lang/text.js';
import { opening, type Protocol } from '../wire/mux.js';
import { loginName } from './login-name.js';
import type { Served } from './protocols.js';

export interface ReceptionOptions extends Served {
  /** For `tls`. */
  readonly context: TlsContext | null;
  /** Users are asked for. */
  readonly usersRequired: boolean;
  /** Who got here over a Unix socket stands on the listener's list. */
  readonly listed: boolean;
  /** Ms from the connection to its being let in. */
  readonly handshakeMs: number;
}

export interface ReceptionHost {
  wire(transport: Transport, msLeft: number): void;
  /** `guest`: whom nobody asks for a password; null: nobody is. */
  frames(transport: Transport, guest: Guest | null): void;
  lines(transport: Transport, guest: Guest | null): void;
  /** Whether a guest, a name in bytes, is let in, and with what rights. */
  vouch(user: string, answer: (guest: Guest | null) => void): void;
  refused(transport: Transport, reason: string): void;
}

/** Somebody who is known without a password. */
export interface Guest { readonly user: string; readonly restricted: boolean }

export class Reception {
  readonly #waiting = new Set<Visitor>();

  constructor(readonly options: ReceptionOptions, readonly host: ReceptionHost) {}

  receive(transport: Transport): object {
    const visitor = new Visitor(this, transport);
    this.#waiting.add(visitor);
    return visitor;
  }
  forget(visitor: Visitor): void {
    this.#waiting.delete(visitor);
  }
  /** Drops whoever has not said what it speaks. */
  close(): void {
    for (const visitor of [...this.#waiting]) visitor.leave();
  }
}

class Visitor {
  readonly #bytes: FirstBytes;
  readonly #until: number;
  readonly #timer: NodeJS.Timeout;
  #here = true;

  constructor(private readonly reception: Reception, transport: Transport) {
    const { handshakeMs } = reception.options;
    this.#until = performance.now() + handshakeMs;
    this.#timer = setTimeout(() => this.#refuse(`no handshake within ${handshakeMs} ms`), handshakeMs);
    this.#bytes = new FirstBytes(transport, {
      arrived: (stream, chunk) => this.#arrived(stream, chunk),
      over: (reason, refused) => this.#refuse(refused ? reason : `${reason} during the handshake`),
    });
  }

  /** Drops the connection. */
  leave(): void {
    this.#gone();
    this.#bytes.destroy();
  }

  #refuse(reason: string): null {
    this.reception.host.refused(this.#bytes.transport, reason);
    this.leave();
    return null;
  }
  /** Nobody waits for it here any more. */
  #gone(): void {
    this.#here = false;
    clearTimeout(this.#timer);
    this.reception.forget(this);
  }

  #arrived(transport: Transport, chunk: Uint8Array): Next {
    const { plain, secured, context } = this.reception.options;
    const served = transport.tls === null ? plain : secured;
    const found = opening(chunk, served);
    switch (found.opening) {
      case 'wire': return { take: (stream) => this.#wire(stream) };
      case 'frame':
      case 'soc': return this.#unasked(transport, found.opening);
      case 'tls': return { secure: context! };
      case 'refused': return this.#refuse(refusal(found.protocol, chunk[0], served));
      case 'need-more': return this.#refuse('an empty chunk');
    }
  }

  #wire(stream: Transport): void {
    this.#gone();
    this.reception.host.wire(stream, Math.max(1, this.#until - performance.now()));
  }

  /** A protocol without passwords. */
  #unasked(transport: Transport, protocol: 'frame' | 'soc'): Next {
    const { host, options } = this.reception;
    const enter = (stream: Transport, guest: Guest | null): void => {
      this.#gone();
      if (protocol === 'frame') host.frames(stream, guest);
      else host.lines(stream, guest);
    };
    const user = knownAs(transport, options.usersRequired && options.listed);
    if (user === null && !options.usersRequired) return { take: (stream) => enter(stream, null) };
    if (user === null) return this.#refuse(`${NAMES[protocol]} carry no password: that takes a user id on the list, or a certificate`);
    return {
      take: (stream) => host.vouch(toBytes(user), (guest) => {
        if (!this.#here) return;
        if (guest === null) this.#refuse(`authentication failed for '${user}'`);
        else enter(stream, guest);
      }),
    };
  }
}

const NAMES: Record<Protocol, string> = { wire: 'the Rayforce wire', frame: 'frames', soc: 'lines', tls: 'TLS' };

function refusal(protocol: Protocol | null, byte: number, served: ReadonlySet<Protocol>): string {
  if (served.size === 1 && served.has('tls')) return 'TLS: not-tls';
  const what = protocol === null ? `no protocol begins with ${byte.toString(16).padStart(2, '0')}` : `not served here: ${NAMES[protocol]}`;
  return `${what} (served: ${[...served].join(', ')})`;
}

/** The name of whoever is known without a password; null: nobody is. */
function knownAs(transport: Transport, listed: boolean): string | null {
  const { credentials } = transport.peer;
  const certificate = transport.tls?.peerCertificate ?? null;
  if (certificate !== null) return certificate.subject;
  return listed && credentials !== null ? loginName(credentials.uid) : null;
}
