/**
 * Every builtin that can take long looks, all along, whether it is to stop. Looks are counted and not timed: a builtin that goes through
 * a quarter of a million elements or four million bytes without looking would keep Ctrl-C waiting on larger ones.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUILTINS } from '../src/builtins/index.js';
import { ROWS as LEFT_OUT } from '../src/builtins/left-out.js';
import { systemHost } from '../src/builtins/host.js';
import { itemAt } from '../src/columns/item.js';
import { ROWS as SERDE } from '../src/engine/serde-builtins.js';
import { RayError } from '../src/lang/errors.js';
import { Interp } from '../src/lang/interpreter.js';
import { Interrupt } from '../src/lang/interrupt.js';

/** A quarter of a million elements are four blocks, each with a look; the evaluation is stopped at the last of them. */
const LEAST = 4;

/** An interrupt that counts how often it is looked at, and stops the evaluation at one of the looks. */
class Counting extends Interrupt {
  looks = 0;
  stopAt = Infinity;
  constructor() {
    super();
    Object.defineProperty(this, 'deadline', { get: () => (++this.looks >= this.stopAt ? -Infinity : Infinity), set: () => {} });
  }
}

const SETUP = `
(set n 262144) (set x (til n)) (set r (rand n 1000)) (set f (as 'F64 r)) (set i (as 'I32 r)) (set m (< r 500)) (set nn (as 'I64 (% x 0)))
(set s (as 'SYM r)) (set st (as 'STR r)) (set gu (guid n)) (set ts (as 'TIMESTAMP (* x 1000000000))) (set dt (as 'DATE (% x 9999)))
(set li (map (fn [v] (list v v)) x)) (set lx (map neg x)) (set ls (map (fn [v] "a") x)) (set ln (map (fn [v] null) x)) (set lm (map not m)) (set names (split (take "ab,cde," 1200000) ","))
(set d (dict x r)) (set t (table [a b c k] (list x r f s))) (set u (table [b q] (list (til 1000) (til 1000))))
(set text (take "hello, world; " 4194304)) (set code (concat "(quote (" (concat (take "(foo 12) " 900000) "))")))
(set json (concat "[" (concat (take "[1,2,3]," 800000) "0]"))) (set kept 7)`;

