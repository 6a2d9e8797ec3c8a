/**
 * Values as text. Mode 0 is compact and can be read back, mode 1 is for people at a terminal (cut to a width), mode 2 is mode 1
 * without limits. All texts are byte strings. Errors: `limit` where a text would be longer than a string can be.
 */
import {
  Builtin, Dict, F64, Guid, I16_NULL, I32_NULL, I64_NULL, Lambda, List, Narrow, Stamp, Sym, T, Table, Vec, isNull, symText, tagOf,
  type Value, type VecData,
} from './value.js';
import { RayError, fail } from './errors.js';
import { checkpoint, someBlock } from './interrupt.js';
import { exponential, fixed2, general } from './cfloat.js';
import { fromDays } from './calendar.js';
import { formatTable, tableText } from './format-table.js';

export type FormatMode = 0 | 1 | 2;

/** Bytes of a vector's text, and columns of a screen, in mode 1. */
const ROW_WIDTH = 80;
/** Elements of a list and pairs of a dict in mode 1. */
const LIST_HEIGHT = 50;
/** Entries of a list or dict that `replText` breaks into lines. */
const BROKEN_HEIGHT = 20;
/** Longest string of the platform: V8 allows 2^29 - 24. */
const MAX_TEXT = 2 ** 29 - 64;
/** Levels of nesting that are printed: deeper would exhaust the stack. */
const MAX_DEPTH = 1024;

/** The text of a value in one of the three modes. */
export function format(v: Value, mode: FormatMode): string {
  return render(v, { mode, width: ROW_WIDTH, room: Infinity, depth: 0 });
}

/** What `format` and `print` substitute for `%`: strings and symbols bare, floats with 6 significant digits, the rest in mode 0. */
export function display(v: Value): string {
  if (typeof v === 'string') return v;
  if (v instanceof RayError) return 'error';
  if (v === null || isNull(v)) return nullDisplay(v);
  return v instanceof F64 ? general(v.v) : format(v, 0);
}

/** The literal of a null in `print` and `format`, which know none for b8, u8 and guid. */
export function nullDisplay(v: Value): string {
  const tag = -tagOf(v);
  return tag === T.B8 || tag === T.U8 || tag === T.GUID ? 'null' : (NULL_TEXT[tag] ?? 'null');
}

/** What the REPL and scripts print for a result: mode 1, with dicts and lists that are wider than `columns` broken into lines. */
export function replText(v: Value, columns = ROW_WIDTH): string {
  return broken(v, 0, 0, columns);
}

/** Element `i` of a vector or list as it stands in a table cell. */
export function formatElement(v: Vec | List, i: number): string {
  return v instanceof List ? format(v.item(i) ?? null, 1) : elementText(v)(v.data, i);
}

/* ── values ──────────────────────────────────────────────────────────── */

/** `room`: bytes after which the caller no longer needs the rest. */
interface Style { readonly mode: FormatMode; readonly width: number; readonly room: number; readonly depth: number }

function render(v: Value, style: Style): string {
  switch (typeof v) {
    case 'number': return String(v);
    case 'boolean': return v ? 'true' : 'false';
    case 'string': return '"' + v + '"';
    case 'bigint': return v === I64_NULL ? '0Nl' : String(v);
  }
  if (v === null) return 'null';
  if (v instanceof Vec) return vectorText(v, style);
  if (v instanceof List) return listText(v, style);
  if (v instanceof Dict) return dictText(v, style);
  if (v instanceof Table) return style.mode === 0 ? tableText(v, (col) => render(col, deeper(style, 0))) : formatTable(v, style.mode);
  if (v instanceof Lambda) return 'lambda';
  if (v instanceof Builtin) return '<' + v.name.slice(0, 13) + '>';
  if (v instanceof RayError) return 'error: ' + v.code.slice(0, 7);
  if (v instanceof Sym) return v.text === '' ? "'" : v.text;
  return isNull(v) ? NULL_TEXT[-v.t] : scalarText(v);
}

const scalarText = (v: F64 | Narrow | Stamp | Guid): string =>
  v instanceof F64 ? floatText(v.v) : v instanceof Stamp ? stampText(v.v) : v instanceof Guid ? guidText(v.v) : NARROW_TEXT[-v.t](v.v);

function deeper(style: Style, used: number): Style {
  if (style.depth >= MAX_DEPTH) fail('limit', 'nested too deeply to print');
  return { ...style, room: style.room - used, depth: style.depth + 1 };
}

function vectorText(v: Vec, style: Style): string {
  const n = v.length;
  const text = elementText(v);
  const data = v.data;
  if (style.mode === 1) {
    let out = '';
    for (let i = 0; i < n; i++) {
      const before = i === 0 ? out : out + ' ';
      out = before + text(data, i);
      if (out.length > style.width) return '[' + before + '..]';
    }
    return '[' + out + ']';
  }
  return '[' + joined(n, (i) => text(data, i), style.room) + ']';
}

