/**
 * Partitioned tables: the rows of one schema, partition after partition, and before the columns of the files a virtual one that has
 * the partition's key in each row. A column is read when it is first used.
 */
import { List, T, Table, Vec } from '../lang/value.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { concatColumns } from './concat.js';
import { alloc, itemAt, store } from './item.js';

type Column = Vec | List;

/** The rows of one partition; `column` answers the column at a place of the schema, `share` takes a view of the same elements instead. */
export interface Segment {
  readonly rows: number;
  column(i: number): Column;
  share(i: number, view: Column): void;
}

/** A segment whose columns are in memory. */
export class MemorySegment implements Segment {
  constructor(readonly rows: number, private readonly columns: readonly Column[]) {}
  column(i: number): Column {
    return this.columns[i];
  }
  share(): void {}
}

/** What the virtual column is among `places`. */
export const KEY = -1;

export interface Parts {
  /** One key a segment, of type DATE, I64 or SYM. */
  readonly keys: Vec;
  readonly segments: readonly Segment[];
  /** Types of the columns in the files. */
  readonly types: readonly number[];
}

export class PartedTable extends Table {
  readonly #rows: number;

  /** `places`: for each column of the table the place of it in the schema, or KEY. */
  constructor(names: Vec, readonly parts: Parts, readonly places: readonly number[]) {
    super(names, lazily(places.map((place) => () => wholeColumn(parts, place))));
    this.#rows = parts.segments.reduce((n, segment) => n + segment.rows, 0);
  }

  override get length(): number {
    return this.#rows;
  }

  /** The columns at these positions, still unread. */
  pick(columns: readonly number[]): PartedTable {
    const names = new Vec(T.SYM, Int32Array.from(columns, (i) => this.names.data[i] as number));
    return new PartedTable(names, this.parts, columns.map((i) => this.places[i]));
  }

  /** The partitions at these positions, ascending. */
  prune(kept: Int32Array): PartedTable {
    const { keys, segments, types } = this.parts;
    if (kept.length === segments.length) return this;
    return new PartedTable(this.names, { keys: keysAt(keys, kept), segments: Array.from(kept, (p) => segments[p]), types }, this.places);
  }

  /** The partitions that hold rows `[start, start + count)`, and where `start` is in them. */
  covering(start: number, count: number): { table: PartedTable; start: number } {
    const { kept, first } = this.#holding(start, count);
    return { table: this.prune(Int32Array.from(kept)), start: start - first };
  }

  override ends(n: number): PartedTable {
    const kept = new Set([...this.#holding(0, n).kept, ...this.#holding(this.#rows - n, n).kept]);
    return this.prune(Int32Array.from(kept));
  }

  #holding(start: number, count: number): { kept: number[]; first: number } {
    const kept: number[] = [];
    let first = 0;
    let at = 0;
    this.parts.segments.forEach(({ rows }, p) => {
      if (at + rows > start && at < start + count) {
        if (kept.length === 0) first = at;
        kept.push(p);
      }
      at += rows;
    });
    return { kept, first };
  }

  /** The same columns as a table like any other; they still are read when first used. */
  plain(): Table {
    return new Table(this.names, this.cols);
  }
}

/** Two masks of partitions as one: where both hold, or any. */
export const mergedMasks = (a: Vec, b: Vec, both: boolean): Vec =>
  new Vec(T.B8, (a.data as Uint8Array).map((x, i) => (both ? x & (b.data[i] as number) : x | (b.data[i] as number))));

/** An array whose elements are made when they are first looked at. */
function lazily(make: readonly (() => Column)[]): Column[] {
  const out = new Array<Column>(make.length);
  make.forEach((fn, i) => {
    Object.defineProperty(out, i, {
      configurable: true, enumerable: true,
      get: () => {
        const value = fn();
        Object.defineProperty(out, i, { value, configurable: true, enumerable: true, writable: true });
        return value;
      },
    });
  });
  return out;
}

function wholeColumn({ keys, segments, types }: Parts, place: number): Column {
  if (place === KEY) return keyColumn(keys, segments);
  if (segments.length === 0) return types[place] === T.LIST ? new List([]) : new Vec(types[place], alloc(types[place], 0));
  const columns = segments.map((segment) => {
    checkpoint();
    return segment.column(place);
  });
  const whole = concatColumns(columns);
  // The elements are held once: by the whole column, which the segments see a part of.
  if (segments.length > 1 && whole instanceof Vec && !Array.isArray(whole.data)) {
    let at = 0;
    columns.forEach((column, p) => {
      segments[p].share(place, viewOf(whole, at, column as Vec));
      at += column.length;
    });
  }
  return whole;
}

function viewOf({ t, data }: Vec, from: number, part: Vec): Vec {
  const width = t === T.GUID ? 16 : 1;
  return new Vec(t, (data as Uint8Array).subarray(from * width, (from + part.length) * width), part.nulls);
}

function keyColumn(keys: Vec, segments: readonly Segment[]): Vec {
  const rows = segments.reduce((n, segment) => n + segment.rows, 0);
  const data = alloc(keys.t, rows) as Int32Array;
  let at = 0;
  segments.forEach((segment, p) => {
    const from = at;
    blocks(segment.rows, (lo, hi) => data.fill(keys.data[p] as number, from + lo, from + hi));
    at += segment.rows;
  });
  return new Vec(keys.t, data);
}

function keysAt(keys: Vec, kept: Int32Array): Vec {
  const data = alloc(keys.t, kept.length);
  kept.forEach((p, i) => store(keys.t, data, i, itemAt(keys, p)));
  return new Vec(keys.t, data);
}
