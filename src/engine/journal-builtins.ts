/** `.log.*`: the journal as scripts see it. */
import { List, Sym } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Value } from '../lang/value.js';
import { attempt } from '../builtins/files.js';
import type { Journal } from './journal.js';
import { scanJournal } from './journal-file.js';

/** The rows for one interpreter; its journal is asked for when a row is used. */
export function journalBuiltins(journal: () => Journal): readonly BuiltinRow[] {
  const command = (name: string, restricted: boolean, doc: string, run: (journal: Journal) => void): BuiltinRow => ({
    name, args: '', arity: 'n', restricted, doc, example: `(type ${name})`,
    fn: () => {
      run(journal());
      return null;
    },
  });
  return [
    {
      name: '.log.open', args: 'mode base', arity: 'n', restricted: true, example: '(type .log.open)',
      doc: "appends synchronous requests to base.log from now on; mode 'sync: each lasts before it is evaluated, 'async: as the system writes. domain, badtail, io",
      fn: (args) => {
        if (args.length !== 2) fail('rank', ".log.open expects ('async|'sync \"base\")");
        const [mode, base] = args;
        if (!(mode instanceof Sym)) return fail('type', ".log.open mode must be 'async or 'sync");
        if (typeof base !== 'string' || base.includes('\0')) return fail('type', '.log.open base must be a string');
        if (mode.text !== 'async' && mode.text !== 'sync') fail('domain', ".log.open mode must be 'async or 'sync");
        journal().open(base, mode.text === 'sync');
        return null;
      },
    },
    {
      name: '.log.write', args: 'x', arity: 1, nullable: true, example: '(type .log.write)', doc: 'appends a value, which a replay evaluates. noopen, io, type',
      fn: (x) => {
        journal().write(x);
        return null;
      },
    },
    command('.log.sync', false, 'makes what was appended last; nothing where no journal is open. io', (j) => j.sync()),
    command('.log.roll', true, 'renames the log to an archive and begins a new one. domain, io', (j) => j.roll()),
    command('.log.snapshot', true, 'stores the globals and begins a new log: a start loads them and replays what came after. domain, io, type', (j) => j.snapshot()),
    command('.log.close', true, 'ends appending; nothing where no journal is open', (j) => j.close()),
    command('.log.purge', true, 'closes the journal and removes all its files. domain, io', (j) => j.purge()),
    {
      name: '.log.replay', args: 'path', arity: 1, restricted: true, example: '(type .log.replay)',
      doc: 'evaluates the records of a log: their number. badtail, deser, decompr, io, cancel',
      fn: (path) => journal().replay(pathOf('.log.replay', path)).records,
    },
    {
      name: '.log.validate', args: 'path', arity: 1, example: '(type .log.validate)', doc: 'whole records of a log and the bytes they take, nothing evaluated. io',
      fn: (path) => {
        const { records, valid } = attempt(pathOf('.log.validate', path), (file) => scanJournal(file));
        return new List([records, valid]);
      },
    },
  ];
}

function pathOf(what: string, path: Value): string {
  return typeof path === 'string' && !path.includes('\0') ? path : fail('type', `${what} expects a string path`);
}
