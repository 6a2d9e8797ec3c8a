/** A real terminal for tests: a program in a tmux pane of its own server. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why terminal tests cannot run here; false: they can. */
export const noTerminal: string | false = spawnSync('tmux', ['-V']).status === 0 ? false : 'TMUX IS NOT INSTALLED: the REPL was not tested in a terminal';

const COLUMNS = 100;
let terminals = 0;

export class Terminal {
  readonly home = mkdtempSync(join(tmpdir(), 'rfl-terminal-'));
  readonly #socket = `rfl-${process.pid}-${++terminals}`;

  /** Runs `command` (argv) with a home folder of its own; the pane shows `EXIT=n` when it ends. */
  constructor(command: readonly string[]) {
    const line = [`HOME=${this.home}`, 'XDG_STATE_HOME=', 'NO_COLOR=', 'FORCE_COLOR=', ...command.map((w) => `'${w}'`)].join(' ');
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(COLUMNS), '-y', '50', `env ${line}; echo "EXIT=$?"; exec sleep 600`);
  }

  /** Types text as keys. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }
  /** Presses named keys: `Enter`, `C-c`, `Tab`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }
  line(text: string): void {
    this.type(text);
    this.press('Enter');
  }
  /** Pastes as a terminal does that marks pasted text. */
  paste(text: string): void {
    this.#tmux('set-buffer', text);
    this.#tmux('paste-buffer', '-p');
  }

  /** What stands on the screen and above it, without trailing blanks; `colors`: with escape sequences. */
  screen(colors = false): string {
    return this.#tmux('capture-pane', '-p', '-S', '-500', ...(colors ? ['-e'] : [])).replace(/[ \t]+$/gm, '').trimEnd();
  }

  /** Only what the screen shows now. */
  visible(): string {
    return this.#tmux('capture-pane', '-p').replace(/[ \t]+$/gm, '').trimEnd();
  }

  /** Waits until the screen matches; fails with the screen after ten seconds. */
  async see(pattern: RegExp, colors = false): Promise<string> {
    let screen = this.screen(colors);
    for (let tries = 0; tries < 500 && !pattern.test(screen); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      screen = this.screen(colors);
    }
    assert.match(screen, pattern, `never seen: ${pattern}\n${screen}`);
    return screen;
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
    rmSync(this.home, { recursive: true, force: true });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
