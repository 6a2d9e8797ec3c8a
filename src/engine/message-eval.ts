/**
 * How a message that is no string is evaluated: as code, except that a list in argument position whose head is neither callable nor a
 * bound name is data. Without that, nested lists and dicts of lists could not be sent as arguments.
 */
import { Builtin, List, Sym, isFunction, symbol, type Value } from '../lang/value.js';
import type { Interp } from '../lang/interpreter.js';

export function evalMessage(interp: Interp, message: Value): Value {
  if (!(message instanceof List) || message.length < 2) return interp.eval(message);
  const items = message.items;
  const head = headOf(interp, items[0]);
  if (head instanceof Builtin && head.flags.special) return interp.eval(message);
  return interp.eval(withData(interp, message));
}

/** The list with its arguments that are data quoted; the same list where there is none. */
function withData(interp: Interp, list: List): List {
  let changed: Value[] | null = null;
  for (let i = 1; i < list.items.length; i++) {
    const item = list.items[i];
    if (!(item instanceof List) || item.length === 0) continue;
    const out = argument(interp, item);
    if (out !== item) (changed ??= [...list.items])[i] = out;
  }
  return changed === null ? list : new List(changed, list.at, list.source);
}

function argument(interp: Interp, list: List): Value {
  const head = headOf(interp, list.items[0]);
  // Special forms bind names and take their arguments as they are: what they contain is code.
  if (head instanceof Builtin && head.flags.special) return list;
  if (isFunction(head as Value) || head === UNKNOWN) return withData(interp, list);
  return new List([quote(interp), list]);
}

/** Stands for a head that only evaluation can tell: a list, for instance a lambda written out. */
const UNKNOWN = symbol('');

function headOf(interp: Interp, head: Value): Value | undefined {
  if (head instanceof Sym) return interp.env.lookup(head);
  if (head instanceof List && head.length > 0) return UNKNOWN;
  return head;
}

const QUOTES = new WeakMap<Interp, Value>();
/** The special form itself, so that it works where its name is bound anew. */
function quote(interp: Interp): Value {
  let q = QUOTES.get(interp);
  if (q === undefined) QUOTES.set(interp, (q = interp.env.lookup(symbol('quote')) as Builtin));
  return q;
}