function listText(v: List, style: Style): string {
  const n = v.length;
  if (n === 0) return '()';
  const inner = deeper(style, 0);
  const read = v.reader();
  const element = (i: number, used: number): string => render(read(i), used === 0 ? inner : { ...inner, room: inner.room - used });
  if (style.mode !== 1 && isUniform(v)) return '[' + joined(n, element, style.room) + ']';
  const shown = style.mode === 1 ? Math.min(n, LIST_HEIGHT) : n;
  return (style.mode === 0 ? '(list ' : '(') + joined(shown, element, style.room) + (shown < n ? ' ..)' : ')');
}

/** Things of one type that are no collections: such a list reads like a vector where texts are compared. */
function isUniform(v: List): boolean {
  const read = v.reader();
  const tag = tagOf(read(0));
  if (tag >= 0 && tag < T.LAMBDA) return false;
  return !someBlock(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (tagOf(read(i)) !== tag) return true;
    return false;
  });
}

function dictText(v: Dict, style: Style): string {
  const n = v.keys.length;
  const shown = style.mode === 1 ? Math.min(n, LIST_HEIGHT) : n;
  const inner = deeper(style, 0);
  const pair = (i: number, used: number): string => {
    const at = used === 0 ? inner : { ...inner, room: inner.room - used };
    return entryText(v.keys, i, at) + ':' + entryText(v.vals, i, at);
  };
  return '{' + joined(shown, pair, style.room) + (shown < n ? ' ..}' : '}');
}

/** A key or value of a dict; a vector's nulls show whatever its flag says. */
function entryText(v: Vec | List, i: number, style: Style): string {
  if (v instanceof List) return render(v.item(i) ?? null, style);
  if (i >= v.length) return '';
  return (v.t in SENTINEL ? NULLABLE : ELEMENT)[v.t](v.data, i);
}

/** Elements joined by spaces, in chunks so that ten million of them cost no deep rope; stops once `room` is used up. */
function joined(n: number, element: (i: number, used: number) => string, room: number): string {
  let out = '';
  for (let lo = 0; lo < n; lo += CHUNK) {
    checkpoint();
    const hi = Math.min(n, lo + CHUNK);
    const parts: string[] = [];
    let used = out.length;
    for (let i = lo; i < hi && used <= room; i++) {
      const part = element(i, used);
      used += part.length + 1;
      parts.push(part);
    }
    if (used > MAX_TEXT) fail('limit', 'the text is too long for a string');
    out += (lo === 0 ? '' : ' ') + parts.join(' ');
    if (used > room) break;
  }
  return out;
}
const CHUNK = 4096;

/* ── broken lines of the REPL ────────────────────────────────────────── */

/** `column`: bytes already on the line; `indent`: spaces before the closing bracket. */
function broken(v: Value, indent: number, column: number, columns: number): string {
  const breakable = v instanceof Dict || v instanceof List;
  const room = breakable ? columns - column : Infinity;
  const flat = render(v, { mode: 1, width: columns, room, depth: indent / 2 });
  if (!breakable || flat.length <= room) return flat;
  const pad = ' '.repeat(indent + 2);
  const n = v instanceof Dict ? v.keys.length : v.length;
  const lines: string[] = [];
  for (let i = 0; i < Math.min(n, BROKEN_HEIGHT); i++) lines.push(pad + brokenEntry(v, i, indent + 2, columns));
  if (n > BROKEN_HEIGHT) lines.push(pad + '...');
  const [open, close] = v instanceof Dict ? '{}' : '()';
  return open + '\n' + lines.join('\n') + '\n' + ' '.repeat(indent) + close;
}

function brokenEntry(v: Dict | List, i: number, indent: number, columns: number): string {
  if (v instanceof List) return broken(v.item(i), indent, indent, columns);
  const style: Style = { mode: 1, width: columns, room: Infinity, depth: indent / 2 };
  const key = entryText(v.keys, i, style) + ': ';
  const column = key.includes('\n') ? key.length - 1 - key.lastIndexOf('\n') : indent + key.length;
  return key + (v.vals instanceof List ? broken(v.vals.item(i) ?? null, indent, column, columns) : entryText(v.vals, i, style));
}

/* ── elements ────────────────────────────────────────────────────────── */

type ElementText = (data: VecData, i: number) => string;

/** How the elements of a vector read. A sentinel is a null only where the vector says it has nulls; a NaN always is. */
function elementText(v: Vec): ElementText {
  return v.nulls && v.t in SENTINEL ? NULLABLE[v.t] : ELEMENT[v.t];
}

const two = (n: number): string => (n < 10 && n >= 0 ? '0' + n : String(n));
const three = (n: number): string => (n < 10 ? '00' + n : n < 100 ? '0' + n : String(n));
const pad4 = (n: number): string => (n < 0 ? '-' + String(-n).padStart(3, '0') : String(n).padStart(4, '0'));

