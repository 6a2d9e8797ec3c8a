/** Facts that the members of a swarm share, and which of two with one id stays. Texts are byte strings. */
import { parseStamp } from '../../columns/parse-text.js';
import { quoted, skipSpace, valueEnd } from '../../columns/json-scan.js';
import { RayError } from '../../lang/errors.js';
import { eachMember, integer, text } from './message.js';

export interface Fact {
  readonly id: string;
  readonly content: string;
  /** 0 is project-wide; the larger, the narrower. */
  readonly level: number;
  readonly domain: string;
  readonly module: string;
  readonly isGene: boolean;
  /** Where it came from; `swarm:` stands before what another member has told. */
  readonly source: string;
  /** RFC 3339, as it was given. */
  readonly createdAt: string;
}

/** Facts a member holds. Default 100 000: some 50 MB, and a peer cannot make it more. */
const FACT_LIMIT = 100_000;
const SWARM = 'swarm:';

/**
 * The facts of a member by id. Of two facts with one id the lower level stays; of one level the later; of one moment the one whose
 * content, domain, module and gene mark come later in byte order. So whatever way facts travel, all members end with the same ones.
 */
export class FactStore {
  readonly #facts = new Map<string, Fact>();

  constructor(private readonly limit = FACT_LIMIT) {}

  get size(): number {
    return this.#facts.size;
  }
  get(id: string): Fact | undefined {
    return this.#facts.get(id);
  }
  values(): IterableIterator<Fact> {
    return this.#facts.values();
  }

  /** Takes a fact in: false where the one that is there stays, or the store is full. */
  put(fact: Fact): boolean {
    const known = this.#facts.get(fact.id);
    if (known === undefined ? this.#facts.size >= this.limit : compare(fact, known) <= 0) return false;
    this.#facts.set(fact.id, fact);
    return true;
  }

  /** Takes what another member has told. */
  import(facts: readonly Fact[]): { readonly imported: Fact[]; readonly skipped: number } {
    const imported: Fact[] = [];
    for (const fact of facts) {
      const told = { ...fact, source: fact.source.startsWith(SWARM) ? fact.source : SWARM + fact.source };
      if (this.put(told)) imported.push(told);
    }
    return { imported, skipped: facts.length - imported.length };
  }

  /** All facts as JSON arrays of at most `bytes` bytes; at least one array. A fact that is larger alone is left out and counted. */
  pages(bytes: number): { readonly pages: readonly { readonly json: string; readonly count: number }[]; readonly left: number } {
    const pages: { json: string; count: number }[] = [];
    let page = '';
    let count = 0;
    let left = 0;
    for (const fact of this.#facts.values()) {
      const json = encodeFact(fact);
      if (json.length + 2 > bytes) {
        left++;
        continue;
      }
      if (count > 0 && page.length + json.length + 3 > bytes) {
        pages.push({ json: `[${page}]`, count });
        page = '';
        count = 0;
      }
      page += (count === 0 ? '' : ',') + json;
      count++;
    }
    if (count > 0 || pages.length === 0) pages.push({ json: `[${page}]`, count });
    return { pages, left };
  }
}

/** Greater: `a` stays. 0: the same fact, wherever it came from. */
export function compare(a: Fact, b: Fact): number {
  return b.level - a.level || order(moment(a.createdAt), moment(b.createdAt)) || order(a.content, b.content)
    || order(a.domain, b.domain) || order(a.module, b.module) || Number(a.isGene) - Number(b.isGene) || order(a.createdAt, b.createdAt);
}
const order = <V extends string | bigint>(a: V, b: V): number => (a < b ? -1 : a > b ? 1 : 0);

/** Ns since 2000-01-01; what cannot be said in them is before everything else. */
function moment(createdAt: string): bigint {
  try {
    return parseStamp(createdAt);
  } catch (e) {
    if (e instanceof RayError) return -(2n ** 63n);
    throw e;
  }
}

export function encodeFact(f: Fact): string {
  const optional = (key: string, v: string): string => (v === '' ? '' : `"${key}":${quoted(v)},`);
  return `{"id":${quoted(f.id)},"content":${quoted(f.content)},"level":${f.level},${optional('domain', f.domain)}${optional('module', f.module)}`
    + `"is_gene":${f.isGene},"source":${quoted(f.source)},"created_at":${quoted(f.createdAt)}}`;
}

/** The facts of a JSON array; null where it is none, or one of them has no id. */
export function decodeFacts(s: string): Fact[] | null {
  const facts: Fact[] = [];
  if (s.charCodeAt(0) !== 91) return null;
  let i = skipSpace(s, 1);
  if (s.charCodeAt(i) === 93) return facts;
  for (;;) {
    const end = valueEnd(s, i);
    const fact = end < 0 ? null : decodeFact(s, i);
    if (fact === null) return null;
    facts.push(fact);
    i = skipSpace(s, end);
    if (s.charCodeAt(i) === 93) return facts;
    i = skipSpace(s, i + 1);
  }
}

function decodeFact(s: string, i: number): Fact | null {
  const texts = new Map<string, string>();
  let level: number | null = 0;
  let isGene = false;
  const end = eachMember(s, i, (key, from, to) => {
    if (key === 'level') level = integer(s.slice(from, to));
    else if (key === 'is_gene') isGene = s.startsWith('true', from);
    else if (TEXTS.has(key)) texts.set(key, text(s, from, to) ?? '');
  });
  const of = (key: string): string => texts.get(key) ?? '';
  if (end < 0 || level === null || of('id') === '') return null;
  return {
    id: of('id'), content: of('content'), level, domain: of('domain'), module: of('module'), isGene, source: of('source'),
    createdAt: texts.get('created_at') ?? '0001-01-01T00:00:00Z',
  };
}
const TEXTS: ReadonlySet<string> = new Set(['id', 'content', 'domain', 'module', 'source', 'created_at']);
