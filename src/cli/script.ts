/** Runs one program in the calling thread and ends: `rfl FILE`, `rfl -e EXPR`. */
import { useColor } from './color.js';
import { engineOptions } from './engine-options.js';
import { EXIT } from './exit-codes.js';
import { Exit, evaluate, newSession } from './session.js';
import { isEmptySource, program } from './source-file.js';
import { STDERR, STDOUT, writeBytes } from './write.js';
import type { Options } from './options.js';

/** The program is one source: a parse error runs nothing, and only the last value is printed. */
export async function runScript(options: Options): Promise<number> {
  const { source, file } = program(options);
  const engine = await engineOptions(options);
  if (isEmptySource(source)) return EXIT.ok;
  const session = newSession(engine);
  try {
    const result = evaluate(session.interp, source, file, () => useColor(STDERR, options.color));
    if (result.text !== '') writeBytes(result.ok ? STDOUT : STDERR, result.text + '\n');
    return result.status;
  } catch (e) {
    if (e instanceof Exit) return e.status;
    throw e;
  } finally {
    // What was posted must be on its way before the process ends.
    session.ipc.shutdown(options.shutdownMs);
  }
}
