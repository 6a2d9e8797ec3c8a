/**
 * Writes the reader: one function for each rule that makes or passes values, everything else in line. A function takes an
 * offset and answers the offset behind its match, or -1. Values go through a stack; there is no memo table.
 */
import { Facts } from './ir.mjs';

export function emit(rules, start) {
  const w = new Writer(rules, start);
  const functions = [...rules.values()].filter((r) => r.kind !== 'plain').map((r) => w.rule(r));
  // Writing a function can ask for further ones.
  for (const name of w.plain) functions.push(w.rule(rules.get(name)));
  return [header(rules), w.tables(), driver(start, w), ...functions].join('\n');
}

/** Deepest recursion is counted where a cycle of rules is entered: in the first of its rules that the start rule reaches. */
function heads(rules) {
  const out = new Set();
  const taken = new Set();
  for (const r of rules.values()) {
    if (!r.recursive || taken.has(r.name) || r.kind === 'node') continue;
    out.add(r.name);
    for (const other of rules.values()) if (r.reaches.has(other.name) && other.reaches.has(r.name)) taken.add(other.name);
  }
  for (const r of rules.values()) if (r.recursive && !taken.has(r.name)) out.add(r.name);
  return out;
}

class Writer {
  constructor(rules, start) {
    this.rules = rules;
    this.start = start;
    this.facts = new Facts(rules);
    this.heads = heads(rules);
    this.sets = new Map();
    this.dispatches = new Map();
    this.plain = new Set();
    this.labels = 0;
  }

  /* ── rules ─────────────────────────────────────────────────────────── */

