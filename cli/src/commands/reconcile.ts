// `turnpike reconcile`: adds up the books from nothing, and says where they do not agree.

import type { Reconciliation } from '@turnpike/contract/reconciliation.ts';
import type { Command } from 'commander';

import { jsonOption, withManagement, type Cli, type JsonOption } from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import { done, EXIT } from '../outcome.ts';
import { bold, green, red } from '../paint.ts';

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

function describe({ checks, differences, totals }: Reconciliation): string {
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
    `${grouped(requests)} requests, ${grouped(transfers)} transfers; customers have ${dollars(credits)}, revenue is ${dollars(revenue)}, overrun ${dollars(overrun)}.`,
    bold(verdict),
  ].join('\n');
}
