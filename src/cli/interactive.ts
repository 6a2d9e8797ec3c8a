/** Programs that stay: the REPL, piped input, and the service. */
import { isatty } from 'node:tty';
import { EXIT, statusOf, type ExitCode } from './exit-codes.js';
import { engineOptions } from './engine-options.js';
import { start } from './node.js';
import { untilSignal } from './signals.js';
import { logTo } from './log.js';
import { readForms } from './piped.js';
import { isEmptySource, program, type Program } from './source-file.js';
import { useColor } from './color.js';
import { STDERR, STDOUT, writeBytes } from './write.js';
import type { EvaluateResult, LogRecord, RflNode } from '../engine/api.js';
import type { Options } from './options.js';

const STDIN = 0;

export async function runInteractive(options: Options): Promise<number> {
  const terminal = isatty(STDIN) && isatty(STDOUT);
  const hasProgram = options.file !== undefined || options.expr !== undefined;
  // Read before anything starts: a missing file must not leave a server behind.
  const first = hasProgram ? program(options) : null;
  if (terminal) return (await import('../repl/repl.js')).runRepl(await replOptions(options, first));

  const report = logTo(options.log);
  const state = { listening: false };
  const node = await start(await engineOptions(options, (record) => {
    // `.sys.listen` makes a server of any program.
    state.listening ||= record.event === 'listening';
    report(record);
  }));
  node.onOutput((bytes, stream) => writeBytes(stream === 'stdout' ? STDOUT : STDERR, Buffer.from(bytes).toString('latin1')));
  const exited = new Promise<number>((resolve) => node.onExit(resolve));
  const signalled = untilSignal().then(() => EXIT.ok);
  const status = await Promise.race([exited, signalled, work(node, options, first, report, state)]);
  await node.shutdown(options.shutdownMs);
  return status;
}

/** What the program does by itself; never resolves while it serves. */
async function work(node: RflNode, options: Options, first: Program | null, report: (record: LogRecord) => void, state: { readonly listening: boolean }): Promise<number> {
  const serving = options.listen.length > 0;
  if (first !== null && !isEmptySource(first.source)) {
    const result = await node.evaluate(first.source, { file: first.file, color: useColor(STDERR, options.color) });
    if (result.exit !== undefined) return result.exit;
    if (result.text !== '') writeBytes(result.ok ? STDOUT : STDERR, result.text + '\n');
    // A server whose program failed may lack its hooks: it must not serve.
    if (!result.ok && serving && !options.interactive) return failureStatus(result);
  }
  if (serving && first === null && !options.interactive && !isatty(STDIN) && !isatty(STDOUT)) {
    report({ level: 'info', event: 'server-only', message: 'no terminal — running in server-only mode' });
  } else {
    const exit = await pipe(node);
    if (exit !== null) return exit;
  }
  // Outbound connections may still be pushed to.
  return state.listening || node.connections().length > 0 ? new Promise(() => {}) : EXIT.ok;
}

/** Evaluates standard input; answers the status of `(exit n)`, otherwise null. */
async function pipe(node: RflNode): Promise<number | null> {
  let exit: number | null = null;
  await readForms(process.stdin, async (source) => {
    const result = await node.evaluate(source);
    if (result.exit !== undefined) exit = result.exit;
    return exit === null ? result.text : null;
  });
  return exit;
}

async function replOptions(options: Options, first: Program | null): Promise<import('../repl/repl.js').ReplOptions> {
  const { version } = await import('./package.js');
  return {
    start: async (log) => start(await engineOptions(options, log)),
    first,
    color: useColor(STDOUT, options.color),
    version: version(),
    shutdownMs: options.shutdownMs,
  };
}

const failureStatus = (result: EvaluateResult): ExitCode => statusOf(result.code ?? '', result.text);
