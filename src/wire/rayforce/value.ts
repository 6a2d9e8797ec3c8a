/** Values to bytes and back: the payload of a frame. `frames.ts` cuts frames out of a stream, `compress.ts` packs large ones. */
export { encode, encodeFrame, type EncodeOptions, type FrameOptions } from './encode.js';
export { decode, decodePayload, decodeVerbose, type DecodeOptions } from './decode.js';
export type { Dialect } from './dialect.js';
