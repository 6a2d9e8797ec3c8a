/** Which protocols a listener serves, as programs, scripts and the command line say it. Plain data, because it crosses threads. */
import type { ListenAddress } from '../net/address.js';
import { isConsumer, TEXT_LANE, VALUE_LANE } from '../wire/broker/protocols.js';
import type { Protocol } from '../wire/mux.js';

export interface ServeOptions {
  /** Default: `wire` on TCP and TLS, `wire`, `frame` and `soc` on Unix sockets. `tls` lets a plain listener take TLS as well. */
  readonly protocols?: readonly Protocol[];
  /** Payload protocols of frames that go to the hooks as bytes, besides the host's own two lanes. Default none. */
  readonly serve?: readonly number[];
}

/** A word or number that names nothing that can be served. */
export class ProtocolsError extends Error {}

export const PROTOCOLS: readonly Protocol[] = ['wire', 'frame', 'soc', 'tls'];

/** Errors: ProtocolsError for a list that serves nothing, and for a word that names no protocol. */
export function protocolsOf(words: readonly string[]): readonly Protocol[] {
  const protocols = words.map((word) => PROTOCOLS.find((p) => p === word) ?? unknown(word));
  if (protocols.every((p) => p === 'tls')) throw new ProtocolsError(`nothing to serve${protocols.length > 0 ? ' inside of tls' : ''}; there are ${PROTOCOLS.join(', ')}`);
  return protocols;
}

/** Errors: ProtocolsError for numbers that programs may not use. */
export function lanesOf(numbers: readonly number[]): readonly number[] {
  for (const n of numbers) {
    if (!isConsumer(n)) throw new ProtocolsError(`payload protocol 0x${n.toString(16)} is not for programs: 0x7000 to 0x7eff, or 0xf000 to 0xffff`);
  }
  return numbers.filter((n) => n !== VALUE_LANE && n !== TEXT_LANE);
}

/** What is served outside of TLS, and what inside of it. */
export interface Served {
  readonly plain: ReadonlySet<Protocol>;
  readonly secured: ReadonlySet<Protocol>;
}

/** An address with `tls://` serves nothing outside of TLS. */
export function served({ path, tls }: ListenAddress, protocols: readonly Protocol[] = path === undefined ? ['wire'] : ['wire', 'frame', 'soc']): Served {
  const secured = new Set(protocols.filter((p) => p !== 'tls'));
  return { plain: tls === true ? new Set(['tls']) : new Set(protocols), secured };
}

function unknown(word: string): never {
  throw new ProtocolsError(`no protocol '${word}'; there are ${PROTOCOLS.join(', ')}`);
}
