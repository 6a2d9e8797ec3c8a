/** A broker's metrics as OpenMetrics text. Names, types and labels are frozen. */
import type { BrokerState } from './admin.js';

type MetricState = Pick<BrokerState, 'connectionsOpen' | 'fdUsageRatio' | 'uptimeSeconds'> & Partial<Pick<BrokerState, 'backends' | 'hellos' | 'spawns'>>;
/** `suffix`: of the name, in histograms. The labels are in the order in which the metric announces them. */
interface Sample { readonly suffix?: string; readonly labels?: readonly string[]; readonly more?: string; readonly value: number }

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly samples: (state: MetricState) => Iterable<Sample>;
}

const PREFIX = 'running_process_broker_v1_';
const one = (value: number): Sample[] => [{ value }];

export const METRICS: readonly Metric[] = [
  { name: `${PREFIX}hello_total`, type: 'counter', labels: ['service', 'version', 'outcome'], samples: (s) => s.hellos?.totals() ?? [] },
  { name: `${PREFIX}hello_duration_seconds`, type: 'histogram', labels: ['service'], samples: (s) => s.hellos?.durations() ?? [] },
  { name: `${PREFIX}active_backends`, type: 'gauge', labels: ['service'], samples: activeBackends },
  { name: `${PREFIX}spawn_attempts_total`, type: 'counter', labels: ['service', 'version', 'outcome'], samples: (s) => s.spawns?.totals() ?? [] },
  { name: `${PREFIX}spawn_budget_remaining`, type: 'gauge', labels: ['service', 'version'], samples: (s) => s.spawns?.budgets() ?? [] },
  { name: `${PREFIX}connections_open`, type: 'gauge', labels: [], samples: (s) => one(s.connectionsOpen) },
  { name: `${PREFIX}fd_usage_ratio`, type: 'gauge', labels: [], samples: (s) => one(s.fdUsageRatio) },
  { name: `${PREFIX}uptime_seconds`, type: 'gauge', labels: [], samples: (s) => one(s.uptimeSeconds) },
];

export function openMetrics(state: MetricState): string {
  const lines: string[] = [];
  for (const { name, type, labels, samples } of METRICS) {
    lines.push(`# TYPE ${name} ${type}`);
    for (const { suffix = '', labels: values = [], more = '', value } of samples(state)) {
      const pairs = values.map((v, i) => `${labels[i]}="${escaped(v)}"`);
      if (more !== '') pairs.push(more);
      lines.push(`${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
    }
  }
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

/** Bounds of the buckets, in seconds: the aim of a Hello lies at 0.0002, its limit at 0.001. */
const BOUNDS = [0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.01, 0.1, 1, 10];

/**
 * Counts Hellos. Services and versions are those a broker knows, never what a client says: otherwise everybody could make up
 * labels without end.
 */
export class HelloCounters {
  readonly #totals = new Map<string, { readonly labels: readonly string[]; n: number }>();
  readonly #durations = new Map<string, { readonly buckets: number[]; n: number; sum: number }>();

  /** `service` and `version` are empty where they are not known. */
  count(service: string, version: string, outcome: string, seconds: number): void {
    const labels = [service, version, outcome];
    const key = JSON.stringify(labels);
    const total = this.#totals.get(key) ?? { labels, n: 0 };
    total.n++;
    this.#totals.set(key, total);
    const duration = this.#durations.get(service) ?? { buckets: BOUNDS.map(() => 0), n: 0, sum: 0 };
    for (let i = BOUNDS.length - 1; i >= 0 && seconds <= BOUNDS[i]; i--) duration.buckets[i]++;
    duration.n++;
    duration.sum += seconds;
    this.#durations.set(service, duration);
  }

  *totals(): Generator<Sample> {
    for (const { labels, n } of this.#totals.values()) yield { labels, value: n };
  }

  *durations(): Generator<Sample> {
    for (const [service, { buckets, n, sum }] of this.#durations) {
      const labels = [service];
      for (let i = 0; i < BOUNDS.length; i++) yield { suffix: '_bucket', labels, more: `le="${BOUNDS[i]}"`, value: buckets[i] };
      yield { suffix: '_bucket', labels, more: 'le="+Inf"', value: n };
      yield { suffix: '_sum', labels, value: sum };
      yield { suffix: '_count', labels, value: n };
    }
  }
}

/** Counts attempts to start backends. A version that did not start is none that a broker knows. */
export class SpawnCounters {
  readonly #totals = new Map<string, { readonly labels: readonly string[]; n: number }>();

  /** `left`: attempts left now. */
  constructor(private readonly left: () => readonly { readonly service: string; readonly version: string; readonly remaining: number }[]) {}

  count(service: string, version: string, succeeded: boolean): void {
    const labels = [service, succeeded ? version : '', succeeded ? 'success' : 'failure'];
    const key = JSON.stringify(labels);
    const total = this.#totals.get(key) ?? { labels, n: 0 };
    total.n++;
    this.#totals.set(key, total);
  }

  *totals(): Generator<Sample> {
    for (const { labels, n } of this.#totals.values()) yield { labels, value: n };
  }
  *budgets(): Generator<Sample> {
    for (const { service, version, remaining } of this.left()) yield { labels: [service, version], value: remaining };
  }
}

function activeBackends({ backends = [] }: MetricState): Sample[] {
  const running = new Map<string, number>();
  for (const { serviceName, state } of backends) running.set(serviceName, (running.get(serviceName) ?? 0) + (state === 'running' ? 1 : 0));
  return Array.from(running, ([service, value]) => ({ labels: [service], value }));
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
