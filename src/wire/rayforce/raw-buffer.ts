/** Node's buffer with its untyped byte-string methods: unlike `toString` and `write` they look up no encoding. */
export type RawBuffer = Buffer & {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
};

/** `n` bytes of their own memory, not zeroed. */
export const rawBuffer = (n: number): RawBuffer => Buffer.allocUnsafeSlow(n) as RawBuffer;

/** A buffer over the same memory. */
export const rawView = (bytes: Uint8Array): RawBuffer =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as RawBuffer;