  rule(r) {
    this.current = r;
    this.calls = false;
    this.record = r.kind === 'node' || r.kind === 'pass';
    const deep = r.recursive ? ', d: number' : '';
    const out = [`function ${fn(r.name)}(i: number${deep}): number {`, '  const b = bytes;'];
    if (this.heads.has(r.name)) out.push('  if (d > MAX_DEPTH) tooDeep(i);', '  if (i >= look) checkpointAt(i);');
    const closing = r.kind !== 'plain' && r.body.k === 'seq' && literal(r.body.items[0]) && literal(r.body.items.at(-1));
    if (r.kind === 'node' || r.kind === 'token' || closing) out.push('  const start = i;');
    if (r.kind === 'node') out.push('  const base = sp;');
    const fail = r.kind === 'node' ? '{ sp = base; return -1; }' : 'return -1;';
    if (closing) {
      const items = r.body.items;
      out.push(indent(this.match({ k: 'seq', items: items.slice(0, -1) }, fail)));
      const unclosed = this.record ? 'if (i === end || (far === end && openAt < 0)) openAt = start;' : 'if (i === end) openAt = start;';
      out.push(indent(this.match(items.at(-1), `{ ${unclosed} ${fail.startsWith('{') ? fail.slice(2) : `${fail} }`}`)));
    } else out.push(indent(this.match(r.body, fail)));
    if (r.kind === 'token') out.push(`  stack[sp++] = tokens.${r.name}(text, start, i);`);
    if (r.kind === 'node') out.push(`  const made = nodes.${r.name}(stack.slice(base, sp), start, source);`, '  sp = base;', '  stack[sp++] = made;');
    out.push('  return i;', '}', '');
    if (this.calls) out.splice(2, 0, '  let j = 0;');
    return withoutUnused(out.join('\n'));
  }

  /* ── trees ─────────────────────────────────────────────────────────── */

  /**
   * Statements that move `i` behind a match of `t`, or run `fail`, which leaves; `i` is then whatever it was. `known`: a set that
   * the byte at `i` is in.
   */
  match(t, fail, known = null) {
    return this[t.k](t, fail, known);
  }

  failing(fail) {
    if (!this.record) return fail;
    return fail.startsWith('{') ? `{ miss(i); ${fail.slice(2)}` : `{ miss(i); ${fail} }`;
  }

  class(t, fail, known) {
    if (known?.every((flag, c) => !flag || t.set[c])) return 'i++;';
    return `if (${this.test(t.set, true)}) ${this.failing(fail)}\ni++;`;
  }

  text(t, fail) {
    const differs = [...t.text].map((ch, k) => `b[i${k ? ` + ${k}` : ''}] !== ${ch.charCodeAt(0)}`).join(' || ');
    return `if (${differs}) ${this.failing(fail)}\ni += ${t.text.length};`;
  }

  end(_t, fail) {
    return `if (i !== end) ${this.failing(fail)}`;
  }

  seq(t, fail, known) {
    return t.items.map((item, n) => this.match(item, fail, n === 0 ? known : null)).join('\n');
  }

  star(t) {
    // A token may be as long as the source: it looks by itself whether it is to stop.
    if (t.body.k === 'class') return `while (${this.test(t.body.set)}) if ((++i & LOOK_MASK) === 0) checkpoint();`;
    const label = this.label();
    const values = this.facts.makesValues(t.body);
    const f = this.facts.first(t.body);
    const body = this.match(t.body, `{ i = ${label}i; ${values ? `sp = ${label}sp; ` : ''}break ${label}; }`, f.set);
    return [`${label}: while (${this.test(f.set)}) {`, values ? '' : '  if (i >= look) checkpointAt(i);', `  const ${label}i = i;`, values ? `  const ${label}sp = sp;` : '',
      values && this.current.name === this.start ? '  formAt = i;' : '', indent(body), '}']
      .filter(Boolean).join('\n');
  }

  plus(t, fail) {
    return `${this.match(t.body, fail)}\n${this.star(t)}`;
  }

  opt(t) {
    if (t.body.k === 'class') return `if (${this.test(t.body.set)}) i++;`;
    const label = this.label();
    const values = this.facts.makesValues(t.body);
    const f = this.facts.first(t.body);
    const body = this.match(t.body, `{ i = ${label}i; ${values ? `sp = ${label}sp; ` : ''}break ${label}; }`, f.empty ? null : f.set);
    const guard = f.empty ? '' : `if (${this.test(f.set)}) `;
    return [`${label}: ${guard}{`, `  const ${label}i = i;`, values ? `  const ${label}sp = sp;` : '', indent(body), '}'].filter(Boolean).join('\n');
  }

  not(t, fail) {
    return this.peek(t, (label, body) => {
      if (t.body.k === 'class') return `if (${this.test(t.body.set)}) ${this.failing(fail)}`;
      const f = this.facts.first(t.body);
      const guard = f.empty ? '' : `if (${this.test(f.set)}) `;
      return [`${label}: ${guard}{`, `  const ${label}i = i;`, indent(body(`{ i = ${label}i; break ${label}; }`, f.empty ? null : f.set)), `  i = ${label}i;`,
        indent(this.failing(fail)), '}'].join('\n');
    });
  }

  look(t, fail) {
    return this.peek(t, (label, body) => [`const ${label}i = i;`, body(fail), `i = ${label}i;`].join('\n'));
  }

  /** Inside a look-ahead nothing is recorded, and no value may be made. */
  peek(t, write) {
    if (this.facts.makesValues(t.body)) throw new Error(`${this.current.name} looks ahead over a rule that makes values`);
    const label = this.label();
    return write(label, (fail, known = null) => {
      const record = this.record;
      this.record = false;
      const body = this.match(t.body, fail, known);
      this.record = record;
      return body;
    });
  }

  call(t, fail, known) {
    const r = this.rules.get(t.rule);
    if (r.kind === 'plain') {
      // In line within tokens; a function for the rules between them, which keeps the frames of nested forms small.
      if (!r.recursive && !this.record) return this.match(r.body, fail, known);
      this.plain.add(r.name);
      if (this.facts.certain(r.body)) return `if (${this.test(this.facts.first(r.body).set)}) i = ${fn(r.name)}(i);`;
    }
    const depth = !r.recursive ? '' : !this.current.recursive ? ', 1' : this.heads.has(t.rule) ? ', d + 1' : ', d';
    this.calls = true;
    return [`if ((j = ${fn(t.rule)}(i${depth})) < 0) ${r.kind === 'token' || r.kind === 'plain' ? this.failing(fail) : fail}`, 'i = j;'].join('\n');
  }

  alt(t, fail) {
    const firsts = t.items.map((item) => this.facts.first(item));
    const groups = new Map();
    const table = new Uint8Array(256);
    for (let c = 0; c < 256; c++) {
      const viable = t.items.map((_, n) => n).filter((n) => firsts[n].empty || firsts[n].set[c]);
      const key = viable.join();
      if (key === '') continue;
      if (!groups.has(key)) groups.set(key, { id: groups.size + 1, viable, set: new Uint8Array(256) });
      groups.get(key).set[c] = 1;
      table[c] = groups.get(key).id;
    }
    const label = this.label();
    const alternative = (n, { viable, set }) => {
      const inner = this.label();
      const values = this.facts.makesValues(t.items[n]);
      if (values && viable.at(-1) !== n && !this.settles(t.items[n])) {
        throw new Error(`${this.current.name}: an alternative that makes values could fail after making one, with others to follow`);
      }
      // A failed alternative is reported by the choice as a whole; what a rule below it missed, that rule has recorded.
      const record = this.record;
      this.record = record && !this.isToken(t.items[n]);
      const body = this.match(t.items[n], this.moves(t.items[n]) ? `{ i = ${label}i; break ${inner}; }` : `break ${inner};`, set);
      this.record = record;
      const fails = body.includes(`break ${inner};`);
      return { fails, text: fails ? [`${inner}: {`, indent(body), `  break ${label};`, '}'].join('\n') : `${body}\nbreak ${label};` };
    };
    const one = (group) => {
      const written = [];
      for (const n of group.viable) {
        const { text, fails } = alternative(n, group);
        written.push(text);
        // One that cannot fail leaves nothing to those behind it.
        if (!fails) break;
      }
      return written.join('\n');
    };
    const list = [...groups.values()];
    const out = [`${label}: {`];
    if (t.items.some((item) => this.moves(item))) out.push(`  const ${label}i = i;`);
    if (list.length === 1) out.push(`  if (${this.test(list[0].set)}) {`, indent(indent(one(list[0]))), '  }');
    else {
      out.push(`  switch (${this.dispatch(table)}[b[i]]) {`);
      for (const g of list) {
        const body = one(g);
        out.push(`    case ${g.id}: {`, indent(body, 6), body.endsWith(`\nbreak ${label};`) ? '    }' : '      break;\n    }');
      }
      out.push('  }');
    }
    out.push(indent(this.failing(fail)), '}');
    return out.join('\n');
  }

  isToken(t) {
    return t.k === 'call' && this.rules.get(t.rule).kind === 'token';
  }

  /** Whether a failure in `t` can leave `i` moved. */
  moves(t) {
    if (t.k === 'seq') return true;
    if (t.k !== 'call') return t.k === 'plus' ? this.moves(t.body) : false;
    const r = this.rules.get(t.rule);
    return r.kind === 'plain' && !r.recursive && this.moves(r.body);
  }

  /** Whether nothing in `t` can fail once it has made a value. */
  settles(t) {
    switch (t.k) {
      case 'call': {
        const r = this.rules.get(t.rule);
        return r.kind === 'token' || r.kind === 'plain' || (!r.recursive && r.kind === 'pass' && this.settles(r.body));
      }
      case 'alt': return t.items.every((item) => this.settles(item));
      case 'seq': return t.items.slice(0, -1).every((item) => !this.facts.makesValues(item)) && this.settles(t.items.at(-1));
      default: return !this.facts.makesValues(t);
    }
  }

  /* ── tables ────────────────────────────────────────────────────────── */

  /** An expression: is the byte at `i` in the set, or outside of it? */
  test(set, outside = false) {
    const is = outside ? '!==' : '===';
    const codes = [...set.keys()].filter((c) => set[c]);
    if (codes.length <= 2) return codes.map((c) => `b[i] ${is} ${c}`).join(outside ? ' && ' : ' || ');
    const key = set.join('');
    if (!this.sets.has(key)) this.sets.set(key, { n: this.sets.size, set });
    const { n } = this.sets.get(key);
    return `(CLASS_${n >> 3}[b[i]] & ${1 << (n & 7)}) ${outside ? '===' : '!=='} 0`;
  }

  dispatch(table) {
    const key = table.join();
    if (!this.dispatches.has(key)) this.dispatches.set(key, { name: `CHOICE_${this.dispatches.size}`, table });
    return this.dispatches.get(key).name;
  }

  tables() {
    const out = [];
    const sets = [...this.sets.values()];
    for (let n = 0; n * 8 < sets.length; n++) {
      const bits = new Uint8Array(256).map((_, c) => sets.slice(n * 8, n * 8 + 8).reduce((m, { set }, k) => m | (set[c] << k), 0));
      out.push(table(`CLASS_${n}`, bits));
    }
    for (const d of this.dispatches.values()) out.push(table(d.name, d.table));
    return out.join('\n') + '\n';
  }

  label() {
    return `L${this.labels++}`;
  }
}

