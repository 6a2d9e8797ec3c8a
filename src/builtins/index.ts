/** The whole vocabulary that needs no engine. */
import type { BuiltinRow } from '../lang/builtin.js';
import { ROWS as AGGREGATE } from './aggregate.js';
import { ROWS as ALTER } from './alter.js';
import { ROWS as COLLECTION } from './collection.js';
import { ROWS as COMPARE } from './compare.js';
import { ROWS as CONTROL } from './control.js';
import { ROWS as CSV } from './csv.js';
import { ROWS as DICT } from './dict.js';
import { ROWS as HOF } from './hof.js';
import { ROWS as INSERT } from './insert.js';
import { ROWS as IO } from './io.js';
import { ROWS as JOIN_TIME } from './join-time.js';
import { ROWS as JOIN } from './join.js';
import { ROWS as JSON_TEXT } from './json.js';
import { ROWS as LEFT_OUT } from './left-out.js';
import { ROWS as PARTED } from './parted.js';
import { ROWS as MATH } from './math.js';
import { ROWS as PIVOT } from './pivot.js';
import { ROWS as PRINT } from './print.js';
import { ROWS as QUERY } from './query.js';
import { ROWS as SERIES } from './series.js';
import { ROWS as SETS } from './sets.js';
import { ROWS as SORTING } from './sorting.js';
import { ROWS as SPLAYED } from './splayed.js';
import { ROWS as STRINGS } from './strings.js';
import { ROWS as SYSTEM } from './system.js';
import { ROWS as TABLE_VERBS } from './table-verbs.js';
import { ROWS as TEMPORAL } from './temporal.js';
import { ROWS as TYPES } from './types.js';
import { ROWS as UPDATE } from './update.js';
import { ROWS as UPSERT } from './upsert.js';
import { ROWS as WINDOW } from './window.js';

/** The vocabulary by family, in the order of the reference page. */
export const FAMILIES: ReadonlyMap<string, readonly BuiltinRow[]> = new Map([
  ['Arithmetic and math', MATH], ['Comparison and logic', COMPARE], ['Aggregates', AGGREGATE], ['Running and moving series', SERIES],
  ['Higher-order functions', HOF], ['Collections', COLLECTION], ['Sets', SETS], ['Sorting', SORTING], ['Dicts and tables', DICT], ['Queries', [...QUERY, ...INSERT, ...UPDATE, ...UPSERT, ...ALTER]], ['Joins and windows', [...JOIN, ...JOIN_TIME, ...WINDOW, ...PIVOT]], ['Tables', TABLE_VERBS],
  ['Strings', STRINGS], ['Temporal', TEMPORAL], ['Types and conversion', TYPES], ['Evaluation', CONTROL], ['Printing', PRINT], ['Files', IO], ['JSON', JSON_TEXT], ['Tables in files', [...CSV, ...SPLAYED, ...PARTED]], ['System', SYSTEM], ['Left out', LEFT_OUT],
]);

export const BUILTINS: readonly BuiltinRow[] = [...FAMILIES.values()].flat();
