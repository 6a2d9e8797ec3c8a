/**
 * The fuzzer: `main.js [--target NAME] [--count N] [--seconds S] [--seed N] [--write N]`.
 *
 * Every target gets its corpus and then random inputs. A finding is written into the corpus, and ends the run with status 1.
 * `--write N` adds N inputs to the corpus instead.
 */
import { parseArgs } from 'node:util';
import { Random } from './random.js';
import { attempt, corpus, fuzz, keep, type Finding } from './run.js';
import type { Target } from './target.js';
import { TARGETS } from './targets.js';

const { values: options } = parseArgs({
  options: {
    target: { type: 'string' },
    count: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '1e9' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    write: { type: 'string' },
  },
});
const seed = Number(options.seed);

function report(target: Target, finding: Finding): void {
  console.error(`${target.name}: seed ${seed}: ${finding.error instanceof Error ? finding.error.stack : String(finding.error)}`);
  console.error(`${target.name}: the input is kept as ${keep(target, finding.input)}`);
  process.exitCode = 1;
}

function write(target: Target, n: number): void {
  const random = new Random(seed);
  for (let kept = 0; kept < n;) {
    const bytes = target.input(random);
    if (bytes.length === 0 || bytes.length > 2000) continue;
    keep(target, bytes);
    kept++;
  }
}

function run(target: Target): void {
  const files = corpus(target);
  for (const bytes of files.values()) {
    const { finding } = attempt(target, bytes);
    if (finding !== null) return report(target, finding);
  }
  const result = fuzz(target, seed, Number(options.count), Number(options.seconds));
  const rate = Math.round(result.inputs / result.seconds);
  console.log(`${target.name}: ${files.size} files, ${result.inputs} inputs, ${rate}/s, slowest ${result.slowest.toFixed(1)} ms, seed ${seed}`);
  if (result.finding !== null) report(target, result.finding);
}

const chosen = options.target === undefined ? [...TARGETS.values()] : [TARGETS.get(options.target)];
for (const target of chosen) {
  if (target === undefined) throw new Error(`no target ${options.target}; there are ${[...TARGETS.keys()].join(', ')}`);
  if (options.write === undefined) run(target);
  else write(target, Number(options.write));
}
