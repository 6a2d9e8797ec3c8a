/** A listening socket whose streams are queued connections, as a promise. */
import type { ListenAddress } from './address.js';
import { QueuedConnection, type StreamEvents } from './queued-connection.js';
import { Listener as StreamListener, type ListenerOptions } from './stream-listener.js';
import type { TlsContext } from './tls-context.js';

export class ListenError extends Error {
  /** `reason`: in the words of the system. */
  constructor(readonly reason: string) {
    super(reason);
  }
}

type Take = (open: (events: StreamEvents) => QueuedConnection) => void;

export class Listener {
  private constructor(private readonly listener: StreamListener, readonly host: string) {}

  /** Rejects with ListenError. `accept` answers what to call for a new connection, or null to drop it. With a context it speaks TLS. */
  static open(address: ListenAddress, accept: () => Take | null, context: TlsContext | null = null, options: Partial<ListenerOptions> = {}): Promise<Listener> {
    const { host, port, path } = address;
    return new Promise((resolve, reject) => {
      StreamListener.open(path === undefined ? { kind: 'tcp', host, port } : { kind: 'unix', path }, {
        onListening: (listener) => resolve(new Listener(listener, path ?? host)),
        onListenFailure: (_, { code, message }) => reject(new ListenError(REASONS[code] ?? message)),
        onAccept: (_, accepted) => {
          const take = accept();
          if (take === null) return null;
          let made: QueuedConnection | null = null;
          take((events) => (made = QueuedConnection.accept(accepted, context, events)));
          return (made as QueuedConnection | null)?.endpoint ?? null;
        },
        // Whoever accepts counts its connections itself.
      }, { maxConnections: null, ...options });
    });
  }

  get port(): number {
    return this.listener.port;
  }
  /** Stops accepting; connections live on. */
  close(): void {
    this.listener.close();
  }
  unref(): void {
    this.listener.unref();
  }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
};
