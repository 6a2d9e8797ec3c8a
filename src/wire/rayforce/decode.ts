/**
 * Bytes to values. Whatever a peer sends either is a value or fails with a coded error, and it fails before anything is allocated:
 * values that hold others are verified as a whole before the first of them is made.
 */
import {
  Dict, F64, Guid, Lambda, List, Narrow, Stamp, T, Table, Vec, i64, intern, nullOf, symOf, symText, asQuoted,
  type Sym, type Value, type VecData,
} from '../../lang/value.js';
import { copyInto } from '../../columns/copy.js';
import { allocList } from '../../columns/item.js';
import { listOf } from '../../columns/long-list.js';
import { BLOCK, checkpoint } from '../../lang/interrupt.js';
import { inflate } from './compress.js';
import { SYM_FLAG, flagMeansQuoted, type Dialect } from './dialect.js';
import { FLAG, readSize } from './header.js';
import { STRIDE, Verifier, WIDTH } from './verify.js';

export interface DecodeOptions {
  /** Of the peer; `2512` where not given. */
  readonly dialect?: Dialect;
  /** What a builtin's name is bound to here; undefined: unknown, which is a `name` error. */
  readonly resolve: (name: string) => Value | undefined;
  /** The largest payload taken once unpacked, in bytes; 256 MiB where not given. A packed one may be 64 times smaller. */
  readonly limit?: number;
}

/**
 * The value that begins at `offset`; bytes behind it are ignored. An ERROR on the wire is answered as a RayError (a list with one in it
 * is that error), while bytes that are no value throw: `domain` truncated, too deep or inconsistent, `type` unknown tag, `name`, `limit` too
 * many items, `oom` no room for them.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions, offset = 0, end = bytes.length): Value {
  return new Decoder(bytes, options, offset, end).whole();
}

/** As `decode`, for the payload of a frame with these header flags. Further errors: `decompr`. */
export function decodePayload(bytes: Uint8Array, flags: number, options: DecodeOptions, offset = 0, end = bytes.length): Value {
  if ((flags & FLAG.COMPRESSED) === 0) return decode(bytes, options, offset, end);
  return decode(inflate(bytes, offset, end, options.limit), options);
}

/**
 * The reply to a request with the verbose flag: what the evaluation printed, and its result. Unlike `decode` it keeps the text where
 * the result is an error. A reply of another shape is a result without text.
 */
export function decodeVerbose(
  bytes: Uint8Array, flags: number, options: DecodeOptions, offset = 0, end = bytes.length,
): { readonly printed: string; readonly result: Value } {
  if ((flags & FLAG.COMPRESSED) !== 0) {
    const plain = inflate(bytes, offset, end, options.limit);
    return decodeVerbose(plain, 0, options, 0, plain.length);
  }
  const isPair = end - offset > 10 && bytes[offset] === T.LIST && readSize(bytes, offset + 2) === 2 && bytes[offset + 10] === 256 - T.STR;
  if (!isPair) return { printed: '', result: decode(bytes, options, offset, end) };
  const decoder = new Decoder(bytes, options, offset + 10, end);
  const printed = decoder.value() as string;
  return { printed, result: decoder.whole() };
}

class Decoder extends Verifier {
  readonly flagQuotes: boolean;

  constructor(bytes: Uint8Array, options: DecodeOptions, at: number, end: number) {
    super(bytes, options.resolve, at, end);
    this.flagQuotes = flagMeansQuoted(options.dialect ?? '2512');
  }

  /** Verifies the value that begins here, and makes it. */
  whole(): Value {
    const start = this.at;
    // Atoms and vectors of one width allocate nothing but themselves, and only after their length was found to be there.
    if (start < this.end && HOLDS_OTHERS[this.bytes[start]] === 1) {
      if (this.pass() === T.ERROR) return this.error;
      this.at = start;
    }
    return this.value();
  }

  /** Makes the value that begins here; what it holds was verified. */
  value(): Value {
    const tag = this.tag();
    return READ[tag](this, tag);
  }

