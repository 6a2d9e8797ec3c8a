/** The whole vocabulary that needs no engine. */
import type { BuiltinRow } from '../lang/builtin.js';
import { ROWS as CONTROL } from './control.js';

export const BUILTINS: readonly BuiltinRow[] = [...CONTROL];
