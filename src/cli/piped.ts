/** Programs from standard input: each form, or line of forms, is evaluated when it is complete, errors or not. */
import { Balance } from '../repl/balance.js';
import { isEmptySource } from './source-file.js';
import { STDOUT, writeBytes, writeText } from './write.js';

/** Shows what one source gives, as bytes without the final newline; null ends the reading. */
export type EvaluateForm = (source: string) => Promise<string | null>;

/** Reads forms until the input ends, a line says so, or the program called `exit`. Results and errors both go to standard output. */
export async function readForms(input: AsyncIterable<Buffer>, evaluate: EvaluateForm): Promise<void> {
  let form: string[] = [];
  let balance = new Balance();
  const finish = async (): Promise<boolean> => {
    const source = form.join('\n');
    form = [];
    balance = new Balance();
    if (isEmptySource(source)) return true;
    const text = await evaluate(source);
    if (text === null) return false;
    if (text !== '') writeBytes(STDOUT, text + '\n');
    return true;
  };
  for await (const line of lines(input)) {
    if (form.length === 0) {
      if (LEAVING.has(line)) return;
      if (line.startsWith(':')) {
        writeText(STDOUT, `. Unknown command: ${line}.\n`);
        continue;
      }
    }
    form.push(line);
    balance.line(line);
    if (!balance.open && !(await finish())) return;
  }
  await finish();
}

const LEAVING = new Set(['exit', ':q', ':quit', '\\\\']);

/** Lines of a byte stream as byte strings, without their ends. */
async function* lines(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: string[] = [];
  for await (const chunk of input) {
    const parts = chunk.toString('latin1').split('\n');
    for (let i = 0; i < parts.length - 1; i++) {
      rest.push(parts[i]);
      yield rest.join('').replace(/\r$/, '');
      rest = [];
    }
    rest.push(parts[parts.length - 1]);
  }
  const last = rest.join('');
  if (last !== '') yield last;
}
