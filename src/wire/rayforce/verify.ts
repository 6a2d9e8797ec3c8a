/**
 * A walk over serialized values that makes none: what is refused is refused before anything is allocated for it, and what passes takes
 * the memory of the value it is.
 */
import { fail, RayError } from '../../lang/errors.js';
import { T, type Value } from '../../lang/value.js';
import { MAX_BOXED } from '../../columns/item.js';
import { checkpoint } from '../../lang/interrupt.js';
import { readSize } from './header.js';
import { rawView, type RawBuffer } from './raw-buffer.js';

/** Levels of nesting, a leaf included. The reference's limit. */
export const MAX_DEPTH = 512;
/** Elements between two looks at whether the evaluation that asks is to stop: all ones, for a mask. */
export const STRIDE = 1023;
/** Bytes of a builtin's name: nothing that long is bound anywhere. */
const MAX_NAME = 255;

/** A place in `bytes` that moves towards `end`. Whatever it cannot pass throws, as `decode` documents. */
export class Verifier {
  readonly bytes: RawBuffer;
  /** Elements of the vector or list that was passed last. */
  length = 0;
  /** How many of the first items of the list passed last are columns, and how many of those are as long as the first. */
  columns = 0;
  even = 0;
  /** What `pass` met when it answers ERROR. */
  error: RayError | null = null;
  #depth = 0;

  constructor(bytes: Uint8Array, readonly resolve: (name: string) => Value | undefined, public at: number, readonly end: number) {
    this.bytes = rawView(bytes);
  }

  /** Passes the value that begins here; answers its tag, or ERROR where there is one in it: it stands for the whole. */
  pass(): number {
    const tag = this.tag();
    return PASS[tag]!(this, tag);
  }

  /** The tag of the value that begins here, one of those that there are. */
  tag(): number {
    if (this.at >= this.end) truncated();
    const tag = this.bytes[this.at++];
    return PASS[tag] !== undefined ? tag : fail('type', `deserialize: unknown wire type ${(tag << 24) >> 24}`);
  }

  /** As `pass`, for a value inside another. */
  inner(): number {
    // The outermost value is level 1.
    if (++this.#depth >= MAX_DEPTH) fail('domain', `deserialize: nested deeper than ${MAX_DEPTH} levels`);
    const tag = this.pass();
    this.#depth--;
    return tag;
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

  /** As `count`, for what becomes an array. */
  items(width: number): number {
    const n = this.count(width);
    return n <= MAX_BOXED ? n : tooMany(n);
  }

  text(n: number): string {
    const at = this.take(n);
    if (n > SHORT) return this.bytes.latin1Slice(at, at + n);
    let text = '';
    for (let i = at; i < at + n; i++) text += LATIN1[this.bytes[i]];
    return text;
  }

  terminated(): string {
    const text = this.text(this.zero() - this.at);
    this.at++;
    return text;
  }

  /** The offset of the next zero byte. */
  zero(): number {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && bytes[at] !== 0) at++;
    return at < end ? at : fail('domain', 'deserialize: a name without its zero byte');
  }

  /** Passes `n` terminated names. */
  names(n: number): void {
    for (let i = 0; i < n; i++) {
      if ((i & STRIDE) === 0) checkpoint();
      this.at = this.zero() + 1;
    }
  }

  builtin(): Value {
    const name = this.zero() - this.at <= MAX_NAME ? this.terminated() : fail('name', 'deserialize: no builtin has a name that long');
    return this.resolve(name) ?? fail('name', `deserialize: '${name}' is not bound here`);
  }

  readError(): RayError {
    const at = this.take(8);
    let code = '';
    // Codes reach terminals and logs: only what can be printed is taken over.
    for (let i = at; i < at + 7 && this.bytes[i] !== 0; i++) code += this.bytes[i] > 32 && this.bytes[i] < 127 ? LATIN1[this.bytes[i]] : '?';
    return new RayError(code);
  }
}

/** Vectors and lists, which are also all that a table has as columns. */
const isColumnTag = (tag: number): boolean => tag <= T.STR;
const tooMany = (n: number): never => fail('limit', `deserialize: ${n} items, not at most ${MAX_BOXED}`);
const truncated = (): never => fail('domain', 'deserialize: the bytes end within a value');

/** Texts up to this length are put together by hand: a call into the runtime costs more. */
const SHORT = 7;
const LATIN1 = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));

