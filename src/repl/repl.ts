/** The REPL: reads forms from a terminal, has a node evaluate them, shows what comes of it. */
import { createInterface, type Interface } from 'node:readline/promises';
import { Chalk, type ChalkInstance } from 'chalk';
import { fromBytes, toBytes } from '../lang/text.js';
import type { EvaluateResult, LogRecord, RflNode } from '../engine/api.js';
import { Balance } from './balance.js';
import { commandNames, runCommand, type CommandContext } from './commands.js';
import { Gate, PASTE_OFF, PASTE_ON } from './gate.js';
import { HISTORY_SIZE, History, historyFile, withoutCredentials } from './history.js';
import { paintResult } from './paint.js';

export interface ReplOptions {
  /** Starts the node; its log goes where the REPL says, above the prompt. */
  readonly start: (log: (record: LogRecord) => void) => Promise<RflNode>;
  /** Evaluated before the first prompt. */
  readonly first: { readonly source: string; readonly file: string } | null;
  readonly color: boolean;
  readonly version: string;
  readonly shutdownMs?: number;
}

/** Runs until the user leaves; answers the exit status. */
export async function runRepl(options: ReplOptions): Promise<number> {
  const repl = new Repl(options);
  return repl.run();
}

/** What was typed that leaves, besides `:q` and Ctrl-D. */
const LEAVING = new Set(['exit', '\\\\']);

class Repl {
  readonly #options: ReplOptions;
  readonly #chalk: ChalkInstance;
  readonly #history = new History(historyFile());
  readonly #terminal = process.stdin;
  readonly #screen = process.stdout;
  readonly #gate: Gate;
  readonly #editor: Interface;
  #node!: RflNode;
  #context!: CommandContext;
  /** Lines of the form being typed. */
  #form: string[] = [];
  #balance = new Balance();
  /** Address that forms are sent to, null: evaluated here. */
  #remote: string | null = null;
  #running = false;
  /** The prompt is on the screen. */
  #idle = false;
  /** Ctrl-C since the running evaluation began. */
  #interrupts = 0;
  /** Set while the interpreter is replaced: what it was evaluating is then no failure. */
  #restarting: Promise<void> | null = null;
  /** The cursor stands behind output without a line end. */
  #midLine = false;
  #left = false;
  #leave!: (status: number) => void;

