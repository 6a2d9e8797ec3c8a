/** `rfl passwd`: turns a password into the `$scrypt$` secret of a users file. */
import { isatty } from 'node:tty';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { hashSecret } from '../engine/scrypt.js';
import { toBytes } from '../lang/text.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { STDERR, STDOUT, writeText } from './write.js';

const PASSWD_HELP = `usage: rfl passwd

Reads a password, from the terminal twice and without echo, otherwise the first line of standard input,
and prints the secret to put into a users file: NAME:SECRET or NAME:SECRET:restricted.
`;

/** Longest password that a peer can send, with an empty user name. */
const MAX_BYTES = 253;

export async function runPasswd(argv: readonly string[]): Promise<ExitCode> {
  if (argv.length === 1 && (argv[0] === '--help' || argv[0] === '-h')) {
    writeText(STDOUT, PASSWD_HELP);
    return EXIT.ok;
  }
  // Not as an argument: those are visible to every user of the machine.
  if (argv.length > 0) throw new CliError(EXIT.usage, 'rfl: passwd takes no arguments: it asks, or reads standard input');
  const password = isatty(0) ? await askTwice() : await firstLine();
  if (password === null) return EXIT.interrupted;
  const bytes = toBytes(password);
  if (bytes === '' || bytes.length > MAX_BYTES || bytes.includes('\0')) {
    throw new CliError(EXIT.usage, `rfl: a password has 1 to ${MAX_BYTES} bytes, none of them NUL`);
  }
  writeText(STDOUT, (await hashSecret(bytes)) + '\n');
  return EXIT.ok;
}

/** Null: given up. One editor for both questions: between two of them the terminal would echo. */
async function askTwice(): Promise<string | null> {
  // The editor echoes into its output: one that swallows everything keeps the password off the screen.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const editor = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  const answers: string[] = [];
  writeText(STDERR, 'Password: ');
  await new Promise<void>((resolve) => {
    editor.on('line', (line) => {
      answers.push(line);
      if (answers.length > 2) return;
      writeText(STDERR, answers.length === 1 ? '\nAgain: ' : '\n');
      if (answers.length === 2) resolve();
    });
    editor.once('SIGINT', resolve);
    editor.once('close', resolve);
  });
  editor.close();
  if (answers.length < 2) {
    writeText(STDERR, '\n');
    return null;
  }
  if (answers[0] !== answers[1]) throw new CliError(EXIT.usage, 'rfl: the passwords differ');
  return answers[0];
}

async function firstLine(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1)[0];
}
