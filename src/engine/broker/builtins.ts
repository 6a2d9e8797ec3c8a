/** `.broker.*`: brokers that lead clients to services by name and version. */
import { Dict, List, T, Table, Vec, strVec, symVec, type Value } from '../../lang/value.js';
import { fail, RayError } from '../../lang/errors.js';
import { fromBytes, toBytes } from '../../lang/text.js';
import { typeName } from '../../lang/type-names.js';
import type { BuiltinRow } from '../../lang/builtin.js';
import { items, pack } from '../../columns/item.js';
import { Conn } from '../conn.js';
import type { LangSide } from '../lang-side.js';
import { count, flag, path as file, readOptions, text, type ValueOf } from '../options.js';
import type { AdminOutcome, AdminWords, BrokerCall, ConnectWords, DefinitionWords, HelloOutcome, IdentityWords, PathWords, RefusedWords, ServeOptions, ServiceRow, StatsRow } from './calls.js';

type Reader = (key: string, v: Value) => unknown;

const utf8: Reader = (key, v) => fromBytes(text(key, v) as string);
const versions: Reader = (key, v) => (v instanceof Vec || v instanceof List ? items(v) : [v]).map((item) => utf8(key, item));

/** A path, or whether to use the usual one. */
const place: Reader = (key, v) => (typeof v === 'boolean' ? v : file(key, v));
const hexText: Reader = (key, v) => {
  const digits = utf8(key, v) as string;
  return /^([0-9a-f]{2})*$/i.test(digits) ? digits : fail('domain', `${key} must be hex digits`);
};

const SERVE_OPTIONS = new Map<string, Reader>([
  ['instance', utf8], ['timeout', count], ['rate', count], ['window', count], ['services', place], ['launch', flag], ['tokens', flag], ['handoff', flag], ['sidecar', file],
]);
const SERVICE = new Map<string, Reader>([
  ['service', utf8], ['version', utf8], ['pipe', utf8], ['min_version', utf8], ['allow', versions], ['capabilities', count], ['alone', flag], ['handoff', place],
]);
const HELLO = new Map<string, Reader>([['service', utf8], ['want', utf8], ['client', utf8], ['keepalive', count], ['timeout', count], ['token', hexText]]);
const CONNECT = new Map<string, Reader>([...HELLO, ['handoff', flag], ['self', utf8], ['cached', file]]);
const ADMIN = new Map<string, Reader>([['json', flag], ['service', utf8], ['path', utf8], ['drain', count], ['timeout', count]]);
const DEFINITION = new Map<string, Reader>([['service', utf8], ['binary', file], ['isolation', utf8], ['versions', file], ['min_version', utf8], ['allow', versions]]);
const ENDPOINT = new Map<string, Reader>([['service', utf8], ['instance', utf8], ['backend', flag]]);
const PROBE = new Map<string, Reader>([['expect', file]]);
const ADOPT = new Map<string, Reader>([['handoff', file]]);

