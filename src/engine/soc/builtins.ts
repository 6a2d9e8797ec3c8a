/** `.soc.*` and `.swarm.*`: pipes between processes, and facts shared by a swarm. */
import { hostname } from 'node:os';
import { Dict, List, Sym, Table, symVec, type Value } from '../../lang/value.js';
import { fail } from '../../lang/errors.js';
import { later } from '../../columns/later.js';
import { fromBytes } from '../../lang/text.js';
import { typeName } from '../../lang/type-names.js';
import type { BuiltinRow } from '../../lang/builtin.js';
import { isUtf8 } from '../../columns/json-scan.js';
import { ID_LIMIT } from '../../wire/soc/message.js';
import { handleOf } from '../handle-of.js';
import type { LangSide } from '../lang-side.js';
import type { DialOptions, FactRow, ListenOptions, SwarmSelf, SyncReport } from './calls.js';
import { factRows, factTable, peerTable, reportDict } from './lang.js';
import { count, flag, numbers, oneOf, path, readOptions, text, type ValueOf } from '../options.js';

const CLOSE_MS = 5000;
const crypto = later<typeof import('node:crypto')>('node:crypto');
const CREDENTIALS = [['uids', numbers], ['gids', numbers], ['policy', oneOf('require', 'if-available', 'off')]] as const;
const LISTEN_OPTIONS = new Map([...CREDENTIALS, ['connections', count], ['window', count]] as const);
const DIAL_OPTIONS = new Map([['retries', count], ['spool', path], ['fsync', oneOf('batch', 'none')], ['capacity', count], ['bytes', count]] as const);
const SELF_OPTIONS = new Map([['id', text], ['node', text], ['hash', text], ['old', flag], ...CREDENTIALS] as const);

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function socBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  const valueOf: ValueOf = (name) => lang().interp.nameAt(name);
  let self: SwarmSelf | null = null;
  const me = (options: Record<string, unknown>): SwarmSelf => {
    const { id, node, hash, oldPeers } = (self ??= { id: crypto().randomBytes(8).toString('hex'), node: hostname(), hash: '', oldPeers: false });
    return (self = {
      id: (options['id'] as string | undefined) ?? id, node: (options['node'] as string | undefined) ?? node,
      hash: (options['hash'] as string | undefined) ?? hash, oldPeers: (options['old'] as boolean | undefined) ?? oldPeers,
    });
  };
  return [
    {
      name: '.soc.listen', args: 'name options', arity: 'n', restricted: true, options: true,
      doc: 'takes messages of a pipe; options uids, gids, policy, connections, window: the listener\'s handle. io, domain',
      example: '(type .soc.listen)',
      fn: (args) => lang().soc.listen(pipeName('.soc.listen', args), readOptions(args[1] ?? null, LISTEN_OPTIONS, valueOf) as ListenOptions),
    },
    {
      name: '.soc.dial', args: 'name options', arity: 'n', restricted: true, options: true,
      doc: 'connects to a pipe; options retries, spool, fsync, capacity, bytes: a handle. io, domain',
      example: "(try (.soc.dial \"nobody-there\") (fn [e] 'missing))",
      fn: (args) => lang().soc.dial(pipeName('.soc.dial', args), readOptions(args[1] ?? null, DIAL_OPTIONS, valueOf) as DialOptions),
    },
    {
      name: '.soc.send', args: 'handle type payload id', arity: 'n', restricted: true,
      doc: 'posts, waiting for room, and waits until the message is in the spool, or with the kernel: its id. io, limit',
      example: "(try (.soc.send 77 'soc_event 1) (fn [e] 'closed))",
      fn: (args) => lang().soc.send(...message('.soc.send', args)),
    },
    {
      name: '.soc.post', args: 'handle type payload id', arity: 'n', restricted: true,
      doc: 'sends a message without waiting: its id. io, full, limit',
      example: "(try (.soc.post 77 'soc_event 1) (fn [e] 'closed))",
      fn: (args) => lang().soc.post(...message('.soc.post', args)),
    },
    {
      name: '.soc.flush', args: 'handle', arity: 1, restricted: true,
      doc: 'waits until all that was posted is in the spool, or with the kernel: how much is not settled. io: something was dropped',
      example: "(try (.soc.flush 77) (fn [e] 'closed))",
      fn: (handle) => lang().soc.flush(handleArg('.soc.flush', handle)),
    },
    {
      name: '.soc.ack', args: 'handle id', arity: 2, restricted: true,
      doc: 'tells the sender of a message that it is done with. io',
      example: "(try (.soc.ack 77 \"1\") (fn [e] 'closed))",
      fn: (handle, id) => {
        lang().soc.ack(handleArg('.soc.ack', handle), idArg('.soc.ack', id));
        return null;
      },
    },
    {
      name: '.soc.pending', args: 'handle', arity: 1, restricted: true,
      doc: 'how many posted messages are not settled. io',
      example: "(try (.soc.pending 77) (fn [e] 'closed))",
      fn: (handle) => lang().soc.pending(handleArg('.soc.pending', handle)),
    },
    {
      name: '.soc.close', args: 'handle ms', arity: 'n', restricted: true,
      doc: 'ends a pipe or a listener; what waits has ms (5000): a dict of flushed, dropped and kept in the spool, or null',
      example: '(.soc.close 77)',
      fn: (args) => {
        if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
        const result = lang().soc.close(handleArg('.soc.close', args[0]), args.length === 2 ? (count('ms', args[1]) as number) : CLOSE_MS);
        return result === null ? null : new Dict(symVec(['flushed', 'dropped', 'kept']), new List([result.flushed, result.dropped, result.kept]));
      },
    },
    {
      name: '.swarm.listen', args: 'dir options', arity: 'n', restricted: true, options: true,
      doc: 'is the one that others sync with, if nobody is yet; options id, node, hash, old, uids, gids, policy: true if it is. io',
      example: '(type .swarm.listen)',
      fn: (args) => {
        const { uids, gids, policy, ...rest } = readOptions(args[1] ?? null, SELF_OPTIONS, valueOf);
        const options = Object.fromEntries(Object.entries({ uids, gids, policy }).filter(([, v]) => v !== undefined));
        return lang().soc.swarm({ ask: 'soc', op: 'swarm.listen', dir: dirArg('.swarm.listen', args), self: me(rest), options }) as boolean;
      },
    },
    {
      name: '.swarm.dial', args: 'dir options', arity: 'n', restricted: true, options: true,
      doc: 'syncs with whoever listens: a dict of outcome, peer, node, sent, left, imported, skipped, facts',
      example: "(at (.swarm.dial \"/nowhere\") 'outcome)",
      fn: (args) => reportDict(lang().soc.swarm({ ask: 'soc', op: 'swarm.dial', dir: dirArg('.swarm.dial', args), self: me(readOptions(args[1] ?? null, SELF_OPTIONS, valueOf)) }) as SyncReport),
    },
    {
      name: '.swarm.listening?', args: '', arity: 'n', restricted: true, doc: 'whether this is the one that others sync with', example: '(.swarm.listening?)',
      fn: () => lang().soc.swarm({ ask: 'soc', op: 'swarm.listening' }) as boolean,
    },
    {
      name: '.swarm.close', args: '', arity: 'n', restricted: true, doc: 'is not any more', example: '(.swarm.close)',
      fn: () => lang().soc.swarm({ ask: 'soc', op: 'swarm.close' }) as null,
    },
    {
      name: '.swarm.facts', args: 'facts', arity: 'n', restricted: true,
      doc: 'the facts, keyed by id; with a table adds its rows first (id, content, level, domain, module, gene, source, created). schema, type',
      example: '(count (.swarm.facts))',
      fn: (args) => {
        if (args.length > 1) fail('arity', `expected 0 or 1 args, got ${args.length}`);
        const [facts] = args;
        if (args.length === 1) {
          if (!(facts instanceof Table)) return fail('type', `.swarm.facts expects a table, got ${typeName(facts)}`);
          lang().soc.swarm({ ask: 'soc', op: 'swarm.put', facts: factRows(facts) });
        }
        return factTable(lang().soc.swarm({ ask: 'soc', op: 'swarm.facts' }) as FactRow[]);
      },
    },
    {
      name: '.swarm.peers', args: '', arity: 'n', restricted: true, doc: 'whom this has synced with: a table of id, node, hash, trust, seen, facts', example: '(count (.swarm.peers))',
      fn: () => peerTable(lang().soc.swarm({ ask: 'soc', op: 'swarm.peers' }) as Parameters<typeof peerTable>[0]),
    },
  ];
}

