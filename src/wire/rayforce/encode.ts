/** Values to bytes. */
import { fail, RayError } from '../../lang/errors.js';
import {
  Builtin, Dict, F64, Guid, Lambda, List, Narrow, Stamp, Sym, T, Table, Vec, isNull, symText, type Value,
} from '../../lang/value.js';
import { copyInto } from '../../columns/copy.js';
import { LongList } from '../../columns/long-list.js';
import { checkpoint } from '../../lang/interrupt.js';
import { compress, THRESHOLD } from './compress.js';
import { MAX_DEPTH, STRIDE } from './verify.js';
import { SYM_FLAG, flagMeansQuoted, type Dialect } from './dialect.js';
import { FLAG, HEADER_SIZE, MAX_PAYLOAD, writeHeader } from './header.js';
import { rawBuffer, type RawBuffer } from './raw-buffer.js';

export interface EncodeOptions {
  /** Of the peer; `2512` where not given. */
  readonly dialect?: Dialect;
}

export interface FrameOptions extends EncodeOptions {
  readonly msgtype: number;
  readonly flags?: number;
  /** Whether a long payload is packed where that makes it smaller; true where not given, as the reference does. */
  readonly compress?: boolean;
}

/** The payload bytes of a value. Errors: `domain` not serializable or nested too deep, `limit` over 256 MiB. */
export function encode(v: Value, options: EncodeOptions = {}): Uint8Array {
  shared.start(options.dialect);
  shared.value(v);
  return shared.finish();
}

/** Header and payload in one buffer. Errors as `encode`. */
export function encodeFrame(v: Value, options: FrameOptions): Uint8Array {
  shared.start(options.dialect);
  shared.reserve(HEADER_SIZE);
  shared.value(v);
  return shared.finishFrame(options.msgtype, options.flags ?? 0, options.compress !== false);
}

/** Bytes of a text that are written at once. */
const LONG_TEXT = 4 << 20;

/** Writes values one behind the other into a buffer that grows, and is kept for the next message while it is small. */
export class Encoder {
  private bytes = rawBuffer(KEPT);
  private at = 0;
  private depth = 0;
  private quotedFlag = SYM_FLAG;
  private nameFlag = 0;

  /** Begins a message; what an earlier one left behind (an error in the middle) is dropped. */
  start(dialect: Dialect = '2512'): void {
    this.at = this.depth = 0;
    if (this.bytes.length > KEPT) this.bytes = rawBuffer(KEPT);
    const quoted = flagMeansQuoted(dialect);
    this.quotedFlag = quoted ? SYM_FLAG : 0;
    this.nameFlag = quoted ? 0 : SYM_FLAG;
  }

  /** Leaves room for `n` bytes. */
  reserve(n: number): void {
    this.ensure(n);
    this.at += n;
  }

  value(v: Value): void {
    switch (typeof v) {
      case 'number': return this.i64(v);
      case 'string': return this.atomText(v);
      case 'bigint': return this.wide(-T.I64, v, v === NULL64 ? 1 : 0);
      case 'boolean': return this.bytes3(-T.B8, 0, v ? 1 : 0);
      default:
    }
    if (v === null) return this.byte(T.NULL);
    const write = WRITE[v.t + 128];
    if (write === undefined) fail('domain', `a value of type ${v.t} cannot be serialized`);
    write(this, v);
  }

  /** The message's bytes, owned by the caller. */
  finish(): Uint8Array {
    return this.hand(this.bytes, this.at);
  }

  /** As `finish`, for a message that began with room for a header. */
  finishFrame(msgtype: number, flags: number, pack: boolean): Uint8Array {
    const size = this.at - HEADER_SIZE;
    if (pack && size > THRESHOLD) {
      const target = size + HEADER_SIZE <= KEPT ? packing : rawBuffer(size + HEADER_SIZE);
      const packed = compress(this.bytes, HEADER_SIZE, this.at, target, HEADER_SIZE);
      if (packed > 0) {
        writeHeader(target, 0, msgtype, flags | FLAG.COMPRESSED, packed);
        if (this.bytes.length > KEPT) this.bytes = rawBuffer(KEPT);
        return this.owned(target, HEADER_SIZE + packed, target === packing);
      }
    }
    writeHeader(this.bytes, 0, msgtype, flags, size);
    return this.finish();
  }

  /* ── the shapes on the wire ────────────────────────────────────────── */

  /** A tag, flags and one byte. */
  bytes3(tag: number, flags: number, v: number): void {
    this.ensure(3);
    const b = this.bytes;
    b[this.at] = tag;
    b[this.at + 1] = flags;
    b[this.at + 2] = v;
    this.at += 3;
  }

  byte(v: number): void {
    this.ensure(1);
    this.bytes[this.at++] = v;
  }

  i64(v: number): void {
    this.ensure(10);
    this.bytes[this.at] = TAG_I64;
    this.bytes[this.at + 1] = 0;
    this.at += 2;
    this.count(v);
  }

