/** The whole vocabulary that needs no engine. */
import type { BuiltinRow } from '../lang/builtin.js';
import { ROWS as AGGREGATE } from './aggregate.js';
import { ROWS as COLLECTION } from './collection.js';
import { ROWS as COMPARE } from './compare.js';
import { ROWS as CONTROL } from './control.js';
import { ROWS as DICT } from './dict.js';
import { ROWS as HOF } from './hof.js';
import { ROWS as INSERT } from './insert.js';
import { ROWS as IO } from './io.js';
import { ROWS as JSON_TEXT } from './json.js';
import { ROWS as MATH } from './math.js';
import { ROWS as PRINT } from './print.js';
import { ROWS as QUERY } from './query.js';
import { ROWS as SERIES } from './series.js';
import { ROWS as SETS } from './sets.js';
import { ROWS as SORTING } from './sorting.js';
import { ROWS as STRINGS } from './strings.js';
import { ROWS as SYSTEM } from './system.js';
import { ROWS as TEMPORAL } from './temporal.js';
import { ROWS as TYPES } from './types.js';

/** The vocabulary by family, in the order of the reference page. */
export const FAMILIES: ReadonlyMap<string, readonly BuiltinRow[]> = new Map([
  ['Arithmetic and math', MATH], ['Comparison and logic', COMPARE], ['Aggregates', AGGREGATE], ['Running and moving series', SERIES],
  ['Higher-order functions', HOF], ['Collections', COLLECTION], ['Sets', SETS], ['Sorting', SORTING], ['Dicts and tables', DICT], ['Queries', [...QUERY, ...INSERT]],
  ['Strings', STRINGS], ['Temporal', TEMPORAL], ['Types and conversion', TYPES], ['Evaluation', CONTROL], ['Printing', PRINT], ['Files', IO], ['JSON', JSON_TEXT], ['System', SYSTEM],
]);

export const BUILTINS: readonly BuiltinRow[] = [...FAMILIES.values()].flat();
