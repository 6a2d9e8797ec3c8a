/** The program that a command line names: a file or an expression. */
import { readFileSync } from 'node:fs';
import { toBytes } from '../lang/text.js';
import { CliError, EXIT } from './exit-codes.js';
import type { Options } from './options.js';

export interface Program {
  /** Bytes. */
  readonly source: string;
  /** What errors call it. */
  readonly file: string;
}

/** Errors: `CliError` 64 when the file cannot be read. */
export function program(options: Pick<Options, 'file' | 'expr'>): Program {
  if (options.file !== undefined) return { source: readSource(options.file), file: options.file };
  return { source: toBytes(options.expr ?? ''), file: '-e' };
}

/** Only blanks and comments: nothing to evaluate, which is no error in a file. */
export function isEmptySource(text: string): boolean {
  const first = /\S/.exec(text)?.[0];
  return first === undefined || (first === ';' && text.replace(/;[^\n]*/g, '').trim() === '');
}

function readSource(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (e) {
    throw new CliError(EXIT.usage, `error: cannot open '${file}' (${(e as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
