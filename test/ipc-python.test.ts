/** The Python client of the reference against a server of ours: RFL_RAYFORCE_PY names the folder that holds its built package. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Running, withFiles } from './support/rfl.js';

const client = process.env.RFL_RAYFORCE_PY;

const SCRIPT = `
import sys
sys.path.insert(0, sys.argv[1])
from rayforce import Table, Column, Vector, Symbol, I64, List
from rayforce.network.tcp.client import TCPClient
with TCPClient('127.0.0.1', int(sys.argv[2]), user='ada', password='secret') as c:
    print(c.execute('(+ 1 2)'))
    print(c.execute(List([Symbol('sum'), Vector(items=[1, 2, 3], ray_type=I64)])))
    print([str(s.value) for s in c.execute(Table('trades').select(total=Column('size').sum()).by('sym')).columns()])
    t = c.execute(Table('trades').select(total=Column('size').sum()).by('sym'))
    print(type(t).__name__, [[str(getattr(x, 'value', x)) for x in column] for column in t.values()])
    t = c.execute(Table('trades').where(Column('size') > 1).select('sym', 'price'))
    print(type(t).__name__, [[str(getattr(x, 'value', x)) for x in column] for column in t.values()])
    try:
        c.execute("(+ 1 'a)")
    except Exception as e:
        print(type(e).__name__)
    c.send_async('(set sent 42)')
    print(c.execute('sent'))
    print(len(c.execute('(til 3000)')))
    print(c.execute('"h\\u00e9llo"'))
try:
    TCPClient('127.0.0.1', int(sys.argv[2]), user='ada', password='wrong')
except Exception as e:
    print(type(e).__name__)
`;

test('the Python client queries, sends data and query objects, and gets errors', { skip: client ? false : 'RFL_RAYFORCE_PY is not set' }, async () => {
  const files = { users: 'ada:secret\n', 'server.rfl': '(set trades (table [sym size price] (list [a b a] [1 2 3] [1.5 0Nf 2.5])))', 'client.py': SCRIPT };
  await withFiles(files, async (folder) => {
    const server = new Running(['--listen', '127.0.0.1:0', '-u', join(folder, 'users'), join(folder, 'server.rfl')]);
    try {
      const [, port] = await server.see('err', /listening on (?:\S*:|port )(\d+)/);
      const { stdout, stderr } = spawnSync('python3', [join(folder, 'client.py'), client!, port], { encoding: 'utf8' });
      assert.deepEqual(stdout.split('\n'), ['3', '6', "['sym', 'total']", "Table [['a', 'b'], ['4', '2']]", "Table [['b', 'a'], ['Null', '2.5']]", 'RayforceTypeError', '42', '3000', 'héllo', 'RuntimeError', ''], stderr);
    } finally {
      server.process.kill('SIGKILL');
      await server.ended;
    }
  });
});
