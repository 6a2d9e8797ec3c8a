/** The standard streams, written synchronously: nothing is lost when the program ends, and order is kept between both. */
import { writeAll } from '../builtins/host.js';

export const STDOUT = 1;
export const STDERR = 2;

export { writeAll as writeBytes };

/** Writes JS text as UTF-8. */
export const writeText = (fd: number, text: string): void => writeAll(fd, Buffer.from(text, 'utf8').toString('latin1'));
