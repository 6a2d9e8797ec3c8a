/** `:help NAME`: a builtin's row as text. */
import { allFamilies, type HelpRow } from '../engine/builtins.js';

const rows = (): HelpRow[] => [...allFamilies().values()].flat();

/** Arguments, doc line, properties and example; null where no builtin has that name. */
export function builtinHelp(name: string): string | null {
  const row = rows().find((r) => r.name === name);
  if (row === undefined) return null;
  const properties = PROPERTIES.filter(([flag]) => row[flag]).map(([, text]) => text);
  return [
    `(${[row.name, row.args].filter((s) => s !== '').join(' ')})`,
    `  ${row.doc}`,
    ...(properties.length === 0 ? [] : [`  ${properties.join('; ')}`]),
    `  example: ${row.example}`,
  ].join('\n');
}

/** Names of builtins that contain a text or are contained in it, for who mistyped one. */
export const similarBuiltins = (text: string): string[] =>
  rows().map((r) => r.name).filter((n) => n.includes(text) || (n.length > 2 && text.includes(n))).sort().slice(0, 8);

const PROPERTIES: readonly [keyof HelpRow & ('special' | 'aggr' | 'atomic' | 'restricted'), string][] = [
  ['special', 'takes its arguments unevaluated'],
  ['aggr', 'reduces a column'],
  ['atomic', 'goes through collections element by element'],
  ['restricted', 'refused in restricted sessions'],
];
