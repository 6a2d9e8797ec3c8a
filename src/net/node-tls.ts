/** The runtime's TLS and what reads its certificates, loaded when they are first needed: most programs start without. */
import { createRequire } from 'node:module';

type NodeTls = typeof import('node:tls');
type NodeCrypto = typeof import('node:crypto');
let tls: NodeTls | null = null;
let crypto: NodeCrypto | null = null;

export function nodeTls(): NodeTls {
  return (tls ??= createRequire(import.meta.url)('node:tls') as NodeTls);
}
export function nodeCrypto(): NodeCrypto {
  return (crypto ??= createRequire(import.meta.url)('node:crypto') as NodeCrypto);
}