  /** A tag, flags and the first `width` bytes of the scratch cell. */
  cell(tag: number, flags: number, width: number): void {
    this.ensure(2 + width);
    const b = this.bytes;
    b[this.at] = tag;
    b[this.at + 1] = flags;
    this.at += 2;
    for (let i = 0; i < width; i++) b[this.at + i] = CELL_BYTES[i];
    this.at += width;
  }

  wide(tag: number, v: bigint, flags: number): void {
    CELL_I64[0] = v;
    this.cell(tag, flags, 8);
  }

  atomText(v: string): void {
    this.ensure(10 + v.length);
    this.bytes[this.at] = TAG_STR;
    this.bytes[this.at + 1] = 0;
    this.at += 2;
    this.count(v.length);
    this.text(v);
  }

  symbol(v: Sym): void {
    this.ensure(3 + v.text.length);
    this.bytes[this.at] = TAG_SYM;
    this.bytes[this.at + 1] = v.quoted ? this.quotedFlag : this.nameFlag;
    this.at += 2;
    this.terminated(v.text);
  }

  guid(v: Guid): void {
    this.ensure(18);
    this.bytes[this.at] = TAG_GUID;
    this.bytes[this.at + 1] = isNull(v) ? 1 : 0;
    this.at += 2;
    this.text(v.v);
  }

  named(tag: number, text: string): void {
    this.ensure(2 + text.length);
    this.bytes[this.at++] = tag;
    this.terminated(text);
  }

  error(code: string): void {
    this.ensure(9);
    this.bytes[this.at] = T.ERROR;
    for (let i = 0; i < 7; i++) this.bytes[this.at + 1 + i] = i < code.length ? code.charCodeAt(i) : 0;
    this.bytes[this.at + 8] = 0;
    this.at += 9;
  }

  numbers(v: Vec): void {
    const data = v.data as Exclude<Vec['data'], string[]>;
    this.ensure(10 + data.byteLength);
    this.head(v.t, v.nulls ? HAS_NULLS : 0, v.length);
    copyInto(this.bytes, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), this.at);
    this.at += data.byteLength;
  }

  /** `attrs`: 0, or what the reference writes in front of column names. */
  symbols(v: Vec, attrs: number): void {
    const ids = v.data as Int32Array;
    this.ensure(10 + ids.length);
    this.head(T.SYM, attrs, ids.length);
    for (let i = 0; i < ids.length; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      const text = symText(ids[i]);
      this.ensure(text.length + 1);
      this.terminated(text);
    }
  }

  texts(v: Vec): void {
    const texts = v.data as string[];
    this.ensure(10 + 8 * texts.length);
    this.head(T.STR, 0, texts.length);
    for (let i = 0; i < texts.length; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      const text = texts[i];
      this.ensure(8 + text.length);
      this.count(text.length);
      this.text(text);
    }
  }

  list(values: readonly Value[] | LongList): void {
    const read = values instanceof LongList ? values.reader() : null;
    this.enter();
    this.ensure(10 + values.length);
    this.head(T.LIST, 0, values.length);
    for (let i = 0; i < values.length; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      this.value(read === null ? (values as readonly Value[])[i] : read(i));
    }
    this.depth--;
  }

  dict(v: Dict): void {
    this.enter();
    this.pair(T.DICT);
    this.value(v.keys);
    this.value(v.vals);
    this.depth--;
  }

  table(v: Table): void {
    this.enter();
    this.pair(T.TABLE);
    this.symbols(v.names, SCHEMA_ATTRS);
    this.list(v.cols);
    this.depth--;
  }

  lambda(v: Lambda): void {
    this.enter();
    this.pair(T.LAMBDA);
    this.ensure(10);
    // No parameters are `[]`, which is an empty I64 vector.
    this.head(v.params.length === 0 ? T.I64 : T.SYM, 0, v.params.length);
    for (const p of v.params) {
      this.ensure(p.text.length + 1);
      this.terminated(p.text);
    }
    this.list(v.body);
    this.depth--;
  }

  /* ── helpers ───────────────────────────────────────────────────────── */

  private enter(): void {
    // A leaf of the deepest list is one level further down.
    if (++this.depth >= MAX_DEPTH) fail('domain', `nested deeper than ${MAX_DEPTH} levels`);
  }

  private pair(tag: number): void {
    this.ensure(2);
    this.bytes[this.at++] = tag;
    this.bytes[this.at++] = 0;
  }

  /** Room must have been made by the caller, here and below. */
  private head(tag: number, attrs: number, count: number): void {
    this.bytes[this.at++] = tag;
    this.bytes[this.at++] = attrs;
    this.count(count);
  }

  /** A safe integer in 8 bytes. */
  private count(v: number): void {
    const b = this.bytes;
    const at = this.at;
    const low = v | 0;
    const high = v === low ? low >> 31 : Math.floor(v / 4294967296);
    b[at] = low;
    b[at + 1] = low >> 8;
    b[at + 2] = low >> 16;
    b[at + 3] = low >> 24;
    b[at + 4] = high;
    b[at + 5] = high >> 8;
    b[at + 6] = high >> 16;
    b[at + 7] = high >> 24;
    this.at = at + 8;
  }

  private text(v: string): void {
    const n = v.length;
    // A call into the runtime costs as much as some 20 characters by hand.
    if (n > LONG_TEXT) this.longText(v);
    else if (n > 20) this.bytes.latin1Write(v, this.at, n);
    else for (let i = 0; i < n; i++) this.bytes[this.at + i] = v.charCodeAt(i);
    this.at += n;
  }

  /** The bytes of a text behind what was written, for which there is room; the caller moves on. */
  private longText(v: string): void {
    for (let at = 0; at < v.length; at += LONG_TEXT) {
      checkpoint();
      this.bytes.latin1Write(v.slice(at, at + LONG_TEXT), this.at + at, Math.min(LONG_TEXT, v.length - at));
    }
  }

  private terminated(text: string): void {
    // The terminator cannot be escaped: the receiver would take the rest for the next symbol.
    if (text.includes('\0')) fail('domain', 'a symbol that contains a zero byte cannot be serialized');
    this.text(text);
    this.bytes[this.at++] = 0;
  }

  private ensure(n: number): void {
    if (this.at + n > this.bytes.length) this.grow(this.at + n);
  }

  private grow(wanted: number): void {
    if (wanted > MAX_PAYLOAD + HEADER_SIZE) fail('limit', `a message of more than ${MAX_PAYLOAD} bytes`);
    const grown = rawBuffer(Math.min(Math.max(wanted, 2 * this.bytes.length), MAX_PAYLOAD + HEADER_SIZE));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  private hand(bytes: RawBuffer, n: number): Uint8Array {
    if (bytes.length > KEPT) this.bytes = rawBuffer(KEPT);
    return this.owned(bytes, n, bytes.length <= KEPT);
  }

  /** The first `n` bytes: a copy where the buffer is kept or mostly empty. */
  private owned(bytes: RawBuffer, n: number, kept: boolean): Uint8Array {
    if (!kept && n * 2 >= bytes.length) return bytes.subarray(0, n);
    const copy = Buffer.allocUnsafe(n);
    bytes.copy(copy, 0, 0, n);
    return copy;
  }
}

