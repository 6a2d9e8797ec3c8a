// Joins the modules that a plain script needs into one: ROOT/rfl.js from ROOT/src/cli/main.js. Loading a hundred small modules
// costs 60 ms, loading one costs 10. Every top-level name gets its module's number, so nothing can collide; what is
// imported dynamically (REPL, service, tests) stays in its own files, except what `-e` needs.
import { writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(process.argv[2] ?? 'dist');
const entry = join(root, 'src/cli/main.js');
const out = join(root, 'rfl.js');

const EAGER = new Set(['script', 'options', 'package'].map((name) => join(root, `src/cli/${name}.js`)));

const options = { allowJs: true, noEmit: true, noLib: true, types: [], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
const host = ts.createCompilerHost(options);
// Otherwise the declaration file beside a module would be taken for it.
host.resolveModuleNameLiterals = (literals, from) => literals.map(({ text }) => ({
  resolvedModule: isOurs(text) ? { resolvedFileName: resolve(dirname(from), text), extension: '.js', isExternalLibraryImport: false } : undefined,
}));
const program = ts.createProgram([entry], options, host);
const checker = program.getTypeChecker();

/** Modules in the order in which they would be evaluated. */
const modules = [];
visit(entry);
const numbers = new Map(modules.map((file, i) => [file, i]));
writeFileSync(out, `${externals()}${modules.map((file) => moduleText(file)).join('')}`);
console.log(`${relative(process.cwd(), out)}: ${modules.length} modules`);

function visit(file, seen = visit.seen ??= new Set()) {
  if (seen.has(file)) return;
  seen.add(file);
  for (const specifier of imports(sourceFile(file))) if (isOurs(specifier)) visit(resolve(dirname(file), specifier));
  modules.push(file);
}

function sourceFile(file) {
  return program.getSourceFile(file) ?? fail(file, 'is not in the program');
}

/** Static imports, and the dynamic ones that become part of the bundle. */
function imports(source) {
  const found = source.statements.filter((s) => (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) && s.moduleSpecifier).map((s) => s.moduleSpecifier.text);
  const walk = (node) => {
    const to = dynamicImport(node);
    if (to !== undefined && EAGER.has(resolve(dirname(source.fileName), to))) found.push(to);
    ts.forEachChild(node, walk);
  };
  walk(source);
  return found;
}

/** The module of ours that `import('./x.js')` names. */
function dynamicImport(node) {
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [to] = node.arguments;
  return ts.isStringLiteral(to) && isOurs(to.text) ? to.text : undefined;
}

function isOurs(specifier) {
  return specifier.startsWith('.');
}

/** Imports of the platform, one name each for the whole bundle. */
function externals() {
  const lines = new Set();
  for (const file of modules) {
    for (const s of sourceFile(file).statements) {
      if (!ts.isImportDeclaration(s) || isOurs(s.moduleSpecifier.text)) continue;
      const from = s.moduleSpecifier.text;
      const { name, namedBindings } = s.importClause ?? {};
      if (name) lines.add(`import ${externalName(from, 'default')} from '${from}';\n`);
      if (namedBindings && ts.isNamespaceImport(namedBindings)) lines.add(`import * as ${externalName(from, '*')} from '${from}';\n`);
      else for (const e of namedBindings?.elements ?? []) {
        const imported = (e.propertyName ?? e.name).text;
        lines.add(`import { ${imported} as ${externalName(from, imported)} } from '${from}';\n`);
      }
      if (!s.importClause) lines.add(`import '${from}';\n`);
    }
  }
  return [...lines].join('');
}

function externalName(from, name) {
  return `${from}_${name === '*' ? 'all' : name}$`.replace(/[^\w$]/g, '_');
}

/** A module's text without imports and exports, its outer names made unique. */
function moduleText(file) {
  const source = sourceFile(file);
  const edits = [];
  const replace = (node, text) => void edits.push([node.getStart(source), node.end, text]);
  for (const s of source.statements) {
    if (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) replace(s, '');
    else if (ts.isExportAssignment(s)) fail(file, 'has a default export');
    else for (const m of s.modifiers ?? []) if (m.kind === ts.SyntaxKind.ExportKeyword) edits.push([m.getStart(source), m.end + 1, '']);
  }
  const walk = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const space = namespaceOf(node.expression);
      if (space) return replace(node, outerName(resolved(checker.getSymbolAtLocation(node.name))) ?? fail(file, `unknown name ${node.getText(source)}`));
    }
    if (ts.isMetaProperty(node.parent ?? node) && node.parent.name === node) return;
    if (ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === 'url') {
      return replace(node, `new URL('./${relative(root, file)}', import.meta.url).href`);
    }
    const to = dynamicImport(node);
    if (to !== undefined) {
      const target = resolve(dirname(file), to);
      return EAGER.has(target) ? replace(node, `Promise.resolve({ ${exportsOf(target)} })`) : replace(node.arguments[0], `'./${relative(root, target)}'`);
    }
    if (ts.isIdentifier(node)) return rename(node);
    ts.forEachChild(node, walk);
  };
  const rename = (node) => {
    const shorthand = ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node;
    const symbol = shorthand ? checker.getShorthandAssignmentValueSymbol(node.parent) : checker.getSymbolAtLocation(node);
    const name = symbol && isReference(node) ? outerName(symbol) : undefined;
    if (name === undefined) return;
    if (namespaceOf(node)) fail(file, `uses the namespace ${node.text} as a value`);
    replace(node, shorthand ? `${node.text}: ${name}` : name);
  };
  ts.forEachChild(source, walk);
  let text = source.text;
  for (const [from, to, by] of edits.sort((a, b) => b[0] - a[0])) text = text.slice(0, from) + by + text.slice(to);
  return text.replace(/^\/\/# sourceMappingURL.*$/m, '').replace(/^\s+/, '');
}

/** `name: itsNameInTheBundle` for all exports of a module. */
function exportsOf(file) {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(sourceFile(file))).map((e) => `${e.name}: ${outerName(e)}`).join(', ');
}

