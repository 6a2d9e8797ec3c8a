/** A connection's way to its protocol, without a socket: what the reception makes of the bytes it begins with. */
import { Reception, type Guest } from '../../src/engine/reception.js';
import { TlsContext, type TlsDetails } from '../../src/net/tls-context.js';
import { TAKEN, type PeerCredentials, type Transport, type TransportEvents } from '../../src/net/transport.js';
import type { Served } from '../../src/engine/protocols.js';

export interface Arrival {
  readonly served: Served;
  readonly usersRequired?: boolean;
  /** Its list names the peer. */
  readonly listed?: boolean;
  readonly certificate?: boolean;
  /** What the hook says; undefined: nothing yet. */
  readonly vouched?: boolean;
}

const CONTEXT = new TlsContext({});
const UNKNOWN: TlsDetails = { protocol: 'TLSv1.3', cipher: '', alpn: null, servername: null, peerCertificate: null };
const KNOWN: TlsDetails = {
  ...UNKNOWN, peerCertificate: { subject: 'alice', issuer: '', subjectName: 'CN=alice', issuerName: '', names: '', serialNumber: '', fingerprint256: '', validFrom: '', validTo: '' },
};

/** A stream that brings one chunk, and whatever comes behind TLS in another. */
class Stream implements Transport {
  readonly descriptor = -1;
  readonly busy = false;
  events: TransportEvents | null = null;
  given: Uint8Array | null = null;
  destroyed = false;
  readonly peer;

  constructor(credentials: PeerCredentials | null, readonly tls: TlsDetails | null, private readonly inner: ((events: TransportEvents) => void) | null) {
    this.peer = { kind: 'unix', name: 'a peer', port: 0, localPort: 0, credentials } as const;
  }
  open(events: TransportEvents): void { this.events = events; }
  unread(chunk: Uint8Array): void {
    this.events = null;
    this.given = chunk;
  }
  secure(_: unknown, events: TransportEvents): null {
    this.inner!(events);
    return null;
  }
  destroy(): void { this.destroyed = true; }
  write(): typeof TAKEN { return TAKEN; }
  taken(): number { return 0; }
  end(): void {}
  pause(): void {}
  resume(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
}

/** What becomes of a connection that begins with `bytes`, and inside of TLS, if it begins with that, with `inside`. Throws when it is not exactly one thing. */
export function visit(bytes: Uint8Array, { served, usersRequired = false, listed = false, certificate = false, vouched }: Arrival, inside: Uint8Array = bytes): string {
  const verdicts: string[] = [];
  const taken = (what: string, chunk: Uint8Array) => (transport: Transport, guest?: unknown): void => {
    const { given, destroyed } = transport as Stream;
    if (given !== chunk || destroyed) throw new Error('handed on with all that was read');
    verdicts.push(guest === null || typeof guest !== 'object' ? what : `${what} as ${(guest as Guest).user}`);
  };
  let last = bytes;
  const hand = (what: string) => (transport: Transport, guest?: unknown): void => taken(what, last)(transport, guest);
  const reception = new Reception({ ...served, usersRequired, listed, context: CONTEXT, handshakeMs: 60_000 }, {
    wire: hand('wire'),
    frames: hand('frame'),
    lines: hand('soc'),
    vouch: (user, answer) => {
      if (vouched !== undefined) answer(vouched ? { user, restricted: false } : null);
    },
    refused: (_, reason) => void verdicts.push(`refused: ${reason}`),
  });
  const credentials = listed ? { pid: 1, uid: 0, gid: 0 } : null;
  const outer = new Stream(credentials, null, (events) => {
    const secured = new Stream(credentials, certificate ? KNOWN : UNKNOWN, null);
    events.secured(secured, secured.tls!);
    secured.open(events);
    last = inside;
    events.data(inside);
  });
  reception.receive(outer);
  if (bytes.length > 0) outer.events!.data(bytes);
  reception.close();
  if (verdicts.length > 1) throw new Error(`more than one verdict: ${verdicts.join('; ')}`);
  return verdicts[0] ?? 'waits';
}
