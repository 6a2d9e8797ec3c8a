/**
 * The grammar run by ohm itself. It is a thousand times slower than the generated reader, so it only explains what that one
 * rejected, and tests compare the two. Ohm is loaded when it is first needed.
 */
import { createRequire } from 'node:module';
import type { FailedMatchResult, Grammar, MatchResult, Node, Semantics } from 'ohm-js';
import { RayError } from './errors.js';
import { RECIPE } from './grammar.generated.js';
import { nodes, tokens } from './literals.js';
import { RULES, type Failure } from './reader.generated.js';
import type { Source } from './source.js';
import type { Value } from './value.js';

/** The `parse` error for a source of `n` bytes that the generated reader rejected. */
export function explain(source: Source, n: number, failure: Failure): RayError {
  return rejected(source, failure.at, failure.open >= 0 ? unclosed(source, failure.open) : expectation(source.text, n, failure));
}

/** Reads with ohm: the values and errors of `read`, by the same actions. */
export function readWithOhm(source: Source): Value {
  const { grammar, semantics } = ohm();
  const match = grammar.match(source.text.split('\0', 1)[0]);
  if (refused(match)) throw rejected(source, match.getRightmostFailurePosition(), expected(match));
  reading = source;
  return (semantics(match).values() as Value[])[0];
}

/* ── messages ────────────────────────────────────────────────────────── */

/** Ohm needs 10 ms and more for a KB; a form that fails later than this is explained without it. */
const EXPLAINED = 1024;
/** Bytes behind the failure that ohm gets to see. */
const AFTER = 64;

function expectation(text: string, n: number, { at, form }: Failure): string {
  const told = at - form <= EXPLAINED ? expectedAt(at - form, text.slice(form, Math.min(n, at + AFTER))) : null;
  return told ?? (at >= n ? 'unexpected end of the source' : `unexpected ${JSON.stringify(text[at])}`);
}

/** Null where ohm does not fail there too, or the text nests deeper than ohm can follow on the stack that is left. */
function expectedAt(at: number, text: string): string | null {
  try {
    const match = ohm().grammar.match(text);
    // Where it failed, and on what, ohm finds out when it is asked: by matching once more, deeper than before.
    return refused(match) && match.getRightmostFailurePosition() === at ? expected(match) : null;
  } catch (e) {
    if (e instanceof RangeError) return null;
    throw e;
  }
}

const refused = (match: MatchResult): match is FailedMatchResult => match.failed();
const expected = (match: FailedMatchResult): string => `expected ${match.getExpectedText()}`;

function unclosed(source: Source, open: number): string {
  const { line, column } = source.position(open);
  const opener = source.text[open];
  return `${opener === '"' ? 'string' : `"${opener}"`} at ${line}:${column} is not closed`;
}

function rejected(source: Source, at: number, message: string): RayError {
  const error = new RayError('parse', message);
  error.trace = [{ source, at, lambda: false }];
  return error;
}

/* ── ohm ─────────────────────────────────────────────────────────────── */

interface Ohm { readonly grammar: Grammar; readonly semantics: Semantics }

let loaded: Ohm | null = null;
let reading: Source;

function ohm(): Ohm {
  if (loaded) return loaded;
  // Loaded here and not imported: a start that reads only good sources does without it.
  const { makeRecipe } = createRequire(import.meta.url)('ohm-js') as { makeRecipe(recipe: unknown): Grammar };
  const grammar = makeRecipe(JSON.parse(RECIPE));
  const semantics = grammar.createSemantics().addOperation<Value[]>('values', {
    _nonterminal(...children: Node[]) {
      const rule = this.ctorName as keyof typeof RULES;
      const { sourceString, startIdx, endIdx } = this.source;
      if (RULES[rule] === 'token') return [tokens[rule as keyof typeof tokens](sourceString, startIdx, endIdx)];
      const values = below(children);
      return RULES[rule] === 'node' ? [nodes[rule as keyof typeof nodes](values, startIdx, reading)] : values;
    },
    _iter: (...children: Node[]) => below(children),
    _terminal: () => [],
  });
  return (loaded = { grammar, semantics });
}

const below = (children: Node[]): Value[] => children.flatMap((c) => c.values() as Value[]);
