// `turnpike usage`: requests, tokens and cost by day, model and key.

import { usageDimensions, type UsageReport, type UsageRow } from '@turnpike/contract/usage.ts';
import type { Command } from 'commander';

import {
  jsonOption,
  organisationOption,
  withManagement,
  type Cli,
  type JsonOption,
  type OrganisationOption,
} from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import { checkedBy, pointInTime } from '../arguments.ts';
import { done } from '../outcome.ts';
import { bold, dim } from '../paint.ts';
import { table, type Column } from '../table.ts';

type Options = JsonOption &
  OrganisationOption & { readonly by: string; readonly since?: Date; readonly until?: Date };

const NUMBERS: readonly Column[] = [
  { heading: 'REQUESTS', align: 'right' },
  { heading: 'INPUT', align: 'right' },
  { heading: 'CACHED', align: 'right' },
  { heading: 'OUTPUT', align: 'right' },
  { heading: 'COST', align: 'right' },
];

export function addUsage(program: Command, cli: Cli): void {
  organisationOption(jsonOption(program.command('usage')))
    .description('what was used and what it cost')
    .option(
      '--by <dimensions>',
      'any of day, model, key, with commas',
      checkedBy(usageDimensions),
      'day',
    )
    .option('--since <time>', 'a day, a time, or how long ago (default: 30d)', pointInTime)
    .option('--until <time>', 'the same; not included (default: now)', pointInTime)
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike usage\n  turnpike usage --by model,key --since 7d\n  turnpike usage --by day --since 2026-11-01 --until 2026-12-01 --json',
    )
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const report = await management.ask('getUsage', {
          organisation: options.organisation,
          by: options.by,
          from: (options.since ?? pointInTime('30d')).toISOString(),
          to: (options.until ?? new Date()).toISOString(),
        });
        return report.ok ? done({ json: report.value, text: describe(report.value) }) : report;
      }),
    );
}

function describe({ from, to, by, rows, total }: UsageReport): string {
  const span = dim(`${from.slice(0, 16)}Z to ${to.slice(0, 16)}Z`);
  if (rows.length === 0) return `Nothing was used. ${span}`;
  const columns = [...by.map((dimension) => ({ heading: dimension.toUpperCase() })), ...NUMBERS];
  const lines = rows.map((row) => [
    ...by.map((dimension) => nameOf(row, dimension)),
    ...numbersOf(row),
  ]);
  const sum = [...by.map((_, at) => (at === 0 ? 'total' : '')), ...numbersOf(total)].map(bold);
  return `${table(columns, [...lines, sum])}\n\n${span}`;
}

function nameOf({ day, model, key }: UsageRow, dimension: UsageReport['by'][number]): string {
  if (dimension === 'day') return day ?? '';
  if (dimension === 'model') return model ?? '';
  return key === undefined ? '' : key.name || key.id;
}

function numbersOf({
  requests,
  tokens,
  cost,
}: Pick<UsageRow, 'requests' | 'tokens' | 'cost'>): readonly string[] {
  return [
    grouped(requests),
    grouped(
      tokens.input +
        tokens.cacheWrite5m +
        tokens.cacheWrite1h +
        tokens.imageInput +
        tokens.audioInput,
    ),
    grouped(tokens.cacheRead),
    grouped(tokens.output + tokens.reasoning + tokens.imageOutput + tokens.audioOutput),
    dollars(cost),
  ];
}
