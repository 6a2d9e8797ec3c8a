/** `.net.*`: listeners and connections as a script sees them. */
import type { BuiltinRow } from '../lang/builtin.js';
import { fail } from '../lang/errors.js';
import { toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { T, Table, Vec, strVec, symVec, type Value } from '../lang/value.js';
import type { ConnectionInfo } from './api.js';
import { handleOf } from './handle-of.js';
import type { LangSide } from './lang-side.js';
import { listenOptions, listenPlace, startTlsOptions } from './listen-options.js';
import type { ValueOf } from './options.js';
import { nanoseconds } from './timestamps.js';
import { tlsReport } from './tls-report.js';

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function netBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  const valueOf: ValueOf = (name) => lang().interp.nameAt(name);
  return [
    {
      name: '.net.listen', args: 'address options', arity: 'n', restricted: true, options: true,
      doc: 'serves at a port or an address; options tls, credentials, users, restricted, idle, protocols, serve: the listener\'s id. io, domain',
      example: '(try (.net.listen "nowhere") (fn [e] \'domain))',
      fn: (args) => {
        if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
        return lang().listen(listenPlace(args[0]), listenOptions(args[1] ?? null, valueOf)).handle;
      },
    },
    {
      name: '.net.unlisten', args: 'id', arity: 1, restricted: true,
      doc: 'stops accepting; connections live on: null. io: no such listener',
      example: '(try (.net.unlisten 77) (fn [e] \'none))',
      fn: (id) => {
        lang().unlisten(handleArg('.net.unlisten', id));
        return null;
      },
    },
    {
      name: '.net.send', args: 'handle message', arity: 2, restricted: true, nullable: true,
      doc: 'as .ipc.post, with a token that .net.on.sent or .net.on.send-failed is called with; u8: messages as ser makes them. again, io, limit',
      example: '(try (.net.send 77 "1") (fn [e] \'closed))',
      fn: (handle, message) => lang().net.send(handleArg('.net.send', handle), message),
    },
    {
      name: '.net.conns', args: '', arity: 'n', restricted: true,
      doc: 'the connections, a row each: handle, address, direction, protocol, tls, user, uid, state, bytes in and out, bytes pending, when opened',
      example: '(type .net.conns)',
      fn: () => table(lang().call({ ask: 'connections' }).value as ConnectionInfo[]),
    },
    {
      name: '.net.tls', args: 'handle', arity: 1, restricted: true,
      doc: 'what TLS has agreed on: a dict of version, cipher, alpn, servername, and of the peer\'s certificate subject, issuer, names, subject-name, issuer-name, serial, fingerprint, begins, expires; null: plain. io',
      example: '(try (.net.tls 77) (fn [e] \'closed))',
      fn: (handle) => tlsReport(lang().net.tls(handleArg('.net.tls', handle))),
    },
    {
      name: '.net.start-tls', args: 'handle options', arity: 'n', restricted: true, options: true,
      doc: 'secures an open connection; who has connected waits, and gives ca, crl, cert, key, servername, alpn; the other side cert, key, ca, crl, require-client, alpn. io, state',
      example: '(try (.net.start-tls 77 {}) (fn [e] \'closed))',
      fn: (args) => {
        if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
        lang().net.startTls(handleArg('.net.start-tls', args[0]), startTlsOptions(args[1] ?? null, valueOf));
        return null;
      },
    },
    {
      name: '.net.mute', args: 'handle', arity: 1, restricted: true,
      doc: 'reads nothing more of a connection, not even its end; it can still be written to: null. io, state',
      example: '(try (.net.mute 77) (fn [e] \'closed))',
      fn: (handle) => {
        lang().net.mute(handleArg('.net.mute', handle));
        return null;
      },
    },
    {
      name: '.net.unmute', args: 'handle', arity: 1, restricted: true,
      doc: 'reads a muted connection again, what came meanwhile first: null. io',
      example: '(try (.net.unmute 77) (fn [e] \'closed))',
      fn: (handle) => {
        lang().net.unmute(handleArg('.net.unmute', handle));
        return null;
      },
    },
  ];
}

function handleArg(what: string, v: Value): number {
  return handleOf(v) ?? fail('type', `${what} expects a handle, got ${typeName(v)}`);
}

const NULL = -(2n ** 63n);

function table(all: readonly ConnectionInfo[]): Table {
  const numbers = (of: (c: ConnectionInfo) => number | undefined): Vec => {
    const data = BigInt64Array.from(all, (c) => BigInt(of(c) ?? NULL));
    return new Vec(T.I64, data, data.includes(NULL));
  };
  return new Table(symVec(['handle', 'address', 'direction', 'protocol', 'tls', 'user', 'uid', 'state', 'in', 'out', 'pending', 'opened']), [
    numbers((c) => c.handle),
    strVec(all.map((c) => toBytes(c.peer))),
    symVec(all.map((c) => c.direction)),
    symVec(all.map((c) => c.protocol)),
    symVec(all.map((c) => c.tls ?? '')),
    strVec(all.map((c) => c.user)),
    numbers((c) => c.uid),
    symVec(all.map((c) => c.state ?? '')),
    numbers((c) => c.bytesIn),
    numbers((c) => c.bytesOut),
    numbers((c) => c.held),
    opened(all),
  ]);
}

function opened(all: readonly ConnectionInfo[]): Vec {
  const data = BigInt64Array.from(all, ({ openedMs }) => (openedMs === undefined ? NULL : nanoseconds(openedMs)));
  return new Vec(T.TIMESTAMP, data, data.includes(NULL));
}
