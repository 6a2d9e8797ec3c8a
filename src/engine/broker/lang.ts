/** Brokers on the language side: the paths that are served, and the slots that are asked. */
import { Dict, Lambda, List, name, symVec, type Value } from '../../lang/value.js';
import { RayError } from '../../lang/errors.js';
import { fromBytes, toBytes } from '../../lang/text.js';
import { truthy } from '../../lang/truth.js';
import type { Cell } from '../../lang/env.js';
import { TO_IO } from '../channel.js';
import { explainBriefly } from '../errors-text.js';
import type { LangSide } from '../lang-side.js';
import type { BrokerQuestion, BrokerVerdict } from './calls.js';

export class BrokerLang {
  /** Where brokers, and backends that take connections over, are served. */
  readonly paths = new Set<string>();
  readonly #slots: { readonly hello: Cell; readonly handoff: Cell };

  constructor(private readonly lang: LangSide) {
    const { env } = lang.interp;
    this.#slots = { hello: env.cell(name('.broker.on.hello')), handoff: env.cell(name('.broker.on.handoff')) };
  }

  /** Something may still arrive. */
  get active(): boolean {
    return this.paths.size > 0;
  }

  /** The other side asks only where there is somebody to ask. */
  publishHooks(): void {
    const { shared } = this.lang;
    shared.helloHook = lambda(this.#slots.hello) !== null;
    shared.handoffHook = lambda(this.#slots.handoff) !== null;
  }

  question(id: number, question: BrokerQuestion): void {
    this.lang.sendObject(TO_IO.BROKER, id, this.#verdict(question));
  }

  #verdict({ slot, subject, peer }: BrokerQuestion): BrokerVerdict {
    const hook = lambda(this.#slots[slot]);
    if (hook === null) return { allowed: true };
    try {
      const answer = this.lang.dispatcher.within(-1, false, () => this.lang.interp.call(hook, [dict(subject), dict(peer)]));
      return typeof answer === 'string' ? { allowed: false, reason: fromBytes(answer) } : { allowed: truthy(answer) };
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      this.lang.log({ level: 'warn', event: 'hook-error', handle: -1, message: `broker: the ${slot} hook raised an error, refusing: ${explainBriefly(e)}` });
      return { allowed: false };
    }
  }
}

const lambda = (cell: Cell): Lambda | null => (cell.global instanceof Lambda ? cell.global : null);

function dict(fields: Readonly<Record<string, string | number>>): Dict {
  return new Dict(symVec(Object.keys(fields)), new List(Object.values(fields).map((v): Value => (typeof v === 'string' ? toBytes(v) : v))));
}
