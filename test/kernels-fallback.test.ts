/** Everything here runs in a process without WebAssembly. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { packing } from '../src/columns/wasm/index.js';
import { packsByTheBook, unpacksByTheBook } from './support/packing.js';

Reflect.deleteProperty(globalThis, 'WebAssembly');

test('without WebAssembly there are no kernels', () => assert.equal(packing(), null));
test('without WebAssembly packing follows the rule', packsByTheBook);
test('without WebAssembly unpacking follows the rule', unpacksByTheBook);
