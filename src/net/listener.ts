/** A listening socket, as a promise. */
import type { ListenAddress } from './address.js';
import { Listener as StreamListener, type ListenerOptions } from './stream-listener.js';
import type { Transport } from './transport.js';

export class ListenError extends Error {
  /** `reason`: in the words of the system. */
  constructor(readonly reason: string) {
    super(reason);
  }
}

export interface Receiver {
  /** Answers what looks after an accepted stream; null: it is dropped. */
  accept(accepted: Transport): object | null;
  /** The descriptor of something accepted is free again. */
  released(): void;
}

export class Listener {
  private constructor(private readonly listener: StreamListener, readonly host: string) {}

  /** Rejects with ListenError. */
  static open(address: ListenAddress, receiver: Receiver, options: Partial<ListenerOptions> = {}): Promise<Listener> {
    const { host, port, path } = address;
    return new Promise((resolve, reject) => {
      StreamListener.open(path === undefined ? { kind: 'tcp', host, port } : { kind: 'unix', path }, {
        onListening: (listener) => resolve(new Listener(listener, path ?? host)),
        onListenFailure: (_, { code, message }) => reject(new ListenError(REASONS[code] ?? message)),
        onAccept: (_, accepted) => receiver.accept(accepted),
        onReleased: () => receiver.released(),
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
