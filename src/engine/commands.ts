/** What the embedding program asks: whole evaluations, names for completion, the orderly end. */
import { tagOf, type Value } from '../lang/value.js';
import { RayError } from '../lang/errors.js';
import { replText } from '../lang/format.js';
import { explain } from '../lang/trace.js';
import { fromBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { Lambda, Builtin } from '../lang/value.js';
import { TO_IO } from './channel.js';
import { ExitSignal, type LangSide } from './lang-side.js';
import type { EvaluateOptions, EvaluateResult, JournalOptions } from './api.js';
import type { Command, CommandResult, JournalFailure } from './messages.js';

export class Commands {
  constructor(private readonly lang: LangSide) {}

  run(id: number, command: Command): void {
    let result: CommandResult;
    switch (command.ask) {
      case 'evaluate': {
        this.lang.shared.evaluating = id;
        result = this.#evaluate(command.source, command.options);
        this.lang.shared.evaluating = 0;
        break;
      }
      case 'complete': result = this.#complete(command.prefix); break;
      case 'globals': result = this.#globals(); break;
      case 'journal': result = this.#journal(command.options); break;
      case 'shutdown': {
        this.lang.connections.closeAll();
        this.lang.journal.close();
        result = null;
      }
    }
    this.lang.sendObject(TO_IO.ANSWER, id, result);
  }

  #evaluate(source: string, options: EvaluateOptions): EvaluateResult {
    const { lang } = this;
    const { interp } = lang;
    const started = performance.now();
    const end = (part: Partial<EvaluateResult>): EvaluateResult =>
      ({ ok: true, text: '', remote: lang.remote.address, elapsedMs: performance.now() - started, ...part });
    try {
      const remote = lang.remote.takes(source);
      const value: Value = remote
        ? interp.top(() => lang.remote.evaluate(source), { deadlineMs: options.deadlineMs })
        : interp.top(() => interp.run(source, options.file), { deadlineMs: options.deadlineMs });
      const shown = options.print === 'none' || value === null ? '' : remote ? lang.remote.show(value) : replText(value, options.columns);
      return end({ text: shown, type: tagOf(value) });
    } catch (e) {
      if (e instanceof RayError) return end({ ok: false, code: e.code, text: explain(e, options.color) });
      if (e instanceof ExitSignal) return end({ exit: e.status });
      throw e;
    }
  }

  #journal(options: JournalOptions): JournalFailure | null {
    try {
      this.lang.journal.start(options);
      return null;
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      return { code: e.code, message: fromBytes(e.message) };
    }
  }

  #complete(prefix: string): string[] {
    const names: string[] = [];
    for (const [name] of this.lang.interp.env.globals()) if (name.startsWith(prefix)) names.push(name);
    return names.sort();
  }

  #globals(): [string, string][] {
    const out: [string, string][] = [];
    for (const [name, v] of this.lang.interp.env.globals()) {
      if (!(v instanceof Builtin) && name !== 'null' && (!name.startsWith('.') || v instanceof Lambda)) out.push([name, typeName(v)]);
    }
    return out.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }
}
