/**
 * Dict literals as options of a call. A literal is not evaluated, but as an argument of a builtin that takes options a bare name in it, at
 * any depth, stands for the variable of that name. Quoted symbols, and dicts that variables hold, are values as they are.
 */
import { Dict, List, Sym, asQuoted, type Value } from './value.js';

/** The bare names of a literal, from left to right; none where it is no literal. */
export function bareNames(literal: Value): Sym[] {
  if (!(literal instanceof Dict) || !(literal.vals instanceof List)) return [];
  return literal.vals.items.flatMap((v) => (isBare(v) ? [v] : bareNames(v)));
}

/** The literal with the values of its bare names. */
export function withValues(literal: Dict, values: readonly Value[]): Dict {
  let next = 0;
  const fill = (v: Value): Value => {
    if (isBare(v)) return asValue(values[next++]);
    return v instanceof Dict && v.vals instanceof List ? new Dict(v.keys, new List(v.vals.items.map(fill))) : v;
  };
  return fill(literal) as Dict;
}

const isBare = (v: Value): v is Sym => v instanceof Sym && !v.quoted;
/** A symbol that a variable holds is not looked up again. */
const asValue = (v: Value): Value => (v instanceof Sym ? asQuoted(v) : v);
