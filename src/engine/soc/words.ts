/** Words of a pipe that both threads read without asking each other. All count modulo 2^32. */

const TAKEN = 0;
const SETTLED = 1;
const SETTLED_BYTES = 2;

export const pipeMemory = (): SharedArrayBuffer => new SharedArrayBuffer(16);

export class PipeWords {
  readonly #words: Int32Array;
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Bytes of messages that the language side has taken up. */
  get taken(): number {
    return Atomics.load(this.#words, TAKEN);
  }
  addTaken(bytes: number): void {
    Atomics.add(this.#words, TAKEN, bytes);
  }

  /** Posted messages that are settled, one way or the other, and their bytes. */
  get settled(): number {
    return Atomics.load(this.#words, SETTLED);
  }
  get settledBytes(): number {
    return Atomics.load(this.#words, SETTLED_BYTES);
  }
  addSettled(messages: number, bytes: number): void {
    Atomics.add(this.#words, SETTLED_BYTES, bytes);
    Atomics.add(this.#words, SETTLED, messages);
  }
}
