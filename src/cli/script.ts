/** Runs one program in the calling thread and ends: `rfl FILE`, `rfl -e EXPR`. */
import { useColor } from './color.js';
import { engineOptions } from './engine-options.js';
import { EXIT } from './exit-codes.js';
import { Exit, evaluate, newSession } from './session.js';
import { reloadOnHangup } from './hangup.js';
import { untilSignal } from './signals.js';
import { isEmptySource, program } from './source-file.js';
import { STDERR, STDOUT, writeBytes } from './write.js';
import type { IpcHost, NodeOptions } from '../engine/api.js';
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
    if (result.ok) await serve(session.ipc, engine);
    return result.status;
  } catch (e) {
    if (e instanceof Exit) return e.status;
    throw e;
  } finally {
    // What was posted must be on its way before the process ends.
    session.ipc.shutdown(options.shutdownMs);
  }
}

/** How long a signal may wait: while a program serves here, the event loop stands still. */
const LOOK_MS = 50;
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

/** A program that listens for pipes or a swarm stays until a signal comes, or it does not any more. */
async function serve(ipc: IpcHost, options: NodeOptions): Promise<void> {
  if (!ipc.serving) return;
  reloadOnHangup(ipc, options);
  let signalled = false;
  void untilSignal().then(() => (signalled = true));
  for (; ipc.serving && !signalled; await turn()) ipc.serve(LOOK_MS);
}
