/** Picks the mode; every mode is loaded only when it is the one. */
import { CliError, type ExitCode } from './exit-codes.js';
import { STDERR, STDOUT, writeText } from './write.js';

/** The first argument may name a command of its own. */
const COMMANDS = new Map<string, (argv: readonly string[]) => Promise<ExitCode>>([
  ['test', async (argv) => (await import('./test.js')).runTests(argv)],
  ['passwd', async (argv) => (await import('./passwd.js')).runPasswd(argv)],
]);

async function main(argv: readonly string[]): Promise<number> {
  const command = COMMANDS.get(argv[0]);
  return command ? command(argv.slice(1)) : run(argv);
}

async function run(argv: readonly string[]): Promise<number> {
  const { HELP, parseOptions } = await import('./options.js');
  const options = parseOptions(argv);
  if (options.help) return print(HELP);
  if (options.version) return print(`rfl ${(await import('./package.js')).version()}\n`);
  const hasProgram = options.file !== undefined || options.expr !== undefined;
  if (hasProgram && !options.interactive && options.listen.length === 0) return (await import('./script.js')).runScript(options);
  return (await import('./interactive.js')).runInteractive(options);
}

function print(text: string): ExitCode {
  writeText(STDOUT, text);
  return 0;
}

// Everything was written synchronously, and whatever is still open (standard input, a worker) must not keep the process.
main(process.argv.slice(2)).then((status) => process.exit(status), (e: unknown) => {
  if (!(e instanceof CliError)) throw e;
  writeText(STDERR, e.message + '\n');
  process.exit(e.status);
});
