/** The runtime's TLS, loaded when it is first needed: most programs start without. */
import { createRequire } from 'node:module';

type NodeTls = typeof import('node:tls');
let loaded: NodeTls | null = null;

export function nodeTls(): NodeTls {
  return (loaded ??= createRequire(import.meta.url)('node:tls') as NodeTls);
}
