/** `.net.*`: what a script sees of the connections it lives on. */
import type { BuiltinRow } from '../lang/builtin.js';
import { toBytes } from '../lang/text.js';
import { T, Table, Vec, strVec, symVec } from '../lang/value.js';
import type { ConnectionInfo } from './api.js';
import type { LangSide } from './lang-side.js';

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function netBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  return [
    {
      name: '.net.conns', args: '', arity: 'n', restricted: true,
      doc: 'the open connections, a row each: handle, address, direction, protocol, tls, user, state, bytes in and out, bytes pending, when opened',
      example: '(type .net.conns)',
      fn: () => table(lang().call({ ask: 'connections' }).value as ConnectionInfo[]),
    },
  ];
}

const NULL = -(2n ** 63n);
const NS_PER_MS = 1_000_000n;
/** The language counts from the first day of 2000. */
const EPOCH_MS = 946_684_800_000;

function table(all: readonly ConnectionInfo[]): Table {
  const numbers = (of: (c: ConnectionInfo) => number | undefined): Vec => {
    const data = BigInt64Array.from(all, (c) => BigInt(of(c) ?? NULL));
    return new Vec(T.I64, data, data.includes(NULL));
  };
  return new Table(symVec(['handle', 'address', 'direction', 'protocol', 'tls', 'user', 'state', 'in', 'out', 'pending', 'opened']), [
    numbers((c) => c.handle),
    strVec(all.map((c) => toBytes(c.peer))),
    symVec(all.map((c) => c.direction)),
    symVec(all.map((c) => c.protocol)),
    symVec(all.map((c) => c.tls ?? '')),
    strVec(all.map((c) => c.user)),
    symVec(all.map((c) => c.state ?? '')),
    numbers((c) => c.bytesIn),
    numbers((c) => c.bytesOut),
    numbers((c) => c.held),
    opened(all),
  ]);
}

function opened(all: readonly ConnectionInfo[]): Vec {
  const data = BigInt64Array.from(all, ({ openedMs }) => (openedMs === undefined ? NULL : BigInt(Math.trunc(openedMs - EPOCH_MS)) * NS_PER_MS));
  return new Vec(T.TIMESTAMP, data, data.includes(NULL));
}