/** Builtin -> expressions that make it work on all of it. */
const LONG: Readonly<Record<string, readonly string[]>> = {
  '+': ['(+ x r)', '(+ li 1)'], '-': ['(- f 1)'], '*': ['(* x r)'], '/': ['(/ x r)'], '%': ['(% x 7)'], div: ['(div x 7)'], pow: ['(pow f 2)'],
  neg: ['(neg x)'], abs: ['(abs f)'], round: ['(round f)'], floor: ['(floor f)'], ceil: ['(ceil f)'], signum: ['(signum x)'], reciprocal: ['(reciprocal f)'],
  sqrt: ['(sqrt f)'], exp: ['(exp f)'], log: ['(log f)'], sin: ['(sin f)'], cos: ['(cos f)'], tan: ['(tan f)'], asin: ['(asin f)'], acos: ['(acos f)'], atan: ['(atan f)'],
  xbar: ['(xbar x 10)'], rand: ['(rand n 10)'], '==': ['(== x r)', '(== li li)'], '!=': ['(!= st "5")'], '<': ['(< x r)'], '<=': ['(<= f 5)'], '>': ['(> s \'a)'], '>=': ['(>= x 5)'],
  not: ['(not m)'], within: ['(within x [5 10])'], sum: ['(sum x)', '(sum f)'], prod: ['(prod x)'], avg: ['(avg x)'], min: ['(min x)'], max: ['(max f)'],
  med: ['(med x)', '(med lx)', '(med ln)'], mode: ['(mode r)', '(mode st)'], dev: ['(dev f)'], dev_pop: ['(dev_pop f)'], stddev: ['(stddev f)'], stddev_pop: ['(stddev_pop f)'],
  var: ['(var x)'], var_pop: ['(var_pop x)'], all: ['(all (>= x 0))'], any: ['(any (< x 0))'], cov: ['(cov f f)'], scov: ['(scov f f)'],
  pearson_corr: ['(pearson_corr f x)'], wsum: ['(wsum f x)'], wavg: ['(wavg x f)'], quantile: ['(quantile f 0.3)'], percentile: ['(percentile x 30)'],
  sums: ['(sums x)'], avgs: ['(avgs f)'], mins: ['(mins x)'], maxs: ['(maxs f)'], prds: ['(prds x)'], deltas: ['(deltas x)'], ratios: ['(ratios f)'], differ: ['(differ x)'],
  fills: ['(fills nn)'], msum: ['(msum 9 x)'], mavg: ['(mavg 9 f)'], mmin: ['(mmin 9 x)'], mmax: ['(mmax 9 f)'], mcount: ['(mcount 9 x)'], mvar: ['(mvar 9 f)'], mdev: ['(mdev 9 f)'],
  map: ['(map neg x)', '(map (fn [v] v) x)'], pmap: ['(pmap neg x)'], 'map-left': ['(map-left + x 1)'], 'map-right': ['(map-right + 1 x)'],
  fold: ['(fold + 0 x)'], 'fold-left': ['(fold-left + 0 x)'], 'fold-right': ['(fold-right + 0 x)'], scan: ['(scan + x)'], 'scan-left': ['(scan-left + x)'], 'scan-right': ['(scan-right + x)'],
  prior: ['(prior - x)'], filter: ['(filter x m)', '(filter st m)', '(filter li m)', '(filter x lm)', '(filter (take "ab" n) m)'], apply: ['(apply + x r)'], til: ['(til n)'], concat: ['(concat st st)', '(concat li li)', '(concat 1 li)'], raze: ['(raze li)', '(raze lx)', '(raze ls)'],
  take: ['(take x 1000000)', '(take li 262000)'], drop: ['(drop li 9)'], reverse: ['(reverse li)'], rotate: ['(rotate x 5)', '(rotate st 5)'], cut: ['(cut x (take x 20000))'], cross: ['(cross (til 500) (til 500))'], at: ['(at x r)', '(at st r)', '(at li r)', '(at text r)'],
  where: ['(where m)'], group: ['(group r)', '(group st)', '(group gu)'], distinct: ['(distinct x)', '(distinct st)', '(distinct li)', '(distinct t)', '(distinct text)'],
  diverse: ['(diverse x)'], in: ['(in x r)', '(in st st)', '(in text "abc")'], find: ['(find r x)', '(find st "none")'], except: ['(except x r)', '(except st st)'], union: ['(union x r)', '(union f f)', '(union li li)'], sect: ['(sect x r)'],
  asc: ['(asc x)', '(asc f)', '(asc st)', '(asc s)'], desc: ['(desc x)'], iasc: ['(iasc f)'], idesc: ['(idesc gu)'], rank: ['(rank x)'], xrank: ['(xrank 4 x)'], xasc: ['(xasc t [k b])'], xdesc: ['(xdesc t \'c)'],
  top: ['(top x 10)'], bot: ['(bot f 10)'], bin: ['(bin x r)'], binr: ['(binr x r)'], dict: ['(dict x 1)', '(dict (take x 262000) r)'], remove: ['(remove d 5)'],
  select: ['(select {from: t where: (> b 500)})', '(select {from: t s: (sum c) by: k})', '(select {from: t m: (med c) by: b})', '(select {from: t desc: c})', '(select {z: (+ a b) from: t})'],
  insert: ['(insert st st)', '(insert li li)'], update: ['(update {from: t z: (* c 2)})', '(update {from: t z: (sum c) by: k})'], upsert: ['(upsert t 1 t)'],
  'inner-join': ['(inner-join [b] t u)'], 'left-join': ['(left-join [b] t u)'], 'full-join': ['(full-join [b] t u)'], 'anti-join': ['(anti-join [b] t u)'], 'asof-join': ['(asof-join [k a] t t)'],
  pivot: ["(pivot t 'b 'k 'c sum)"], xgroup: ["(xgroup t 'k)"], 'union-all': ['(union-all t t)'],
  split: ['(split text ",")', '(split text ", world")', '(split text "none")'], 'str-join': ['(str-join names ";")', '(str-join ls ";")'], 'str-find': ['(str-find text "none")', '(str-find text "[x-z]?[0-9]")'],
  strlen: ['(strlen st)'], upper: ['(upper text)', '(upper st)'], lower: ['(lower text)'], trim: ['(trim (take " " 8000000))'], substr: ['(substr st 1 2)'], replace: ['(replace text "," ";")', '(replace text "none" "")'],
  like: ['(like text "*none*")', '(like text "*o*w*none")', '(like text "h[aeiou]*[0-9]")', '(like st "*5*")'],
  yyyy: ['(yyyy dt)'], mm: ['(mm dt)'], dd: ['(dd dt)'], hh: ['(hh ts)'], minute: ['(minute ts)'], ss: ['(ss ts)'], dow: ['(dow dt)'], doy: ['(doy dt)'], date: ['(date ts)'], time: ['(time ts)'],
  as: ["(as 'F64 x)", "(as 'STR x)", "(as 'SYM st)", "(as 'I64 f)", "(as 'TIMESTAMP x)", "(as 'I32 x)"], guid: ['(guid n)'],
  '.mem.objsize': ['(.mem.objsize li)'], eval: ['(eval (list + x x))'], parse: ['(parse code)', '(parse (concat "{" (concat (take "abc: 1 " 2100000) "}")))', '(parse (concat "\\"" (concat text "\\"")))', '(parse (concat (take "; nothing " 900000) "\\n1"))'],
  format: ['(format "%" x)', '(format "%" st)', '(format "%" li)', '(format "%" t)'], println: ['(println "%" x)'], print: ['(print "%" f)'],
  read: ['(read "FOLDER/text")'], write: ['(write "FOLDER/other" (concat text (concat text (concat text text))))'], load: ['(load "FOLDER/code.rfl")'],
  '.json.parse': ['(.json.parse json)'], '.json.format': ['(.json.format x)', '(.json.format st)', '(.json.format text)', '(.json.format d)', '(.json.format t)'],
  'read-csv': ['(read-csv "FOLDER/t.csv")'], '.csv.read': ['(.csv.read "FOLDER/t.csv")'], 'write-csv': ['(write-csv t "FOLDER/u.csv")'], '.csv.write': ['(.csv.write t "FOLDER/u.csv")'],
  '.csv.splayed': ['(.csv.splayed "FOLDER/t.csv" "FOLDER/s1/")'], '.db.splayed.set': ['(.db.splayed.set "FOLDER/s2/" (table [l o] (list st li)))'], '.db.splayed.get': ['(.db.splayed.get "FOLDER/s3/")'],
  ser: ['(ser st)', '(ser s)', '(ser li)', '(ser t)', '(ser (take text 33554432))'], de: ['(de (ser st))', '(de (ser li))'],
};

