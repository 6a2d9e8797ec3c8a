/** One line a benchmark: our figure, the peer's from the same run, the ratio, and whether it meets what was promised. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Absent: the peer is not here, or cannot do it. */
  readonly peer?: number;
  /** Higher figures are better (throughput); otherwise lower ones are (time, memory). */
  readonly higher?: boolean;
  /** What was promised: to be better than the peer by this factor .. */
  readonly times?: number;
  /** .. or a bound on our figure. */
  readonly aim?: number;
  readonly note?: string;
}

export const rows: Row[] = [];

const show = (n: number): string => (n >= 1000 ? Math.round(n).toLocaleString('en-US') : n >= 10 ? n.toFixed(1) : n.toPrecision(3));

export function report(row: Row): void {
  rows.push(row);
  const { name, unit, ours, peer, higher = false, times, aim, note } = row;
  const ratio = peer === undefined ? undefined : higher ? ours / peer : peer / ours;
  const met = aim !== undefined ? (higher ? ours >= aim : ours <= aim) : times === undefined || ratio === undefined ? null : ratio >= times;
  const beside = [
    ratio === undefined ? '' : `${times === undefined ? 'beside' : 'reference'} ${show(peer!)} ${unit}, ${ratio.toFixed(2)}x better`,
    times === undefined ? '' : `(aim ${times}x)`,
    aim === undefined ? '' : `aim ${higher ? '>=' : '<='} ${show(aim)} ${unit}`,
    note === undefined ? '' : `[${note}]`,
  ].filter((text) => text !== '').join(' ');
  console.log(`${met === null ? '    ' : met ? 'ok  ' : 'MISS'} ${name.padEnd(52)} ${show(ours).padStart(10)} ${unit.padEnd(6)} ${beside}`);
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
