/** `.broker.*`: brokers that lead clients to services by name and version. */
import { Dict, List, T, Table, Vec, name as nameOf, strVec, symVec, type Value } from '../../lang/value.js';
import { fail, RayError } from '../../lang/errors.js';
import { fromBytes, toBytes } from '../../lang/text.js';
import { typeName } from '../../lang/type-names.js';
import type { BuiltinRow } from '../../lang/builtin.js';
import { items, pack } from '../../columns/item.js';
import type { LangSide } from '../lang-side.js';
import { count, flag, readOptions, text } from '../soc/options.js';
import type { BrokerCall, HelloOutcome, HelloWords, IdentityWords, NegotiatedWords, ServeOptions, ServiceRow, StatsRow } from './calls.js';

type Reader = (key: string, v: Value) => unknown;

const utf8: Reader = (key, v) => fromBytes(text(key, v) as string);
const versions: Reader = (key, v) => (v instanceof Vec || v instanceof List ? items(v) : [v]).map((item) => utf8(key, item));

const SERVE_OPTIONS = new Map<string, Reader>([['instance', utf8], ['timeout', count], ['rate', count], ['window', count]]);
const SERVICE = new Map<string, Reader>([['service', utf8], ['version', utf8], ['pipe', utf8], ['min_version', utf8], ['allow', versions], ['capabilities', count], ['alone', flag]]);
const HELLO = new Map<string, Reader>([['service', utf8], ['want', utf8], ['client', utf8], ['keepalive', count], ['timeout', count]]);

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function brokerBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  const ask = (call: BrokerCall): unknown => lang().call(call).value;
  const hello = (what: string, args: readonly Value[]): NegotiatedWords => {
    const [path, options] = twoArgs(what, args);
    const words = readOptions(options, HELLO) as unknown as HelloWords;
    if (words.service === undefined || words.want === undefined) fail('domain', `${what} needs service and want`);
    const outcome = ask({ ask: 'broker', op: 'hello', path, words }) as HelloOutcome;
    return 'pipe' in outcome ? outcome : refused(outcome);
  };
  return [
    {
      name: '.broker.serve', args: 'path options', arity: 'n', restricted: true,
      doc: 'a broker at a Unix path, whose folder is this user\'s alone; options instance, timeout, rate, window: the path. io',
      example: '(type .broker.serve)',
      fn: (args) => {
        const [path, options] = twoArgs('.broker.serve', args);
        ask({ ask: 'broker', op: 'serve', path, options: readOptions(options, SERVE_OPTIONS) as ServeOptions });
        lang().broker.paths.add(path);
        return toBytes(path);
      },
    },
    {
      name: '.broker.stop', args: 'path', arity: 1, restricted: true,
      doc: 'ends a broker; who is being answered gets his answer: whether there was one', example: '(.broker.stop "/nowhere")',
      fn: (path) => {
        const at = pathArg('.broker.stop', path);
        lang().broker.paths.delete(at);
        return ask({ ask: 'broker', op: 'stop', path: at }) as boolean;
      },
    },
    {
      name: '.broker.register', args: 'service', arity: 1, restricted: true,
      doc: 'brokers here lead to it; a dict of service, version, pipe and perhaps min_version, allow, capabilities, alone: its name. domain',
      example: "(.broker.register {service: \"cache\" version: \"1.0.0\" pipe: \"/cache.sock\"})",
      fn: (service) => {
        const { alone, min_version: minVersion = '', allow = [], capabilities = 0, ...rest } = readOptions(service, SERVICE);
        const row = { ...rest, minVersion, allow, capabilities } as ServiceRow;
        if (row.service === undefined || row.version === undefined || row.pipe === undefined) fail('domain', '.broker.register needs service, version and pipe');
        ask({ ask: 'broker', op: 'register', row, alone: alone === true });
        return toBytes(row.service);
      },
    },
    {
      name: '.broker.unregister', args: 'service version', arity: 'n', restricted: true,
      doc: 'brokers here do not lead to it any more; without a version to none of its versions: whether they did',
      example: '(.broker.unregister "cache")',
      fn: (args) => {
        if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
        return ask({ ask: 'broker', op: 'unregister', service: utf8('service', args[0]) as string, version: args.length === 2 ? (utf8('version', args[1]) as string) : null }) as boolean;
      },
    },
    {
      name: '.broker.services', args: '', arity: 'n', restricted: true,
      doc: 'what brokers here lead to: a table of service, version, pipe, min_version, capabilities', example: '(count (.broker.services))',
      fn: () => serviceTable(ask({ ask: 'broker', op: 'services' }) as ServiceRow[]),
    },
    {
      name: '.broker.stats', args: '', arity: 'n', restricted: true,
      doc: 'the brokers of this process: a table of path, connections, negotiated, refused', example: '(count (.broker.stats))',
      fn: () => statsTable(ask({ ask: 'broker', op: 'stats' }) as StatsRow[]),
    },
    {
      name: '.broker.hello', args: 'path options', arity: 'n', restricted: true,
      doc: 'asks a broker; options service, want, client, keepalive, timeout: a dict of pipe, version, capabilities, keepalive, connection. refused, io',
      example: "(try (.broker.hello \"/nowhere\" {service: \"cache\" want: \"1.0.0\"}) (fn [e] 'nobody))",
      fn: (args) => {
        const { pipe, version, capabilities, keepalive, connection } = hello('.broker.hello', args);
        return record({ pipe: toBytes(pipe), version: toBytes(version), capabilities: Number(capabilities), keepalive, connection });
      },
    },
    {
      name: '.broker.connect', args: 'path options', arity: 'n', restricted: true,
      doc: 'asks a broker as .broker.hello does, and connects to the backend: a handle. refused, io',
      example: "(try (.broker.connect \"/nowhere\" {service: \"cache\" want: \"1.0.0\"}) (fn [e] 'nobody))",
      fn: (args, rt) => {
        const { pipe } = hello('.broker.connect', args);
        return rt.call(rt.eval(nameOf('.ipc.open')), [toBytes(`unix://${pipe}`)]);
      },
    },
    {
      name: '.broker.probe', args: 'path', arity: 1, restricted: true,
      doc: 'asks whoever serves frames at a Unix path who it is: a dict of pid, exe, namespace, path, started, boot, algorithm, hash. io',
      example: "(try (.broker.probe \"/nowhere\") (fn [e] 'nobody))",
      fn: (path) => {
        const { exe, namespace, path: at, boot, algorithm, hash, ...rest } = ask({ ask: 'broker', op: 'probe', path: pathArg('.broker.probe', path) }) as IdentityWords;
        return record({ ...rest, exe: toBytes(exe), namespace: toBytes(namespace), path: toBytes(at), boot: toBytes(boot), algorithm: toBytes(algorithm), hash });
      },
    },
  ];
}

