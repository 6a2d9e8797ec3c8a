/** What the slots of connections are called with, kept by the script and read by the test. */
import { until, type TestHost } from './engine.js';

/** Appends `(name arguments..)` to `log` whenever one of the slots is called, and keeps the last handle opened in `peer`. */
export const RECORD = `(do (set log (list)) (set peer -1)
  (set .net.on.sent (fn [h t] (set log (concat log (list (list 'sent h t))))))
  (set .net.on.send-failed (fn [h t why] (set log (concat log (list (list 'failed h t))))))
  (set .net.on.throttled (fn [h] (set log (concat log (list (list 'throttled h))))))
  (set .net.on.unthrottled (fn [h] (set log (concat log (list (list 'unthrottled h))))))
  (set .net.on.idle (fn [h] (set log (concat log (list (list 'idle h))))))
  (set .net.on.connect-failed (fn [h where code] (set log (concat log (list (list 'refused h code))))))
  (set .ipc.on.open (fn [h] (do (set peer h) (set log (concat log (list (list 'open h)))))))
  (set .ipc.on.close (fn [h] (set log (concat log (list (list 'close h))))))
  null)`;

export type LogEntry = readonly [word: string, ...rest: string[]];

export async function logOf(host: TestHost): Promise<LogEntry[]> {
  const before = host.output().length;
  await host.evaluate('(do (map (fn [e] (println "%" e)) log) null)');
  await until(async () => (await host.evaluate('(do (println "done") null)'), host.output().slice(before).includes('done\n')), 'the log');
  return [...host.output().slice(before).matchAll(/^\((?:list )?([^()]*)\)$/gm)].map((m) => m[1].split(' ') as [string, ...string[]]);
}

/** Waits until the log has an entry of this kind. */
export async function logged(host: TestHost, word: string, times = 1): Promise<void> {
  await until(async () => (await logOf(host)).filter(([first]) => first === word).length >= times, word);
}
