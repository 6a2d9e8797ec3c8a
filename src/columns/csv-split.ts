/** Cuts the bytes of a CSV file into rows and cells. A quoted cell is cut inside its quotes; `""` in it stands for a quote. */

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** Rows of one block: enough to make the loops over a column long, few enough to stay in the processor's cache. */
const ROWS = 8192;
const CELLS = 262144;

/**
 * Cells of up to `rowsMax` rows: cell r of column c lies at `starts[c * rowsMax + r]` up to `ends[..]`. An end that is negative is
 * `~end` of a cell with doubled quotes in it. Cells a row lacks are empty, cells it has too many are passed over.
 */
export class CsvBlock {
  readonly rowsMax: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  rows = 0;

  constructor(readonly columns: number, private readonly delimiter: number) {
    this.rowsMax = Math.max(256, Math.min(ROWS, Math.floor(CELLS / columns)));
    this.starts = new Int32Array(columns * this.rowsMax);
    this.ends = new Int32Array(columns * this.rowsMax);
  }

  /**
   * Cuts rows from `bytes[at, to)` until the block is full or the bytes are used up; answers where the next row begins. `last`: no
   * bytes follow, so that the last row may lack its end. `bytes[to]` must exist and be a line feed.
   */
  split(bytes: Uint8Array, at: number, to: number, last: boolean): number {
    const { columns, delimiter, rowsMax, starts, ends } = this;
    // Positions that were computed with floats would make every access below one with a float.
    const end = to | 0;
    let p = at | 0;
    let rows = 0;
    for (; rows < rowsMax && p < end; rows++) {
      const row = p;
      let slot = rows;
      for (let c = 0; c < columns; c++, slot += rowsMax) {
        let ch = bytes[p];
        if (ch !== QUOTE) {
          starts[slot] = p;
          // Delimiters and line ends are all below 45.
          while (ch > 44 || (ch !== delimiter && ch !== LF && ch !== CR)) ch = bytes[++p];
          ends[slot] = p;
          if (ch === delimiter) p++;
        } else {
          const close = closing(bytes, p + 1, end);
          starts[slot] = p + 1;
          ends[slot] = close;
          p = close < 0 ? ~close : close;
          if (p < end) p++;
          if (p < end && bytes[p] === delimiter) p++;
        }
      }
      if (bytes[p] !== LF) p = lineEnd(bytes, p, end);
      if (p >= end) {
        // The line feed behind the bytes ended this row.
        if (last) continue;
        p = row;
        break;
      }
      if (bytes[p] === LF) p++;
      else if (p + 1 < end || last) p += p + 1 < end && bytes[p + 1] === LF ? 2 : 1;
      else {
        p = row;
        break;
      }
    }
    this.rows = rows;
    return p;
  }
}

/** The first line end at or after `from` that is outside quotes; `end` where there is none. `bytes[end]` must be a line feed. */
export function lineEnd(bytes: Uint8Array, from: number, end: number): number {
  let quoted = false;
  for (let p = from | 0; ; p++) {
    const ch = bytes[p];
    if (ch > QUOTE) continue;
    if (ch === QUOTE) quoted = !quoted;
    else if (ch === LF || ch === CR) {
      if (!quoted) return p;
      if (p >= end) return end;
    }
  }
}

/** Where the row after the line end at `p` begins. */
export const afterLineEnd = (bytes: Uint8Array, p: number, end: number): number =>
  p >= end ? end : bytes[p] === CR && p + 1 < end && bytes[p + 1] === LF ? p + 2 : p + 1;

/** The closing quote of a cell that begins at `p`, `~` of it when quotes in the cell are doubled; the end where it never closes. */
function closing(bytes: Uint8Array, p: number, end: number): number {
  let doubled = false;
  for (; p < end; p++) {
    if (bytes[p] !== QUOTE) continue;
    if (bytes[p + 1] !== QUOTE || p + 1 >= end) break;
    doubled = true;
    p++;
  }
  return doubled ? ~p : p;
}

/** The text of a cell. */
export function cellText(bytes: Buffer, start: number, end: number): string {
  return end >= 0 ? bytes.toString('latin1', start, end) : bytes.toString('latin1', start, ~end).replaceAll('""', '"');
}

/** Columns of the first line, counted by the delimiters outside quotes. */
export function countColumns(bytes: Uint8Array, end: number, delimiter: number): number {
  let n = 1;
  let quoted = false;
  for (let p = 0, stop = lineEnd(bytes, 0, end); p < stop; p++) {
    if (bytes[p] === QUOTE) quoted = !quoted;
    else if (!quoted && bytes[p] === delimiter) n++;
  }
  return n;
}

/** A tab where the first line has more tabs than commas, otherwise a comma. */
export function findDelimiter(bytes: Uint8Array, end: number): number {
  let balance = 0;
  for (let p = 0; p < end && bytes[p] !== LF; p++) {
    if (bytes[p] === 9) balance++;
    else if (bytes[p] === 44) balance--;
  }
  return balance > 0 ? 9 : 44;
}