  constructor(options: ReplOptions) {
    this.#options = options;
    this.#chalk = new Chalk({ level: options.color ? 1 : 0 });
    this.#gate = new Gate(this.#terminal, { interrupt: () => this.#interrupt(), eof: () => this.#eof(), key: (key) => this.#key(key) });
    this.#editor = createInterface({
      input: this.#gate,
      output: this.#screen,
      terminal: true,
      history: this.#history.entries,
      historySize: HISTORY_SIZE + 1,
      completer: (line: string) => this.#complete(line),
    });
  }

  async run(): Promise<number> {
    const left = new Promise<number>((resolve) => {
      this.#leave = (status) => {
        this.#left = true;
        resolve(status);
      };
    });
    this.#node = await this.#options.start((record) => this.#above(this.#chalk.gray(record.message) + '\n'));
    this.#node.onOutput((bytes) => this.#above(Buffer.from(bytes).toString('utf8')));
    this.#node.onExit((status) => this.#leave(status));
    process.once('SIGTERM', () => this.#leave(0));
    this.#context = {
      node: this.#node,
      chalk: this.#chalk,
      timing: false,
      print: (text) => this.#print(text + '\n'),
      clear: () => this.#print('\x1b[2J\x1b[H'),
    };
    this.#print(`${this.#chalk.bold(`rfl ${this.#options.version}`)} ${this.#chalk.gray('— :help for commands, Ctrl-D leaves')}\n${PASTE_ON}`);
    this.#editor.on('line', (line) => void this.#line(line).catch((e: unknown) => this.#failed(e)));
    this.#editor.on('SIGINT', () => this.#cancelForm());
    this.#editor.on('close', () => this.#leave(0));
    // The editor adds every line; only whole forms without secrets are kept, by `#submit`.
    (this.#editor as Interface & { on(event: 'history', listener: (history: string[]) => void): void }).on('history', (history) => history.shift());
    const { first } = this.#options;
    if (first !== null) await this.#evaluate(first.source, first.file);
    this.#prompt();
    const status = await left;
    await this.#end();
    return status;
  }

  /* ── lines and forms ───────────────────────────────────────────────── */

  async #line(line: string): Promise<void> {
    this.#idle = false;
    if (this.#form.length === 0 && line.trim() === '') return this.#prompt();
    if (this.#form.length === 0 && (line.startsWith(':') || LEAVING.has(line.trim()))) {
      this.#history.add(line);
      if (LEAVING.has(line.trim()) || await runCommand(line, this.#context)) return this.#leave(0);
      return this.#prompt();
    }
    this.#form.push(line);
    this.#balance.line(line);
    if (this.#balance.open) return this.#prompt();
    const form = this.#form.join('\n');
    this.#resetForm();
    this.#history.add(form);
    await this.#evaluate(toBytes(form), 'repl');
    this.#prompt();
  }

  #resetForm(): void {
    this.#form = [];
    this.#balance = new Balance();
  }

  #cancelForm(): void {
    this.#resetForm();
    // Ends of the line, then everything before it: what was typed is gone before the next prompt.
    this.#editor.write(null, { ctrl: true, name: 'e' });
    this.#editor.write(null, { ctrl: true, name: 'u' });
    this.#print('^C\n');
    this.#prompt();
  }

  #prompt(): void {
    if (this.#left) return;
    if (this.#midLine) this.#print('\n');
    const c = this.#chalk;
    const prefix = this.#remote === null ? '' : c.cyan(withoutCredentials(this.#remote));
    this.#editor.setPrompt(this.#form.length > 0 ? `${c.gray('…')} ` : `${prefix}${c.green('‣')} `);
    this.#idle = true;
    this.#editor.prompt();
    this.#gate.open();
  }

  async #complete(line: string): Promise<[string[], string]> {
    if (this.#form.length === 0 && /^:\S*$/.test(line)) return [commandNames().filter((n) => n.startsWith(line)), line];
    const [prefix] = /[A-Za-z0-9!#$%&*+,./<=>?@^_|~-]*$/.exec(line)!;
    if (prefix === '') return [[], ''];
    return [(await this.#node.complete(prefix)).map(fromBytes), prefix];
  }

  /* ── evaluation ────────────────────────────────────────────────────── */

  async #evaluate(source: string, file: string): Promise<void> {
    this.#running = true;
    this.#interrupts = 0;
    const result = await this.#node.evaluate(source, { file, columns: this.#screen.columns || 80, color: this.#chalk.level > 0 })
      .catch(async (e: unknown) => {
        if (this.#restarting === null) throw e;
        await this.#restarting;
        return null;
      });
    this.#running = false;
    if (result !== null) this.#show(result);
  }

  #show(result: EvaluateResult): void {
    this.#remote = result.remote;
    if (result.exit !== undefined) return this.#leave(result.exit);
    // Who pressed Ctrl-C knows where: the trace of whatever ran just then tells nothing.
    const cancelled = result.code === 'cancel' && this.#interrupts > 0;
    const text = cancelled ? this.#chalk.bold.red('error: cancel') : fromBytes(result.text);
    if (this.#midLine) this.#print('\n');
    if (text !== '') this.#print((result.ok ? paintResult(text, this.#chalk) : text) + '\n');
    if (this.#context.timing) this.#print(this.#chalk.gray(`. ${result.elapsedMs.toFixed(3)} ms`) + '\n');
  }

  #interrupt(): void {
    if (!this.#running) return;
    this.#interrupts++;
    if (this.#interrupts === 1) {
      this.#print('^C\n');
      this.#node.interrupt();
    } else if (this.#interrupts === 2) {
      this.#node.interrupt();
      this.#print(this.#chalk.yellow('. Still running. Restart the interpreter? All its state is lost. [y/N] '));
    }
  }

  /** After the second Ctrl-C one key answers the question. */
  #key(key: string): boolean {
    if (!this.#running || this.#interrupts < 2) return false;
    this.#interrupts = 1;
    this.#print(key + '\n');
    if (key === 'y' || key === 'Y') this.#restarting = this.#restart();
    return true;
  }

  async #restart(): Promise<void> {
    this.#print('. Restarting..\n');
    await this.#node.restart();
    this.#restarting = null;
    this.#remote = null;
    this.#print(this.#chalk.yellow('. The interpreter was restarted: its state is lost.') + '\n');
  }

  /* ── the end ───────────────────────────────────────────────────────── */

  /** Ctrl-D on an empty line leaves a remote session first; true: dealt with. */
  #eof(): boolean {
    if (this.#editor.line !== '') return false;
    if (this.#remote === null) {
      this.#print('\n');
      this.#leave(0);
    } else void this.#disconnect();
    return true;
  }

  async #disconnect(): Promise<void> {
    this.#print('\n');
    this.#resetForm();
    await this.#evaluate('(.repl.disconnect)', 'repl');
    this.#prompt();
  }

  async #end(): Promise<void> {
    this.#editor.removeAllListeners('close');
    this.#editor.close();
    this.#screen.write((this.#midLine ? '\n' : '') + PASTE_OFF);
    // A leaving user does not wait for peers twice: Ctrl-C ends at once.
    process.once('SIGINT', () => process.exit(130));
    await this.#node.shutdown(this.#options.shutdownMs);
  }

  #failed(e: unknown): void {
    this.#print(this.#chalk.bold.red(`error: ${e instanceof Error ? e.message : String((e as { message?: string })?.message ?? e)}`) + '\n');
    this.#prompt();
  }

  /* ── the screen ────────────────────────────────────────────────────── */

  #print(text: string): void {
    this.#screen.write(text);
    this.#midLine = !/(\n|\x1b\[H|\x1b\[\?2004h)$/.test(text);
  }

  /** Shows output while a line may be edited: it goes above the prompt. */
  #above(text: string): void {
    if (!this.#idle) return this.#print(text);
    this.#screen.write('\r\x1b[J' + text + (text.endsWith('\n') ? '' : '\n'));
    this.#midLine = false;
    this.#editor.prompt(true);
  }
}
