import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as ohm from 'ohm-js';
import ts from 'typescript';
import { ROOT } from './support/root.js';
import { seeded } from './support/sources.js';

type Rules = unknown;
const { build } = (await import(new URL('grammar/ir.mjs', ROOT).href)) as { build(grammar: ohm.Grammar, values: string[]): Rules };
const { emit } = (await import(new URL('grammar/emit.mjs', ROOT).href)) as { emit(rules: Rules, start: string): string };

type Tree = string | { readonly rule: string; readonly of: Tree[] };
type Parse = (source: { text: string }, bytes: Uint8Array, n: number) => Tree | undefined;

/** The reader generated for a grammar, with actions that build plain trees. */
async function generate(text: string, values: string[]): Promise<{ fast: (s: string) => Tree | undefined; law: (s: string) => Tree | undefined; code: string }> {
  const grammar = ohm.grammar(text);
  const code = emit(build(grammar, values), 'start');
  const actions = `const MAX_DEPTH = 100; const tooDeep = () => { throw new RangeError('deep'); };
    const each = (make) => new Proxy({}, { get: (_, rule) => make(rule) });
    const tokens = each((rule) => (text, start, end) => rule + ':' + text.slice(start, end));
    const nodes = each((rule) => (of) => ({ rule, of }));`;
  const js = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText
    .replace(/^import .*literals.*$/m, actions)
    .replace(/^import .*interrupt.*$/m, 'const checkpoint = () => {};');
  const { parse, RULES } = (await import(`data:text/javascript,${encodeURIComponent(js)}`)) as { parse: Parse; RULES: Record<string, string> };
  const semantics = grammar.createSemantics().addOperation<Tree[]>('values', {
    _nonterminal(...children: ohm.Node[]) {
      const kind = RULES[this.ctorName];
      if (kind === 'token') return [`${this.ctorName}:${this.sourceString}`];
      const of = children.flatMap((c) => c.values() as Tree[]);
      return kind === 'node' ? [{ rule: this.ctorName, of }] : of;
    },
    _iter: (...children: ohm.Node[]) => children.flatMap((c) => c.values() as Tree[]),
    _terminal: () => [],
  });
  return {
    code,
    fast: (s) => parse({ text: s }, Uint8Array.from(s + '\0', (c) => c.charCodeAt(0)), s.length),
    law: (s) => {
      const match = grammar.match(s);
      return match.succeeded() ? (semantics(match).values() as Tree[])[0] : undefined;
    },
  };
}

/** Compares the two readers on every text of `letters` up to a length, and on random longer ones. */
async function agree(text: string, values: string[], letters: string): Promise<void> {
  const { fast, law } = await generate(text, values);
  let texts = [''];
  let read = 0;
  const compare = (s: string): void => {
    const value = law(s);
    if (value !== undefined) read++;
    assert.deepEqual(fast(s), value, JSON.stringify(s));
  };
  for (let length = 0; length <= 4; length++) {
    texts.forEach(compare);
    texts = texts.flatMap((s) => [...letters].map((c) => s + c));
  }
  const random = seeded(1);
  for (let n = 0; n < 1000; n++) compare(Array.from({ length: 5 + Math.floor(random() * 6) }, () => letters[Math.floor(random() * letters.length)]).join(''));
  assert.ok(read > 15, `only ${read} texts were read`);
}

test('generator: the checked-in reader is what the grammar gives', () => {
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('grammar/generate.mjs', ROOT)), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('generator: ordered choice goes back, with overlapping beginnings', () =>
  agree('G { start = item+ end  item = long | short | rest  long = "ab" "c"+  short = "a" "b"?  rest = "b" ~"c" | lastC  lastC = "c" &"a" }', ['start', 'long', 'short', 'rest'], 'abc'));

test('generator: repetition, options and look-ahead', () =>
  agree('G { start = (word ","?)* end  word = unit+ &("," | end) -- units\n | ~"b" any -- other\n  unit = "a" ("b" "c")? }', ['start', 'word'], 'abc,'));

test('generator: recursion in rules without values', () =>
  agree('G { start = (atom gap)+ end  atom = "a".."b"  gap = nested*  nested = "(" nested* ")" -- pair\n | "-" -- dash\n }', ['start', 'atom'], 'ab()-'));

test('generator: recursion in rules with values', () =>
  agree('G { start = form end  form = list | atom  list = "(" (form ";"?)* ")"  atom = digit+ ("." digit+)? -- number\n | "x" -- name\n }', ['start', 'list', 'atom'], '(1.x);'));

test('generator: built-in rules, replaced and extended', () =>
  agree('G { start = word* end  word = alnum "!"?  letter := "a"  digit += "b" }', ['start', 'word'], 'ab1!'));

test('generator: another grammar gives another reader', async () => {
  const one = await generate('G { start = word end  word = "a"+ }', ['start', 'word']);
  const other = await generate('G { start = word end  word = "b"+ }', ['start', 'word']);
  assert.notEqual(one.fast('aa'), undefined);
  assert.equal(other.fast('aa'), undefined);
});

test('generator: depth is counted where rules recur', async () => {
  const { fast } = await generate('G { start = form end  form = list | "a"  list = "(" form ")" }', ['start', 'list']);
  assert.notEqual(fast('('.repeat(99) + 'a' + ')'.repeat(99)), undefined);
  assert.throws(() => fast('('.repeat(100) + 'a' + ')'.repeat(100)), RangeError);
});

test('generator: grammars it cannot do justice to are refused', () => {
  const refuse = (text: string, values: string[], message: RegExp): void => {
    assert.throws(() => emit(build(ohm.grammar(text), values), 'start'), message);
  };
  refuse('G { start = start "a" -- more\n | "a" -- one\n }', ['start'], /left recursion/);
  refuse('G { start = listOf<"a", ","> }', ['start'], /parameterized/);
  refuse('G { start = word end  word = "a" }', ['start', 'wort'], /values\.mjs names wort/);
  refuse('G { start = "\\u{100}" }', ['start'], /no byte/);
  refuse('G { start = &word word  word = "a" }', ['start', 'word'], /looks ahead/);
  refuse('G { start = (two | one) end  one = word  two = pair  pair = word word  word = "a" }', ['start', 'word'], /could fail after making one/);
});