/** 2 digits after the point without trailing zeros; scientific from a million up and below a tenth. */
export function floatText(x: number): string {
  if (x === 0) return '0.0';
  if (x !== x) return '0Nf';
  const abs = x < 0 ? -x : x;
  // The bounds are where C's log10 leaves [-1, 6].
  if (abs >= 1000000.0000000012 || abs <= 0.099999999999999964) return Number.isFinite(x) ? exponential(x, 3) : x > 0 ? 'inf' : '-inf';
  const text = fixed2(x);
  return text.charCodeAt(text.length - 1) === 48 ? text.slice(0, -1) : text;
}

/** `YYYY.MM.DD` of a day number. */
export function dateText(days: number): string {
  const { year, month, day } = fromDays(days);
  return pad4(year) + '.' + two(month) + '.' + two(day);
}

/** `HH:MM:SS.mmm` of milliseconds. */
export function timeText(ms: number): string {
  const abs = ms < 0 ? -ms : ms;
  const s = Math.floor(abs / 1000);
  return (ms < 0 ? '-' : '') + clock(s) + '.' + three(abs % 1000);
}
const clock = (s: number): string => two(Math.floor(s / 3600)) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);

/** `YYYY.MM.DDDHH:MM:SS.nnnnnnnnn` of nanoseconds. */
export function stampText(ns: bigint): string {
  // Whole milliseconds are safe integers; the rest is small.
  let ms = Number(ns / 1000000n);
  let rest = Number(ns % 1000000n);
  if (rest < 0) {
    rest += 1000000;
    ms--;
  }
  const days = Math.floor(ms / 86400000);
  const inDay = ms - days * 86400000;
  return dateText(days) + 'D' + clock(Math.floor(inDay / 1000)) + '.' + String((inDay % 1000) * 1000000 + rest).padStart(9, '0');
}

/** 8-4-4-4-12 lower-case hex digits of 16 bytes. */
export function guidText(bytes: string): string {
  let out = '';
  for (let i = 0; i < 16; i++) out += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + HEX[bytes.charCodeAt(i)];
  return out;
}
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

const NARROW_TEXT: Record<number, (v: number) => string> = {
  [T.U8]: (v) => '0x' + HEX[v], [T.I16]: String, [T.I32]: String, [T.F32]: floatText, [T.DATE]: dateText, [T.TIME]: timeText,
};

const ELEMENT: Record<number, ElementText> = {
  [T.B8]: (d, i) => ((d as Uint8Array)[i] ? 'true' : 'false'),
  [T.U8]: (d, i) => '0x' + HEX[(d as Uint8Array)[i]],
  [T.I16]: (d, i) => String((d as Int16Array)[i]),
  [T.I32]: (d, i) => String((d as Int32Array)[i]),
  [T.I64]: (d, i) => integerText((d as BigInt64Array)[i]),
  [T.F32]: (d, i) => ((d as Float32Array)[i] !== (d as Float32Array)[i] ? '0Ne' : floatText((d as Float32Array)[i])),
  [T.F64]: (d, i) => floatText((d as Float64Array)[i]),
  [T.DATE]: (d, i) => dateText((d as Int32Array)[i]),
  [T.TIME]: (d, i) => timeText((d as Int32Array)[i]),
  [T.TIMESTAMP]: (d, i) => stampText((d as BigInt64Array)[i]),
  [T.GUID]: (d, i) => guidAt(d as Uint8Array, i),
  [T.SYM]: (d, i) => symText((d as Int32Array)[i]) || "'",
  [T.STR]: (d, i) => '"' + (d as string[])[i] + '"',
};

function integerText(v: bigint): string {
  const n = Number(v);
  // Numbers print faster than bigints.
  return n >= -9007199254740991 && n <= 9007199254740991 ? String(n) : String(v);
}

function guidAt(d: Uint8Array, i: number): string {
  return guidText(String.fromCharCode(...d.subarray(i * 16, i * 16 + 16)));
}

const SENTINEL: Record<number, unknown> = {
  [T.I16]: I16_NULL, [T.I32]: I32_NULL, [T.I64]: I64_NULL, [T.DATE]: I32_NULL, [T.TIME]: I32_NULL, [T.TIMESTAMP]: I64_NULL,
  [T.GUID]: '00000000-0000-0000-0000-000000000000',
};

const NULL_TEXT: Record<number, string> = {
  [T.B8]: '0Nb', [T.U8]: '0Nu', [T.I16]: '0Nh', [T.I32]: '0Ni', [T.I64]: '0Nl', [T.F32]: '0Ne', [T.F64]: '0Nf', [T.DATE]: '0Nd',
  [T.TIME]: '0Nt', [T.TIMESTAMP]: '0Np', [T.GUID]: '0Ng',
};

/** `ELEMENT` for vectors that may hold nulls. */
const NULLABLE: Record<number, ElementText> = Object.fromEntries(Object.keys(SENTINEL).map((key): [string, ElementText] => {
  const tag = Number(key);
  const text = ELEMENT[tag];
  const none = NULL_TEXT[tag];
  if (tag === T.GUID) return [key, (d, i) => (text(d, i) === SENTINEL[tag] ? none : text(d, i))];
  const sentinel = SENTINEL[tag];
  return [key, (d, i) => (d[i] === sentinel ? none : text(d, i))];
}));
