/** Tables as CSV text: a header of names, commas, RFC 4180 quoting; nulls are empty cells. */
import { I64_NULL, List, T, Table, Vec, isNull, symText, type Value } from '../lang/value.js';
import { checkpoint } from '../lang/interrupt.js';
import { fromDays } from '../lang/calendar.js';
import { format } from '../lang/format.js';
import { halves, itemAt, readHalves } from './item.js';

/** Cells and rows a piece has at most. */
const CELLS = 32768;
const ROWS = 4096;

/** The file's bytes as byte strings, piece by piece. */
export function* csvText(table: Table): Generator<string> {
  yield row(Array.from(table.names.data as Int32Array, (id) => quoted(symText(id))));
  const cells = table.cols.map(cellWriter);
  const piece = Math.max(1, Math.min(ROWS, Math.floor(CELLS / cells.length)));
  for (let lo = 0; lo < table.length; lo += piece) {
    checkpoint();
    const hi = Math.min(lo + piece, table.length);
    let text = '';
    for (let r = lo; r < hi; r++) {
      text += cells[0](r);
      for (let c = 1; c < cells.length; c++) text += ',' + cells[c](r);
      text += '\n';
    }
    yield text;
  }
}

const row = (cells: readonly string[]): string => cells.join(',') + '\n';

/** A text, in quotes where it holds a comma, a quote or a line end. */
const quoted = (text: string): string => (/[,"\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

type CellWriter = (r: number) => string;

function cellWriter(column: Vec | List): CellWriter {
  if (column instanceof List) return (r) => (column.item(r) === undefined ? '' : quoted(listCell(column.item(r))));
  return WRITERS[column.t](column);
}

/** The null object has no text; everything else shows as the language prints it. */
const listCell = (v: Value): string => (v === null ? 'null' : format(v, 0));

const WRITERS: Readonly<Record<number, (v: Vec) => CellWriter>> = {
  [T.B8]: (v) => (r) => (v.data[r] ? 'true' : 'false'),
  [T.U8]: (v) => (r) => String(v.data[r]),
  [T.I16]: (v) => (r) => (v.data[r] === -32768 ? '' : String(v.data[r])),
  [T.I32]: (v) => (r) => (v.data[r] === -2147483648 ? '' : String(v.data[r])),
  [T.I64]: (v) => {
    const h = halves(v.data);
    return (r) => {
      const i = readHalves(h, r);
      return i === I64_NULL ? '' : String(i);
    };
  },
  [T.F32]: real, [T.F64]: real,
  [T.DATE]: (v) => (r) => (v.data[r] === -2147483648 ? '' : dateText(v.data[r] as number)),
  [T.TIME]: (v) => (r) => (v.data[r] === -2147483648 ? '' : timeText(v.data[r] as number)),
  [T.TIMESTAMP]: (v) => (r) => {
    const ns = v.data[r] as bigint;
    return ns === I64_NULL ? '' : stampText(ns);
  },
  [T.GUID]: (v) => (r) => {
    const guid = itemAt(v, r);
    return isNull(guid) ? '' : format(guid, 0);
  },
  [T.SYM]: (v) => {
    const texts = new Map<number, string>();
    return (r) => {
      const id = v.data[r] as number;
      let text = texts.get(id);
      if (text === undefined) texts.set(id, (text = quoted(symText(id))));
      return text;
    };
  },
  [T.STR]: (v) => (r) => quoted(v.data[r] as string),
};

/** The shortest text that reads back as the same number. */
function real(v: Vec): CellWriter {
  return (r) => {
    const x = v.data[r] as number;
    return x === x ? String(x) : '';
  };
}

const two = (n: number): string => (n < 10 ? '0' : '') + n;

function dateText(days: number): string {
  const { year, month, day } = fromDays(days);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function timeText(ms: number): string {
  const abs = Math.abs(ms);
  const rest = abs % 1000;
  return (ms < 0 ? '-' : '') + clock(Math.floor(abs / 1000)) + (rest === 0 ? '' : '.' + String(rest).padStart(3, '0'));
}

const clock = (seconds: number): string => `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;

function stampText(ns: bigint): string {
  const DAY = 86400000000000n;
  const day = ns >= 0n ? ns / DAY : -((DAY - 1n - ns) / DAY);
  const rest = Number(ns - day * DAY);
  const fraction = rest % 1e9;
  return `${dateText(Number(day))}T${clock(Math.floor(rest / 1e9))}${fraction === 0 ? '' : '.' + String(fraction).padStart(9, '0')}`;
}
