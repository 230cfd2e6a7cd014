// The result as one table for the terminal: ratios first, absolute values after them.

import type { Measurements } from './measurements.ts';
import { BASELINE, otherParts, tableRows, type Row } from './rows.ts';
import type { Schedule } from './schedule.ts';

/** The contender that others are also compared with. */
export const PEER = 'portkey';

type Column = { readonly title: string; readonly under: string; cell(row: Row): string };

/** Rows that nobody has a value for are left out. */
export function renderTable(
  figures: Measurements,
  contenders: readonly string[],
  schedule: Schedule,
): string {
  const rows = tableRows(schedule, otherParts(figures, contenders)).filter((row) =>
    contenders.some((contender) => row.valueOf(figures, contender) !== undefined),
  );
  const columns = [...ratioColumns(figures, contenders), ...valueColumns(figures, contenders)];
  const labelWidth = Math.max(...rows.map((row) => row.label.length), 10);
  const widths = columns.map((column) =>
    Math.max(
      column.title.length,
      column.under.length,
      ...rows.map((row) => column.cell(row).length),
    ),
  );
  const line = (label: string, cells: readonly string[]): string =>
    [label.padEnd(labelWidth), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))]
      .join('  ')
      .trimEnd();
  const head = [
    line(
      '',
      columns.map((column) => column.title),
    ),
    line(
      '',
      columns.map((column) => column.under),
    ),
  ];
  const rule = '─'.repeat(head[0]?.length ?? 0);
  return [
    ...head,
    rule,
    ...rows.map((row) =>
      line(
        row.label,
        columns.map((column) => column.cell(row)),
      ),
    ),
  ].join('\n');
}

function ratioColumns(figures: Measurements, contenders: readonly string[]): Column[] {
  const hasPeer = contenders.includes(PEER);
  return contenders.flatMap((contender) => {
    if (contender === BASELINE) return [];
    const toBaseline = ratioColumn(figures, contender, BASELINE);
    return contender !== PEER && hasPeer
      ? [toBaseline, ratioColumn(figures, contender, PEER)]
      : [toBaseline];
  });
}

function ratioColumn(figures: Measurements, contender: string, to: string): Column {
  return {
    title: contender,
    under: `÷ ${to}`,
    cell: (row) => {
      if (to === BASELINE && !row.overBaseline) return '';
      return ratioText(row.valueOf(figures, contender), row.valueOf(figures, to), row.unit);
    },
  };
}

function ratioText(value: number | undefined, over: number | undefined, unit: Row['unit']): string {
  // A ratio of counts and shares, most of them 0 or 1, would say less than the values themselves do; and what noise
  // has made negative has none.
  if (unit === 'count' || unit === 'share') return '';
  if (value === undefined || over === undefined || over <= 0 || value <= 0) return '';
  const ratio = value / over;
  return ratio >= 100
    ? ratio.toFixed(0)
    : ratio >= 10
      ? ratio.toFixed(1)
      : ratio >= 0.1
        ? ratio.toFixed(2)
        : ratio.toFixed(3);
}

function valueColumns(figures: Measurements, contenders: readonly string[]): Column[] {
  return contenders.map((contender) => ({
    title: contender,
    under: 'value',
    cell: (row) => valueText(row.valueOf(figures, contender), row.unit),
  }));
}

/** A value with its unit, short enough for a column. */
export function valueText(value: number | undefined, unit: Row['unit']): string {
  if (value === undefined) return '–';
  switch (unit) {
    case 'rps':
      return value === 0 ? 'none' : `${Math.round(value)}/s`;
    case 'us':
      return Math.abs(value) >= 1000
        ? `${(value / 1000).toFixed(2)} ms`
        : `${value.toFixed(Math.abs(value) < 10 ? 1 : 0)} µs`;
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case 'MB':
      return `${(value / 1_000_000).toFixed(0)} MB`;
    case 'share':
      return `${(value * 100).toFixed(0)} %`;
    case 'count':
      return String(Math.round(value));
  }
}
