/**
 * Who is at the other end of a Unix socket: the only file that calls into the C library for it. The optional package `koffi` is
 * loaded when somebody asks; without it the answer is `unavailable`.
 */
import type { Socket } from 'node:net';
import { createRequire } from 'node:module';
import type { PeerCredentials } from './transport.js';

/**
 * `require`: whoever cannot be identified is refused; `if-available`: only whoever is identified and not on the lists; `off`: nobody.
 * Without lists everybody identified is let in. With lists and no policy it is `require`.
 */
export interface CredentialRules {
  readonly policy?: 'require' | 'if-available' | 'off';
  readonly uids?: readonly number[];
  readonly gids?: readonly number[];
}

export type Verdict =
  | { readonly kind: 'admitted'; readonly credentials: PeerCredentials | null }
  | { readonly kind: 'refused'; readonly reason: string };

/** User and group are those at the time of connecting. The process id may be that of one who has passed the descriptor on: for logs only. */
export function peerCredentials(socket: Socket): PeerCredentials | 'unavailable' {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0 || socket.remoteAddress !== undefined) return 'unavailable';
  return library()?.(fd) ?? 'unavailable';
}

/** TCP peers have no credentials: under `require` they are refused. */
export function admit(socket: Socket, rules: CredentialRules, ask: typeof peerCredentials = peerCredentials): Verdict {
  const { uids, gids } = rules;
  const listed = uids !== undefined || gids !== undefined;
  const policy = rules.policy ?? (listed ? 'require' : 'off');
  if (policy === 'off') return { kind: 'admitted', credentials: null };
  const found = ask(socket);
  if (found === 'unavailable') {
    return policy === 'require' ? { kind: 'refused', reason: 'the peer cannot be identified' } : { kind: 'admitted', credentials: null };
  }
  if (listed && !uids?.includes(found.uid) && !gids?.includes(found.gid)) return { kind: 'refused', reason: `user ${found.uid} of group ${found.gid} is not on the list` };
  return { kind: 'admitted', credentials: found };
}

type Ask = (fd: number) => PeerCredentials | null;
let loaded: Ask | null | undefined;

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Three 32-bit numbers: process, user, group. */
const UCRED_BYTES = 12;

function library(): Ask | null {
  if (loaded === undefined) loaded = process.platform === 'linux' ? load() : null;
  return loaded;
}

interface Koffi {
  load(path: null): { func(declaration: string): (...args: unknown[]) => number };
}

/** Synchronous, because the answer decides before the first byte of the peer is read. */
function load(): Ask | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const getsockopt = koffi.load(null).func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)');
    return (fd) => {
      const value = Buffer.alloc(UCRED_BYTES);
      const length = new Uint32Array([UCRED_BYTES]);
      if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length[0] !== UCRED_BYTES) return null;
      const view = new DataView(value.buffer, value.byteOffset, UCRED_BYTES);
      return { pid: view.getInt32(0, LITTLE), uid: view.getUint32(4, LITTLE), gid: view.getUint32(8, LITTLE) };
    };
  } catch {
    return null;
  }
}
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