  /** A terminated text as an intern id. */
  id(): number {
    const { bytes, at, end } = this;
    let hash = 0;
    let stop = at;
    for (; stop < end && bytes[stop] !== 0; stop++) hash = (Math.imul(hash, 31) + bytes[stop]) | 0;
    const slot = (hash ^ (hash >>> 11)) & (RECENT.length - 1);
    const known = symText(RECENT[slot]);
    let same = known.length === stop - at && stop < end;
    for (let i = 0; same && i < known.length; i++) same = known.charCodeAt(i) === bytes[at + i];
    if (!same) return (RECENT[slot] = intern(this.terminated()));
    this.at = stop + 1;
    return RECENT[slot];
  }

  cell(width: number): void {
    const at = this.take(width);
    for (let i = 0; i < width; i++) CELL_BYTES[i] = this.bytes[at + i];
  }

  integer(flags: number): Value {
    const at = this.take(8);
    if ((flags & 1) !== 0) return nullOf(T.I64);
    const n = readSize(this.bytes, at);
    if (n >= -Number.MAX_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER) return n;
    this.at = at;
    this.cell(8);
    return i64(CELL_I64[0]);
  }

  symbol(flags: number): Value {
    const id = this.id();
    const sym = symOf((flags & 1) !== 0 ? 0 : id);
    return ((flags & SYM_FLAG) !== 0) === this.flagQuotes ? asQuoted(sym) : sym;
  }

  numbers(tag: number): Vec {
    const attrs = this.byte();
    const n = this.count(WIDTH[tag]);
    const at = this.take(n * WIDTH[tag]);
    // A copy: columns must be aligned, and must not change when the receive buffer does.
    const own = new Uint8Array(this.at - at);
    copyInto(own, this.bytes.subarray(at, this.at), 0);
    const data = MAKE[tag](own.buffer);
    if (tag === T.B8) normalize(data as Uint8Array);
    return new Vec(tag, data, tag !== T.B8 && tag !== T.U8 && (attrs & HAS_NULLS) !== 0);
  }

  symbols(): Vec {
    this.take(1);
    return this.ids(this.count(1));
  }

  texts(): Vec {
    this.take(1);
    const n = this.count(8);
    const texts = allocList(n) as string[];
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      texts[i] = this.text(this.count(1));
    }
    return new Vec(T.STR, texts);
  }

  list(): List {
    this.take(1);
    const n = this.count(1);
    return n <= BLOCK ? new List(this.values(n)) : this.longList(n);
  }

  dict(): Dict {
    this.take(1);
    return new Dict(this.sequence(), this.sequence());
  }

  table(): Table {
    this.take(3);
    const names = this.count(1);
    const from = this.at;
    this.names(names);
    this.take(2);
    const given = this.count(1);
    const columns = Math.min(names, given);
    const at = this.at;
    this.at = from;
    const schema = this.ids(columns);
    this.at = at;
    const cols = this.values(columns) as (Vec | List)[];
    for (let i = columns; i < given; i++) this.pass();
    return new Table(schema, cols);
  }

  lambda(): Lambda {
    this.take(1);
    const params = this.params();
    return new Lambda(params, (this.value() as List).items);
  }

  private params(): Sym[] {
    if (this.bytes[this.at] !== T.SYM) {
      this.pass();
      return [];
    }
    this.take(2);
    const n = this.count(1);
    const params = allocList(n) as Sym[];
    for (let i = 0; i < n; i++) params[i] = symOf(this.id());
    return params;
  }

  /** Keys or values of a dict; null stands for none. */
  private sequence(): Vec | List {
    return (this.value() as Vec | List | null) ?? new List([]);
  }

  private ids(n: number): Vec {
    const ids = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      ids[i] = this.id();
    }
    return new Vec(T.SYM, ids);
  }

  private longList(n: number): List {
    return listOf(n, (out, base, lo, hi) => {
      for (let i = lo; i < hi; i++) {
        if ((i & STRIDE) === 0) checkpoint();
        out[i - base] = this.value();
      }
    });
  }

  private values(n: number): Value[] {
    const values = allocList(n);
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      values[i] = this.value();
    }
    return values;
  }
}

