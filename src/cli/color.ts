/** Whether a stream gets colours: the flag, then NO_COLOR and FORCE_COLOR, then whether it is a terminal. */
import { isTerminal } from './terminal.js';

export function useColor(fd: number, flag: boolean | undefined, env: NodeJS.ProcessEnv = process.env): boolean {
  if (flag !== undefined) return flag;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return env.TERM !== 'dumb' && isTerminal(fd);
}
