/**
 * WebAssembly SIMD kernels. A module is compiled when it is first asked for, never at start-up; where the host has no WebAssembly or
 * no SIMD the answer is null, and the loops in JavaScript do the work.
 */
import { COLUMNS, FILTERING, GROUPING, PACKING } from './kernels.generated.js';

/** A number the module exports. */
interface Cell { readonly value: number }

/** What it works on: the module's own memory. Addresses below `FREE` are not for callers. */
export interface Kernels { readonly bytes: Uint8Array }
export const FREE = 1024;

/** See assembly/packing.as. */
export interface Packing extends Kernels {
  readonly taken: Cell;
  readonly written: Cell;
  pack(from: number, n: number, last: number, to: number): void;
  measure(from: number, n: number, room: number): void;
  unpack(from: number, n: number, to: number, room: number): void;
}
export const packing = lazily<Packing>(PACKING, 2);

/** See assembly/columns.as. */
export interface Columns extends Kernels {
  readonly addLongs: LongsOf;
  readonly subLongs: LongsOf;
  readonly mulLongs: LongsOf;
  readonly addDoubles: DoublesOf;
  readonly subDoubles: DoublesOf;
  readonly mulDoubles: DoublesOf;
  readonly divDoubles: DoublesOf;
  readonly lessLongs: ComparisonOf;
  readonly equalLongs: ComparisonOf;
  readonly lessDoubles: ComparisonOf;
  readonly equalDoubles: ComparisonOf;
  longsToDoubles(x: number, r: number, n: number, nulls: number): void;
  sumLongs(x: number, r: number, n: number): number;
  sumValues(x: number, r: number, n: number): number;
  leastLong(x: number, r: number, n: number, nulls: number): number;
  greatestLong(x: number, r: number, n: number, nulls: number): number;
}
type LongsOf = (x: number, y: number, r: number, n: number, nulls: number) => void;
type DoublesOf = (x: number, y: number, r: number, n: number) => number;
type ComparisonOf = (x: number, y: number, r: number, n: number, flip: number) => void;
export const columns = lazily<Columns>(COLUMNS, 2);

/** See assembly/grouping.as. */
export interface Grouping extends Kernels {
  readonly lookLongs: Look;
  readonly lookWords: Look;
  readonly placeLongs: Place;
  readonly placeWords: Place;
  readonly addLongs: Keep;
  readonly addReals: Keep;
  readonly addDoubles: Keep;
  readonly addLongsAsDoubles: Keep;
  readonly countRows: Keep;
  readonly leastLongs: Keep;
  readonly greatestLongs: Keep;
  readonly leastDoubles: Keep;
  readonly greatestDoubles: Keep;
}
type Look = (keys: number, table: number, ids: number, at: number, n: number, base: number, range: number) => number;
type Place = (keys: number, places: number, n: number, base: number, range: number) => void;
type Keep = (x: number, ids: number, kept: number, n: number, nulls: number) => void;
export const grouping = lazily<Grouping>(GROUPING, 18);

/** See assembly/filtering.as. */
export interface Filtering extends Kernels {
  countTrue(mask: number, n: number): number;
  placesOf(mask: number, n: number, at: number): number;
  readonly pick1: Pick;
  readonly pick2: Pick;
  readonly pick4: Pick;
  readonly pick8: Pick;
  readonly pick16: Pick;
}
type Pick = (x: number, places: number, r: number, k: number) => void;
export const filtering = lazily<Filtering>(FILTERING, 4);

/* ── loading ─────────────────────────────────────────────────────────── */

interface Memory { readonly buffer: ArrayBuffer; grow(pages: number): number }
declare const WebAssembly: undefined | {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: { readonly memory: Memory } };
};

/** `pages` of 64 KB make the memory. */
function lazily<K extends Kernels>(base64: string, pages: number): () => K | null {
  let kernels: K | null | undefined;
  return () => (kernels === undefined ? (kernels = load<K>(base64, pages)) : kernels);
}

function load<K extends Kernels>(base64: string, pages: number): K | null {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64')));
    exports.memory.grow(pages);
    return { ...exports, bytes: new Uint8Array(exports.memory.buffer) } as unknown as K;
  } catch {
    // No SIMD: the module does not validate. No address space for a memory is no reason to fail either.
    return null;
  }
}
