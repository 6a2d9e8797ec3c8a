/**
 * Ohm's grammar object as a small tree that code can be written from, and what is known about it.
 *
 * Nodes: {k:'class', set} one byte of a set; {k:'text', text} two or more bytes; {k:'seq', items}; {k:'alt', items};
 * {k:'star'|'plus'|'opt'|'not'|'look', body}; {k:'end'}; {k:'call', rule}. A set is a Uint8Array of 256 flags; byte 0 is in none,
 * because a NUL ends every source.
 */
import { pexprs } from 'ohm-js';

/** Rule name -> {name, body, kind: 'node' | 'token' | 'pass' | 'plain', recursive}. `values` names the rules that make a value. */
export function build(grammar, values) {
  const bodies = new Map();
  const body = (name) => {
    if (bodies.has(name)) return bodies.get(name);
    bodies.set(name, null);
    bodies.set(name, convert(ruleOf(grammar, name), { values, body, superBody: (g) => convert(ruleOf(g, name), { values, body }) }));
    return bodies.get(name);
  };
  for (const name of values) if (!grammar.rules[name]) throw new Error(`values.mjs names ${name}, which the grammar lacks`);
  for (const start of [grammar.defaultStartRule]) body(start);
  const rules = new Map();
  for (const [name, tree] of bodies) rules.set(name, { name, body: tree });
  classify(rules, values);
  return rules;
}

function ruleOf(grammar, name) {
  for (let g = grammar; g; g = g.superGrammar) if (Object.hasOwn(g.rules, name)) return g.rules[name].body;
  if (grammar.rules[name]) return grammar.rules[name].body;
  throw new Error(`no rule ${name}`);
}

/* ── conversion ──────────────────────────────────────────────────────── */

function convert(e, ctx) {
  if (e === pexprs.any) return klass((c) => c > 0);
  if (e === pexprs.end) return { k: 'end' };
  const [, make] = CONVERT.find(([type]) => e instanceof type) ?? [];
  if (!make) throw new Error(`the generator does not know ${e.constructor.name}: ${e}`);
  return make(e, ctx);
}

// Subclasses come before their base.
const CONVERT = [
  [pexprs.Terminal, (e) => (e.obj.length === 1 ? klass((c) => c === byte(e.obj)) : { k: 'text', text: e.obj })],
  [pexprs.Range, (e) => klass((c) => c >= byte(e.from) && c <= byte(e.to))],
  [pexprs.Alt, (e, ctx) => alternatives(e.terms.map((t) => convert(t, ctx)))],
  [pexprs.Seq, (e, ctx) => sequence(e.factors.map((t) => convert(t, ctx)))],
  [pexprs.Star, (e, ctx) => ({ k: 'star', body: convert(e.expr, ctx) })],
  [pexprs.Plus, (e, ctx) => ({ k: 'plus', body: convert(e.expr, ctx) })],
  [pexprs.Opt, (e, ctx) => ({ k: 'opt', body: convert(e.expr, ctx) })],
  [pexprs.Not, (e, ctx) => ({ k: 'not', body: convert(e.expr, ctx) })],
  [pexprs.Lookahead, (e, ctx) => ({ k: 'look', body: convert(e.expr, ctx) })],
  [pexprs.Lex, (e, ctx) => convert(e.expr, ctx)],
  [pexprs.Apply, (e, ctx) => {
    if (e.args.length > 0) throw new Error(`the generator does not know parameterized rules: ${e}`);
    if (/^[A-Z]/.test(e.ruleName)) throw new Error(`${e.ruleName} skips white space by itself; rules here are lexical`);
    if (e.ruleName === 'any') return klass((c) => c > 0);
    if (e.ruleName === 'end') return { k: 'end' };
    const tree = ctx.body(e.ruleName);
    return tree?.k === 'class' && !ctx.values.includes(e.ruleName) ? tree : { k: 'call', rule: e.ruleName };
  }],
];

function byte(ch) {
  const code = ch.codePointAt(0);
  if (code === 0 || code > 255) throw new Error(`${JSON.stringify(ch)} is no byte of a source`);
  return code;
}
const klass = (has) => ({ k: 'class', set: Uint8Array.from({ length: 256 }, (_, c) => (has(c) ? 1 : 0)) });