/** The socket for connections that are passed on lies beside the pipe, where nothing else is said. */
const handoffPath = (pipe: string): string => `${pipe}.handoff`;

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function brokerBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  const valueOf: ValueOf = (name) => lang().interp.nameAt(name);
  const ask = (call: BrokerCall): unknown => lang().call(call).value;
  /** A path and the options of a Hello. */
  const asking = (what: string, args: readonly Value[], table: ReadonlyMap<string, Reader>): { path: string; words: ConnectWords } => {
    const [path, options] = twoArgs(what, args);
    const words = readOptions(options, table, valueOf) as unknown as ConnectWords;
    if (words.service === undefined || words.want === undefined) fail('domain', `${what} needs service and want`);
    return { path, words };
  };
  return [
    {
      name: '.broker.serve', args: 'path options', arity: 'n', restricted: true, options: true,
      doc: 'a broker at a Unix path, whose folder is this user\'s alone; options instance, timeout, rate, window, services, launch, tokens, handoff, sidecar: the path. io, domain',
      example: '(type .broker.serve)',
      fn: (args) => {
        const [path, options] = twoArgs('.broker.serve', args);
        ask({ ask: 'broker', op: 'serve', path, options: readOptions(options, SERVE_OPTIONS, valueOf) as ServeOptions });
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
      name: '.broker.register', args: 'service', arity: 1, restricted: true, options: true,
      doc: 'brokers here lead to it; a dict of service, version, pipe and perhaps min_version, allow, capabilities, alone, handoff: its name. domain',
      example: "(.broker.register {service: \"cache\" version: \"1.0.0\" pipe: \"/cache.sock\"})",
      fn: (service) => {
        const { alone, min_version: minVersion = '', allow = [], capabilities = 0, handoff = false, ...rest } = readOptions(service, SERVICE, valueOf);
        const beside = handoff === true ? handoffPath(String(rest['pipe'])) : handoff === false ? '' : handoff;
        const row = { ...rest, minVersion, allow, capabilities, handoff: beside } as ServiceRow;
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
      doc: 'what brokers here lead to: a table of service, version, pipe, min_version, capabilities, handoff', example: '(count (.broker.services))',
      fn: () => serviceTable(ask({ ask: 'broker', op: 'services' }) as ServiceRow[]),
    },
    {
      name: '.broker.stats', args: '', arity: 'n', restricted: true,
      doc: 'the brokers of this process: a table of path, connections, negotiated, refused, handed_off, fallbacks', example: '(count (.broker.stats))',
      fn: () => statsTable(ask({ ask: 'broker', op: 'stats' }) as StatsRow[]),
    },
    {
      name: '.broker.hello', args: 'path options', arity: 'n', restricted: true, options: true,
      doc: 'asks a broker; options service, want, client, keepalive, timeout, token: a dict of pipe, version, capabilities, keepalive, connection. refused, io',
      example: "(try (.broker.hello \"/nowhere\" {service: \"cache\" want: \"1.0.0\"}) (fn [e] 'nobody))",
      fn: (args) => {
        const outcome = ask({ ask: 'broker', op: 'hello', ...asking('.broker.hello', args, HELLO) }) as HelloOutcome;
        if (!('pipe' in outcome)) return refused(outcome);
        const { pipe, version, capabilities, keepalive, connection } = outcome;
        return record({ pipe: toBytes(pipe), version: toBytes(version), capabilities: Number(capabilities), keepalive, connection });
      },
    },
    {
      name: '.broker.connect', args: 'path options', arity: 'n', restricted: true, options: true,
      doc: 'asks a broker as .broker.hello does, and goes to the backend; also options handoff, self, cached: a handle. refused, io',
      example: "(try (.broker.connect \"/nowhere\" {service: \"cache\" want: \"1.0.0\"}) (fn [e] 'nobody))",
      fn: (args) => {
        const { handle, value } = lang().call({ ask: 'broker', op: 'connect', ...asking('.broker.connect', args, CONNECT) });
        if (handle < 0) return refused(value as RefusedWords);
        lang().connections.opened(new Conn(handle, false, lang().settings.restricted, value as number, false));
        return handle;
      },
    },
    {
      name: '.broker.adopt', args: 'pipe options', arity: 'n', restricted: true, options: true,
      doc: 'takes clients over that brokers pass on, as if they had come to the Unix path, which is listened on; option handoff: where. io, domain',
      example: "(try (.broker.adopt \"/nowhere\") (fn [e] 'nobody))",
      fn: (args) => {
        const [pipe, options] = twoArgs('.broker.adopt', args);
        const { handoff: path = handoffPath(pipe) } = readOptions(options, ADOPT, valueOf) as { handoff?: string };
        ask({ ask: 'broker', op: 'adopt', pipe, path });
        lang().broker.paths.add(path);
        return toBytes(path);
      },
    },
    {
      name: '.broker.token', args: 'service', arity: 1, restricted: true,
      doc: 'the session token for a service registered here, which brokers that serve with tokens ask for: hex digits. domain',
      example: "(try (.broker.token \"cache\") (fn [e] 'none))",
      fn: (service) => toBytes(ask({ ask: 'broker', op: 'token', service: utf8('service', service) as string }) as string),
    },
    {
      name: '.broker.define', args: 'folder definition', arity: 2, restricted: true, options: true,
      doc: 'writes the definition of a service; a dict of service, binary and perhaps isolation, versions, min_version, allow: the file. domain, io',
      example: "(try (.broker.define \"/nowhere\" {service: \"BAD\" binary: \"/bin/true\"}) (fn [e] 'no))",
      fn: (where, definition) => {
        const words = readOptions(definition, DEFINITION, valueOf) as unknown as DefinitionWords;
        if (words.service === undefined || words.binary === undefined) fail('domain', '.broker.define needs service and binary');
        return toBytes(ask({ ask: 'broker', op: 'define', folder: file('folder', where) as string, words }) as string);
      },
    },
    {
      name: '.broker.path', args: 'which', arity: 1, restricted: true, options: true,
      doc: 'where programs of this user look for a broker: {} the shared one, {service: ..} or {instance: ..} one of its own; {backend: true}: a new path for a backend. domain',
      example: '(type (.broker.path {}))',
      fn: (which) => toBytes(ask({ ask: 'broker', op: 'path', words: readOptions(which, ENDPOINT, valueOf) as PathWords }) as string),
    },
    {
      name: '.broker.sidecar', args: 'file path', arity: 2, restricted: true,
      doc: 'writes a file that says who serves a Unix path: this process; whoever reads it sees the old one or the new one, whole: the file. io',
      example: "(try (.broker.sidecar \"/nowhere/x\" \"/x.sock\") (fn [e] 'no))",
      fn: (to, path) => {
        ask({ ask: 'broker', op: 'sidecar', file: file('file', to) as string, path: pathArg('.broker.sidecar', path) });
        return to;
      },
    },
    {
      name: '.broker.admin', args: 'path verb options', arity: 'n', restricted: true, options: true,
      doc: 'asks the admin lane: status, healthz, readyz, metrics, backend-health, config, dump, list-instances, diagnose, shutdown; options json, service, path, drain, timeout: a dict of exit, type, body. io, domain',
      example: "(try (.broker.admin \"/nowhere\" 'healthz) (fn [e] 'nobody))",
      fn: (args) => {
        if (args.length < 2 || args.length > 3) fail('arity', `expected 2 or 3 args, got ${args.length}`);
        const verb = typeof args[1] === 'number' ? String(args[1]) : (utf8('verb', args[1]) as string);
        const words = readOptions(args[2] ?? null, ADMIN, valueOf) as AdminWords;
        const { exitCode, contentType, body } = ask({ ask: 'broker', op: 'admin', path: pathArg('.broker.admin', args[0]), verb, words }) as AdminOutcome;
        return record({ exit: exitCode, type: toBytes(contentType), body: toBytes(body) });
      },
    },
    {
      name: '.broker.probe', args: 'path options', arity: 'n', restricted: true, options: true,
      doc: 'asks whoever serves frames at a Unix path who it is, and with option expect, a sidecar, whether it is that: a dict of pid, exe, namespace, path, started, boot, algorithm, hash. io',
      example: "(try (.broker.probe \"/nowhere\") (fn [e] 'nobody))",
      fn: (args) => {
        const [path, options] = twoArgs('.broker.probe', args);
        const { expect = '' } = readOptions(options, PROBE, valueOf) as { expect?: string };
        const { exe, namespace, path: at, boot, algorithm, hash, ...rest } = ask({ ask: 'broker', op: 'probe', path, expect }) as IdentityWords;
        return record({ ...rest, exe: toBytes(exe), namespace: toBytes(namespace), path: toBytes(at), boot: toBytes(boot), algorithm: toBytes(algorithm), hash });
      },
    },
  ];
}

/** What `try` hands to its handler is the dict. */
function refused({ code, name, reason, retryAfterMs }: RefusedWords): never {
  const payload = record({ code, name: toBytes(name), reason: toBytes(reason), retry_after_ms: retryAfterMs });
  throw new RayError('refused', toBytes(reason), payload);
}

function record(fields: Readonly<Record<string, Value>>): Dict {
  return new Dict(symVec(Object.keys(fields)), new List(Object.values(fields)));
}

function serviceTable(rows: readonly ServiceRow[]): Table {
  const texts = (of: (r: ServiceRow) => string): Vec => strVec(rows.map((r) => toBytes(of(r))));
  return new Table(symVec(['service', 'version', 'pipe', 'min_version', 'capabilities', 'handoff']), [
    texts((r) => r.service), texts((r) => r.version), texts((r) => r.pipe), texts((r) => r.minVersion), pack(T.I64, rows.map((r) => r.capabilities)), texts((r) => r.handoff),
  ]);
}

function statsTable(rows: readonly StatsRow[]): Table {
  const numbers = (of: (r: StatsRow) => number): Vec => pack(T.I64, rows.map(of));
  return new Table(symVec(['path', 'connections', 'negotiated', 'refused', 'handed_off', 'fallbacks']), [
    strVec(rows.map((r) => toBytes(r.path))), numbers((r) => r.connections), numbers((r) => r.negotiated), numbers((r) => r.refused), numbers((r) => r.handedOff), numbers((r) => r.fallbacks),
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
