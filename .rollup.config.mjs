import terser from '@rollup/plugin-terser';

// The program in few small files: every start compiles all that it loads, and a hundred commented modules cost 60 ms. Threads are
// entries of their own, beside the others, so that a module's path to a thread holds before and after.
const entries = ['cli/main', 'engine/io-thread', 'engine/interpreter-thread'];

export default {
  input: Object.fromEntries(entries.map((path) => [path.split('/')[1], `dist/src/${path}.js`])),
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  plugins: [terser({ module: true, keep_classnames: true, keep_fnames: true })],
  output: { dir: 'dist/program', format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].chunk.js', sourcemap: true },
};
