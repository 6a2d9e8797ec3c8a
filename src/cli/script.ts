/** Runs one program in the calling thread and ends: `rfl FILE`, `rfl -e EXPR`. */
import { useColor } from './color.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { programInfo } from './package.js';
import { evaluate, newInterp, processHost } from './session.js';
import { isEmptySource, readSource } from './source-file.js';
import { toBytes } from '../lang/text.js';
import { STDERR, STDOUT, writeBytes } from './write.js';
import type { Options } from './options.js';

/** The program is one source: a parse error runs nothing, and only the last value is printed. */
export function runScript(options: Options): ExitCode {
  const { source, file } = program(options);
  if (isEmptySource(source)) return EXIT.ok;
  const interp = newInterp(processHost({ args: options.args, program: programInfo(options) }));
  const result = evaluate(interp, source, file, () => useColor(STDERR, options.color));
  if (result.text !== '') writeBytes(result.ok ? STDOUT : STDERR, result.text + '\n');
  return result.status;
}

/** The source (bytes) of the program, and the name its errors show. */
export function program(options: Options): { source: string; file: string } {
  if (options.file !== undefined) return { source: readSource(options.file), file: options.file };
  return { source: toBytes(options.expr ?? ''), file: '-e' };
}