const FILES = `(write "FOLDER/text" (take text 33554432)) (write "FOLDER/code.rfl" code) (write-csv t "FOLDER/t.csv") (.db.splayed.set "FOLDER/s3/" t)`;

/** Builtins that take no time worth an interrupt, whatever they are given: an element, a header, a copy of memory, a fact. */
const BRIEF = `first unify last count list enlist get lag lead key value table cols meta row xcol xcols xkey fkeys type timestamp sym-name rc nil? raise env exit show
.fs.size .sys.args .sys.build .sys.info .sys.mem .sys.gc .sys.env .sys.timeit .os.getenv .os.setenv .time.now del`.split(/\s+/);
/** Tested elsewhere, with what they wait for or go through. */
const ELSEWHERE = '.sys.exec .sys.cmd .fs.list window-join window-join1 window alter modify ungroup'.split(' ');

const leftOut = new Set(LEFT_OUT.map((row) => row.name));

test('every builtin is known to be brief, or to look whether it is to stop', () => {
  const known = new Set([...Object.keys(LONG), ...BRIEF, ...ELSEWHERE]);
  const unknown = [...BUILTINS, ...SERDE].map((row) => row.name).filter((name) => !known.has(name) && !leftOut.has(name) && !/^\.(csv|db)\.parted/.test(name));
  assert.deepEqual(unknown, []);
});

test('builtins that can take long look all along whether they are to stop, and stop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-interrupt-'));
  const interrupt = new Counting();
  const interp = new Interp({ host: systemHost({ out: () => {}, err: () => {} }), builtins: [...BUILTINS, ...SERDE], itemAt, interrupt });
  const run = (source: string): void => void interp.top(() => interp.run(source.replaceAll('FOLDER', folder)));
  const wrong: string[] = [];
  try {
    run(SETUP);
    run(FILES);
    for (const source of Object.values(LONG).flat()) {
      interrupt.looks = 0;
      interrupt.stopAt = LEAST;
      try {
        run(source);
        wrong.push(`${source}: ${interrupt.looks} looks`);
      } catch (e) {
        if (!(e instanceof RayError) || e.code !== 'cancel') wrong.push(`${source}: ended with ${e instanceof RayError ? `${e.code} ${e.message}` : String(e)}`);
      }
    }
    interrupt.stopAt = Infinity;
    assert.deepEqual(wrong, []);
    assert.equal(interp.top(() => interp.run('kept')), 7);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
