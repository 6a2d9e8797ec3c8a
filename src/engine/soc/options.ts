/** Options of pipes as scripts give them. */
export { count, flag, numbers, oneOf, path, readOptions, text } from '../options.js';
