// The program in few files: at every start a hundred small modules would cost 60 ms. Threads are entries of their own, beside the
// others, so that a module's path to a thread holds before and after. What every mode needs is one file.
const entries = ['cli/main', 'engine/io-thread', 'engine/interpreter-thread', 'engine/broker/exe-hash-thread'];
const core = /\/src\/(lang|columns|builtins|wire\/rayforce|cli\/(script|options|session|package|write|exit-codes))\b/;

export default {
  input: Object.fromEntries(entries.map((path) => [path.split('/').at(-1), `dist/src/${path}.js`])),
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  output: {
    dir: 'dist/program', format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].chunk.js', sourcemap: true,
    manualChunks: (id) => (core.test(id) ? 'core' : undefined),
  },
};
