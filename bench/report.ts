/** One line a benchmark: our figure, the peer's from the same run, the ratio, and whether it meets what was promised. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Absent: the peer is not here, or cannot do it. */
  readonly peer?: number;
  /** Higher figures are better (throughput); otherwise lower ones are (time, memory). */
  readonly higher?: boolean;
  /** The least ratio (ours better by that factor) or, without a peer, the bound on our figure. */
  readonly aim: number;
  readonly note?: string;
}

export const rows: Row[] = [];

const show = (n: number): string => (n >= 1000 ? Math.round(n).toLocaleString('en-US') : n >= 10 ? n.toFixed(1) : n.toPrecision(3));

export function report(row: Row): void {
  rows.push(row);
  const { name, unit, ours, peer, higher = false, aim, note } = row;
  const ratio = peer === undefined ? undefined : higher ? ours / peer : peer / ours;
  const met = ratio === undefined ? (higher ? ours >= aim : ours <= aim) : ratio >= aim;
  const right = ratio === undefined ? `aim ${higher ? '>=' : '<='} ${show(aim)} ${unit}` : `reference ${show(peer!)} ${unit}, ${ratio.toFixed(2)}x better (aim ${aim}x)`;
  console.log(`${met ? 'ok  ' : 'MISS'} ${name.padEnd(52)} ${show(ours).padStart(10)} ${unit.padEnd(6)} ${right}${note ? `  [${note}]` : ''}`);
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
