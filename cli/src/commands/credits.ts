// `turnpike credits`: what an organisation has, and adding to it.

import { randomUUID } from 'node:crypto';

import { topUpId, type Balance } from '@turnpike/contract/credits.ts';
import { dollarsToAdd } from '@turnpike/contract/money.ts';
import type { Command } from 'commander';

import {
  jsonOption,
  organisationOption,
  withManagement,
  type Cli,
  type JsonOption,
  type OrganisationOption,
} from '../action.ts';
import { dollars } from '../amounts.ts';
import { checkedBy } from '../arguments.ts';
import { done } from '../outcome.ts';
import { bold, dim, green } from '../paint.ts';

type BalanceOptions = JsonOption & OrganisationOption;
type AddOptions = BalanceOptions & { readonly id?: string };

export function addCredits(program: Command, cli: Cli): void {
  const credits = program.command('credits').description('prepaid credits');
  addAdd(credits, cli);
  addBalance(credits, cli);
}

function addAdd(credits: Command, cli: Cli): void {
  organisationOption(jsonOption(credits.command('add')))
    .description('add credits')
    .argument('<dollars>', 'such as 25 or 12.50, at most nine decimals', checkedBy(dollarsToAdd))
    .option(
      '--id <id>',
      'your own id of this top-up: sending it twice adds once',
      checkedBy(topUpId),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike credits add 25\n  turnpike credits add 12.50 --id invoice-2026-0042',
    )
    .action((amount: string, options: AddOptions) =>
      withManagement(cli, options, async (management) => {
        const added = await management.ask('addCredits', {
          id: options.id ?? randomUUID(),
          organisation: options.organisation,
          amount,
        });
        if (!added.ok) return added;
        const { status, id } = added.value;
        const said =
          status === 'added'
            ? `${green('✓')} Added $${amount} ${dim(id)}`
            : `${green('✓')} The top-up ${id} was added before: nothing changed.`;
        return done({ json: added.value, text: `${said}\n${describe(added.value)}` });
      }),
    );
}

function addBalance(credits: Command, cli: Cli): void {
  organisationOption(jsonOption(credits.command('balance')))
    .description('show what is left')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike credits balance\n  turnpike credits balance --json',
    )
    .action((options: BalanceOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const balance = await management.ask('getBalance', { organisation });
        return balance.ok ? done({ json: balance.value, text: describe(balance.value) }) : balance;
      }),
    );
}

function describe({ organisation, available, held }: Balance): string {
  const running = held.nano === '0' ? '' : dim(`, and ${dollars(held)} held for running requests`);
  return `${organisation.name} has ${bold(dollars(available))} to spend${running}.`;
}
