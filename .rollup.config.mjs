import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

// The program in few files, in the form that starts fastest: scripts with a code cache (see bin/rfl.js). A hundred small modules would
// cost 60 ms at every start. Threads are entries of their own, beside the others, so that a module's path to a thread holds before
// and after. What every mode needs is one file.
const entries = ['cli/main', 'engine/io-thread', 'engine/interpreter-thread', 'builtins/errand-thread', 'engine/broker/exe-hash-thread'];
const core = /\/src\/(lang|columns|builtins(?!\/errand-thread)|wire\/rayforce|cli\/(script|signals|options|session|package|write|exit-codes))\b/;
const dir = 'dist/program';

/** Packages that exist as modules only: a script cannot require them, so they become part of the program. */
const inlined = /^(chalk|@noble\/hashes)\b|^#/;
const inline = {
  name: 'inline',
  resolveId: (id, importer) => (inlined.test(id) ? createRequire(importer).resolve(id) : null),
};

const scripts = {
  name: 'scripts',
  // One byte a character: the core is read without decoding, and takes half the room.
  renderChunk: (code) => ({ code: code.replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`), map: null }),
  writeBundle() {
    writeFileSync(`${dir}/package.json`, '{ "type": "commonjs" }\n');
    spawnSync(process.execPath, ['bin/rfl.js', '-e', '1'], { env: { ...process.env, RFL_CODE_CACHE: 'write' } });
  },
};

export default {
  input: Object.fromEntries(entries.map((path) => [path.split('/').at(-1), `dist/src/${path}.js`])),
  external: (id) => !inlined.test(id) && !id.startsWith('.') && !id.startsWith('/'),
  plugins: [inline, scripts],
  output: {
    dir, format: 'cjs', interop: 'auto', entryFileNames: '[name].js', chunkFileNames: '[name].chunk.js', sourcemap: true,
    manualChunks: (id) => (core.test(id) ? 'core' : undefined),
  },
};
