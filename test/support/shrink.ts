/** Smaller programs from a program: its source is cut along its brackets. */

type Tree = string | { readonly open: string; readonly close: string; readonly items: readonly Tree[] };

const CLOSE: Record<string, string> = { '(': ')', '[': ']', '{': '}' };
const TOKEN = /\s+|"(?:\\.|[^"\\])*"|[()[\]{}]|[^\s()[\]{}"]+/g;
const SIMPLER = ['1', '0Nl', '[1 2]', "'sa", '"a"'];

/** Programs a step smaller than this one, the boldest first. */
export function smaller(text: string): string[] {
  const [tree] = parse(text);
  const found = new Set<string>();
  for (const path of paths(tree).sort((a, b) => a.length - b.length)) {
    const at = path.reduce<Tree>((t, i) => (t as Exclude<Tree, string>).items[i], tree);
    for (const instead of replacements(at, path.length === 0)) found.add(print(replaced(tree, path, instead)));
    if (path.length > 0 && path.at(-1)! > 0) found.add(print(replaced(tree, path, null)));
  }
  found.delete(text);
  return [...found].filter((t) => (t.length < text.length || (t.length === text.length && t < text)) && bindsWhatItUses(t));
}

/** A program that lost the binding of its global would meet what an earlier program left there. */
const bindsWhatItUses = (t: string): boolean => ['g', 'tt'].every((name) => !new RegExp(`[ '(]${name}[ .)]|^${name}$`).test(t) || t.startsWith(`(do (set ${name} `));

function replacements(t: Tree, root: boolean): Tree[] {
  if (typeof t === 'string') return /^-?\d{2,}[hi]?$|^".{2,}"$|^-?\d*\.\d+$|^\d{4}\..*/.test(t) ? SHORTER(t) : [];
  const inner = t.open === '(' ? t.items.slice(1).filter((item) => typeof item !== 'string' || !item.endsWith(':')) : [];
  return root ? inner : [...inner, ...SIMPLER];
}

const SHORTER = (t: string): string[] => (t.startsWith('"') ? ['"a"', '""'] : /D/.test(t) ? ['2020.01.01D00:00:00.0'] : /\.\d+\./.test(t) ? ['2020.01.01'] : t.includes('.') ? ['1.5', '0.0'] : [`1${/[hi]$/.exec(t)?.[0] ?? ''}`]);

function paths(t: Tree): number[][] {
  return typeof t === 'string' ? [[]] : [[], ...t.items.flatMap((item, i) => paths(item).map((path) => [i, ...path]))];
}

/** The tree with another part at the path, or without it. */
function replaced(t: Tree, [i, ...rest]: readonly number[], instead: Tree | null): Tree {
  if (i === undefined) return instead!;
  const { open, close, items } = t as Exclude<Tree, string>;
  if (rest.length === 0 && instead === null) {
    // A key of a query leaves with its value.
    const pair = open === '{' && typeof items[i - 1] === 'string' && /:$/.test(items[i - 1] as string);
    return { open, close, items: items.filter((_, j) => j !== i && !(pair && j === i - 1)) };
  }
  return { open, close, items: items.map((item, j) => (j === i ? replaced(item, rest, instead) : item)) };
}

function parse(text: string): Tree[] {
  const stack: { open: string; items: Tree[] }[] = [{ open: '', items: [] }];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.trim() === '') continue;
    if (token in CLOSE) stack.push({ open: token, items: [] });
    else if (')]}'.includes(token)) {
      const { open, items } = stack.pop()!;
      stack.at(-1)!.items.push({ open, close: token, items });
    } else stack.at(-1)!.items.push(token);
  }
  return stack[0].items;
}

const print = (t: Tree): string => (typeof t === 'string' ? t : `${t.open}${t.items.map(print).join(' ')}${t.close}`);
