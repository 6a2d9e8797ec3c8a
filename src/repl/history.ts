/** Lines of earlier sessions, without secrets. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Entries kept: some months of work, read in a millisecond. */
export const HISTORY_SIZE = 2000;

/** `$XDG_STATE_HOME/rfl/history` where that is set, otherwise `~/.rfl_history`. */
export const historyFile = (env: NodeJS.ProcessEnv = process.env): string =>
  env.XDG_STATE_HOME ? join(env.XDG_STATE_HOME, 'rfl', 'history') : join(env.HOME || homedir(), '.rfl_history');

/** The history of one terminal: newest entry first, as the line editor keeps it. A file that cannot be used is done without. */
export class History {
  readonly entries: string[] = [];
  #usable = true;

  constructor(readonly file: string) {
    this.#try(() => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // Made private before anything is in it, and again where an older one is open to others.
      appendFileSync(file, '', { mode: 0o600 });
      chmodSync(file, 0o600);
      const lines = readFileSync(file, 'utf8').split('\n').filter((l) => l !== '');
      for (const line of lines.slice(-HISTORY_SIZE)) this.#remember(line);
      if (lines.length > 2 * HISTORY_SIZE) writeFileSync(file, [...this.entries].reverse().join('\n') + '\n', { mode: 0o600 });
    });
  }

  /** Keeps a form of one or more lines as one entry; what cannot be shown on one line, or looks secret, is not kept. */
  add(form: string): void {
    const line = storable(form);
    if (line === null || line === this.entries[0]) return;
    this.#remember(line);
    this.#try(() => appendFileSync(this.file, line + '\n', { mode: 0o600 }));
  }

  #remember(line: string): void {
    const known = this.entries.indexOf(line);
    if (known >= 0) this.entries.splice(known, 1);
    this.entries.unshift(line);
    if (this.entries.length > HISTORY_SIZE) this.entries.pop();
  }

  #try(action: () => void): void {
    if (!this.#usable) return;
    try {
      action();
    } catch {
      this.#usable = false;
    }
  }
}

/**
 * The one line that stands for a form in the history; null: none. Comments go, and credentials in addresses go. Two kinds of forms are kept
 * only if they can hold no secret: one that opens a connection, if every string in it is a bare address, because any other may be a part of
 * a password; and one in which a name or a string speaks of secrets, if there is no string or number in it.
 */
export function storable(form: string): string | null {
  const tokens = form.match(TOKENS) ?? [];
  const strings = tokens.filter((t) => t[0] === '"');
  if (strings.some((s) => s.includes('\n') || !/^"(?:\\[^]|[^"\\])*"$/.test(s))) return null;
  if (OPENS.test(form) && !strings.every((s) => BARE_ADDRESS.test(s))) return null;
  let line = '';
  for (const token of tokens) {
    if (token[0] === ';') continue;
    const piece = token[0] === '"' ? withoutCredentials(token) : token.replace(/\s+/g, ' ');
    line += line.endsWith(' ') ? piece.trimStart() : piece;
  }
  line = line.trim();
  return line === '' || (SECRET.test(line) && LITERAL.test(line)) ? null : line;
}

/** `host:port:user:password` -> `host:port`; `tcp://user:password@host` -> `tcp://host`. */
export const withoutCredentials = (text: string): string =>
  text.replace(/([\w.\-\]]*:\d{1,7}):(?:\\[^]|[^"])*/g, '$1').replace(/(\w+:\/\/)(?:\\[^]|[^"])*@/g, '$1');

const TOKENS = /"(?:\\[^]|[^"\\])*"?|;[^\n]*|[^";]+/g;
const OPENS = /\.(ipc|net)\.open|\.(repl|net|broker)\.connect|\.(soc|net)\.dial/;
const BARE_ADDRESS = /^"((frame\+)?(tcp|tls):\/\/)?[\w.\-[\]]*:\d{1,7}"$|^"(frame\+)?unix:\/\/\/[^"@:]*"$/;
/** What secrets are called, in names and in strings, and what hashed ones and keys begin with. Whole words where it is part of many others. */
const SECRET = /passw|passphrase|secret|credential|token|bearer|api.?key|private.?key|auth(?!or)|\$scrypt\$|(?<![a-z])(pass|pwd?|pin)(?![a-z])/i;
/** A string, a character, a number, or a quoted symbol. */
const LITERAL = /"|(?<![\w.!#$%&*+,/<=>?@^_|~-])(-?\d|')/;
