/** The exit statuses of every mode. `docs/exit-codes.md` is the page for users. */
export const EXIT = {
  ok: 0,
  /** `rfl test`: an assertion failed. */
  failed: 1,
  usage: 64,
  parse: 65,
  connect: 69,
  runtime: 70,
  journal: 74,
  auth: 77,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The status of a program that ended with an uncaught error of this code and message. */
export function statusOf(code: string, message: string): ExitCode {
  if (code === 'parse') return EXIT.parse;
  if (code === 'cancel') return EXIT.interrupted;
  if (code === 'access' && /authentication/.test(message)) return EXIT.auth;
  if (code === 'io' && /^(connection (refused|timed out)|TLS failed|listen: )/.test(message)) return EXIT.connect;
  return EXIT.runtime;
}

/** Ends the program with a message for the user and a status. Thrown by the command line's own code only. */
export class CliError extends Error {
  constructor(readonly status: ExitCode, message: string) {
    super(message);
  }
}
