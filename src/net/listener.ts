/** A listening socket. */
import { createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { Connection, type ConnectionEvents } from './connection.js';
import type { ListenAddress } from './address.js';

/** As many as the reference lets wait. */
const BACKLOG = 128;

export class ListenError extends Error {
  /** `reason`: in the words of the system. */
  constructor(readonly reason: string) {
    super(reason);
  }
}

export class Listener {
  private constructor(private readonly server: Server, readonly host: string, readonly port: number) {}

  /** Rejects with ListenError. `accept` answers what to call for a new connection, or null to drop it. */
  static open(address: ListenAddress, accept: () => ((open: (events: ConnectionEvents) => Connection) => void) | null): Promise<Listener> {
    return new Promise((resolve, reject) => {
      // Half open: a peer that has sent its last request still wants its replies.
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
        const take = accept();
        if (take === null) {
          socket.on('error', () => {});
          socket.destroy();
        } else take((events) => new Connection(socket, events));
      });
      server.once('error', (error) => reject(new ListenError(REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message)));
      server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
        server.removeAllListeners('error');
        server.on('error', () => {});
        resolve(new Listener(server, address.host, (server.address() as AddressInfo).port));
      });
    });
  }

  /** Stops accepting; connections live on. */
  close(): void {
    this.server.close();
  }
  unref(): void {
    this.server.unref();
  }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
};
