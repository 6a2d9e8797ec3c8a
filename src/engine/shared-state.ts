/** Words both threads read without asking each other. */

export interface SharedMemory {
  readonly control: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

/** Slots beyond the inbound limit: listeners and outbound connections. */
const EXTRA_SLOTS = 1024;

/** Words that are there once. */
const [AUTH_HOOK, RUNNING, EVALUATING, HELLO_HOOK, HANDOFF_HOOK, ONCE] = Array(6).keys();
/** Words of each connection. */
const STATE = 0;
const TAKEN = 1;
const GONE = 2;
const WORDS = 3;

/** What a connection's state word says. */
export const CLOSED = 0;
export const OPEN = 1;
export const THROTTLED = 2;
export type SlotState = typeof CLOSED | typeof OPEN | typeof THROTTLED;

export const sharedMemory = (maxConnections: number): SharedMemory => ({
  control: new SharedArrayBuffer(ONCE * 4),
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

  /** The number of the command that is being evaluated; 0: none. */
  get evaluating(): number {
    return Atomics.load(this.#control, EVALUATING);
  }
  set evaluating(id: number) {
    Atomics.store(this.#control, EVALUATING, id);
  }

  /** The connection is there. */
  isOpen(slot: number): boolean {
    return this.state(slot) !== CLOSED;
  }
  /** `THROTTLED`: open, and the kernel takes nothing now. */
  state(slot: number): number {
    return Atomics.load(this.#slots, slot * WORDS + STATE);
  }
  setState(slot: number, state: SlotState): void {
    Atomics.store(this.#slots, slot * WORDS + STATE, state);
  }

  /** Bytes handed over for a peer that the kernel has, modulo 2^32. */
  gone(slot: number): number {
    return Atomics.load(this.#slots, slot * WORDS + GONE);
  }
  setGone(slot: number, bytes: number): void {
    Atomics.store(this.#slots, slot * WORDS + GONE, bytes);
  }

  /** Request bytes that the language side has taken up, modulo 2^32. */
  taken(slot: number): number {
    return Atomics.load(this.#slots, slot * WORDS + TAKEN);
  }
  addTaken(slot: number, bytes: number): void {
    Atomics.add(this.#slots, slot * WORDS + TAKEN, bytes);
  }
}
