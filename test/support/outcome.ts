/** What a program answers, in rfl and in the reference: `= printed value` (mode 0, as the one element of a list) or `! error code`. */
import { spawnSync } from 'node:child_process';
import { BUILTINS } from '../../src/builtins/index.js';
import { systemHost } from '../../src/builtins/host.js';
import { itemAt } from '../../src/columns/item.js';
import { ROWS as SERDE_ROWS } from '../../src/engine/serde-builtins.js';
import { RayError } from '../../src/lang/errors.js';
import { format } from '../../src/lang/format.js';
import { Interp } from '../../src/lang/interpreter.js';
import { PRELUDE } from './program-values.js';

/** What stands for a program that ends the reference or never ends in it. */
export const CRASH = '! crash';

/** The code is all that the wire carries of it. */
const CODE_LENGTH = 7;

/** An interpreter and the answers it gives to one program after another. */
export function ownAnswers(): (text: string) => string {
  const exit = (): never => {
    throw new RayError('cancel');
  };
  const rt = new Interp({ host: systemHost({ out: () => {}, err: () => {}, exit }), builtins: [...BUILTINS, ...SERDE_ROWS], itemAt });
  rt.run(PRELUDE);
  return (text) => {
    try {
      return `= ${rt.top(() => format(rt.run(`(list ${text})`), 0))}`;
    } catch (error) {
      if (!(error instanceof RayError)) return `! ${String((error as Error).stack)}`;
      return `! ${error.code.slice(0, CODE_LENGTH)}`;
    }
  };
}

/** Programs one process of the reference gets. */
const BATCH = 400;
const PATIENCE_MS = 4_000;
const MAX_OUTPUT = 2 ** 28;

/** The answers of the reference to programs of at most 4,000 bytes. */
export function referenceAnswers(reference: string, programs: readonly string[]): string[] {
  const answers: string[] = [];
  for (let i = 0; i < programs.length; i += BATCH) answers.push(...batch(reference, programs.slice(i, i + BATCH)));
  return answers;
}

/** Where the reference ended early, the last marker names the program it ended in; those behind it get a process of their own. */
function batch(reference: string, programs: readonly string[]): string[] {
  if (programs.length === 0) return [];
  const input = programs.flatMap((text, i) => [`(println "@${i}@")`, `(println "%" (list ${text}))`]);
  const { stdout } = spawnSync(reference, [], {
    input: Buffer.from(`${[PRELUDE, ...input, '(println "@end@")'].join('\n')}\n`, 'latin1'), encoding: 'latin1', timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT,
  });
  const texts = [...stdout.matchAll(/^@(?:\d+|end)@\n([^]*?)\n?(?=^@(?:\d+|end)@$|$(?![^]))/gm)].map(([, text]) => text);
  if (texts.length === 0) throw new Error(`${reference} prints nothing`);
  const answers = texts.slice(0, programs.length).map(answer);
  if (texts.length > programs.length) return answers;
  return [...answers.slice(0, -1), CRASH, ...batch(reference, programs.slice(answers.length))];
}

function answer(text: string): string {
  const code = /^(?:error: |\s*\S+ Error: )(\w+)/.exec(text)?.[1];
  return code === undefined ? `= ${text}` : `! ${code}`;
}
