/** Peers whose TLS records say nothing. The library answers for them unseen: requests for new keys cost it more than anything else a peer can send. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TLS_FAILURES, type TlsFailureCode } from './failures.js';

/** Default of `silentBytes`: thousands of requests for new keys, of which one a day would be a lot. */
const SILENT_BYTES = 64 << 10;
/** And more for each byte that it says, so that whoever hides lengths may fill up the largest records. */
const SILENT_PER_BYTE = 256;
/** Between looks. Nothing tells that such records come: they are found by what has been read since. */
const LOOK_MS = 250;

interface Watched { readonly raw: Socket; readonly most: number }

const watched = new Map<TLSSocket, Watched>();
let looking: NodeJS.Timeout | null = null;

/**
 * Fails `socket`, which is live on top of `raw`, with `silent-records` once the peer has sent more than `silentBytes` beyond what it may for
 * what it says; until it closes.
 */
export function watchSilentRecords(socket: TLSSocket, raw: Socket, silentBytes = SILENT_BYTES): void {
  // What older versions have of the kind, the library limits.
  if (socket.getProtocol() !== 'TLSv1.3') return;
  watched.set(socket, { raw, most: raw.bytesRead + silentBytes });
  socket.once('close', () => watched.delete(socket));
  looking ??= setInterval(look, LOOK_MS).unref();
}

function look(): void {
  for (const [socket, { raw, most }] of watched) {
    if (socket.destroyed) watched.delete(socket);
    else if (raw.bytesRead > most + SILENT_PER_BYTE * socket.bytesRead) {
      watched.delete(socket);
      const code = 'silent-records' satisfies TlsFailureCode;
      socket.destroy(Object.assign(new Error(TLS_FAILURES[code]), { code }));
    }
  }
  if (watched.size > 0 || looking === null) return;
  clearInterval(looking);
  looking = null;
}
