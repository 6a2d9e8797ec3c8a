/** A broker's metrics as OpenMetrics text. Names and types are frozen. */
import type { BrokerState } from './admin.js';

type Sample = (state: MetricState) => number;
type MetricState = Pick<BrokerState, 'connectionsOpen' | 'fdUsageRatio' | 'uptimeSeconds'>;

interface Metric { readonly name: string; readonly type: 'counter' | 'gauge' | 'histogram'; readonly labels: readonly string[]; readonly sample?: Sample }

const PREFIX = 'running_process_broker_v1_';

/** Those with labels are announced, and have no samples. */
export const METRICS: readonly Metric[] = [
  { name: `${PREFIX}hello_total`, type: 'counter', labels: ['service', 'version', 'outcome'] },
  { name: `${PREFIX}hello_duration_seconds`, type: 'histogram', labels: ['service'] },
  { name: `${PREFIX}active_backends`, type: 'gauge', labels: ['service'] },
  { name: `${PREFIX}spawn_attempts_total`, type: 'counter', labels: ['service', 'version', 'outcome'] },
  { name: `${PREFIX}spawn_budget_remaining`, type: 'gauge', labels: ['service', 'version'] },
  { name: `${PREFIX}connections_open`, type: 'gauge', labels: [], sample: (s) => s.connectionsOpen },
  { name: `${PREFIX}fd_usage_ratio`, type: 'gauge', labels: [], sample: (s) => s.fdUsageRatio },
  { name: `${PREFIX}uptime_seconds`, type: 'gauge', labels: [], sample: (s) => s.uptimeSeconds },
];

export function openMetrics(state: MetricState): string {
  const lines = METRICS.flatMap(({ name, type, sample }) => [`# TYPE ${name} ${type}`, ...(sample ? [`${name} ${sample(state)}`] : [])]);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}