function alternatives(items) {
  const flat = items.flatMap((t) => (t.k === 'alt' ? t.items : [t]));
  if (flat.every((t) => t.k === 'class')) return klass((c) => flat.some((t) => t.set[c]));
  return flat.length === 1 ? flat[0] : { k: 'alt', items: flat };
}

function sequence(items) {
  const out = [];
  for (const t of items.flatMap((i) => (i.k === 'seq' ? i.items : [i]))) {
    const last = out.at(-1);
    // `~x y` with one byte each is one byte of y that x lacks.
    if (t.k === 'class' && last?.k === 'not' && last.body.k === 'class') out[out.length - 1] = klass((c) => t.set[c] && !last.body.set[c]);
    else out.push(t);
  }
  return out.length === 1 ? out[0] : { k: 'seq', items: out };
}

/* ── what is known about a tree ──────────────────────────────────────── */

export const children = (t) => t.items ?? (t.body ? [t.body] : []);

const callsOf = (t) => (t.k === 'call' ? [t.rule] : children(t).flatMap(callsOf));

function classify(rules, values) {
  for (const rule of rules.values()) {
    const seen = new Set();
    const visit = (name) => {
      for (const callee of callsOf(rules.get(name).body)) if (!seen.has(callee)) { seen.add(callee); visit(callee); }
    };
    visit(rule.name);
    rule.recursive = seen.has(rule.name);
    rule.reaches = seen;
    const makesBelow = [...seen].some((name) => values.includes(name));
    rule.kind = values.includes(rule.name) ? (makesBelow ? 'node' : 'token') : makesBelow ? 'pass' : 'plain';
  }
}

/** Facts by rule table: first sets, emptiness, certain success. */
export class Facts {
  constructor(rules) {
    this.rules = rules;
    this.busy = new Set();
  }

  /** {set, empty}: the bytes the tree can begin with, and whether it can match without taking one. */
  first(t) {
    return FIRST[t.k](t, this);
  }

  /** Whether the tree matches at every position. */
  certain(t) {
    switch (t.k) {
      case 'star': case 'opt': return true;
      case 'seq': return t.items.every((i) => this.certain(i));
      case 'alt': return t.items.some((i) => this.certain(i));
      case 'call': return !this.rules.get(t.rule).recursive && this.certain(this.rules.get(t.rule).body);
      default: return false;
    }
  }

  makesValues(t) {
    return t.k === 'call' ? this.rules.get(t.rule).kind !== 'plain' : children(t).some((c) => this.makesValues(c));
  }
}

const union = (a, b) => a.map((flag, c) => flag | b[c]);
const NONE = new Uint8Array(256);
const FIRST = {
  class: (t) => ({ set: t.set, empty: false }),
  text: (t) => ({ set: NONE.map((_, c) => (c === byte(t.text[0]) ? 1 : 0)), empty: false }),
  end: () => ({ set: NONE, empty: true }),
  not: () => ({ set: NONE, empty: true }),
  look: () => ({ set: NONE, empty: true }),
  star: (t, facts) => ({ set: facts.first(t.body).set, empty: true }),
  opt: (t, facts) => ({ set: facts.first(t.body).set, empty: true }),
  plus: (t, facts) => facts.first(t.body),
  alt: (t, facts) => t.items.map((i) => facts.first(i)).reduce((a, b) => ({ set: union(a.set, b.set), empty: a.empty || b.empty })),
  seq: (t, facts) => {
    let set = NONE;
    for (const item of t.items) {
      const f = facts.first(item);
      set = union(set, f.set);
      if (!f.empty) return { set, empty: false };
    }
    return { set, empty: true };
  },
  call: (t, facts) => {
    if (facts.busy.has(t.rule)) throw new Error(`${t.rule} begins with itself: left recursion`);
    facts.busy.add(t.rule);
    const f = facts.first(facts.rules.get(t.rule).body);
    facts.busy.delete(t.rule);
    return f;
  },
};
