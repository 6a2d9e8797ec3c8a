/** The `:` commands, as a table. */
import type { ChalkInstance } from 'chalk';
import type { RflNode } from '../engine/api.js';
import { fromBytes } from '../lang/text.js';

export interface CommandContext {
  readonly node: RflNode;
  readonly chalk: ChalkInstance;
  /** Shown after each result while on. */
  timing: boolean;
  print(text: string): void;
  clear(): void;
}

interface Command {
  readonly names: readonly string[];
  readonly args: string;
  readonly doc: string;
  /** Answers true to leave. */
  run(context: CommandContext, argument: string): Promise<boolean>;
}

const stay = async (action: void | Promise<void>): Promise<boolean> => (await action, false);

const COMMANDS: readonly Command[] = [
  { names: ['help', '?'], args: '[NAME]', doc: 'this list, or what the builtin NAME does', run: (c, name) => stay(help(c, name)) },
  { names: ['timeit', 't'], args: '[0|1]', doc: 'show how long each evaluation takes', run: (c, to) => stay(timeit(c, to)) },
  { names: ['env'], args: '', doc: 'list your globals and their types', run: (c) => stay(env(c)) },
  { names: ['clear'], args: '', doc: 'clear the screen', run: (c) => stay(c.clear()) },
  { names: ['listen'], args: 'PORT', doc: 'serve IPC on PORT', run: (c, port) => stay(listen(c, port)) },
  { names: ['quit', 'q'], args: '', doc: 'leave; so does Ctrl-D', run: async () => true },
];

/** Runs a line that starts with a colon; answers true to leave. */
export async function runCommand(line: string, context: CommandContext): Promise<boolean> {
  const [, name, argument] = /^:(\S*)\s*([^]*?)\s*$/.exec(line)!;
  const command = COMMANDS.find((c) => c.names.includes(name));
  if (command !== undefined) return command.run(context, argument);
  context.print(context.chalk.bold.yellow(`. Unknown command: :${name}.`) + '\n' + context.chalk.gray('Type :? for help.'));
  return false;
}

/** Completions of a command line: command names, or builtin names after `:help`. */
export const commandNames = (): string[] => COMMANDS.flatMap((c) => c.names).filter((n) => n !== '?').map((n) => ':' + n).sort();

async function help(context: CommandContext, name: string): Promise<void> {
  const { print, chalk } = context;
  if (name === '') {
    const usage = COMMANDS.map((c) => `:${c.names[0]} ${c.args}`.trimEnd());
    const width = Math.max(...usage.map((u) => u.length));
    return print(COMMANDS.map((c, i) => `  ${chalk.bold(usage[i].padEnd(width))}  ${c.doc}${c.names[1] ? chalk.gray(` (:${c.names[1]})`) : ''}`).join('\n'));
  }
  const { builtinHelp, similarBuiltins } = await import('./help.js');
  const text = builtinHelp(name);
  if (text !== null) return print(text);
  const similar = similarBuiltins(name);
  print(chalk.yellow(`. No builtin is named '${name}'.`) + (similar.length > 0 ? `\n${chalk.gray('Similar: ' + similar.join(' '))}` : ''));
}

function timeit(context: CommandContext, to: string): void {
  context.timing = to === '' ? !context.timing : to !== '0';
  context.print(`. Timeit is ${context.timing ? 'on' : 'off'}.`);
}

async function env({ node, print }: CommandContext): Promise<void> {
  const globals = await node.globals();
  const lines = globals.map(([name, label]) => `  ${fromBytes(name).padEnd(20)} ${label}`);
  print([...lines, `(${globals.length} entries)`].join('\n'));
}

/** Success is told by the log, as for every other way to listen. */
async function listen({ node, print, chalk }: CommandContext, port: string): Promise<void> {
  try {
    await node.listen(port);
  } catch (e) {
    print(chalk.bold.red(`. ${(e as { message?: string }).message ?? 'error'}`));
  }
}
