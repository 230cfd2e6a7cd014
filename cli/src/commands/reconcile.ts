// `turnpike reconcile`: adds up the books from nothing, and says where they do not agree.

import type { Reconciliation } from '@turnpike/contract/reconciliation.ts';
import type { Command } from 'commander';

import { jsonOption, withManagement, type Cli, type JsonOption } from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import { done, EXIT } from '../outcome.ts';
import { bold, green, red } from '../paint.ts';
import { table } from '../table.ts';

export function addReconcile(program: Command, cli: Cli): void {
  jsonOption(program.command('reconcile'))
    .description('add up the books from nothing; exits 1 when something does not agree')
    .addHelpText('after', '\nExamples:\n  turnpike reconcile\n  turnpike reconcile --json')
    .action(async (options: JsonOption) => {
      let differences = 0;
      await withManagement(cli, options, async (management) => {
        const found = await management.ask('getReconciliation', {});
        if (!found.ok) return found;
        differences = found.value.differences.length;
        return done({ json: found.value, text: describe(found.value) });
      });
      if (differences > 0) cli.exitCode = EXIT.failed;
    });
}

function describe({ checks, differences, totals, meters, lastRun }: Reconciliation): string {
  const lines = checks.flatMap((check) => {
    const wrong = differences.filter((difference) => difference.check === check);
    const mark = wrong.length === 0 ? green('✓') : red('✗');
    return [`${mark} ${check}`, ...wrong.map(({ detail }) => `    ${detail}`)];
  });
  const { transfers, requests, credits, revenue, overrun } = totals;
  const verdict =
    differences.length === 0
      ? 'The books agree: zero difference.'
      : `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}.`;
  return [
    ...lines,
    '',
    ...metersOf(meters),
    ...(lastRun === null
      ? []
      : [`Last done by itself at ${lastRun.endedAt}: ${lastRun.differences} found.`]),
    `${grouped(requests)} requests, ${grouped(transfers)} transfers; customers have ${dollars(credits)}, revenue is ${dollars(revenue)}, overrun ${dollars(overrun)}.`,
    bold(verdict),
  ].join('\n');
}

/** Of the last day, by model and engine. */
function metersOf(meters: Reconciliation['meters']): readonly string[] {
  if (meters.length === 0) return [];
  const sums = new Map<string, number[]>();
  for (const hour of meters) {
    const { model, engine, requests, unreported, doubtful } = hour;
    const { billedInput, engineInput, billedOutput, engineOutput, gatewayOutput } = hour;
    const counts = [requests, billedInput, engineInput, billedOutput, engineOutput, gatewayOutput];
    const all = [...counts, unreported, doubtful];
    const key = `${model} ${engine}`;
    const before = sums.get(key);
    sums.set(key, before === undefined ? all : before.map((sum, at) => sum + (all[at] ?? 0)));
  }
  const headings = [
    'MODEL ENGINE',
    'REQUESTS',
    'IN BILLED',
    'ENGINE',
    'OUT BILLED',
    'ENGINE',
    'GATEWAY',
  ];
  return [
    table(
      [...headings, 'UNREPORTED', 'DOUBTFUL'].map((heading) => ({ heading })),
      [...sums].map(([key, counts]) => [key, ...counts.map(grouped)]),
    ),
    '',
  ];
}
