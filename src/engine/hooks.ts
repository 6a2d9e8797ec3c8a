/** The five settable slots of `.ipc.on`, looked up whenever something happens. Only lambdas count. */
import { Lambda, name } from '../lang/value.js';
import type { Cell, Env } from '../lang/env.js';

export type HookName = 'open' | 'close' | 'sync' | 'async' | 'auth';

export class Hooks {
  readonly #open: Cell;
  readonly #close: Cell;
  readonly #sync: Cell;
  readonly #async: Cell;
  readonly #auth: Cell;

  constructor(env: Env) {
    const cell = (slot: HookName): Cell => env.cell(name(`.ipc.on.${slot}`));
    this.#open = cell('open');
    this.#close = cell('close');
    this.#sync = cell('sync');
    this.#async = cell('async');
    this.#auth = cell('auth');
  }

  get open(): Lambda | null {
    return lambda(this.#open);
  }
  get close(): Lambda | null {
    return lambda(this.#close);
  }
  get sync(): Lambda | null {
    return lambda(this.#sync);
  }
  get async(): Lambda | null {
    return lambda(this.#async);
  }
  get auth(): Lambda | null {
    return lambda(this.#auth);
  }
}

const lambda = (cell: Cell): Lambda | null => {
  const v = cell.global;
  return v instanceof Lambda ? v : null;
};
