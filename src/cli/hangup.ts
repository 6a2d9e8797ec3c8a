/** SIGHUP: a daemon reads its files again, a program whose terminal is gone ends. */
import type { NodeOptions, RflNode } from '../engine/api.js';
import { later } from '../columns/later.js';

const STDIN = 0;
/** It loads sockets, which a script that serves nothing need not wait for. */
const tty = later<typeof import('node:tty')>('node:tty');

/** Certificates and users change while connections live: the signal for reading them again is that of every daemon. */
export function reloadOnHangup(engine: Pick<RflNode, 'reloadFiles'>, { log }: Pick<NodeOptions, 'log'>): void {
  const { isatty } = tty();
  const terminal = isatty(STDIN);
  const reload = (): void => {
    // A terminal that has hung up is none any more, and nothing can be done without it.
    if (!terminal || isatty(STDIN)) {
      try {
        if (engine.reloadFiles()) return log?.({ level: 'info', event: 'reloaded', message: 'certificates and users read again' });
      } catch (e) {
        return log?.({ level: 'error', event: 'reload-failed', message: `certificates and users kept: ${(e as Error).message}` });
      }
    }
    // There is nothing to read: the signal means the end, as it does to most programs.
    process.off('SIGHUP', reload);
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', reload);
}