/** The tags of values whose parts must be seen to be there before they are made. */
const HOLDS_OTHERS = Uint8Array.from({ length: 256 }, (_, tag) => Number(([T.LIST, T.SYM, T.STR, T.TABLE, T.DICT, T.LAMBDA] as number[]).includes(tag)));

/** Any byte but 0 is true, as the reference reads atoms; columns promise 0 and 1. */
function normalize(data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) if (data[i] > 1) data[i] = 1;
}

const HAS_NULLS = 0x40;
/** Intern ids met lately, by a hash of their bytes: columns of symbols repeat few of them. */
const RECENT = new Int32Array(4096);

const CELL = new ArrayBuffer(8);
const CELL_BYTES = new Uint8Array(CELL);
const CELL_I16 = new Int16Array(CELL);
const CELL_I32 = new Int32Array(CELL);
const CELL_I64 = new BigInt64Array(CELL);
const CELL_F32 = new Float32Array(CELL);
const CELL_F64 = new Float64Array(CELL);

type Make = (bytes: ArrayBufferLike) => VecData;
const bytesOf: Make = (bytes) => new Uint8Array(bytes);
const i32sOf: Make = (bytes) => new Int32Array(bytes);
const i64sOf: Make = (bytes) => new BigInt64Array(bytes);
const MAKE: Readonly<Record<number, Make>> = {
  [T.B8]: bytesOf, [T.U8]: bytesOf, [T.I16]: (b) => new Int16Array(b), [T.I32]: i32sOf, [T.I64]: i64sOf, [T.F32]: (b) => new Float32Array(b),
  [T.F64]: (b) => new Float64Array(b), [T.DATE]: i32sOf, [T.TIME]: i32sOf, [T.TIMESTAMP]: i64sOf, [T.GUID]: bytesOf,
};

type Reader = (from: Decoder, tag: number) => Value;
/** A row for every tag that `tag` lets through. */
const READ = new Array<Reader>(256);
const atom = (t: number, read: (from: Decoder, flags: number) => Value): void => {
  READ[256 - t] = (from) => read(from, from.byte());
};
/** An atom of a fixed width: the flags' lowest bit makes it null whatever its bytes are. */
const cell = (t: number, width: number, read: () => Value): void => atom(t, (from, flags) => {
  from.cell(width);
  return (flags & 1) !== 0 ? nullOf(t) : read();
});

cell(T.B8, 1, () => CELL_BYTES[0] !== 0);
cell(T.U8, 1, () => new Narrow(-T.U8, CELL_BYTES[0]));
cell(T.I16, 2, () => new Narrow(-T.I16, CELL_I16[0]));
for (const t of [T.I32, T.DATE, T.TIME]) cell(t, 4, () => new Narrow(-t, CELL_I32[0]));
cell(T.F32, 4, () => new Narrow(-T.F32, CELL_F32[0]));
cell(T.F64, 8, () => new F64(CELL_F64[0]));
cell(T.TIMESTAMP, 8, () => new Stamp(CELL_I64[0]));
atom(T.I64, (from, flags) => from.integer(flags));
atom(T.GUID, (from, flags) => {
  const text = from.text(16);
  return (flags & 1) !== 0 ? nullOf(T.GUID) : new Guid(text);
});
atom(T.SYM, (from, flags) => from.symbol(flags));
atom(T.STR, (from, flags) => {
  const text = from.text(from.count(1));
  return (flags & 1) !== 0 ? '' : text;
});
for (const tag of Object.keys(MAKE).map(Number)) READ[tag] = (from, t) => from.numbers(t);
READ[T.SYM] = (from) => from.symbols();
READ[T.STR] = (from) => from.texts();
READ[T.LIST] = (from) => from.list();
READ[T.DICT] = (from) => from.dict();
READ[T.TABLE] = (from) => from.table();
READ[T.LAMBDA] = (from) => from.lambda();
READ[T.UNARY] = READ[T.BINARY] = READ[T.VARIADIC] = (from) => from.builtin();
READ[T.NULL] = () => null;
READ[T.ERROR] = (from) => from.readError();