/** Bytes of an element of vectors whose elements are all as wide, and of an atom of that type. */
export const WIDTH: Readonly<Record<number, number>> = {
  [T.B8]: 1, [T.U8]: 1, [T.I16]: 2, [T.I32]: 4, [T.I64]: 8, [T.F32]: 4, [T.F64]: 8, [T.DATE]: 4, [T.TIME]: 4, [T.TIMESTAMP]: 8, [T.GUID]: 16,
};

type Step = (v: Verifier, tag: number) => number;
const PASS: (Step | undefined)[] = new Array<Step | undefined>(256).fill(undefined);

for (const [tag, width] of Object.entries(WIDTH)) {
  PASS[Number(tag)] = (v, t) => {
    v.take(1);
    const n = v.count(width);
    v.take(n * width);
    v.length = n;
    return t;
  };
  PASS[256 - Number(tag)] = (v, t) => {
    v.take(1 + width);
    return t;
  };
}
PASS[256 - T.SYM] = (v, tag) => {
  v.take(1);
  v.at = v.zero() + 1;
  return tag;
};
PASS[256 - T.STR] = (v, tag) => {
  v.take(1);
  v.take(v.count(1));
  return tag;
};
PASS[T.SYM] = (v, tag) => {
  v.take(1);
  const n = v.count(1);
  v.names(n);
  v.length = n;
  return tag;
};
PASS[T.STR] = (v, tag) => {
  v.take(1);
  const n = v.items(8);
  for (let i = 0; i < n; i++) {
    if ((i & STRIDE) === 0) checkpoint();
    v.take(v.count(1));
  }
  v.length = n;
  return tag;
};
PASS[T.LIST] = (v, tag) => {
  v.take(1);
  const n = v.items(1);
  let columns = 0;
  let even = 0;
  let rows = 0;
  for (let i = 0; i < n; i++) {
    if ((i & STRIDE) === 0) checkpoint();
    const item = v.inner();
    if (item === T.ERROR) return item;
    if (columns !== i || !isColumnTag(item)) continue;
    if (i === 0) rows = v.length;
    if (even === i && v.length === rows) even++;
    columns++;
  }
  v.length = n;
  v.columns = columns;
  v.even = even;
  return tag;
};
PASS[T.DICT] = (v, tag) => {
  v.take(1);
  const keys = sequence(v);
  const n = v.length;
  if (keys === T.ERROR) return keys;
  const vals = sequence(v);
  if (vals === T.ERROR) return vals;
  if (v.length !== n) fail('domain', `deserialize: a dict of ${n} keys and ${v.length} values`);
  return tag;
};
PASS[T.TABLE] = (v, tag) => {
  v.take(1);
  const schema = v.inner();
  if (schema === T.ERROR) return schema;
  const names = v.length;
  const cols = v.inner();
  if (cols === T.ERROR) return cols;
  if (schema !== T.SYM || cols !== T.LIST) fail('domain', 'deserialize: a table without names and columns');
  const n = Math.min(names, v.length);
  if (v.columns < n) fail('domain', 'deserialize: a column that is no vector');
  if (v.even < n) fail('domain', 'deserialize: columns of different lengths');
  return tag;
};
PASS[T.LAMBDA] = (v, tag) => {
  v.take(1);
  const params = v.inner();
  if (params === T.ERROR) return params;
  const count = v.length;
  const body = v.inner();
  if (body === T.ERROR) return body;
  if (body !== T.LIST) fail('domain', 'deserialize: a lambda without a body');
  if (count > MAX_BOXED) tooMany(count);
  if (params !== T.SYM && !(isColumnTag(params) && count === 0)) fail('domain', 'deserialize: a lambda whose parameters are no symbols');
  return tag;
};
PASS[T.UNARY] = PASS[T.BINARY] = PASS[T.VARIADIC] = (v, tag) => {
  v.builtin();
  return tag;
};
PASS[T.NULL] = (_, tag) => tag;
PASS[T.ERROR] = (v, tag) => {
  v.error = v.readError();
  return tag;
};

/** Keys or values of a dict; null stands for none. */
function sequence(v: Verifier): number {
  const tag = v.inner();
  if (tag === T.NULL) v.length = 0;
  else if (!isColumnTag(tag) && tag !== T.ERROR) fail('domain', 'deserialize: a dict needs sequences');
  return tag;
}
