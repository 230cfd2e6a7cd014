// `turnpike credits`: what an organisation has and owes, adding to it, and taking back.

import { randomUUID } from 'node:crypto';

import {
  blockId,
  creditSource,
  type Balance,
  type CreditAccount,
  type CreditBlock,
  note,
  provider,
  topUpId,
} from '@turnpike/contract/credits.ts';
import { dollarsOrNothing, dollarsToAdd } from '@turnpike/contract/money.ts';
import type { RouteInput } from '@turnpike/contract/routes.ts';
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
import { checkedBy, pointInTime, wholeNumber } from '../arguments.ts';
import { done } from '../outcome.ts';
import { bold, dim, green, red } from '../paint.ts';
import { table } from '../table.ts';

type Options = JsonOption & OrganisationOption;
type AddOptions = Options & {
  readonly id?: string;
  readonly source?: RouteInput<'addCredits'>['source'];
  readonly provider?: string;
  readonly priority?: number;
  readonly effective?: Date;
  readonly expires?: Date;
  readonly paid?: string;
  readonly note?: string;
};
type ReverseOptions = JsonOption & {
  readonly id?: string;
  readonly reason: RouteInput<'reverseCredits'>['reason'];
};

export function addCredits(program: Command, cli: Cli): void {
  const credits = program.command('credits').description('credits: blocks, top-ups, limits');
  addAdd(credits, cli);
  addBalance(credits, cli);
  addList(credits, cli);
  addReverse(credits, cli);
  addLimit(credits, cli);
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
    .option('--source <source>', 'manual, payment, promo or refund', checkedBy(creditSource))
    .option('--provider <name>', 'through whom the money came', checkedBy(provider))
    .option('--priority <number>', '0 to 999, lower burns first', wholeNumber)
    .option('--effective <time>', 'may be spent from then on', pointInTime)
    .option('--expires <time>', 'may not be spent from then on', pointInTime)
    .option('--paid <dollars>', 'what was paid for it', checkedBy(dollarsOrNothing))
    .option('--note <text>', 'what it is for', checkedBy(note))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike credits add 25\n  turnpike credits add 12.50 --id invoice-2026-0042\n  turnpike credits add 5 --source promo --expires 2027-01-01',
    )
    .action((amount: string, options: AddOptions) =>
      withManagement(cli, options, async (management) => {
        const added = await management.ask('addCredits', {
          id: options.id ?? randomUUID(),
          organisation: options.organisation,
          amount,
          source: options.source,
          provider: options.provider,
          priority: options.priority,
          effectiveAt: options.effective?.toISOString(),
          expiresAt: options.expires?.toISOString(),
          costBasis: options.paid,
          note: options.note,
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
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const balance = await management.ask('getBalance', { organisation });
        return balance.ok ? done({ json: balance.value, text: describe(balance.value) }) : balance;
      }),
    );
}

function addList(credits: Command, cli: Cli): void {
  organisationOption(jsonOption(credits.command('list')))
    .description('list the blocks in the order in which they burn, with their expiry')
    .addHelpText('after', '\nExamples:\n  turnpike credits list\n  turnpike credits list --json')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const account = await management.ask('listCredits', { organisation });
        return account.ok ? done({ json: account.value, text: listed(account.value) }) : account;
      }),
    );
}

function addReverse(credits: Command, cli: Cli): void {
  jsonOption(credits.command('reverse'))
    .description('take a block back; what of it was spent is owed')
    .argument('<block>', 'its id, as "credits list" shows it', checkedBy(blockId))
    .argument('<dollars>', 'how much of it', checkedBy(dollarsToAdd))
    .requiredOption('--reason <reason>', 'refund, chargeback or mistake')
    .option(
      '--id <id>',
      'your own id of this: sending it twice takes back once',
      checkedBy(topUpId),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike credits reverse invoice-2026-0042 12.50 --reason refund',
    )
    .action((block: string, amount: string, options: ReverseOptions) =>
      withManagement(cli, options, async (management) => {
        const id = options.id ?? randomUUID();
        const { reason } = options;
        const reversed = await management.ask('reverseCredits', { block, id, amount, reason });
        if (!reversed.ok) return reversed;
        const { taken, owed, status } = reversed.value;
        const debt = owed.nano === '0' ? '' : `, and ${dollars(owed)} is owed`;
        const said = status === 'reversed' ? 'Took back' : 'Taken back before:';
        const text = `${green('✓')} ${said} ${dollars(taken)} of ${block}${debt}.`;
        return done({ json: reversed.value, text });
      }),
    );
}

function addLimit(credits: Command, cli: Cli): void {
  organisationOption(jsonOption(credits.command('limit')))
    .description('set what an organisation may owe; 0: it pays first')
    .argument('<dollars>', 'such as 500', checkedBy(dollarsOrNothing))
    .addHelpText('after', '\nExamples:\n  turnpike credits limit 500\n  turnpike credits limit 0')
    .action((amount: string, options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const account = await management.ask('setCreditLimit', { organisation, amount });
        return account.ok ? done({ json: account.value, text: listed(account.value) }) : account;
      }),
    );
}

function describe({ organisation, available, held }: Balance): string {
  const running = held.nano === '0' ? '' : dim(`, and ${dollars(held)} held for running requests`);
  return `${organisation.name} has ${bold(dollars(available))} to spend${running}.`;
}

function listed(account: CreditAccount): string {
  const { pending, owed, creditLimit, frozen, blocks } = account;
  const lines = [describe(account)];
  if (pending.nano !== '0') lines.push(`${dollars(pending)} is not effective yet.`);
  if (owed.nano !== '0' || creditLimit.nano !== '0')
    lines.push(`It owes ${dollars(owed)} of the ${dollars(creditLimit)} that it may owe.`);
  if (frozen) lines.push(red('Its keys are refused until it has paid what it owes.'));
  if (blocks.length === 0) return lines.join('\n');
  const columns = [
    { heading: 'BLOCK' },
    { heading: 'SOURCE' },
    { heading: 'STATE' },
    { heading: 'LEFT', align: 'right' },
    { heading: 'OF', align: 'right' },
    { heading: 'PRIORITY', align: 'right' },
    { heading: 'EFFECTIVE' },
    { heading: 'EXPIRES' },
  ] as const;
  return [...lines, '', table(columns, blocks.map(row))].join('\n');
}

function row(block: CreditBlock): readonly string[] {
  return [
    block.id,
    block.source,
    block.state,
    dollars(block.remaining),
    dollars(block.amount),
    `${block.priority}`,
    block.effectiveAt ?? block.createdAt,
    block.expiresAt ?? 'never',
  ];
}
