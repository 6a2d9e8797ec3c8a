/**
 * Counts what the code under test allocates: buffers, typed arrays, arrays of a given length and the texts cut out of buffers, in bytes.
 * Arrays that grow by `push` are not seen; where memory is bounded there must be none.
 */
const SLOT = 8;

let allocated = 0;

/** Bytes allocated so far. */
export const allocatedBytes = (): number => allocated;

for (const key of ['allocUnsafe', 'allocUnsafeSlow', 'alloc'] as const) {
  const plain = Buffer[key] as (n: number, ...fill: unknown[]) => Buffer;
  Buffer[key] = ((n: number, ...fill: unknown[]) => {
    allocated += n;
    return plain(n, ...fill);
  }) as never;
}

const raw = Buffer.prototype as Buffer & { latin1Slice(start: number, end: number): string };
const plainSlice = raw.latin1Slice;
raw.latin1Slice = function latin1Slice(start: number, end: number): string {
  const text = plainSlice.call(this, start, end);
  allocated += text.length;
  return text;
};

const views = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const plainCopy = views.slice;
views.slice = function slice(this: Uint8Array, ...range: [number?, number?]): Uint8Array<ArrayBuffer> {
  const copy = plainCopy.apply(this, range);
  allocated += copy.byteLength;
  return copy;
};

type Constructor = new (...args: unknown[]) => object;

/** Replaces a global constructor by one that counts what it makes. */
function count(name: string, cost: (made: object, args: readonly unknown[]) => number): void {
  const globals = globalThis as unknown as Record<string, Constructor>;
  const plain = globals[name];
  const proxy: Constructor = new Proxy(plain, {
    construct(target, args: unknown[], newTarget: Constructor) {
      const made = Reflect.construct(target, args, newTarget === proxy ? target : newTarget) as object;
      allocated += cost(made, args);
      return made;
    },
  });
  globals[name] = proxy;
}

const isMemory = (x: unknown): boolean => Object.prototype.toString.call(x).endsWith('ArrayBuffer]');
for (const name of ['Uint8Array', 'Int16Array', 'Int32Array', 'BigInt64Array', 'Float32Array', 'Float64Array']) {
  count(name, (made, [first]) => (isMemory(first) ? 0 : (made as Uint8Array).byteLength));
}
count('ArrayBuffer', (made) => (made as ArrayBuffer).byteLength);
count('Array', (made) => SLOT * (made as unknown[]).length);
