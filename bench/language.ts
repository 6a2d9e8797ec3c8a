/** The language: calls, higher-order functions, reading, starting. */
import { spawnSync } from 'node:child_process';
import { Source } from '../src/lang/source.js';
import { read } from '../src/lang/reader.js';
import { peers, rfl, runScript, script, type Peer } from './peers.js';
import { median, report } from './report.js';

const TIMED = [
  ['fib(27) by global name', 10, '(set fib (fn [n] (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))', '(fib 27)'],
  ['map of a lambda over 1,000,000 elements', 5, '(set xs (til 1000000))', '(count (map (fn [x] (+ x 1)) xs))'],
  ['fold of a lambda over 1,000,000 elements', 5, '(set xs (til 1000000))', '(fold (fn [a b] (+ a b)) 0 xs)'],
] as const;

/** Each in one process: a warm-up of three, then the median of seven, as `timeit` sees it. */
export function calls(): void {
  for (const [name, times, setUp, expr] of TIMED) {
    const text = `${setUp}\n${`${expr}\n`.repeat(3)}${`(println "@%" (timeit ${expr}))\n`.repeat(7)}`;
    const path = script('timed.rfl', text);
    const ms = new Map<Peer, number>(peers.map((peer) => [peer, median([...runScript(peer, path).matchAll(/@([\d.e+-]+)/g)].map((m) => Number(m[1])))]));
    report({ name, unit: 'ms', ours: ms.get('rfl')!, peer: ms.get('reference'), times });
  }
}

/** 100 KB of mixed code and data through the reader, best of many. */
export function reader(): void {
  const chunk = `(set f (fn [x y] (if (> x 10) (+ x (* y 2.5)) (list 'a "text with \\"escapes\\"" [1 2 3 4 5]))))
{name: "value" count: 12 nested: (list 1 2.5 'sym)} ; a comment
(select {from: trades where: (== sym 'AAPL) by: sym total: (sum size) last: (last price)})
[10 20 30 40 50 60 70 80 90 100] 2024.01.15 10:20:30.500 0Nl -12.75e3 'quoted :keyword
`;
  const text = chunk.repeat(Math.ceil(100_000 / chunk.length)).slice(0, 100_000).replace(/\n[^\n]*$/, '\n');
  const source = `(quote (${text}))`;
  let best = Infinity;
  for (let i = 0; i < 300; i++) {
    const start = performance.now();
    read(new Source(source));
    best = Math.min(best, performance.now() - start);
  }
  report({ name: 'reader, 100 KB of mixed code and data', unit: 'MB/s', ours: source.length / best / 1000, higher: true, aim: 30 });
}

/** Wall time of `rfl -e 1` above a bare node, alternating, median of 21. */
export function startUp(): void {
  const time = (args: readonly string[]): number => {
    const start = performance.now();
    spawnSync(process.execPath, args);
    return performance.now() - start;
  };
  const bare: number[] = [];
  const ours: number[] = [];
  for (let i = 0; i < 21; i++) {
    bare.push(time(['-e', '0']));
    ours.push(time([rfl, '-e', '1']));
  }
  report({ name: 'rfl -e 1 above bare node', unit: 'ms', ours: median(ours) - median(bare), aim: 30, note: `bare node ${median(bare).toFixed(1)} ms` });
}