/** What `try` hands to its handler is the dict. */
function refused({ code, name, reason, retryAfterMs }: Exclude<HelloOutcome, NegotiatedWords>): never {
  const payload = record({ code, name: toBytes(name), reason: toBytes(reason), retry_after_ms: retryAfterMs });
  throw new RayError('refused', toBytes(reason), payload);
}

function record(fields: Readonly<Record<string, Value>>): Dict {
  return new Dict(symVec(Object.keys(fields)), new List(Object.values(fields)));
}

function serviceTable(rows: readonly ServiceRow[]): Table {
  const texts = (of: (r: ServiceRow) => string): Vec => strVec(rows.map((r) => toBytes(of(r))));
  return new Table(symVec(['service', 'version', 'pipe', 'min_version', 'capabilities']), [
    texts((r) => r.service), texts((r) => r.version), texts((r) => r.pipe), texts((r) => r.minVersion), pack(T.I64, rows.map((r) => r.capabilities)),
  ]);
}

function statsTable(rows: readonly StatsRow[]): Table {
  return new Table(symVec(['path', 'connections', 'negotiated', 'refused']), [
    strVec(rows.map((r) => toBytes(r.path))), pack(T.I64, rows.map((r) => r.connections)), pack(T.I64, rows.map((r) => r.negotiated)), pack(T.I64, rows.map((r) => r.refused)),
  ]);
}

function twoArgs(what: string, args: readonly Value[]): [path: string, options: Value] {
  if (args.length < 1 || args.length > 2) fail('arity', `expected 1 or 2 args, got ${args.length}`);
  return [pathArg(what, args[0]), args[1] ?? null];
}

/** `/path` or `unix:///path`. */
function pathArg(what: string, v: Value): string {
  if (typeof v !== 'string') return fail('type', `${what} expects the path of a socket, got ${typeName(v)}`);
  const path = fromBytes(v).replace(/^unix:\/\//, '');
  return path.startsWith('/') ? path : fail('domain', `not the path of a socket: '${path}'`);
}
