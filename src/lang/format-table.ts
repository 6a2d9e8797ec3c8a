/** Tables as text: the box drawing of modes 1 and 2, and the compact form. */
import { symText, type List, type Table, type Vec } from './value.js';
import { formatElement, type FormatMode } from './format.js';
import { typeName } from './type-names.js';

/** Columns and rows of a box in mode 1. */
const MAX_COLUMNS = 10;
const MAX_ROWS = 20;
/** Bytes of a cell. */
const MAX_CELL = 63;

/** `(table [names] (list columns))`. */
export function tableText(t: Table, column: (col: Vec | List) => string): string {
  return '(table [' + names(t, t.cols.length).join(' ') + '] (list ' + t.cols.map(column).join(' ') + '))';
}

/** The box; in mode 1 of at most 10 columns and 20 rows, the first and the last 10. */
export function formatTable(t: Table, mode: FormatMode): string {
  const rows = t.length;
  const shownRows = mode === 1 ? Math.min(rows, MAX_ROWS) : rows;
  const shownCols = mode === 1 ? Math.min(t.cols.length, MAX_COLUMNS) : t.cols.length;
  if (shownCols === 0) return '<table>';
  const heads = names(t, shownCols);
  const shown = (shownRows < rows ? t.ends(MAX_ROWS / 2) : t).cols.slice(0, shownCols);
  const types = shown.map((col) => typeName(col));
  const cells = shown.map((col) => columnCells(col, rows, shownRows));
  const footer = ` ${rows} rows (${shownRows} shown) ${t.cols.length} columns (${shownCols} shown)`;
  const widths = cells.map((cell, c) => cell.reduce((w, text) => Math.max(w, text.length), Math.max(heads[c].length, types[c].length)) + 2);
  const missing = footer.length - (widths.reduce((sum, w) => sum + w) + shownCols - 1);
  if (missing > 0) widths[shownCols - 1] += missing;

  const box = new Box(widths, shownCols < t.cols.length);
  box.rule(G.topLeft, G.topTee, G.topRight);
  box.row(heads.map((text, c) => centred(text, text.length, widths[c])), G.vertical);
  box.row(types.map((text, c) => centred(text, text.length, widths[c])), G.vertical);
  box.rule(G.leftTee, G.cross, G.rightTee);
  const half = Math.floor(shownRows / 2);
  for (let r = 0; r < shownRows; r++) {
    if (r === half && shownRows < rows) box.row(widths.map((w) => centred(G.ellipsis, 1, w)), G.dotted);
    box.row(cells.map((cell, c) => ' ' + cell[r].padEnd(widths[c] - 1)), G.vertical);
  }
  box.rule(G.leftTee, G.bottomTee, G.rightTee);
  box.footer(footer);
  return box.lines.join('\n');
}

function names(t: Table, n: number): string[] {
  return Array.from({ length: n }, (_, i) => symText((t.names.data as Int32Array)[i]));
}

/** The shown cells of a column; a column that is too short has `NA`. */
function columnCells(col: Vec | List, rows: number, shown: number): string[] {
  const half = Math.floor(shown / 2);
  return Array.from({ length: shown }, (_, r) => {
    const i = r < half || shown === rows || shown === col.length ? r : col.length - shown + r;
    return i >= 0 && i < col.length ? formatElement(col, i).slice(0, MAX_CELL) : 'NA';
  });
}

function centred(text: string, columns: number, width: number): string {
  const left = Math.floor((width - columns) / 2);
  return ' '.repeat(left) + text + ' '.repeat(width - columns - left);
}

/** Box-drawing characters as UTF-8 bytes. */
const G = {
  topLeft: '\xe2\x94\x8c', topTee: '\xe2\x94\xac', topRight: '\xe2\x94\x90',
  leftTee: '\xe2\x94\x9c', cross: '\xe2\x94\xbc', rightTee: '\xe2\x94\xa4',
  bottomLeft: '\xe2\x94\x94', bottomTee: '\xe2\x94\xb4', bottomRight: '\xe2\x94\x98',
  horizontal: '\xe2\x94\x80', vertical: '\xe2\x94\x82', dotted: '\xe2\x94\x86', ellipsis: '\xe2\x80\xa6',
} as const;

class Box {
  readonly lines: string[] = [];
  /** `more`: a narrow last column stands for those left out. */
  constructor(readonly widths: readonly number[], readonly more: boolean) {}

  rule(left: string, tee: string, right: string): void {
    const bars = this.widths.map((w) => G.horizontal.repeat(w));
    if (this.more) bars.push(G.horizontal.repeat(3));
    this.lines.push(left + bars.join(tee) + right);
  }

  row(cells: readonly string[], bar: string): void {
    this.lines.push(bar + [...cells, ...(this.more ? [` ${G.ellipsis} `] : [])].join(bar) + bar);
  }

  footer(text: string): void {
    const width = this.widths.reduce((sum, w) => sum + w) + this.widths.length - 1 + (this.more ? 4 : 0);
    this.lines.push(G.vertical + text.padEnd(width) + G.vertical);
    this.lines.push(G.bottomLeft + G.horizontal.repeat(width) + G.bottomRight);
  }
}
