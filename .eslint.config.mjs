import tseslint from 'typescript-eslint';

// Imports run downward only: each room lists the rooms it may use besides itself.
const ROOMS = {
  lang: [],
  columns: ['lang'],
  builtins: ['columns', 'lang'],
  wire: ['lang', 'columns'],
  net: [],
  engine: ['net', 'wire', 'builtins', 'columns', 'lang'],
  repl: ['engine', 'net', 'wire', 'builtins', 'columns', 'lang'],
  cli: ['repl', 'engine', 'net', 'wire', 'builtins', 'columns', 'lang'],
};
const all = Object.keys(ROOMS);

// All traffic goes through src/net, which accounts for every byte: no other room opens a socket, however it gets at the module.
const SOCKETS = '(net|tls|dgram|dns|dns.promises|http|https|http2)';
const REQUESTS = ':matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression, TSExternalModuleReference, CallExpression[callee.name=/^(require|lazy|lazily)$/])';
const ONLY_NET = 'sockets are the business of src/net';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unused-expressions': ['error', { allowShortCircuit: true, allowTernary: true }],
      eqeqeq: 'error',
      'no-eval': 'error',
    },
  },
  // The loader is a script: those start faster than modules.
  { files: ['bin/*.js'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  ...all.filter((room) => ROOMS[room].length + 1 < all.length).map((room) => ({
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [{
          group: all.filter((other) => other !== room && !ROOMS[room].includes(other)).map((other) => `**/${other}/**`),
          message: `src/${room} may import only: ${[room, ...ROOMS[room]].join(', ')}`,
        }],
      }],
    },
  })),
  {
    files: ['src/**/*.ts', 'bin/*.js'],
    ignores: ['src/net/**'],
    rules: {
      'no-restricted-syntax': ['error',
        { selector: `Literal[value=/^node:${SOCKETS}$/]`, message: ONLY_NET },
        { selector: `TemplateElement[value.raw=/^node:${SOCKETS}$/]`, message: ONLY_NET },
        { selector: `${REQUESTS} > Literal[value=/^${SOCKETS}$/]`, message: ONLY_NET },
      ],
      'no-restricted-globals': ['error', ...['fetch', 'WebSocket', 'EventSource'].map((name) => ({ name, message: ONLY_NET }))],
    },
  },
  {
    files: ['src/lang/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          { group: all.filter((r) => r !== 'lang').map((r) => `**/${r}/**`), message: 'src/lang knows no other room' },
          { group: ['node:*'], message: 'src/lang knows no file, socket, clock or terminal' },
        ],
      }],
    },
  },
  {
    // Ohm is loaded when a source is first rejected, and synchronously: that takes createRequire.
    files: ['src/lang/explain.ts'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          { group: all.filter((r) => r !== 'lang').map((r) => `**/${r}/**`), message: 'src/lang knows no other room' },
          { group: ['node:*', '!node:module'], message: 'src/lang knows no file, socket, clock or terminal' },
        ],
      }],
    },
  },
);