/** Not the name of a property, in an access or a literal. */
function isReference(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !ts.isMethodDeclaration(parent) && !ts.isPropertyDeclaration(parent) || parent.name !== node;
}

function namespaceOf(node) {
  const symbol = checker.getSymbolAtLocation(node);
  return symbol?.declarations?.some((d) => ts.isNamespaceImport(d) && isOurs(d.parent.parent.moduleSpecifier.text));
}

function resolved(symbol) {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The name in the bundle of what a symbol means, where that is declared at the top of a module or imported from the platform. */
function outerName(symbol) {
  const declaration = symbol.declarations?.[0];
  const external = declaration && externalImport(declaration);
  if (external) return external;
  const target = resolved(symbol);
  const at = target.declarations?.find((d) => numbers.has(d.getSourceFile().fileName) && isTopLevel(d));
  return at && `${target.escapedName === 'default' ? 'default' : at.name.text}$${numbers.get(at.getSourceFile().fileName)}`;
}

function externalImport(declaration) {
  const statement = ts.findAncestor(declaration, ts.isImportDeclaration);
  if (!statement || isOurs(statement.moduleSpecifier.text)) return undefined;
  const from = statement.moduleSpecifier.text;
  if (ts.isNamespaceImport(declaration)) return externalName(from, '*');
  return externalName(from, ts.isImportClause(declaration) ? 'default' : (declaration.propertyName ?? declaration.name).text);
}

function isTopLevel(declaration) {
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return ts.isSourceFile(declaration.parent);
  if (ts.isBindingElement(declaration)) return isTopLevel(ts.walkUpBindingElementsAndPatterns(declaration));
  return ts.isVariableDeclaration(declaration) && ts.isVariableStatement(declaration.parent.parent) && ts.isSourceFile(declaration.parent.parent.parent);
}

function fail(file, what) {
  throw new Error(`${relative(root, file)} ${what}`);
}
