/**
 * Names: the globals, the frames of `do` blocks outside lambdas, and the reserved namespace.
 *
 * Frames bind shallowly: a `let` in a frame overwrites the cell and remembers what it hides, so that reading a name is one load
 * wherever it is bound. `set` always writes the global, beneath whatever hides it. Names never become JS property names.
 */
import { Builtin, Dict, List, Sym, T, Table, Vec, intern, name, symText, symVec, type Value } from './value.js';
import { fail } from './errors.js';

/** Where compiled code reads a global; lives as long as its Env, whatever is bound or deleted. */
export class Cell {
  value: Value | undefined = undefined;
  /** What frames hide, the global first; null while nothing ever hid it. */
  hidden: (Value | undefined)[] | null = null;
  constructor(readonly sym: Sym) {}
  get global(): Value | undefined {
    return this.hidden !== null && this.hidden.length > 0 ? this.hidden[0] : this.value;
  }
  set global(v: Value | undefined) {
    if (this.hidden !== null && this.hidden.length > 0) this.hidden[0] = v;
    else this.value = v;
  }
}

/** Cells a `do` block has bound, in order. */
export type Frame = Cell[];

/** The only names of the reserved namespace that scripts may bind: namespace -> slots below `.NS.on`. */
const SLOTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ipc', ['open', 'close', 'sync', 'async', 'auth']],
  ['net', ['connect-failed', 'throttled', 'unthrottled', 'sent', 'send-failed', 'idle']], ['soc', ['message', 'dead', 'dropped']], ['swarm', ['sync']],
  ['broker', ['hello', 'handoff']],
]);
const SLOT_IDS = new Set([...SLOTS].flatMap(([ns, slots]) => slots.map((slot) => intern(`.${ns}.on.${slot}`))));

export const isReserved = (s: Sym): boolean => s.text.charCodeAt(0) === 46;
export const isSlot = (s: Sym): boolean => SLOT_IDS.has(s.id);

export class Env {
  readonly #cells = new Map<number, Cell>();
  readonly #frames: Frame[] = [];
  /** Goes up whenever a name that held a builtin is bound anew or deleted: code compiled on the old meaning is then stale. */
  epoch = 0;

  /** Called after a slot of the reserved namespace was bound or deleted; whoever serves connections sets it. */
  onSlot: () => void = () => {};

  /** The cell of a name, made on first use. */
  cell(s: Sym): Cell {
    let cell = this.#cells.get(s.id);
    if (cell === undefined) this.#cells.set(s.id, (cell = new Cell(name(s.text))));
    return cell;
  }

  /** Binds a builtin or an embedder's function; no rule of the reserved namespace applies. */
  define(text: string, v: Value): void {
    this.cell(name(text)).global = v;
    this.epoch++;
  }

  /** The value a name has outside lambdas: frames innermost first, then globals, then its parts by the dots. */
  lookup(s: Sym): Value | undefined {
    const cell = this.#cells.get(s.id);
    if (cell?.value !== undefined) return cell.value;
    return s.text.includes('.') ? this.#lookupParts(s) : undefined;
  }

