/** The vocabulary of an interpreter with an engine: one place for threads, help and the reference page. */
import { FAMILIES } from '../builtins/index.js';
import { FORMS } from '../lang/special.js';
import type { BuiltinFlags, BuiltinRow } from '../lang/builtin.js';
import { brokerBuiltins } from './broker/builtins.js';
import { ipcBuiltins } from './ipc-builtins.js';
import { journalBuiltins } from './journal-builtins.js';
import { netBuiltins } from './net-builtins.js';
import { ROWS as SERIALIZATION } from './serde-builtins.js';
import { socBuiltins } from './soc/builtins.js';
import type { LangSide } from './lang-side.js';

/** What the engine adds, by family. `lang` is asked for when a row is used, so that nothing is started before. */
function engineFamilies(lang: () => LangSide): ReadonlyMap<string, readonly BuiltinRow[]> {
  return new Map([
    ['Serialization', SERIALIZATION], ['IPC, timers and remote sessions', ipcBuiltins(lang)], ['Connections', netBuiltins(lang)],
    ['Journals', journalBuiltins(() => lang().journal)], ['Pipes and swarm', socBuiltins(lang)], ['Brokers', brokerBuiltins(lang)],
  ]);
}

export const engineBuiltins = (lang: () => LangSide): readonly BuiltinRow[] => [...engineFamilies(lang).values()].flat();

/** A row as help shows it: special forms have no function to call. */
export type HelpRow = BuiltinFlags & Pick<BuiltinRow, 'name' | 'args' | 'doc' | 'example'>;

/** Every family with its rows, in the order of the reference page. For reading only. */
export function allFamilies(): ReadonlyMap<string, readonly HelpRow[]> {
  const none = (): never => {
    throw new Error('these rows are for reading');
  };
  return new Map<string, readonly HelpRow[]>([['Special forms', FORMS.map((form) => ({ ...form, special: true }))], ...FAMILIES, ...engineFamilies(none)]);
}
