/** Errors as people read them: one line, or a box with a caret for every lambda the error passed. */
import { RayError, type TraceFrame } from './errors.js';

/** Frames shown, innermost first. */
const MAX_FRAMES = 5;
/** Bytes of a source line that is shown whole; of a longer one only the surroundings of the caret. */
const MAX_LINE = 512;

/**
 * The whole text of an error as a byte string, without the final newline. Errors that passed no lambda are one line,
 * `error: code: message`; the others, and parse errors whose place is known, draw the source with carets. `color` adds ANSI colours.
 */
export function explain(e: RayError, color = false): string {
  const paint: Paint = color ? (sgr, text) => `\x1b[${sgr}m${text}` : (_, text) => text;
  const reset = color ? '\x1b[0m' : '';
  const trace = e.trace ?? [];
  const what = e.code + (e.message === '' ? '' : ': ' + e.message);
  if (!trace.some((frame) => frame.lambda || isPlaceOfParse(e, frame))) return paint('1;31', 'error: ' + what) + reset;
  const shown = trace.slice(0, MAX_FRAMES);
  const boxes = shown.map((frame, i) => box(frame, i === 0 ? what : '', isPlaceOfParse(e, frame) ? 'source' : LAMBDA, paint, reset));
  const more = trace.length - shown.length;
  return '\n' + paint('1;31', `  ${TIMES} Error: ${e.code}`) + reset + '\n' + boxes.join('')
    + (more > 0 ? paint('90', `   ... ${more} more frames\n`) + reset : '');
}

/** Adds a colour to a text; the next one replaces it. */
type Paint = (sgr: string, text: string) => string;

/* Box-drawing characters as UTF-8 bytes. */
const CORNER = '\xe2\x95\xad\xe2\x94\x80';
const ELBOW = '\xe2\x95\xb0\xe2\x94\x80';
const BAR = '\xe2\x94\x82';
const CARET = '\xe2\x96\xb2';
const TIMES = '\xc3\x97';
const LAMBDA = '\xce\xbb';
const ELLIPSIS = '\xe2\x80\xa6';

const isPlaceOfParse = (e: RayError, frame: TraceFrame): boolean => e.code === 'parse' && !frame.lambda && frame === e.trace![0];

function box(frame: TraceFrame, message: string, where: string, paint: Paint, reset: string): string {
  const { source, at } = frame;
  if (source === null || at < 0) return '';
  const { line, column } = source.position(at);
  const { text, caret } = excerpt(source.line(line), column - 1);
  const gutter = ' '.repeat(String(line).length);
  const margin = paint('90', ` ${gutter} ${BAR} `) + caret;
  const [first, ...rest] = message.split('\n');
  return '\n' + paint('90', `   ${CORNER}[`) + paint('36', source.file) + paint('33', `:${line}:${column}`) + paint('90', ']\n')
    + paint('36', ` ${line}`) + paint('90', ` ${BAR} `) + reset + text + '\n'
    + margin + paint('35', CARET + '\n')
    + margin + paint('35', ELBOW + ' ') + paint('1;31', first) + reset + '\n'
    + rest.map((more) => margin + '   ' + paint('1;31', more) + reset + '\n').join('')
    + paint('90', `   ${ELBOW} in `) + paint('32', where) + reset + '\n';
}

/** The part of a line to show, and the white space that puts a caret under its byte `at`. */
function excerpt(line: string, at: number): { text: string; caret: string } {
  let text = line;
  let before = line.slice(0, at);
  if (line.length > MAX_LINE) {
    const from = Math.max(0, at - MAX_LINE / 2);
    const to = from + MAX_LINE;
    const head = from > 0 ? ELLIPSIS : '';
    text = head + line.slice(from, to) + (to < line.length ? ELLIPSIS : '');
    before = head + line.slice(from, at);
  }
  // One space a character and not a byte; tabs stay, so that they take the width they have above.
  return { text, caret: before.replace(/[\x80-\xbf]/g, '').replace(/[^\t]/g, ' ') };
}