function pipeName(what: string, args: readonly Value[]): string {
  if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
  const [v] = args;
  return v instanceof Sym ? v.text : typeof v === 'string' ? fromBytes(v) : fail('type', `${what} expects the name of a pipe, got ${typeName(v)}`);
}
function dirArg(what: string, args: readonly Value[]): string {
  if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
  return typeof args[0] === 'string' ? fromBytes(args[0]) : fail('type', `${what} expects the path of a folder, got ${typeName(args[0])}`);
}

function message(what: string, args: readonly Value[]): [handle: number, type: string, payload: Value, id?: string] {
  if (args.length < 3 || args.length > 4) fail('arity', `expected 3 or 4 args, got ${args.length}`);
  const [handle, type, payload] = args;
  const of: [number, string, Value] = [handleArg(what, handle), utf8('type', text('type', type) as string), payload];
  return args.length === 4 ? [...of, idArg(what, args[3])] : of;
}
function handleArg(what: string, v: Value): number {
  return handleOf(v) ?? fail('type', `${what} expects a handle, got ${typeName(v)}`);
}
function idArg(what: string, v: Value): string {
  if (typeof v !== 'string') return fail('type', `${what} expects an id as a str, got ${typeName(v)}`);
  return v.length >= 1 && v.length <= ID_LIMIT ? utf8('id', v) : fail('domain', `an id has 1 to ${ID_LIMIT} bytes`);
}
const utf8 = (what: string, s: string): string => (isUtf8(s) ? s : fail('domain', `the bytes of the ${what} are not UTF-8`));
