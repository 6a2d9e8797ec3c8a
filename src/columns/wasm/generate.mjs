/**
 * Compiles the AssemblyScript sources of `assembly/` into kernels.generated.ts, one constant a source. `--check` writes nothing and
 * fails when the file is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = 'kernels.generated.ts';

const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--enable', 'simd'];

const names = readdirSync(at('assembly')).filter((name) => name.endsWith('.as')).map((name) => name.slice(0, -3)).sort();
const modules = await Promise.all(names.map(compile));
const text = `// Made of assembly/*.as by generate.mjs: do not edit.\n${modules.join('')}`;

if (read(at(target)) !== text) {
  if (process.argv.includes('--check')) {
    console.error(`${target} is stale: run npm run kernels`);
    process.exitCode = 1;
  } else writeFileSync(at(target), text);
}

async function compile(name) {
  // For the compiler they are .ts; on disk they are not, so that nothing takes them for TypeScript.
  const files = new Map([[`${name}.ts`, read(at(`assembly/${name}.as`))]]);
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'module.wasm', ...OPTIONS], {
    readFile: (path) => files.get(path) ?? null,
    writeFile: (path, data) => void files.set(path, data),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${name}: ${error.message}\n${stderr}`);
  return `\nexport const ${name.toUpperCase()} =\n  '${Buffer.from(files.get('module.wasm')).toString('base64')}';\n`;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
