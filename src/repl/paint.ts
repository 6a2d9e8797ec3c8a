/** Colours of results: literals stand out, punctuation and names stay as they are. */
import type { ChalkInstance } from 'chalk';

/** Longest text that is coloured: beyond, nobody looks for the colours and the terminal is slow enough. */
const MAX_PAINTED = 20_000;

export function paintResult(text: string, chalk: ChalkInstance): string {
  if (chalk.level === 0 || text.length > MAX_PAINTED) return text;
  return text.replace(LITERALS, (token, string?: string, null_?: string, bool?: string, number?: string) => {
    if (string !== undefined) return chalk.green(token);
    if (null_ !== undefined) return chalk.gray(token);
    if (bool !== undefined) return chalk.yellow(token);
    return number !== undefined ? chalk.cyan(token) : token;
  });
}

/** Strings, nulls, booleans, numbers and temporal values; the last alternative takes names whole, so that `a1` keeps its digit. */
const LITERALS = /("[^"\n]*")|(\b(?:null|0N[hidtplf]?)(?![\w.]))|(\b(?:true|false)(?![\w.]))|((?<![\w.])-?\d[\w.:+-]*)|[A-Za-z_.][\w.-]*/g;
