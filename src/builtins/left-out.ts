/** Names of what the reference has and rfl leaves out: bound, so that a program that needs them hears what is missing. */
import { fail } from '../lang/errors.js';
import type { BuiltinRow } from '../lang/builtin.js';

/** Feature -> its names. `docs/left-out.md` is the page for users. */
export const LEFT_OUT: ReadonlyMap<string, readonly string[]> = new Map([
  ['column attributes and indexes', [
    '.attr.set', '.attr.get', '.attr.drop', '.idx.zone', '.idx.hash', '.idx.sort', '.idx.bloom', '.idx.drop', '.idx.has?', '.idx.info',
  ]],
  ['profiler and query log', ['.sys.prof', '.sys.querylog', '.mem.ts']],
  ['linked columns', ['.col.link', '.col.unlink', '.col.link?', '.col.target']],
  ['datalog', [
    'datoms', 'assert-fact', 'retract-fact', 'scan-eav', 'pull', 'rule', 'query', 'dl-program', 'dl-add-edb', 'dl-stratify', 'dl-eval',
    'dl-query', 'dl-provenance', 'dl-free',
  ]],
  ['graphs', [
    '.graph.build', '.graph.free', '.graph.info', '.graph.degree', '.graph.expand', '.graph.var-expand', '.graph.dfs', '.graph.shortest-path',
    '.graph.dijkstra', '.graph.k-shortest', '.graph.pagerank', '.graph.connected', '.graph.louvain', '.graph.cluster', '.graph.betweenness',
    '.graph.closeness', '.graph.mst', '.graph.topsort', '.graph.random-walk',
  ]],
  ['vector search', [
    'cos-dist', 'inner-prod', 'l2-dist', 'norm', 'knn', 'hnsw-build', 'ann', 'hnsw-free', 'hnsw-save', 'hnsw-load', 'hnsw-info',
  ]],
]);

/** Special forms: their arguments may be in a notation of their own, whose names would be unbound. */
export const ROWS: readonly BuiltinRow[] = [...LEFT_OUT].flatMap(([feature, names]) => names.map((name): BuiltinRow => ({
  name, args: '..', arity: 'n', special: true, example: `(try (${name}) (fn [e] 'nyi))`,
  doc: `left out, gives nyi: ${feature}`,
  fn: () => fail('nyi', `${name}: rfl has no ${feature} (docs/left-out.md)`),
})));
