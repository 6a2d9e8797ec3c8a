/** The command line, as a table: parsing and `--help` come from the same rows. */
import { parseArgs } from 'node:util';
import type { Dialect, JournalOptions, Limits, ListenOptions } from '../engine/api.js';
import { ProtocolsError, protocolsOf } from '../engine/protocols.js';
import type { ServerTls } from '../engine/tls-files.js';
import { AddressError, listenAddress } from '../net/address.js';
import { CliError, EXIT } from './exit-codes.js';

export interface Options {
  /** What to run first: a file, an expression, or nothing. */
  readonly file?: string;
  readonly expr?: string;
  /** After `--`. */
  readonly args: readonly string[];
  readonly interactive: boolean;
  /** Addresses of `-p` and `--listen`, in the order given. */
  readonly listen: readonly string[];
  /** `--protocols`, `--allow-uid`. */
  readonly serving: ListenOptions;
  readonly tls?: ServerTls;
  readonly usersFile?: string;
  /** `-U`: every session is restricted. */
  readonly restricted: boolean;
  readonly log: 'text' | 'json';
  /** `-l`, `-L`. */
  readonly journal?: JournalOptions;
  /** Undefined: as the terminal and the environment say. */
  readonly color?: boolean;
  readonly dialect: Dialect;
  readonly sendTimeoutMs?: number;
  readonly limits: Partial<Limits>;
  readonly shutdownMs?: number;
  readonly heapMb?: number;
  readonly seed?: number;
  readonly help: boolean;
  readonly version: boolean;
}

export interface TestOptions {
  readonly paths: readonly string[];
  readonly update: boolean;
  readonly filter: string;
  readonly help: boolean;
}

