/** A value as text that differs whenever the value does: types, bits, quoting, where a list was read. For tests. */
import { Dict, F64, Guid, List, Narrow, Stamp, Sym, Vec, type Value } from '../../src/lang/value.js';
import { RayError } from '../../src/lang/errors.js';

export function dump(v: Value): string {
  switch (typeof v) {
    case 'number': return Object.is(v, -0) ? '-0' : String(v);
    case 'bigint': return `${v}n`;
    case 'string': return JSON.stringify(v);
    case 'boolean': return String(v);
  }
  if (v === null) return 'null';
  if (v instanceof Sym) return `${v.quoted ? "'" : ''}${JSON.stringify(v.text)}`;
  if (v instanceof List) return `(${v.items.map(dump).join(' ')})@${v.at}${v.source === null ? '' : `:${v.source.file}`}`;
  if (v instanceof Vec) return `#${v.t}${v.nulls ? 'n' : ''}[${[...v.data].map((e) => (typeof e === 'string' ? JSON.stringify(e) : Object.is(e, -0) ? '-0' : String(e))).join(' ')}]`;
  if (v instanceof Dict) return `{${dump(v.keys)} ${dump(v.vals)}}`;
  if (v instanceof F64) return `f${Object.is(v.v, -0) ? '-0' : v.v}`;
  if (v instanceof Narrow) return `n${v.t}:${v.v}`;
  if (v instanceof Stamp) return `p${v.v}`;
  if (v instanceof Guid) return `g${JSON.stringify(v.v)}`;
  if (v instanceof RayError) return `!${v.code}`;
  throw new TypeError(`no reader makes ${v.constructor.name}`);
}
