/**
 * Bytes to values. Whatever a peer sends either is a value or fails with a coded error; lengths it declares are compared with the
 * bytes that are there before anything is allocated.
 */
import { fail, RayError } from '../../lang/errors.js';
import {
  Dict, F64, Guid, Lambda, List, Narrow, Stamp, T, Table, Vec, i64, intern, nullOf, symOf, symText, asQuoted,
  type Sym, type Value, type VecData,
} from '../../lang/value.js';
import { checkpoint } from '../../lang/interrupt.js';
import { inflate } from './compress.js';
import { SYM_FLAG, flagMeansQuoted, type Dialect } from './dialect.js';
import { FLAG, readSize } from './header.js';
import { rawView, type RawBuffer } from './raw-buffer.js';

/** Levels of nesting, a leaf included. The reference's limit. */
export const MAX_DEPTH = 512;
/** Elements between two looks at whether the evaluation that asks is to stop: all ones, for a mask. */
export const STRIDE = 1023;

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
 * is that error), while bytes that are no value throw: `domain` truncated, too deep or inconsistent, `type` unknown tag, `name`.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions, offset = 0, end = bytes.length): Value {
  return new Decoder(bytes, options, offset, end).value();
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
  return { printed, result: decoder.value() };
}

class Decoder {
  private readonly bytes: RawBuffer;
  private depth = 0;
  private readonly flagQuotes: boolean;
  private readonly resolve: DecodeOptions['resolve'];

  constructor(bytes: Uint8Array, options: DecodeOptions, private at: number, private readonly end: number) {
    this.bytes = rawView(bytes);
    this.flagQuotes = flagMeansQuoted(options.dialect ?? '2512');
    this.resolve = options.resolve;
  }

  value(): Value {
    if (this.at >= this.end) truncated();
    const tag = this.bytes[this.at++];
    const read = READ[tag];
    if (read === undefined) fail('type', `deserialize: unknown wire type ${(tag << 24) >> 24}`);
    return read(this, tag);
  }

  /** A value inside another. */
  nested(): Value {
    // The outermost value is level 1.
    if (++this.depth >= MAX_DEPTH) fail('domain', `deserialize: nested deeper than ${MAX_DEPTH} levels`);
    const v = this.value();
    this.depth--;
    return v;
  }

  /** The offset of `n` bytes that are there; they count as read. */
  take(n: number): number {
    const at = this.at;
    if (n > this.end - at) truncated();
    this.at = at + n;
    return at;
  }

  byte(): number {
    return this.bytes[this.take(1)];
  }

  /** A length of at least `width` bytes an element: negative, or more than can be there, is refused. */
  count(width: number): number {
    const n = readSize(this.bytes, this.take(8));
    if (n < 0 || n * width > this.end - this.at) fail('domain', `deserialize: length ${n} exceeds the ${this.end - this.at} remaining bytes`);
    return n;
  }

  text(n: number): string {
    const at = this.take(n);
    if (n > SHORT) return this.bytes.latin1Slice(at, at + n);
    let text = '';
    for (let i = at; i < at + n; i++) text += LATIN1[this.bytes[i]];
    return text;
  }

  terminated(): string {
    const n = this.zero(this.at) - this.at;
    const text = this.text(n);
    this.at++;
    return text;
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
    const { make, width, nullable } = COLUMN[tag];
    const attrs = this.byte();
    const n = this.count(width);
    const at = this.take(n * width);
    // A copy: columns must be aligned, and must not change when the receive buffer does.
    const data = make(new Uint8Array(this.bytes.subarray(at, at + n * width)).buffer);
    if (tag === T.B8) normalize(data as Uint8Array);
    return new Vec(tag, data, nullable && (attrs & HAS_NULLS) !== 0);
  }

  symbols(): Vec {
    this.take(1);
    const n = this.count(1);
    // Ids take four times the space of the shortest name: first see that the names are there.
    let at = this.at;
    for (let i = 0; i < n; i++) at = this.zero(at) + 1;
    const ids = new Int32Array(n);
    for (let i = 0; i < n; i++) ids[i] = this.id();
    return new Vec(T.SYM, ids);
  }

