/** How scripts say what a listener serves: the options `protocols`, a vector of symbols, and `serve`, one of numbers. */
import { items } from '../columns/item.js';
import { fail } from '../lang/errors.js';
import { List, Vec, type Value } from '../lang/value.js';
import { numbers, text, type Reader } from './options.js';
import { lanesOf, ProtocolsError, protocolsOf } from './protocols.js';

/** Rows for a table of options; what they read makes `ServeOptions`. Errors: `domain` for what is none, `type`. */
export const SERVE_OPTIONS: readonly (readonly [key: string, reader: Reader])[] = [
  ['protocols', (key, v) => checked(key, () => protocolsOf(all(v).map((word) => text(key, word) as string)))],
  ['serve', (key, v) => checked(key, () => lanesOf(numbers(key, v) as number[]))],
];

const all = (v: Value): readonly Value[] => (v instanceof Vec || v instanceof List ? items(v) : [v]);

function checked<R>(key: string, read: () => R): R {
  try {
    return read();
  } catch (e) {
    if (!(e instanceof ProtocolsError)) throw e;
    return fail('domain', `${key}: ${e.message}`);
  }
}