/** The buffers kept between messages are of this size: most messages fit, and an idle program holds next to nothing. */
const KEPT = 65536;
const packing = rawBuffer(KEPT);

const HAS_NULLS = 0x40;
const SCHEMA_ATTRS = 3;
const TAG_I64 = 256 - T.I64;
const TAG_STR = 256 - T.STR;
const TAG_SYM = 256 - T.SYM;
const TAG_GUID = 256 - T.GUID;
const NULL64 = -(2n ** 63n);

const CELL = new ArrayBuffer(8);
const CELL_BYTES = new Uint8Array(CELL);
const CELL_I16 = new Int16Array(CELL);
const CELL_I32 = new Int32Array(CELL);
const CELL_I64 = new BigInt64Array(CELL);
const CELL_F32 = new Float32Array(CELL);
const CELL_F64 = new Float64Array(CELL);

/** A number, whose NaN carries no bits that a peer once sent. */
const quiet = (v: number): number => (v === v ? v : NaN);

type Writer = (to: Encoder, v: Value) => void;
const WRITE: (Writer | undefined)[] = [];
const row = (tags: readonly number[], write: (to: Encoder, v: never) => void): void => {
  for (const tag of tags) WRITE[tag + 128] = write as Writer;
};
const narrow = (cell: Int16Array | Int32Array | Float32Array): ((to: Encoder, v: Narrow) => void) => (to, v) => {
  cell[0] = quiet(v.v);
  to.cell(v.t, isNull(v) ? 1 : 0, cell.BYTES_PER_ELEMENT);
};

row([-T.B8, -T.U8], (to, v: Narrow) => to.bytes3(v.t, isNull(v) ? 1 : 0, isNull(v) ? 0 : v.v));
row([-T.I16], narrow(CELL_I16));
row([-T.I32, -T.DATE, -T.TIME], narrow(CELL_I32));
row([-T.F32], narrow(CELL_F32));
row([-T.F64], (to, v: F64) => {
  CELL_F64[0] = quiet(v.v);
  to.cell(-T.F64, v.v !== v.v ? 1 : 0, 8);
});
row([-T.TIMESTAMP], (to, v: Stamp) => to.wide(-T.TIMESTAMP, v.v, v.v === NULL64 ? 1 : 0));
row([-T.GUID], (to, v: Guid) => to.guid(v));
row([-T.SYM], (to, v: Sym) => to.symbol(v));
row([T.LIST], (to, v: List) => to.list(v instanceof LongList ? v : v.items));
row([T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID], (to, v: Vec) => to.numbers(v));
row([T.SYM], (to, v: Vec) => to.symbols(v, 0));
row([T.STR], (to, v: Vec) => to.texts(v));
row([T.TABLE], (to, v: Table) => to.table(v));
row([T.DICT], (to, v: Dict) => to.dict(v));
row([T.LAMBDA], (to, v: Lambda) => to.lambda(v));
row([T.UNARY, T.BINARY, T.VARIADIC], (to, v: Builtin) => to.named(v.t, v.name));
row([T.ERROR], (to, v: RayError) => to.error(v.code));

const shared = new Encoder();
