/** Reading a program from a file. */
import { readFileSync } from 'node:fs';
import { CliError, EXIT } from './exit-codes.js';

/** The bytes of a script. Errors: `CliError` 64 when it cannot be read. */
export function readSource(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (e) {
    throw new CliError(EXIT.usage, `error: cannot open '${file}' (${(e as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

/** Only blanks and comments: nothing to evaluate, which is no error in a file. */
export function isEmptySource(text: string): boolean {
  const first = /\S/.exec(text)?.[0];
  return first === undefined || (first === ';' && text.replace(/;[^\n]*/g, '').trim() === '');
}
