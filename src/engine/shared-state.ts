/** Words both threads read without asking each other. */

export interface SharedMemory {
  readonly control: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

/** Slots beyond the inbound limit: listeners and outbound connections. */
const EXTRA_SLOTS = 1024;

const AUTH_HOOK = 0;
const RUNNING = 1;
const HELLO_HOOK = 2;
const HANDOFF_HOOK = 3;
const STATE = 0;
const TAKEN = 1;
const WORDS = 2;

export const sharedMemory = (maxConnections: number): SharedMemory => ({
  control: new SharedArrayBuffer(64),
  slots: new SharedArrayBuffer((maxConnections + EXTRA_SLOTS) * WORDS * 4),
});

export class SharedState {
  readonly #control: Int32Array;
  readonly #slots: Int32Array;
  readonly slotCount: number;

  constructor(memory: SharedMemory) {
    this.#control = new Int32Array(memory.control);
    this.#slots = new Int32Array(memory.slots);
    this.slotCount = this.#slots.length / WORDS;
  }

  /** `.ipc.on.auth` holds a lambda: the I/O side has to ask. Otherwise a handshake never waits for an evaluation. */
  get authHook(): boolean {
    return Atomics.load(this.#control, AUTH_HOOK) === 1;
  }
  set authHook(on: boolean) {
    Atomics.store(this.#control, AUTH_HOOK, on ? 1 : 0);
  }

  /** As `authHook`, of `.broker.on.hello` and `.broker.on.handoff`. */
  get helloHook(): boolean {
    return Atomics.load(this.#control, HELLO_HOOK) === 1;
  }
  set helloHook(on: boolean) {
    Atomics.store(this.#control, HELLO_HOOK, on ? 1 : 0);
  }
  get handoffHook(): boolean {
    return Atomics.load(this.#control, HANDOFF_HOOK) === 1;
  }
  set handoffHook(on: boolean) {
    Atomics.store(this.#control, HANDOFF_HOOK, on ? 1 : 0);
  }

  /** Something is being evaluated: an interrupt has something to stop. */
  get running(): boolean {
    return Atomics.load(this.#control, RUNNING) === 1;
  }
  set running(on: boolean) {
    Atomics.store(this.#control, RUNNING, on ? 1 : 0);
  }

  /** The connection takes data. */
  isOpen(slot: number): boolean {
    return Atomics.load(this.#slots, slot * WORDS + STATE) === 1;
  }
  setOpen(slot: number, open: boolean): void {
    Atomics.store(this.#slots, slot * WORDS + STATE, open ? 1 : 0);
  }

  /** Request bytes that the language side has taken up, modulo 2^32. */
  taken(slot: number): number {
    return Atomics.load(this.#slots, slot * WORDS + TAKEN);
  }
  addTaken(slot: number, bytes: number): void {
    Atomics.add(this.#slots, slot * WORDS + TAKEN, bytes);
  }
}