/* ── text ────────────────────────────────────────────────────────────── */

const fn = (name) => `read_${name}`;
const literal = (t) => t.k === 'class' && t.set.reduce((n, flag) => n + flag) === 1;
const indent = (text, by = 2) => text.replace(/^(?=.)/gm, ' '.repeat(by));

/** Offsets that were saved for a failure which turned out to be impossible. */
function withoutUnused(code) {
  return code.replace(/^ *const (L\d+\w+) = \w+;\n/gm, (line, name) => (code.split(new RegExp(`\\b${name}\\b`)).length > 2 ? line : ''));
}

function table(name, data) {
  const rows = [];
  for (let k = 0; k < 256; k += 32) rows.push('  ' + [...data.slice(k, k + 32)].join(', ') + ',');
  return `const ${name} = Uint8Array.of(\n${rows.join('\n')}\n);`;
}

function header(rules) {
  const kinds = [...rules.values()].filter((r) => r.kind === 'node' || r.kind === 'token').map((r) => `${r.name}: '${r.kind}'`);
  return `// Generated from grammar/rfl.ohm by grammar/generate.mjs; not to be edited.
import { checkpoint } from './interrupt.js';
import { MAX_DEPTH, nodes, tokens, tooDeep } from './literals.js';
import type { Source } from './source.js';
import type { Value } from './value.js';

/** The rules that make a value, and whether their action gets a slice of the text or the values beneath. */
export const RULES = { ${kinds.join(', ')} } as const;
`;
}

