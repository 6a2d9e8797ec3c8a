/** Programs that answer otherwise than in the reference, each made as small as it gets. */
import { ownAnswers, referenceAnswers } from './outcome.js';
import { smaller } from './shrink.js';

export interface Difference { readonly text: string; readonly ours: string; readonly theirs: string }
export interface Classed extends Difference { readonly class: string | null }

/** Programs that share an interpreter, as they share a process of the reference. */
const SHARED = 400;
const ROUNDS = 8;
/** Smaller programs tried of each in a round. */
const WIDTH = 40;

export function differences(reference: string, texts: readonly string[], classOf: (d: Difference) => string | null): Classed[] {
  const different = compare(reference, texts).filter((d): d is Difference => d !== null);
  return shrunk(reference, different, classOf).map((d) => ({ ...d, class: classOf(d) }));
}

/** Where both answer alike there is null. */
function compare(reference: string, texts: readonly string[]): (Difference | null)[] {
  const theirs = referenceAnswers(reference, texts);
  let answer = ownAnswers();
  return texts.map((text, i) => {
    if (i % SHARED === 0) answer = ownAnswers();
    const ours = answer(text);
    return ours === theirs[i] ? null : { text, ours, theirs: theirs[i] };
  });
}

/**
 * A value stays a value and an error the same error. What has no class stays without one as long as it can, so that a difference
 * nobody knows does not hide behind a known one.
 */
function shrunk(reference: string, found: readonly Difference[], classOf: (d: Difference) => string | null): Difference[] {
  const small = [...found];
  let live = small.map((_, i) => i);
  for (let round = 0; round < ROUNDS && live.length > 0; round++) {
    const tries = live.flatMap((i) => smaller(small[i].text).slice(0, WIDTH).map((text) => ({ i, text })));
    const results = compare(reference, tries.map(({ text }) => text));
    const next = new Map<number, Difference>();
    results.forEach((d, k) => {
      const { i } = tries[k];
      if (d === null || kind(d.ours) !== kind(small[i].ours) || kind(d.theirs) !== kind(small[i].theirs)) return;
      const best = next.get(i);
      const [known, bestKnown] = [classOf(d) !== null, best !== undefined && classOf(best) !== null];
      if (best === undefined || (known === bestKnown ? d.text.length < best.text.length : bestKnown)) next.set(i, d);
    });
    for (const [i, d] of next) small[i] = d;
    live = [...next.keys()];
  }
  return small;
}

const kind = (answer: string): string => (answer.startsWith('!') ? answer : '=');
