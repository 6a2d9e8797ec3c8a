/** Borders between JS text (UTF-16) and the language's byte strings (one character per byte, UTF-8). */
export const toBytes = (text: string): string => (ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));
export const fromBytes = (bytes: string): string => (ASCII.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8'));
const ASCII = /^[\x00-\x7f]*$/;