interface Row {
  readonly name: string;
  readonly short?: string;
  /** What follows the flag, as help shows it; absent: a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly doc: string;
}

const ROWS: readonly Row[] = [
  { name: 'eval', short: 'e', value: 'EXPR', doc: 'evaluate EXPR instead of a file and print its value' },
  { name: 'interactive', short: 'i', doc: 'read from the terminal, or standard input, after the program' },
  { name: 'port', short: 'p', value: 'PORT', repeatable: true, doc: 'serve IPC on PORT of all addresses (0: do not); may be repeated' },
  { name: 'listen', value: 'ADDR', repeatable: true, doc: 'serve IPC on PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH; may be repeated' },
  { name: 'protocols', value: 'LIST', doc: 'what they serve: wire, frame, soc, tls (wire; on Unix sockets wire,frame,soc)' },
  { name: 'allow-uid', value: 'UID', repeatable: true, doc: 'only these users of the machine on Unix sockets; with -u they may speak frames and lines' },
  { name: 'tls-cert', value: 'FILE', doc: 'certificate with its chain: -p speaks TLS, and so does tls://' },
  { name: 'tls-key', value: 'FILE', doc: 'its key; SIGHUP reads certificates and users again' },
  { name: 'tls-ca', value: 'FILE', doc: 'ask clients for a certificate of these authorities' },
  { name: 'tls-require-client', doc: 'refuse clients without one' },
  { name: 'users', short: 'u', value: 'USERS', doc: 'admit only the users of this file' },
  { name: 'users-restricted', short: 'U', value: 'USERS', doc: 'as -u, and every session is restricted' },
  { name: 'journal', short: 'l', value: 'BASE', doc: 'recover from BASE.qdb and BASE.log, and keep requests there before evaluating them' },
  { name: 'journal-durable', short: 'L', value: 'BASE', doc: 'as -l, and every request is on the disk before it is evaluated' },
  { name: 'journal-cut', doc: 'cut a torn end of the journal instead of refusing to start' },
  { name: 'log', value: 'text|json', doc: 'how the server reports on standard error (text)' },
  { name: 'no-color', doc: 'no colours; so does NO_COLOR. FORCE_COLOR: colours everywhere' },
  { name: 'dialect', value: '2512|216', doc: 'release whose symbol rule peers follow (2512)' },
  { name: 'send-timeout', value: 'MS', doc: 'deadline of .ipc.send (none)' },
  { name: 'max-connections', value: 'N', doc: 'connections held at once (10000)' },
  { name: 'handshake-timeout', value: 'MS', doc: 'time for version and credentials (2000)' },
  { name: 'pre-auth-bytes', value: 'N', doc: 'bytes buffered for a peer not admitted yet (64K)' },
  { name: 'max-frame', value: 'N', doc: 'largest message accepted (256M)' },
  { name: 'max-input', value: 'N', doc: 'request bytes of one peer taken and not yet served (128K)' },
  { name: 'max-output', value: 'N', doc: 'reply bytes held for one peer that does not read (64M)' },
  { name: 'max-output-total', value: 'N', doc: 'reply bytes held for all peers (a quarter of the memory)' },
  { name: 'heap', value: 'N', doc: 'memory for values other than columns, where the program serves or is typed (half of all)' },
  { name: 'seed', value: 'N', doc: 'rand and guid answer the same in every run' },
  { name: 'shutdown-timeout', value: 'MS', doc: 'time to answer what was accepted before the end (5000)' },
  { name: 'version', doc: 'print the version' },
  { name: 'help', short: 'h', doc: 'print this text' },
];

const TEST_ROWS: readonly Row[] = [
  { name: 'update', doc: 'rewrite the expectations of failed assertions to what was got' },
  { name: 'filter', value: 'S', doc: 'only files whose path contains S' },
  { name: 'help', short: 'h', doc: 'print this text' },
];

/** Flag -> the limit of the engine it sets, and how its text is read. */
const LIMITS: readonly [flag: string, limit: keyof Limits, read: (flag: string, text: string) => number][] = [
  ['max-connections', 'maxConnections', count],
  ['handshake-timeout', 'handshakeMs', count],
  ['pre-auth-bytes', 'preAuthBytes', bytes],
  ['max-frame', 'maxFrame', bytes],
  ['max-input', 'inputPerPeer', bytes],
  ['max-output', 'outputPerPeer', bytes],
  ['max-output-total', 'outputTotal', bytes],
];

/** Reads the arguments after `rfl`. Errors: `CliError` with status 64. */
export function parseOptions(argv: readonly string[]): Options {
  const split = argv.indexOf('--');
  const own = split < 0 ? argv : argv.slice(0, split);
  const { one, all, positionals } = parseRows(ROWS, own);
  if (positionals.length > 1) usage(`more than one file: '${positionals[1]}' (arguments for the program go after --)`);
  const expr = one('eval');
  if (expr !== undefined && positionals.length > 0) usage(`-e and a file ('${positionals[0]}') exclude each other`);
  if (one('users') !== undefined && one('users-restricted') !== undefined) usage('-u and -U exclude each other');
  return {
    file: positionals[0],
    expr,
    args: split < 0 ? [] : argv.slice(split + 1),
    interactive: one('interactive') !== undefined,
    listen: [...all('port').flatMap((port) => portAddress(port, one('tls-cert') !== undefined)), ...all('listen').map(listenable)],
    serving: serving(one('protocols'), all('allow-uid')),
    tls: tlsFiles(one),
    usersFile: one('users') ?? one('users-restricted'),
    restricted: one('users-restricted') !== undefined,
    journal: journal(one('journal'), one('journal-durable'), one('journal-cut') !== undefined),
    log: choice('log', one('log') ?? 'text', ['text', 'json']),
    color: one('no-color') === undefined ? undefined : false,
    dialect: choice('dialect', one('dialect') ?? '2512', ['2512', '216']),
    sendTimeoutMs: optional('send-timeout', one('send-timeout'), count),
    limits: Object.fromEntries(LIMITS.flatMap(([flag, limit, read]) => {
      const value = optional(flag, one(flag), read);
      return value === undefined ? [] : [[limit, value]];
    })),
    shutdownMs: optional('shutdown-timeout', one('shutdown-timeout'), count),
    heapMb: optional('heap', one('heap'), megabytes),
    seed: optional('seed', one('seed'), count),
    help: one('help') !== undefined,
    version: one('version') !== undefined,
  };
}

/** Reads the arguments after `rfl test`. Errors: `CliError` with status 64. */
export function parseTestOptions(argv: readonly string[]): TestOptions {
  const { one, positionals } = parseRows(TEST_ROWS, argv);
  const help = one('help') !== undefined;
  if (positionals.length === 0 && !help) usage('rfl test: no path given');
  return { paths: positionals, update: one('update') !== undefined, filter: one('filter') ?? '', help };
}

export const HELP = `usage: rfl [FILE.rfl] [options] [-- args]
       rfl test PATH... [--update] [--filter S]
       rfl passwd

Runs FILE.rfl; without a file reads the terminal, or the expressions of standard input.
With -p or --listen it then serves: with neither file nor terminal until SIGTERM.

${helpRows(ROWS)}

Exit status: 0 ok, 64 usage, 65 parse, 69 connect, 70 runtime error, 74 journal, 77 auth, 130 interrupted.
`;

export const TEST_HELP = `usage: rfl test PATH... [--update] [--filter S]

Runs the golden scripts PATH, or all beneath a folder; a folder with server.rfl and client*.rfl is played as
a transcript. Exit status 1 when an assertion fails.

${helpRows(TEST_ROWS)}
`;

function helpRows(rows: readonly Row[]): string {
  const flags = rows.map((r) => `${r.short === undefined ? '    ' : `-${r.short}, `}--${r.name}${r.value === undefined ? '' : ` ${r.value}`}`);
  const width = Math.max(...flags.map((f) => f.length));
  return rows.map((r, i) => `  ${flags[i].padEnd(width)}  ${r.doc}`).join('\n');
}

interface Parsed {
  /** The value of a flag that is not repeatable; '' for a switch that was given. */
  one(flag: string): string | undefined;
  all(flag: string): string[];
  readonly positionals: readonly string[];
}

function parseRows(rows: readonly Row[], argv: readonly string[]): Parsed {
  const options = Object.fromEntries(rows.map((r) => [r.name, {
    type: r.value === undefined ? 'boolean' as const : 'string' as const,
    multiple: true,
    ...(r.short === undefined ? {} : { short: r.short }),
  }]));
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (e) {
    // Only the first sentence: the rest explains `--` for positionals, which means something else here.
    return usage((e as Error).message.split('. ')[0]);
  }
  const values = new Map(Object.entries(parsed.values).map(([flag, given]) => [flag, (given as (string | boolean)[]).map((v) => (v === true ? '' : String(v)))]));
  for (const { name, value, repeatable = false } of rows) {
    // Which of them was meant cannot be told, and the other may be what protects the server.
    if (value !== undefined && !repeatable && (values.get(name)?.length ?? 0) > 1) return usage(`--${name} is given more than once`);
  }
  return {
    one: (flag) => values.get(flag)?.at(-1),
    all: (flag) => values.get(flag) ?? [],
    positionals: parsed.positionals,
  };
}

function journal(base: string | undefined, durable: string | undefined, cut: boolean): JournalOptions | undefined {
  if (base !== undefined && durable !== undefined) usage('-l and -L exclude each other');
  const path = durable ?? base;
  if (path === '') usage('--journal: an empty path');
  if (path === undefined) return cut ? usage('--journal-cut needs -l or -L') : undefined;
  return { base: path, durable: durable !== undefined, cut };
}

function portAddress(text: string, secure: boolean): string[] {
  const port = count('port', text);
  if (port > 65535) usage(`--port: '${text}' is no port (0..65535)`);
  return port === 0 ? [] : [secure ? `tls://0.0.0.0:${port}` : String(port)];
}

function serving(protocols: string | undefined, uids: readonly string[]): ListenOptions {
  return {
    ...(protocols === undefined ? {} : { protocols: protocolList(protocols) }),
    ...(uids.length === 0 ? {} : { credentials: { uids: uids.map((uid) => count('allow-uid', uid)) } }),
  };
}
function protocolList(text: string): ListenOptions['protocols'] {
  try {
    return protocolsOf(text.split(','));
  } catch (e) {
    if (!(e instanceof ProtocolsError)) throw e;
    return usage(`--protocols: ${e.message}`);
  }
}

function listenable(address: string): string {
  try {
    listenAddress(address);
    return address;
  } catch (e) {
    if (!(e instanceof AddressError)) throw e;
    return usage(`--listen: ${e.message}`);
  }
}

function tlsFiles(one: (name: string) => string | undefined): ServerTls | undefined {
  const [cert, key, ca, require] = ['tls-cert', 'tls-key', 'tls-ca', 'tls-require-client'].map(one);
  if (cert === undefined && key === undefined && ca === undefined && require === undefined) return undefined;
  if (cert === undefined || key === undefined) return usage('--tls-cert and --tls-key go together, and the other flags of TLS with them');
  if (require !== undefined && ca === undefined) return usage('--tls-require-client needs --tls-ca');
  return { cert, key, ...(ca === undefined ? {} : { ca, requireClient: require !== undefined }) };
}

const optional = <V>(flag: string, text: string | undefined, read: (flag: string, text: string) => V): V | undefined =>
  text === undefined ? undefined : read(flag, text);

function count(flag: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) usage(`--${flag}: '${text}' is no count`);
  return Number(text);
}

function bytes(flag: string, text: string): number {
  const m = /^(\d{1,12})([KMG]?)$/i.exec(text);
  if (m === null) return usage(`--${flag}: '${text}' is no size (1000, 64K, 16M, 1G)`);
  return Number(m[1]) * 1024 ** ['', 'K', 'M', 'G'].indexOf(m[2].toUpperCase());
}

/** Below that the interpreter does not even start. */
const LEAST_HEAP = 2 ** 26;

function megabytes(flag: string, text: string): number {
  const size = bytes(flag, text);
  if (size < LEAST_HEAP) usage(`--${flag}: '${text}' is less than 64M`);
  return Math.ceil(size / 2 ** 20);
}

function choice<C extends string>(flag: string, text: string, choices: readonly C[]): C {
  const found = choices.find((c) => c === text);
  return found ?? usage(`--${flag}: '${text}' is none of ${choices.join(', ')}`);
}

function usage(message: string): never {
  throw new CliError(EXIT.usage, `rfl: ${message}\nTry 'rfl --help'.`);
}
