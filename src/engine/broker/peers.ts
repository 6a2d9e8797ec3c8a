/** Who is at the other end, and who is let in. */
import type { Transport } from '../../net/transport.js';
import { allows, type PeerPolicy } from '../../wire/broker/exchange.js';
import type { Peer } from '../../wire/broker/hello.js';

/** Where the system does not tell, the folder of the socket has decided already. */
export function admits(policy: PeerPolicy, transport: Transport): boolean {
  return transport.peer.credentials === null || allows(policy, peerOf(transport));
}

export function ownUser(): PeerPolicy {
  return { policy: 'OwnerOnly', uid: String(process.geteuid?.() ?? '') };
}

export function peerOf({ peer: { credentials } }: Transport): Peer {
  return { pid: credentials?.pid ?? 0, uid: String(credentials?.uid ?? '') };
}
