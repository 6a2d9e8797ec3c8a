/** `rfl test PATH...`: runs golden scripts, a fresh interpreter for each file, and golden transcripts. */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { reportFailure, reportTexts } from './golden/report.js';
import { runGolden, updated, type Evaluated, type FileResult } from './golden/run.js';
import { isTranscript, runTranscript } from './golden/transcript.js';
import { TEST_HELP, parseTestOptions } from './options.js';
import { libraryFolder } from './package.js';
import { Exit, evaluateGolden, newSession } from './session.js';
import { STDOUT, writeBytes, writeText } from './write.js';

/** A golden line that takes longer has failed: nothing in a test needs this long, and an endless loop must not stop the rest. */
const LINE_DEADLINE_MS = 60_000;

export async function runTests(argv: readonly string[]): Promise<ExitCode> {
  const options = parseTestOptions(argv);
  if (options.help) {
    writeText(STDOUT, TEST_HELP);
    return EXIT.ok;
  }
  const total = { passed: 0, failed: 0 };
  for (const path of options.paths.flatMap(testsBeneath).filter((file) => file.includes(options.filter))) {
    const { passed, failed } = isTranscript(path) ? await testFolder(path, options.update) : testFile(path, options.update);
    total.passed += passed;
    total.failed += failed;
  }
  writeText(STDOUT, `${total.passed} passed, ${total.failed} failed\n`);
  // A filter that selects nothing would otherwise pass for ever.
  return total.failed === 0 && total.passed > 0 ? EXIT.ok : EXIT.failed;
}

interface Count { readonly passed: number; readonly failed: number }

function testFile(file: string, update: boolean): Count {
  const { result, output } = runFile(file);
  result.failures.forEach((failure) => writeBytes(STDOUT, reportFailure(file, failure)));
  if (result.failures.length > 0 && output !== '') writeBytes(STDOUT, `  output of ${file}:\n${output}\n`);
  if (update) updateFile(file, result);
  return { passed: result.passed, failed: result.failures.length };
}

async function testFolder(folder: string, update: boolean): Promise<Count> {
  const { passed, failures } = await runTranscript(folder, update);
  failures.forEach(({ file, expected, got }) => writeBytes(STDOUT, reportTexts(`${file}:\n`, expected, got)));
  if (update && failures.length > 0) writeText(STDOUT, `${folder}: ${failures.length} outputs rewritten\n`);
  return { passed, failed: failures.length };
}

function runFile(file: string): { result: FileResult; output: string } {
  const output: string[] = [];
  const write = (bytes: string): void => void output.push(bytes);
  const { interp, ipc } = newSession({ host: { libraries: [libraryFolder()] } }, { out: write, err: write });
  const evaluate = (text: string): Evaluated => {
    try {
      return evaluateGolden(interp, text, file, LINE_DEADLINE_MS);
    } catch (e) {
      if (!(e instanceof Exit)) throw e;
      const text = `(exit ${e.status}) ended the program`;
      return { ok: false, text, code: '', explained: text };
    }
  };
  try {
    return { result: runGolden(readFileSync(file, 'latin1'), evaluate), output: output.join('') };
  } finally {
    ipc.shutdown();
  }
}

function updateFile(file: string, { failures }: FileResult): void {
  const fixable = failures.filter((f) => f.fixed !== null);
  if (fixable.length === 0) return;
  writeFileSync(file, updated(readFileSync(file, 'latin1'), fixable), 'latin1');
  writeText(STDOUT, `${file}: ${fixable.length} of ${failures.length} failed lines rewritten\n`);
}

/** The path itself, or all scripts and transcripts beneath a folder in the order of their names. */
function testsBeneath(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CliError(EXIT.usage, `rfl test: no such file or folder: ${path}`);
  if (!stat.isDirectory() || isTranscript(path)) return [path];
  return readdirSync(path).sort().flatMap((entry) => {
    const inner = join(path, entry);
    return statSync(inner).isDirectory() ? testsBeneath(inner) : entry.endsWith('.rfl') ? [inner] : [];
  });
}
