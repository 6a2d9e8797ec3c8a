/** What type a CSV column seems to have, from a sample of its cells. */
import { T } from '../lang/value.js';
import { cellText, type CsvBlock } from './csv-split.js';

/** Rows looked at. */
export const SAMPLE = 4096;

/** In the order in which numbers give way to wider ones. */
const KIND = { UNKNOWN: 0, BOOL: 1, I64: 2, F64: 3, DATE: 4, TIME: 5, STAMP: 6, TEXT: 7 } as const;
const TYPES = [T.SYM, T.B8, T.I64, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.SYM];

/** Texts that stand for a missing value. */
const MISSING = new Set(['', 'N/A', 'n/a', 'NA', 'na', 'null', 'NULL', 'None', 'none', '.']);
const BOOLS = new Set(['true', 'false', 'TRUE', 'FALSE']);
const SHAPES: readonly [shape: RegExp, kind: number][] = [
  [/^(?:nan|inf|[+-]inf)$/i, KIND.F64],
  [/^[+-]?\d+$/, KIND.I64],
  [/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/, KIND.F64],
  [/^\d{4}-\d\d-\d\d$/, KIND.DATE],
  [/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/, KIND.STAMP],
  [/^\d\d:\d\d:\d\d/, KIND.TIME],
];

/** Texts that differ, from which on a column is no enumeration. */
const MANY = 256;
const FEW = 64;

/** Takes sampled rows; `types` answers the tag of each column. */
export class Inference {
  readonly #kinds: number[];
  readonly #texts: Set<string>[];
  readonly #counts: number[];

  constructor(columns: number) {
    this.#kinds = new Array<number>(columns).fill(KIND.UNKNOWN);
    this.#texts = Array.from({ length: columns }, () => new Set<string>());
    this.#counts = new Array<number>(columns).fill(0);
  }

  rows(bytes: Buffer, block: CsvBlock): void {
    for (let c = 0; c < block.columns; c++) {
      const from = c * block.rowsMax;
      for (let r = from; r < from + block.rows; r++) this.#cell(c, cellText(bytes, block.starts[r], block.ends[r]));
    }
  }

  /** A text column whose sampled texts mostly differ is STR, otherwise SYM. */
  types(): number[] {
    return this.#kinds.map((kind, c) => {
      if (kind !== KIND.TEXT) return TYPES[kind];
      const different = this.#texts[c].size;
      return different >= MANY || (this.#counts[c] >= FEW && different * 100 >= this.#counts[c] * 80) ? T.STR : T.SYM;
    });
  }

  #cell(c: number, text: string): void {
    const kind = kindOf(text);
    if (kind === KIND.TEXT) {
      this.#counts[c]++;
      this.#texts[c].add(text);
    }
    this.#kinds[c] = wider(this.#kinds[c], kind);
  }
}

function kindOf(text: string): number {
  if (MISSING.has(text)) return KIND.UNKNOWN;
  if (BOOLS.has(text)) return KIND.BOOL;
  return SHAPES.find(([shape]) => shape.test(text))?.[1] ?? KIND.TEXT;
}

function wider(a: number, b: number): number {
  if (a === b || b === KIND.UNKNOWN) return a;
  if (a === KIND.UNKNOWN) return b;
  if (a <= KIND.F64 && b <= KIND.F64) return Math.max(a, b);
  return (a === KIND.DATE && b === KIND.STAMP) || (a === KIND.STAMP && b === KIND.DATE) ? KIND.STAMP : KIND.TEXT;
}