  texts(): Vec {
    this.take(1);
    const n = this.count(8);
    const texts: string[] = [];
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      texts.push(this.text(this.count(1)));
    }
    return new Vec(T.STR, texts);
  }

  list(): Value {
    this.take(1);
    const n = this.count(1);
    const items: Value[] = [];
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      const item = this.nested();
      if (item instanceof RayError) return item;
      items.push(item);
    }
    return new List(items);
  }

  dict(): Value {
    this.take(1);
    const keys = this.sequence();
    if (keys instanceof RayError) return keys;
    const vals = this.sequence();
    if (vals instanceof RayError) return vals;
    if (keys.length !== vals.length) fail('domain', `deserialize: a dict of ${keys.length} keys and ${vals.length} values`);
    return new Dict(keys, vals);
  }

  table(): Value {
    this.take(1);
    const schema = this.nested();
    if (schema instanceof RayError) return schema;
    const cols = this.nested();
    if (cols instanceof RayError) return cols;
    if (!(schema instanceof Vec && schema.t === T.SYM && cols instanceof List)) fail('domain', 'deserialize: a table without names and columns');
    const n = Math.min(schema.length, cols.length);
    const used = cols.items.slice(0, n);
    if (!used.every(isColumn)) fail('domain', 'deserialize: a column that is no vector');
    if (used.some((c) => c.length !== used[0].length)) fail('domain', 'deserialize: columns of different lengths');
    return new Table(new Vec(T.SYM, (schema.data as Int32Array).slice(0, n)), used);
  }

  lambda(): Value {
    this.take(1);
    const params = this.nested();
    if (params instanceof RayError) return params;
    const body = this.nested();
    if (body instanceof RayError) return body;
    if (!(body instanceof List)) fail('domain', 'deserialize: a lambda without a body');
    return new Lambda(parameters(params), body.items);
  }

  builtin(): Value {
    const name = this.terminated();
    const bound = this.resolve(name);
    if (bound === undefined) fail('name', `deserialize: '${name}' is not bound here`);
    return bound;
  }

  error(): RayError {
    const at = this.take(8);
    let code = '';
    // Codes reach terminals and logs: only what can be printed is taken over.
    for (let i = at; i < at + 7 && this.bytes[i] !== 0; i++) code += this.bytes[i] > 32 && this.bytes[i] < 127 ? LATIN1[this.bytes[i]] : '?';
    return new RayError(code);
  }

  /** The offset of the first zero byte from `at`. */
  private zero(at: number): number {
    const { bytes, end } = this;
    while (at < end && bytes[at] !== 0) at++;
    return at < end ? at : fail('domain', 'deserialize: a name without its zero byte');
  }

  /** Keys or values of a dict; null stands for none. */
  private sequence(): Vec | List | RayError {
    const v = this.nested();
    if (v === null) return new List([]);
    return isColumn(v) || v instanceof RayError ? v : fail('domain', 'deserialize: a dict needs sequences');
  }
}

function parameters(v: Value): readonly Sym[] {
  if (v instanceof Vec && v.t === T.SYM) return Array.from(v.data as Int32Array, symOf);
  return isColumn(v) && v.length === 0 ? [] : fail('domain', 'deserialize: a lambda whose parameters are no symbols');
}

const isColumn = (v: Value): v is Vec | List => v instanceof Vec || v instanceof List;
const truncated = (): never => fail('domain', 'deserialize: the bytes end within a value');

/** Any byte but 0 is true, as the reference reads atoms; columns promise 0 and 1. */
function normalize(data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) if (data[i] > 1) data[i] = 1;
}

/** Texts up to this length are put together by hand: a call into the runtime costs more. */
const SHORT = 7;
const LATIN1 = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
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

interface Column { readonly width: number; readonly nullable: boolean; readonly make: (bytes: ArrayBufferLike) => VecData }
const bytesOf = (bytes: ArrayBufferLike): VecData => new Uint8Array(bytes);
const i32sOf = (bytes: ArrayBufferLike): VecData => new Int32Array(bytes);
const i64sOf = (bytes: ArrayBufferLike): VecData => new BigInt64Array(bytes);
const COLUMN: Record<number, Column> = {
  [T.B8]: { width: 1, nullable: false, make: bytesOf },
  [T.U8]: { width: 1, nullable: false, make: bytesOf },
  [T.I16]: { width: 2, nullable: true, make: (b) => new Int16Array(b) },
  [T.I32]: { width: 4, nullable: true, make: i32sOf },
  [T.I64]: { width: 8, nullable: true, make: i64sOf },
  [T.F32]: { width: 4, nullable: true, make: (b) => new Float32Array(b) },
  [T.F64]: { width: 8, nullable: true, make: (b) => new Float64Array(b) },
  [T.DATE]: { width: 4, nullable: true, make: i32sOf },
  [T.TIME]: { width: 4, nullable: true, make: i32sOf },
  [T.TIMESTAMP]: { width: 8, nullable: true, make: i64sOf },
  [T.GUID]: { width: 16, nullable: true, make: bytesOf },
};

type Reader = (from: Decoder, tag: number) => Value;
const READ: (Reader | undefined)[] = new Array<Reader | undefined>(256).fill(undefined);
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
for (const tag of Object.keys(COLUMN).map(Number)) READ[tag] = (from, t) => from.numbers(t);
READ[T.SYM] = (from) => from.symbols();
READ[T.STR] = (from) => from.texts();
READ[T.LIST] = (from) => from.list();
READ[T.DICT] = (from) => from.dict();
READ[T.TABLE] = (from) => from.table();
READ[T.LAMBDA] = (from) => from.lambda();
READ[T.UNARY] = READ[T.BINARY] = READ[T.VARIADIC] = (from) => from.builtin();
READ[T.NULL] = () => null;
READ[T.ERROR] = (from) => from.error();
