/** Accepts TCP and Unix sockets. */
import { fstatSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Acceptor, AcceptorEvents, Arrival, ListenFailure, ListenTarget } from './acceptor.js';
import { admit, type Admission, type CredentialRules } from './peer-credentials.js';
import { SocketTransport } from './socket-transport.js';
import type { Transport } from './transport.js';
import { claimUnixPath, type Claim } from './unix-claim.js';

export class SocketAcceptor implements Acceptor {
  readonly #server: Server;
  #events: AcceptorEvents | null = null;
  #claim: Claim | null = null;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      // Until a connection takes over, a reset must not be an exception.
      socket.on('error', () => {});
      if (this.#events === null) socket.destroy();
      else this.#events.arrived(new ArrivedSocket(socket));
    });
  }

  async open(target: ListenTarget, backlog: number, events: AcceptorEvents): Promise<{ readonly port: number } | ListenFailure> {
    this.#events = events;
    const failure = target.kind === 'unix' ? await this.#claimPath(target, backlog) : await this.#listen(target, backlog);
    if (failure !== null) return failure;
    this.#server.on('error', (e) => this.#events?.failed(e));
    const address = this.#server.address();
    return { port: typeof address === 'object' && address !== null ? (address as AddressInfo).port : 0 };
  }
  get reachable(): boolean {
    return this.#claim === null || (this.#claim.kind === 'won' && this.#claim.stillOurs());
  }
  close(): void {
    this.#events = null;
    if (this.#claim?.kind === 'won') this.#claim.release();
    this.#server.close();
  }
  ref(): void {
    this.#server.ref();
  }
  unref(): void {
    this.#server.unref();
  }

  async #claimPath(target: Extract<ListenTarget, { kind: 'unix' }>, backlog: number): Promise<ListenFailure | null> {
    const claim = await claimUnixPath(this.#server, target.path, target.mode ?? 0o600, backlog);
    this.#claim = claim;
    if (claim.kind === 'won') return null;
    return claim.kind === 'error' ? { code: claim.code, message: claim.message } : { code: 'EADDRINUSE', message: `somebody listens on '${target.path}'` };
  }

  #listen(target: Extract<ListenTarget, { kind: 'tcp' | 'fd' }>, backlog: number): Promise<ListenFailure | null> {
    return new Promise((resolve) => {
      const failed = (e: Error): void => resolve({ code: (e as NodeJS.ErrnoException).code ?? 'io', message: e.message });
      this.#server.once('error', failed);
      const listening = (): void => {
        this.#server.off('error', failed);
        resolve(null);
      };
      try {
        if (target.kind === 'fd' && !isSocket(target.fd)) return resolve({ code: 'ENOTSOCK', message: `no socket: descriptor ${target.fd}` });
        if (target.kind === 'fd') this.#server.listen({ fd: target.fd, backlog }, listening);
        else this.#server.listen({ host: target.host, port: target.port, backlog, ipv6Only: target.ipv6Only ?? false }, listening);
      } catch (e) {
        failed(e as Error);
      }
    });
  }
}

/** Asked first: the runtime would close what it cannot listen on, which may be a descriptor it needs itself. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

class ArrivedSocket implements Arrival {
  constructor(private readonly socket: Socket) {}

  admit(rules: CredentialRules): Admission {
    return admit(this.socket, rules);
  }
  transport({ credentials }: Extract<Admission, { kind: 'admitted' }>): Transport {
    return new SocketTransport(this.socket, credentials);
  }
  onReleased(run: () => void): void {
    this.socket.once('close', run);
  }
  drop(how: 'close' | 'reset'): void {
    if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}
