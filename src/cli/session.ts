/** An interpreter in the calling thread: what scripts, `-e` and golden tests run on. */
import { systemHost } from '../builtins/host.js';
import { BUILTINS } from '../builtins/index.js';
import { itemAt } from '../columns/item.js';
import { attachIpc } from '../engine/attach.js';
import { ROWS as SERDE } from '../engine/serde-builtins.js';
import { RayError } from '../lang/errors.js';
import { format, replText } from '../lang/format.js';
import { Interp } from '../lang/interpreter.js';
import { fromBytes } from '../lang/text.js';
import { explain } from '../lang/trace.js';
import type { IpcHost, NodeOptions } from '../engine/api.js';
import type { HostServices } from '../lang/runtime.js';
import { CliError, EXIT, statusOf, type ExitCode } from './exit-codes.js';

/** A program that called `(exit n)`. Unwinds everything: it is no error of the language. */
export class Exit {
  constructor(readonly status: number) {}
}

export interface Session {
  readonly interp: Interp;
  readonly ipc: IpcHost;
}

/** `host` replaces where output goes. Errors: `CliError` 74 when the journal cannot be recovered. */
export function newSession(options: NodeOptions, host: Pick<Partial<HostServices>, 'out' | 'err'> = {}): Session {
  const exit = (status: number): never => {
    throw new Exit(status & 255);
  };
  const interp = new Interp({ host: systemHost({ ...options.host, exit, ...host }), builtins: [...BUILTINS, ...SERDE], itemAt });
  try {
    return { interp, ipc: attachIpc(interp, options) };
  } catch (e) {
    if (!(e instanceof RayError) || options.journal === undefined) throw e;
    throw new CliError(EXIT.journal, `rfl: ${e.code}: ${fromBytes(e.message)}`);
  }
}

/** What one evaluation left to show, as bytes without the final newline. */
export interface Shown {
  readonly ok: boolean;
  readonly text: string;
  readonly status: ExitCode;
}

/** Evaluates a source and shows its value as scripts do ('' for null), or its error. `color` is asked for errors only. */
export function evaluate(interp: Interp, source: string, file: string, color: () => boolean): Shown {
  try {
    return { ok: true, text: interp.top(() => shown(interp.run(source, file))), status: EXIT.ok };
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return { ok: false, text: explain(e, color()), status: statusOf(e.code, e.message) };
  }
}

const shown = (v: ReturnType<Interp['run']>): string => (v === null ? '' : replText(v));

/** Evaluates a source for a golden test: the mode-0 text of the value, or `error: code`. */
export function evaluateGolden(interp: Interp, source: string, file: string, deadlineMs: number): { ok: boolean; text: string; code: string; explained: string } {
  try {
    return { ok: true, text: interp.top(() => format(interp.run(source, file), 0), { deadlineMs }), code: '', explained: '' };
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return { ok: false, text: `error: ${e.code}`, code: e.code, explained: explain(e) };
  }
}
