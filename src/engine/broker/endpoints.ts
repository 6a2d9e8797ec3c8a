/** Where programs of this user look for their brokers. */
import { randomBytes } from 'node:crypto';
import { EndpointError, leafName, socketFolder, socketPath, userHash, type Leaf } from '../../wire/broker/endpoint-names.js';
import type { PathWords } from './calls.js';
import { machineId } from './process-facts.js';
import { BrokerError } from './socket-folder.js';

/** Throws BrokerError: `domain` for a name that cannot be, `io` where this machine cannot be identified. */
export function endpointPath({ service, instance, backend }: PathWords): string {
  const leaf: Leaf = service !== undefined ? { kind: 'private', service }
    : instance !== undefined ? { kind: 'explicit', instance }
    : backend === true ? { kind: 'backend', random: randomBytes(16) }
    : { kind: 'shared' };
  const uid = process.geteuid?.() ?? 0;
  try {
    return socketPath(socketFolder(process.env, uid), leafName(userHash(String(uid), machineId()), leaf));
  } catch (e) {
    throw new BrokerError(e instanceof EndpointError ? 'domain' : 'io', (e as Error).message);
  }
}
