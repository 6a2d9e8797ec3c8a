/** The process and the machine: `.sys`, `.os`, `.time.now`, `.mem`, and `del`. */
import { Dict, List, Sym, i64, isAtom, name, symVec, strVec, tagOf, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { later } from '../columns/later.js';
import { integerOf, isIntType } from '../columns/promote.js';
import { objectSize } from '../columns/size.js';
import { runCommand, type Finished } from './errands.js';
import type { BuiltinRow, VariadicFn } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';

// Loaded on use: a script that never asks for them should not pay for them at start.
const os = later<typeof import('node:os')>('node:os');

const noArguments = (name: string, body: (rt: Runtime) => Value): VariadicFn => (args, rt) =>
  args.length > 0 ? fail('domain', `${name} takes no arguments`) : body(rt);

export const ROWS: readonly BuiltinRow[] = [
  { name: 'del', arity: 'n', special: true, restricted: true, args: 'names ..', doc: 'removes globals or dotted members; unknown names are ignored. Errors: reserve', example: '(do (set v1 1) (del v1))', fn: (args, _scope, rt) => del(args, rt) },
  { name: '.sys.args', arity: 'n', args: '', doc: 'dict of what the program was started with; `user` holds the options after --', example: '(type (.sys.args))', fn: noArguments('.sys.args', sysArgs) },
  { name: '.sys.build', arity: 'n', args: '', doc: 'dict of the version and the host it runs on', example: '(type (.sys.build))', fn: (_args, rt) => dict({ version: toBytes(rt.host.program?.version ?? ''), node: toBytes(process.version) }) },
  { name: '.sys.info', arity: 'n', args: '', doc: 'dict of facts about the machine', example: '(type (.sys.info))', fn: () => dict({ cores: os().availableParallelism(), 'page-size': 4096, 'total-mem': os().totalmem() }) },
  { name: '.sys.mem', arity: 'n', args: '', doc: 'dict of the memory the process uses, in bytes', example: '(type (.sys.mem))', fn: sysMem },
  { name: '.sys.gc', arity: 'n', args: '', doc: 'collects garbage where the host allows it; answers 0', example: '(.sys.gc)', fn: () => (globalThis.gc?.(), 0) },
  { name: '.sys.env', arity: 'n', args: '', doc: 'the number of global bindings', example: '(type (.sys.env))', fn: (_args, rt) => globalCount(rt) },
  { name: '.sys.timeit', arity: 'n', args: 'switch', doc: 'turns the profiler on (an integer that is not 0) or off, the other way without an argument; answers the state', example: '(.sys.timeit 0)', fn: ([on], rt) => switched(rt, on === undefined ? null : switchOf(on)) },
  { name: '.sys.exec', arity: 1, args: 'command', doc: 'runs a shell command and answers its wait status (256 is exit 1)', example: '(.sys.exec "true")', restricted: true, fn: (command, rt) => shell(typeof command === 'string' ? command : fail('type', 'system expects a string'), rt) },
  { name: '.sys.cmd', arity: 1, args: 'command', doc: 'a colon command without its colon; an unknown one goes to the shell', example: '(.sys.cmd "t 0")', restricted: true, fn: (command, rt) => colonCommand(typeof command === 'string' ? command : fail('type', '.sys.cmd expects a string'), rt) },
  { name: '.mem.objsize', arity: 1, args: 'value', doc: 'bytes a value holds', example: '(type (.mem.objsize [1 2 3]))', fn: (v) => objectSize(v) },
  {
    name: '.os.getenv', arity: 1, args: 'name', doc: 'an environment variable, "" when unset', example: '(.os.getenv "UNSET_VARIABLE")', restricted: true,
    fn: (text) => toBytes(process.env[fromBytes(typeof text === 'string' ? text : fail('type', 'getenv expects a string'))] ?? ''),
  },
  {
    name: '.os.setenv', arity: 2, args: 'name value', doc: 'sets an environment variable and answers the value', example: '(.os.setenv "DEMO" "1")', restricted: true,
    fn: (text, v) => {
      if (typeof text !== 'string' || typeof v !== 'string') return fail('type', 'setenv expects two strings');
      process.env[fromBytes(text)] = fromBytes(v);
      return v;
    },
  },
  { name: '.time.now', arity: 'n', args: '', doc: 'monotonic clock in ms as i64', example: '(type (.time.now))', fn: noArguments('.time.now', (rt) => i64(BigInt(Math.floor(rt.host.mono())))) },
];

function del(args: readonly Value[], rt: Runtime): Value {
  if (args.length === 0) fail('arity', 'del expects 1 argument, got 0');
  for (const arg of args) rt.env.del(arg instanceof Sym ? arg : fail('type', `del expects a symbol, got ${typeName(arg)}`));
  return 0;
}

type Fact = string | number | boolean | Value;
function dict(facts: Readonly<Record<string, Fact>>): Dict {
  return new Dict(symVec(Object.keys(facts)), new List(Object.values(facts)));
}

function sysArgs(rt: Runtime): Value {
  const { args, program } = rt.host;
  const keys: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith('--')) continue;
    keys.push(toBytes(args[i].slice(2)));
    values.push(i + 1 < args.length && !args[i + 1].startsWith('--') ? toBytes(args[++i]) : '');
  }
  return dict({
    file: toBytes(program?.file ?? ''), port: program?.port ?? 0, interactive: program?.interactive ?? false,
    args: strVec(args.map(toBytes)), user: new Dict(symVec(keys), new List(values)),
  });
}

