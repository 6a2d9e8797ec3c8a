/** Addresses: `host:port`, `host:port:user:password`, `tcp://host:port`, and for listeners a bare port. */

export class AddressError extends Error {}

export interface ListenAddress { readonly host: string; readonly port: number }

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** null: no credentials given. */
  readonly password: string | null;
}

const MAX_HOST = 255;
const MAX_PORT_TEXT = 7;
const MAX_CREDENTIAL = 127;

/** Where to listen. Port 0 lets the system choose. Errors: AddressError. */
export function listenAddress(address: string | number): ListenAddress {
  const text = String(address).replace(/^tcp:\/\//, '');
  const colon = text.lastIndexOf(':');
  const host = colon < 0 ? '0.0.0.0' : text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = text.slice(colon + 1);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new AddressError(`no port to listen on: '${address}'`);
  return { host: host === '' || host === '*' ? '0.0.0.0' : host, port: Number(port) };
}

/**
 * A peer's address; split at colons into at most four parts, as the reference does: three parts are no credentials, text behind a
 * fourth colon is dropped, a user or password of 128 bytes or more counts as empty. Errors: AddressError.
 */
export function peerAddress(text: string): PeerAddress {
  const [host, port, user, password] = text.replace(/^tcp:\/\//, '').split(':');
  if (port === undefined) throw new AddressError('"host:port[:user:password]", missing port');
  if (host.length > MAX_HOST) throw new AddressError(`host too long, got ${host.length} bytes`);
  if (port.length > MAX_PORT_TEXT) throw new AddressError(`port field too long, got ${port.length} bytes`);
  const number = Number.parseInt(port, 10) || 0;
  if (number <= 0 || number > 65535) throw new AddressError(`port must be in 1..65535, got ${number}`);
  const credential = (part: string): string => (part.length > MAX_CREDENTIAL ? '' : part);
  return {
    host, port: number,
    user: password === undefined ? '' : credential(user),
    password: password === undefined ? null : credential(password),
  };
}
