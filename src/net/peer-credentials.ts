/** Who is at the other end of a Unix socket, and whether it may come in. The answer is `unavailable` where the C library cannot be asked. */
import type { Socket } from 'node:net';
import { cLibrary } from './c-library.js';
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

/** Whether a peer is let in, and why not. */
export type Admission =
  | { readonly kind: 'admitted'; readonly credentials: PeerCredentials | null }
  | { readonly kind: 'refused'; readonly reason: string };

/** User and group are those at the time of connecting. The process id may be that of one who has passed the descriptor on: for logs only. */
export function peerCredentials(socket: Socket): PeerCredentials | 'unavailable' {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0 || socket.remoteAddress !== undefined) return 'unavailable';
  return cLibrary()?.peer(fd) ?? 'unavailable';
}

/** TCP peers have no credentials: under `require` they are refused. */
export function admit(socket: Socket, rules: CredentialRules, ask: typeof peerCredentials = peerCredentials): Admission {
  return judge(() => ask(socket), rules);
}

/** As `admit`, of somebody `found` otherwise. */
export function judge(find: () => PeerCredentials | 'unavailable', rules: CredentialRules): Admission {
  const { uids, gids } = rules;
  const listed = uids !== undefined || gids !== undefined;
  const policy = rules.policy ?? (listed ? 'require' : 'off');
  if (policy === 'off') return { kind: 'admitted', credentials: null };
  const found = find();
  if (found === 'unavailable') {
    return policy === 'require' ? { kind: 'refused', reason: 'the peer cannot be identified' } : { kind: 'admitted', credentials: null };
  }
  if (listed && !uids?.includes(found.uid) && !gids?.includes(found.gid)) return { kind: 'refused', reason: `user ${found.uid} of group ${found.gid} is not on the list` };
  return { kind: 'admitted', credentials: found };
}
