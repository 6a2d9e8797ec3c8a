/**
 * Options as scripts give them: dicts with symbols as keys. The bare names of a literal have their values already, see lang/option-dict.ts;
 * in a dict that comes some other way a bare name stands for the global variable of that name.
 */
import { itemAt, items } from '../columns/item.js';
import { fail } from '../lang/errors.js';
import { fromBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import { Dict, List, Sym, Vec, type Value } from '../lang/value.js';

/** The value of a name. Errors: `name`. */
export type ValueOf = (name: Sym) => Value;
/** What an option means; `key` names it in errors. */
export type Reader = (key: string, v: Value, valueOf: ValueOf) => unknown;
/** A reader of values that hold no names. */
type Plain = (key: string, v: Value) => unknown;
export type OptionTable = ReadonlyMap<string, Reader>;

export const count: Plain = (key, v) => (typeof v !== 'number' ? wrong(key, 'a count', v) : v >= 0 ? v : fail('domain', `${key} must not be negative, got ${v}`));
export const path: Plain = (key, v) => (typeof v !== 'string' ? wrong(key, 'a str', v) : v === '' ? fail('domain', `${key} must not be empty`) : fromBytes(v));
export const text: Plain = (key, v) => (typeof v === 'string' ? v : v instanceof Sym ? v.text : wrong(key, 'a str or a sym', v));
/** A str as the language holds it. */
export const bytes: Plain = (key, v) => (typeof v === 'string' ? v : wrong(key, 'a str', v));
export const flag: Plain = (key, v) => (typeof v === 'boolean' ? v : wrong(key, 'a b8', v));
export const numbers: Plain = (key, v) => all(v).map((n) => (typeof n === 'number' ? n : wrong(key, 'integers', n)));
export const texts: Plain = (key, v) => all(v).map((word) => path(key, word));
export const oneOf = (...words: readonly string[]): Plain => (key, v) => {
  const word = text(key, v) as string;
  return words.includes(word) ? word : fail('domain', `${key} must be one of ${words.join(', ')}`);
};
/** A dict of its own, whose keys are named after it. */
export const nested = (table: OptionTable): Reader => (key, v, valueOf) => (v instanceof Dict ? read(v, table, `${key}.`, valueOf) : wrong(key, 'a dict', v));

/** The options in a dict, read by `table`; null: none. Errors: `type`, `domain` for values, `value` for a key that is none, `name`. */
export function readOptions(v: Value, table: OptionTable, valueOf: ValueOf = asWritten): Record<string, unknown> {
  if (v === null) return {};
  return v instanceof Dict ? read(v, table, '', valueOf) : fail('type', `options must be a dict, got ${typeName(v)}`);
}

const asWritten: ValueOf = (name) => name;
const all = (v: Value): readonly Value[] => (v instanceof Vec || v instanceof List ? items(v) : [v]);
const wrong = (key: string, what: string, v: Value): never => fail('type', `${key} must be ${what}, got ${typeName(v)}`);

function read(dict: Dict, table: OptionTable, prefix: string, valueOf: ValueOf): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (let i = 0; i < dict.length; i++) {
    const key = itemAt(dict.keys, i);
    const word = key instanceof Sym ? key.text : typeof key === 'string' ? key : '';
    const reader = table.get(word) ?? fail('value', `no option ${prefix}${word}; there are ${[...table.keys()].join(', ')}`);
    // Which of them was meant cannot be told, and the other may be what protects the connection.
    if (found.has(word)) fail('value', `option ${prefix}${word} is given twice`);
    const written = itemAt(dict.vals, i);
    found.set(word, reader(prefix + word, written instanceof Sym && !written.quoted ? valueOf(written) : written, valueOf));
  }
  return Object.fromEntries(found);
}