function sysMem(): Value {
  const m = process.memoryUsage();
  return dict({ 'bytes-allocated': m.heapUsed + m.arrayBuffers, 'heap-used': m.heapUsed, 'heap-total': m.heapTotal, 'array-buffers': m.arrayBuffers, external: m.external, rss: m.rss });
}

const globalCount = (rt: Runtime): number => [...rt.env.globals()].length;

function shell(command: string, rt: Runtime): number {
  if (command.includes('\0')) fail('domain', 'a command holds no NUL byte');
  const { status, signal, stdout, stderr } = run(fromBytes(command));
  if (stdout.length > 0) rt.host.out(latin1(stdout));
  if (stderr.length > 0) rt.host.err(latin1(stderr));
  return status === null ? os().constants.signals[signal!] : status << 8;
}

function run(command: string): Finished {
  try {
    return runCommand('/bin/sh', ['-c', command]);
  } catch (e) {
    throw e instanceof RayError ? e : new RayError('io', toBytes((e as Error).message));
  }
}
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const profiled = new WeakMap<Runtime, boolean>();

/** Null: the other state. */
function switched(rt: Runtime, on: boolean | null): number {
  const state = on ?? profiled.get(rt) !== true;
  profiled.set(rt, state);
  return state ? 1 : 0;
}

function switchOf(on: Value): boolean {
  if (typeof on === 'boolean') return on;
  return isAtom(on) && isIntType(-tagOf(on)) ? Number(integerOf(on)) !== 0 : fail('type', `.sys.timeit expects an integer, got ${typeName(on)}`);
}

function listen(rt: Runtime, argument: string): Value {
  if (!/^[+-]?\d+$/.test(argument)) fail('type', `listen: '${argument}' is no port`);
  return rt.call(rt.env.cell(name('.sys.listen')).global ?? fail('domain', 'nothing listens here'), [Number(argument)]);
}

function timeIt(rt: Runtime, argument: string): number {
  const number = /^[+-]?\d+/.exec(argument);
  if (argument !== '' && number === null) fail('type', `timeit: '${argument}' is no number`);
  return switched(rt, number === null ? null : Number(number[0]) !== 0);
}

const COMMANDS = new Map<string, (rt: Runtime, argument: string) => Value>([
  ['t', timeIt],
  ['timeit', timeIt],
  ['env', (rt) => globalCount(rt)],
  ['listen', listen],
]);
const REPL_ONLY = new Set(['help', '?', 'clear', 'q', 'quit']);

function colonCommand(text: string, rt: Runtime): Value {
  const [word, argument = ''] = text.trim().split(/\s+/);
  if (word === '') fail('domain', 'an empty command');
  if (REPL_ONLY.has(word)) fail('domain', 'command is REPL-only');
  return COMMANDS.get(word)?.(rt, argument) ?? shell(text, rt);
}