  /** `set`: binds a global. Errors: `reserve`; `type` when a dotted name leads through something that is no dict. */
  set(s: Sym, v: Value): void {
    if (isReserved(s)) {
      if (!isSlot(s)) fail('reserve');
      this.#bind(this.cell(s), v);
      return this.onSlot();
    }
    if (s.text.includes('.', 1) && this.#cells.get(s.id)?.value === undefined) return this.#setParts(s, v);
    this.#bind(this.cell(s), v);
  }

  /** `let` outside lambdas: binds in the innermost frame; without one it acts like `set`. Errors: as `set`. */
  let(s: Sym, v: Value): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined || isReserved(s)) return this.set(s, v);
    const cell = this.cell(s);
    if (!frame.includes(cell)) {
      (cell.hidden ??= []).push(cell.value);
      frame.push(cell);
    }
    if (cell.value instanceof Builtin) this.epoch++;
    cell.value = v;
  }

  /** `del`: removes a global or a dotted member; unknown names are ignored. Errors: `reserve`. */
  del(s: Sym): void {
    if (isReserved(s)) {
      if (!isSlot(s)) fail('reserve', `cannot delete reserved binding '${s.text}'`);
    }
    const cell = this.#cells.get(s.id);
    if (cell?.global !== undefined) {
      this.#bind(cell, undefined);
      return isReserved(s) ? this.onSlot() : undefined;
    }
    if (s.text.includes('.', 1)) this.#delParts(s);
  }

  get hasFrame(): boolean {
    return this.#frames.length > 0;
  }
  push(): void {
    this.#frames.push([]);
  }
  pop(): void {
    for (const cell of this.#frames.pop()!) {
      if (cell.value instanceof Builtin) this.epoch++;
      cell.value = cell.hidden!.pop();
    }
  }

  /** All bound globals as [text, value], in order of first mention. */
  *globals(): Generator<[string, Value]> {
    for (const cell of this.#cells.values()) {
      const v = cell.global;
      if (v !== undefined) yield [cell.sym.text, v];
    }
  }

  #bind(cell: Cell, v: Value | undefined): void {
    if (cell.global instanceof Builtin) this.epoch++;
    cell.global = v;
  }

  #lookupParts(s: Sym): Value | undefined {
    const text = s.text;
    if (text.charCodeAt(0) === 46) return this.#namespace(text);
    const [root, ...rest] = text.split('.');
    let v = root === '' ? undefined : this.#cells.get(intern(root))?.value;
    for (const part of rest) {
      if (v === undefined) return undefined;
      v = this.member(v, part);
    }
    return v;
  }

  /**
   * What `value.part` means: a dict's entry, a table's column, or else the unary function of that name applied. Undefined: none.
   * The function is called through `applyUnary`, which the interpreter sets.
   */
  member(v: Value, part: string): Value | undefined {
    const id = intern(part);
    if (v instanceof Dict) {
      const i = keyIndex(v, id);
      if (i >= 0) return this.itemAt(v.vals, i);
    } else if (v instanceof Table) {
      const i = symIndex(v.names, id);
      if (i >= 0) return v.cols[i];
    }
    const f = this.#cells.get(id)?.value;
    return f instanceof Builtin && f.t === T.UNARY ? this.applyUnary(f, v) : undefined;
  }
  /** Set by the interpreter: how a unary builtin is applied, and how a column's element becomes an atom. */
  applyUnary: (f: Builtin, v: Value) => Value | undefined = () => undefined;
  itemAt: (v: Vec | List, i: number) => Value = () => undefined as never;

  /** A reserved namespace as a dict of what is bound directly beneath it, `.ipc` -> {open: .. close: ..}, and of the namespaces of builtins there. */
  #namespace(text: string): Value | undefined {
    const prefix = text + '.';
    const keys: string[] = [];
    const vals: Value[] = [];
    for (const [full, v] of this.globals()) {
      if (!full.startsWith(prefix)) continue;
      const inner = full.indexOf('.', prefix.length);
      const key = full.slice(prefix.length, inner < 0 ? undefined : inner);
      if (inner >= 0 && (!(v instanceof Builtin) || keys.includes(key))) continue;
      keys.push(key);
      vals.push(inner < 0 ? v : this.#namespace(prefix + key)!);
    }
    return keys.length === 0 ? undefined : new Dict(symVec(keys), new List(vals));
  }

  #setParts(s: Sym, v: Value): void {
    const [root, ...path] = s.text.split('.');
    const cell = this.cell(name(root));
    this.#bind(cell, withMember(cell.global, path, v, this.itemAt));
  }

  #delParts(s: Sym): void {
    const [root, ...path] = s.text.split('.');
    const cell = this.#cells.get(intern(root));
    if (cell?.global instanceof Dict) this.#bind(cell, withoutMember(cell.global, path, this.itemAt));
  }
}

const symIndex = (names: Vec, id: number): number => (names.data as Int32Array).indexOf(id);

/** Position of a symbol key in a dict, -1 where it has none. */
export function keyIndex(d: Dict, id: number): number {
  if (d.keys instanceof Vec) return d.keys.t === T.SYM ? symIndex(d.keys, id) : d.keys.t === T.STR ? (d.keys.data as string[]).indexOf(symText(id)) : -1;
  return d.keys.items.findIndex((k) => k instanceof Sym && k.id === id);
}

type ItemAt = (v: Vec | List, i: number) => Value;

function withMember(at: Value | undefined, path: readonly string[], v: Value, itemAt: ItemAt): Value {
  if (path.length === 0) return v;
  if (at !== undefined && !(at instanceof Dict)) fail('type', 'a dotted name leads through a value that is no dict');
  const id = intern(path[0]);
  const keys = at === undefined ? [] : Array.from({ length: at.keys.length }, (_, i) => itemAt(at.keys, i));
  const vals = at === undefined ? [] : Array.from({ length: at.vals.length }, (_, i) => itemAt(at.vals, i));
  const i = at === undefined ? -1 : keyIndex(at, id);
  const inner = withMember(i < 0 ? undefined : vals[i], path.slice(1), v, itemAt);
  if (i < 0) {
    keys.push(name(path[0]));
    vals.push(inner);
  } else vals[i] = inner;
  return new Dict(packKeys(keys), new List(vals));
}

/** The dict without the member; undefined when nothing is left of it. */
function withoutMember(at: Dict, path: readonly string[], itemAt: ItemAt): Dict | undefined {
  const i = keyIndex(at, intern(path[0]));
  if (i < 0) return at;
  const vals = Array.from({ length: at.vals.length }, (_, j) => itemAt(at.vals, j));
  const keys = Array.from({ length: at.keys.length }, (_, j) => itemAt(at.keys, j));
  const inner = path.length > 1 && vals[i] instanceof Dict ? withoutMember(vals[i], path.slice(1), itemAt) : undefined;
  if (path.length > 1 && inner === undefined && !(vals[i] instanceof Dict)) return at;
  if (inner !== undefined) vals[i] = inner;
  else {
    keys.splice(i, 1);
    vals.splice(i, 1);
  }
  return keys.length === 0 ? undefined : new Dict(packKeys(keys), new List(vals));
}

const packKeys = (keys: Value[]): Vec | List =>
  keys.every((k) => k instanceof Sym) ? new Vec(T.SYM, Int32Array.from(keys as Sym[], (k) => k.id)) : new List(keys);
