/** What `.net.listen` and `.net.start-tls` take. */
import { fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import type { Value } from '../lang/value.js';
import { AddressError, listenAddress, type ListenAddress } from '../net/address.js';
import type { ListenOptions } from './api.js';
import { CLIENT_TLS } from './dial-options.js';
import { handleOf } from './handle-of.js';
import { count, flag, nested, numbers, oneOf, path, readOptions, texts, type Reader, type ValueOf } from './options.js';
import { SERVE_OPTIONS } from './serve-options.js';
import type { ClientTls, ServerTls } from './tls-files.js';

const SERVER_TLS = new Map<string, Reader>([['cert', path], ['key', path], ['ca', path], ['crl', path], ['require-client', flag], ['alpn', texts]]);
const CREDENTIALS = new Map<string, Reader>([['uid', numbers], ['gid', numbers], ['policy', oneOf('require', 'if-available', 'off')]]);
const OPTIONS = new Map<string, Reader>([
  ['tls', nested(SERVER_TLS)], ['credentials', nested(CREDENTIALS)], ['users', path], ['restricted', flag], ['idle', count], ...SERVE_OPTIONS,
]);

/** A port, or an address as a str. Errors: `domain`, `type`. */
export function listenPlace(v: Value): ListenAddress {
  const port = handleOf(v);
  if (port === null && typeof v !== 'string') return fail('type', `.net.listen expects an address, got ${typeName(v)}`);
  try {
    return listenAddress(port ?? fromBytes(v as string));
  } catch (e) {
    if (!(e instanceof AddressError)) throw e;
    return fail('domain', `.net.listen ${toBytes(e.message)}`);
  }
}

export function listenOptions(v: Value, valueOf: ValueOf): ListenOptions {
  const { tls, credentials, idle, ...rest } = readOptions(v, OPTIONS, valueOf) as {
    tls?: Record<string, unknown>; credentials?: { uid?: number[]; gid?: number[]; policy?: 'require' | 'if-available' | 'off' }; idle?: number;
  };
  return {
    ...rest,
    ...(tls === undefined ? {} : { tls: serverTls(tls, 'tls.') }),
    ...(idle === undefined ? {} : { idleMs: idle }),
    ...(credentials === undefined ? {} : { credentials: rulesOf(credentials) }),
  };
}

/** The options of `.net.start-tls` for either side. */
export const startTlsOptions = (v: Value, valueOf: ValueOf): { client(): ClientTls; server(): ServerTls } => ({
  client: () => readOptions(v, CLIENT_TLS, valueOf),
  server: () => serverTls(readOptions(v, SERVER_TLS, valueOf), ''),
});

function serverTls(read: Record<string, unknown>, prefix: string): ServerTls {
  const { 'require-client': requireClient, ...files } = read;
  for (const key of ['cert', 'key']) if (files[key] === undefined) fail('value', `no option ${prefix}${key}`);
  // Without authorities nobody would be asked for a certificate.
  if (requireClient === true && files['ca'] === undefined) fail('value', `no option ${prefix}ca, which ${prefix}require-client needs`);
  return { ...files, ...(requireClient === undefined ? {} : { requireClient }) } as unknown as ServerTls;
}

const rulesOf = ({ uid, gid, policy }: { uid?: number[]; gid?: number[]; policy?: 'require' | 'if-available' | 'off' }): NonNullable<ListenOptions['credentials']> => ({
  ...(uid === undefined ? {} : { uids: uid }), ...(gid === undefined ? {} : { gids: gid }), ...(policy === undefined ? {} : { policy }),
});
