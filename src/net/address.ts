/**
 * Addresses: `host:port[:user:password]`, `tcp://` and `tls://` with `[user:password@]host:port`, `unix:///path`; for listeners a bare port;
 * for peers that are to be spoken to in frames `frame+` in front of a scheme. On Windows the names of pipes stand where elsewhere the paths
 * of sockets do, with `unix://` in front or without: `\\.\pipe\name`.
 */
import { isPipeName, pathFault } from './unix-path.js';

export class AddressError extends Error {}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly tls?: true;
  /** A Unix socket or a pipe instead of host and port. */
  readonly path?: string;
}

export interface PeerAddress extends ListenAddress {
  readonly user: string;
  /** null: no credentials given. */
  readonly password: string | null;
  /** Frames are spoken there. */
  readonly frames?: true;
}

const MAX_HOST = 255;
const MAX_PORT_TEXT = 7;
const MAX_CREDENTIAL = 127;

/** Where to listen. Port 0 lets the system choose. Errors: AddressError. */
export function listenAddress(address: string | number, platform: NodeJS.Platform = process.platform): ListenAddress {
  const { scheme, rest, frames } = split(String(address));
  if (frames) throw new AddressError(`what a listener serves is no part of its address: '${address}'`);
  if (scheme === 'unix') return { host: '', port: 0, path: pathOf(rest, platform) };
  if (rest.includes('/')) throw new AddressError(`no address to listen on: '${address}'`);
  if (rest.includes('@')) throw new AddressError('a listener has no user and no password');
  const colon = rest.lastIndexOf(':');
  const host = colon < 0 ? '0.0.0.0' : unbracketed(rest.slice(0, colon));
  const port = rest.slice(colon + 1);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new AddressError(`no port to listen on: '${address}'`);
  return { host: host === '' || host === '*' ? '0.0.0.0' : host, port: Number(port), ...(scheme === 'tls' ? { tls: true } : {}) };
}

/**
 * A peer's address. Without `user:password@` it is split at colons into at most four parts, as the reference does: three parts are no
 * credentials, text behind a fourth colon is dropped, a user or password of 128 bytes or more counts as empty. `place`: reads the host or path where
 * `text` is no text but bytes; credentials stay as they are written. Errors: AddressError.
 */
export function peerAddress(text: string, place = (written: string): string => written, platform: NodeJS.Platform = process.platform): PeerAddress {
  const { frames, plain } = split(text);
  const at = placeOf(plain, place, platform);
  if (!frames) return at;
  if (at.password !== null) throw new AddressError('frames carry no user and no password');
  return { ...at, frames: true };
}

function placeOf(text: string, read: (written: string) => string, platform: NodeJS.Platform): PeerAddress {
  const { scheme, rest } = split(text);
  const at = scheme === '' || isPipeName(rest) ? -1 : rest.lastIndexOf('@');
  const written = at < 0 ? null : credentials(rest.slice(0, at));
  const place = rest.slice(at + 1);
  if (scheme === 'unix') return { host: '', port: 0, path: pathOf(read(place), platform), ...(written ?? NO_CREDENTIALS) };
  const [host, port, user, password] = parts(place);
  if (port === undefined) throw new AddressError('"host:port[:user:password]", missing port');
  if (host.length > MAX_HOST) throw new AddressError(`host too long, got ${host.length} bytes`);
  if (port.length > MAX_PORT_TEXT) throw new AddressError(`port field too long, got ${port.length} bytes`);
  const number = Number.parseInt(port, 10) || 0;
  if (number <= 0 || number > 65535) throw new AddressError(`port must be in 1..65535, got ${number}`);
  const given = written ?? (password === undefined ? NO_CREDENTIALS : { user: credential(user), password: credential(password) });
  return { host: read(host), port: number, ...given, ...(scheme === 'tls' ? { tls: true } : {}) };
}

interface Credentials { readonly user: string; readonly password: string | null }
const NO_CREDENTIALS: Credentials = { user: '', password: null };

function split(text: string): { frames: boolean; plain: string; scheme: string; rest: string } {
  if (isPipeName(text)) return { frames: false, plain: text, scheme: 'unix', rest: text };
  const match = /^(frame\+)?(tcp|tls|unix):\/\//.exec(text);
  if (match === null) return { frames: false, plain: text, scheme: '', rest: text };
  const [whole, frame = '', scheme] = match;
  return { frames: frame !== '', plain: text.slice(frame.length), scheme, rest: text.slice(whole.length) };
}
/** An address of version 6 stands in brackets. */
function parts(place: string): string[] {
  const match = /^\[([^\]]*)\](.*)$/.exec(place);
  return match === null ? place.split(':') : [match[1], ...match[2].split(':').slice(1)];
}
function credentials(text: string): Credentials {
  const colon = text.indexOf(':');
  return colon < 0 ? { user: credential(text), password: '' } : { user: credential(text.slice(0, colon)), password: credential(text.slice(colon + 1)) };
}
function credential(part: string): string {
  return part.length > MAX_CREDENTIAL ? '' : part;
}
function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
function pathOf(text: string, platform: NodeJS.Platform): string {
  const fault = pathFault(text, platform);
  if (fault !== null) throw new AddressError(fault.message);
  if (platform !== 'win32' && !text.startsWith('/')) throw new AddressError(`no absolute path: '${text}'`);
  return text;
}