function driver(start) {
  return `let bytes: Uint8Array = new Uint8Array(1);
let source: Source;
let text = '';
let end = 0;
let far = -1;
let openAt = -1;
let formAt = 0;
let look = 0;
let stack: Value[] = [];
let sp = 0;

/** Bytes between two checkpoints, a power of 2: a millisecond of reading. */
const LOOK = 65536;
const LOOK_MASK = LOOK - 1;

function checkpointAt(i: number): void {
  look = i + LOOK;
  checkpoint();
}

/** Reads \`n\` bytes, which a 0 follows, of \`from\`. Undefined: rejected, see \`failure\`. Errors: what the actions throw, \`cancel\`. */
export function parse(from: Source, b: Uint8Array, n: number): Value | undefined {
  source = from;
  text = from.text;
  bytes = b;
  end = n;
  far = openAt = -1;
  formAt = sp = 0;
  look = LOOK;
  try {
    return ${fn(start)}(0) < 0 ? undefined : stack[0];
  } finally {
    // A short stack is kept: growing a new one costs more than reading a short source.
    if (stack.length > 64) stack = [];
  }
}

export interface Failure {
  /** The furthest offset from which no rule could go on. */
  readonly at: number;
  /** Where a bracket or string that the source never closes begins; -1: none. */
  readonly open: number;
  /** Where the last repetition of the start rule began. */
  readonly form: number;
}

/** What is known after a rejection. */
export const failure = (): Failure => ({ at: far, open: openAt >= 0 && (far === end || far === openAt) ? openAt : -1, form: formAt });

function miss(i: number): void {
  if (i > far) far = i;
}
`;
}
