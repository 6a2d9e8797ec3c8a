/** Options of pipes as scripts give them: dicts with symbols as keys. */
import { Dict, List, Sym, Vec, type Value } from '../../lang/value.js';
import { fail } from '../../lang/errors.js';
import { fromBytes } from '../../lang/text.js';
import { itemAt, items } from '../../columns/item.js';

type Reader = (key: string, v: Value) => unknown;

export const count: Reader = (key, v) => (typeof v === 'number' && v >= 0 ? v : fail('type', `${key} must be a count`));
export const path: Reader = (key, v) => (typeof v === 'string' && v !== '' ? fromBytes(v) : fail('type', `${key} must be a str`));
export const text: Reader = (key, v) => (typeof v === 'string' ? v : v instanceof Sym ? v.text : fail('type', `${key} must be a str or a sym`));
export const flag: Reader = (key, v) => (typeof v === 'boolean' ? v : fail('type', `${key} must be a b8`));
export const numbers: Reader = (key, v) => {
  const all = v instanceof Vec || v instanceof List ? items(v) : [v];
  return all.map((n) => (typeof n === 'number' ? n : fail('type', `${key} must be integers`)));
};
export const oneOf = (...words: readonly string[]): Reader => (key, v) => {
  const word = text(key, v) as string;
  return words.includes(word) ? word : fail('domain', `${key} must be one of ${words.join(', ')}`);
};

/** The options in a dict, read by `table`. Errors: `type`, `domain` for values; `value` for a key that is none. */
export function readOptions(v: Value, table: ReadonlyMap<string, Reader>): Record<string, unknown> {
  const read = new Map<string, unknown>();
  if (v !== null) {
    if (!(v instanceof Dict)) return fail('type', 'options must be a dict');
    for (let i = 0; i < v.length; i++) {
      const key = itemAt(v.keys, i);
      const word = key instanceof Sym ? key.text : typeof key === 'string' ? key : '';
      const reader = table.get(word) ?? fail('value', `no option ${word}; there are ${[...table.keys()].join(', ')}`);
      read.set(word, reader(word, itemAt(v.vals, i)));
    }
  }
  return Object.fromEntries(read);
}

