/** `.ipc.*`, `.repl.connect`, `.sys.listen` and timers: what a script asks of the engine it runs in. */
import { Lambda, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { PeerAddress } from '../net/address.js';
import { Conn } from './conn.js';
import { dialOptions } from './dial-options.js';
import { handleOf } from './handle-of.js';
import type { LangSide } from './lang-side.js';

/** The reference's time for connecting and the handshake, ms. */
const CONNECT_MS = 5000;
const MAX_MS = 2147483647;

/** The rows for one interpreter. `lang` is asked for when a row is used, so that nothing is started before. */
export function ipcBuiltins(lang: () => LangSide): readonly BuiltinRow[] {
  return [
    {
      name: '.ipc.open', args: 'address ms', arity: 'n', restricted: true, options: true,
      doc: 'connects to "host:port[:user:password]", tls:// or unix://, with frame+ in front in frames, within ms (5000), or as a dict of address, timeout, tls, reconnect, idle says: a handle. io, access, domain',
      example: '(try (.ipc.open "127.0.0.1:1" 200) (fn [e] \'refused))',
      fn: (args) => {
        if (args.length < 1 || args.length > 2) fail('rank', '.ipc.open expects 1 or 2 arguments: "host:port[:user:password]" [timeout-ms]');
        return open(lang(), args[0], args.length === 2 ? args[1] : 0).handle;
      },
    },
    {
      name: '.ipc.close', args: 'handle', arity: 1, restricted: true,
      doc: 'closes a connection, either side\'s; unknown handles are ignored',
      example: '(.ipc.close 77)',
      fn: (handle) => {
        lang().connections.close(handleArg('.ipc.close', handle));
        return null;
      },
    },
    {
      name: '.ipc.send', args: 'handle message ms', arity: 'n', restricted: true,
      doc: 'sends and waits for the reply, at most ms: its value, or the error it is. io, type',
      example: '(try (.ipc.send 77 "1") (fn [e] \'closed))',
      fn: (args) => {
        if (args.length < 2 || args.length > 3) fail('arity', `expected 2 or 3 args, got ${args.length}`);
        return lang().remote.send(handleArg('.ipc.send', args[0]), args[1], args.length === 3 ? deadline(args[2]) : undefined);
      },
    },
    {
      name: '.ipc.post', args: 'handle message', arity: 2, restricted: true, nullable: true,
      doc: 'sends without waiting for anything: null. io, type; again: the peer is behind; limit',
      example: '(try (.ipc.post 77 "1") (fn [e] \'closed))',
      fn: (handle, message) => {
        lang().remote.post(handleArg('.ipc.post', handle), message);
        return null;
      },
    },
    {
      name: '.ipc.handle', args: '', arity: 'n',
      doc: 'the connection being served; -1 where none is',
      example: '(.ipc.handle)',
      fn: () => lang().dispatcher.handle,
    },
    {
      name: '.repl.connect', args: 'address', arity: 1, restricted: true,
      doc: 'sends what is typed from now on to "host:port[:user:password]"; replaces an earlier session: the handle',
      example: '(try (.repl.connect "127.0.0.1:1") (fn [e] \'refused))',
      fn: (address) => {
        if (typeof address !== 'string') fail('type', 'expected host:port string');
        if (address.startsWith('frame+')) fail('domain', '.repl.connect: frames do not say what was printed');
        const { handle, at } = open(lang(), address, 0);
        lang().remote.connect(handle, toBytes(shown(at)));
        return handle;
      },
    },
    {
      name: '.repl.disconnect', args: '', arity: 'n', restricted: true,
      doc: 'ends the session of .repl.connect',
      example: '(.repl.disconnect)',
      fn: () => {
        lang().remote.disconnect();
        return null;
      },
    },
    {
      name: '.sys.listen', args: 'port', arity: 1, restricted: true,
      doc: 'serves on a port: the listener\'s handle. domain, io',
      example: '(try (.sys.listen 0) (fn [e] \'range))',
      fn: (port) => {
        const n = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : handleOf(port);
        if (n === null) return fail('type', `.sys.listen expects an integer port, got ${typeName(port)}`);
        if (n < 1 || n > 65535) fail('domain', 'listen: port out of range (1..65535)');
        return lang().listen({ host: '0.0.0.0', port: n }).handle;
      },
    },
    {
      name: '.time.timer.set', args: 'ms n f', arity: 'n', restricted: true,
      doc: 'calls f with the monotonic ms every ms, n times (0: without end): the timer\'s number. domain, type',
      example: '(.time.timer.del (.time.timer.set 1000 1 (fn [t] t)))',
      fn: (args) => {
        if (args.length !== 3) fail('domain', '.time.timer.set expects 3 arguments');
        const [ms, times, fn] = args;
        if (typeof ms !== 'number') return fail('type', 'ms must be i64');
        if (typeof times !== 'number') return fail('type', 'num must be i64');
        if (!(fn instanceof Lambda)) return fail('type', 'fn must be a lambda');
        if (ms < 0) fail('domain', 'ms must be non-negative');
        if (times < 0) fail('domain', 'num must be non-negative');
        if (fn.params.length !== 1) fail('domain', 'fn must accept exactly 1 argument');
        return lang().timers.set(ms, times, fn);
      },
    },
    {
      name: '.time.timer.del', args: 'timer', arity: 1, restricted: true,
      doc: 'cancels a timer; unknown numbers are ignored',
      example: '(.time.timer.del 77)',
      fn: (id) => {
        if (typeof id !== 'number') return fail('type', 'id must be i64');
        lang().timers.del(id);
        return null;
      },
    },
  ];
}

function open(lang: LangSide, address: Value, ms: Value): { handle: number; at: PeerAddress } {
  const { at, timeoutMs, tls, reconnect, idleMs } = dialOptions(address, ms, (name) => lang.interp.nameAt(name));
  const wait = timeoutMs === 0 ? CONNECT_MS : Math.min(timeoutMs, MAX_MS);
  const { handle, value } = lang.call({ ask: 'open', ...at, timeoutMs: wait, reconnect, idleMs, ...(tls === undefined ? {} : { files: tls }) });
  lang.connections.opened(new Conn(handle, false, lang.settings.restricted, value as number, at.frames === true, reconnect));
  return { handle, at };
}

/** Without what it says of who connects. */
const shown = ({ host, port, path, tls }: PeerAddress): string => (path !== undefined ? `unix://${path}` : `${tls === true ? 'tls://' : ''}${host}:${port}`);

function handleArg(what: string, v: Value): number {
  return handleOf(v) ?? fail('type', `${what} expects an i64 or i32 handle, got ${typeName(v)}`);
}

function deadline(v: Value): number {
  const ms = handleOf(v);
  if (ms === null) return fail('type', `.ipc.send deadline must be an integer (milliseconds), got ${typeName(v)}`);
  if (ms < 0) fail('domain', `.ipc.send deadline must be >= 0, got ${ms}`);
  return ms === 0 ? Infinity : ms;
}
