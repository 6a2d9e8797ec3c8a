/** The three processes of `examples/soc`, killed and started again while events run through them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../fuzz/random.js';
import { MAIN } from './rfl.js';
import { ROOT } from './root.js';

const STAGES = ['respond', 'correlate', 'ingest'] as const;
type Stage = (typeof STAGES)[number];

export interface PipelineResult {
  /** What the last stage did, in order, with repetitions. */
  readonly handled: string[];
  readonly kills: number;
  readonly seconds: number;
}

/** Runs `events` events through the pipeline while each stage is killed `kills` times at random. */
export async function runPipeline(events: number, kills: number, random: Random): Promise<PipelineResult> {
  const folder = mkdtempSync(join(tmpdir(), 'soc-'));
  const running = new Map<Stage, ChildProcess>();
  const started = performance.now();
  let over = false;
  let done: () => void = () => {};
  const finished = new Promise<void>((resolve) => (done = resolve));

  const start = (stage: Stage): void => {
    const script = fileURLToPath(new URL(`examples/soc/${stage}.rfl`, ROOT));
    const out = openSync(join(folder, `${stage}.out`), 'a');
    const err = openSync(join(folder, `${stage}.err`), 'a');
    const args = stage === 'ingest' ? [script, '--', String(events)] : [script];
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...process.env, XDG_RUNTIME_DIR: folder }, stdio: ['ignore', out, err] });
    closeSync(out);
    closeSync(err);
    running.set(stage, child);
    child.on('exit', (status) => {
      if (over) return;
      if (stage === 'ingest' && status === 0) return done();
      setTimeout(() => over || start(stage), 20);
    });
  };
  try {
    STAGES.forEach(start);
    let killed = 0;
    const wait = (ms: number): Promise<unknown> => Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), finished]);
    let ended = false;
    void finished.then(() => (ended = true));
    for (const left = STAGES.flatMap((stage) => Array<Stage>(kills).fill(stage)); left.length > 0 && !ended;) {
      await wait(100 + random.int(500));
      if (running.get(left.splice(random.int(left.length), 1)[0])!.kill('SIGKILL')) killed++;
    }
    await finished;
    // What correlate holds for respond has yet to arrive.
    for (let before = -1, n = count(folder); n !== before || n < events; before = n, n = count(folder)) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (performance.now() - started > 300_000) break;
    }
    const handled = lines(folder).map((line) => line.split(' ')[0]);
    return { handled, kills: killed, seconds: (performance.now() - started) / 1000 };
  } finally {
    over = true;
    for (const child of running.values()) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines cut by a kill are no answers. */
const lines = (folder: string): string[] => readFileSync(join(folder, 'respond.out'), 'latin1').split('\n').filter((line) => /^event-\d+ \d+ (high|low)$/.test(line));
const count = (folder: string): number => new Set(lines(folder)).size;
