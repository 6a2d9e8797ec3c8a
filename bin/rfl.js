#!/usr/bin/env node
'use strict';
// Loads the program's core through V8's code cache: compiling it anew would be a third of every start. A cache that does not fit
// this Node is ignored.
const { readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const vm = require('node:vm');

const program = join(__dirname, '../dist/program');
const core = join(program, 'core.chunk.js');
const cache = join(program, 'core.cache');

const compiled = load(core);
if (process.env.RFL_CODE_CACHE === 'write') process.on('exit', () => writeFileSync(cache, compiled.createCachedData()));
require(join(program, 'main.js'));

function load(file) {
  const module = new Module(file, null);
  module.filename = file;
  module.paths = Module._nodeModulePaths(dirname(file));
  require.cache[file] = module;
  const script = new vm.Script(Module.wrap(readFileSync(file, 'latin1')), {
    filename: file, cachedData: cached(), importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, dirname(file));
  module.loaded = true;
  return script;
}

function cached() {
  try {
    return readFileSync(cache);
  } catch {
    return undefined;
  }
}
