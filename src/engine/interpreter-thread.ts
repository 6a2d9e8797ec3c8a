/** Entry of the worker that evaluates. It has no event loop of its own: it sleeps on the channel. */
import { workerData } from 'node:worker_threads';
import { BUILTINS } from '../builtins/index.js';
import { systemHost } from '../builtins/host.js';
import { itemAt } from '../columns/item.js';
import { Interp } from '../lang/interpreter.js';
import { Interrupt } from '../lang/interrupt.js';
import { End, TO_IO, type EndMemory } from './channel.js';
import { Capture } from './capture.js';
import { LangSide } from './lang-side.js';
import { engineBuiltins } from './builtins.js';
import { SharedState, type SharedMemory } from './shared-state.js';
import type { LangSettings } from './messages.js';
import type { ProgramHost } from './api.js';

export interface InterpreterThreadData {
  readonly end: EndMemory;
  readonly shared: SharedMemory;
  readonly interrupt: Int32Array<SharedArrayBuffer>;
  readonly settings: LangSettings;
  readonly host: ProgramHost;
}

function main(data: InterpreterThreadData): void {
  const end = new End(data.end);
  const capture = new Capture((bytes, stream) => {
    lang.send(TO_IO.OUTPUT, -1, stream, Buffer.from(bytes, 'latin1'));
    end.flush();
  });
  const interp = new Interp({
    builtins: [...BUILTINS, ...engineBuiltins(() => lang)],
    interrupt: new Interrupt(data.interrupt),
    itemAt,
    host: systemHost({
      out: (bytes) => capture.out(bytes, 1),
      err: (bytes) => capture.out(bytes, 2),
      exit: (status) => lang.exit(status),
      args: data.host.args ?? [],
      libraries: data.host.libraries ?? [],
      terminal: data.host.terminal ?? false,
      ...(data.host.seed === undefined ? {} : { seed: data.host.seed }),
      ...(data.host.program === undefined ? {} : { program: data.host.program }),
    }),
  });
  const lang: LangSide = new LangSide(end, new SharedState(data.shared), data.settings, {
    interp, capture, log: (record) => lang.sendObject(TO_IO.LOG, 0, record),
  });
  lang.run();
}

main(workerData as InterpreterThreadData);
