// `turnpike top-ups`: credit that somebody pays for, by card or by wire.

import { randomUUID } from 'node:crypto';

import { topUpId } from '@turnpike/contract/credits.ts';
import {
  bankReference,
  billId,
  type TopUp,
  type TopUpWithReversals,
} from '@turnpike/contract/payments.ts';
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
import { bold, dim, green, red } from '../paint.ts';
import { table } from '../table.ts';

type Options = JsonOption & OrganisationOption;
type CreateOptions = Options & {
  readonly id?: string;
  readonly wire?: true;
  readonly saveCard?: true;
  readonly pays?: string;
};
type ConfirmOptions = JsonOption & { readonly reference: string; readonly amount: string };
type RefundOptions = JsonOption & { readonly id?: string };

export function addTopUps(program: Command, cli: Cli): void {
  const topUps = program
    .command('top-ups')
    .description('credits that are paid, by card or by wire');
  addCreate(topUps, cli);
  addList(topUps, cli);
  addShow(topUps, cli);
  addConfirm(topUps, cli);
  addRefund(topUps, cli);
}

function addCreate(topUps: Command, cli: Cli): void {
  organisationOption(jsonOption(topUps.command('create')))
    .description('begin a top-up; prints where the customer pays it')
    .argument('[dollars]', 'such as 25 or 12.50, in whole cents; with --pays all that is open')
    .option('--pays <bill>', 'due:<id> of "plans dues", or invoice:<id>', checkedBy(billId))
    .option('--wire', 'paid by a bank transfer, which you confirm')
    .option('--save-card', 'keep the card, so that auto-reload can use it')
    .option('--id <id>', 'your own id: sending it twice begins one', checkedBy(topUpId))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike top-ups create 25 --save-card\n  turnpike top-ups create 5000 --wire --id invoice-2026-0042\n  turnpike top-ups create --pays invoice:inv_3v8n0c5tq2w7x9ab',
    )
    .action((amount: string | undefined, options: CreateOptions) =>
      withManagement(cli, options, async (management) => {
        const begun = await management.ask('createTopUp', {
          id: options.id ?? randomUUID(),
          organisation: options.organisation,
          amount,
          pays: options.pays,
          by: options.wire === true ? 'wire' : 'checkout',
          saveCard: options.saveCard === true,
        });
        return begun.ok ? done({ json: begun.value, text: describe(begun.value) }) : begun;
      }),
    );
}

function addList(topUps: Command, cli: Cli): void {
  organisationOption(jsonOption(topUps.command('list')))
    .description('the newest 100')
    .addHelpText('after', '\nExamples:\n  turnpike top-ups list\n  turnpike top-ups list --json')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listTopUps', { organisation });
        if (!listed.ok) return listed;
        const { data } = listed.value;
        const text = data.length === 0 ? 'There are no top-ups.' : tableOf(data);
        return done({ json: listed.value, text });
      }),
    );
}

function addShow(topUps: Command, cli: Cli): void {
  organisationOption(jsonOption(topUps.command('show')))
    .description('one, with its refunds and disputes')
    .argument('<id>', 'the id of the top-up', checkedBy(topUpId))
    .action((id: string, options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const found = await management.ask('getTopUp', { id, organisation });
        return found.ok ? done({ json: found.value, text: describeAll(found.value) }) : found;
      }),
    );
}

function addConfirm(topUps: Command, cli: Cli): void {
  jsonOption(topUps.command('confirm'))
    .description('the bank has the money of a wire: credit it')
    .argument('<id>', 'the id of the top-up', checkedBy(topUpId))
    .requiredOption(
      '--reference <text>',
      "the bank's reference of that line of its statement",
      checkedBy(bankReference),
    )
    .requiredOption('--amount <dollars>', 'what has arrived')
    .addHelpText(
      'after',
      '\nExample:\n  turnpike top-ups confirm invoice-2026-0042 --reference 20261120/77 --amount 5000',
    )
    .action((id: string, options: ConfirmOptions) =>
      withManagement(cli, options, async (management) => {
        const { reference, amount } = options;
        const confirmed = await management.ask('confirmWire', { id, reference, amount });
        return confirmed.ok
          ? done({ json: confirmed.value, text: describe(confirmed.value) })
          : confirmed;
      }),
    );
}

function addRefund(topUps: Command, cli: Cli): void {
  jsonOption(topUps.command('refund'))
    .description('pay back all or a part, and take it out of the credits')
    .argument('<id>', 'the id of the top-up', checkedBy(topUpId))
    .argument('<dollars>', 'such as 25 or 12.50')
    .option('--id <id>', 'your own id: sending it twice refunds once', checkedBy(topUpId))
    .action((id: string, amount: string, options: RefundOptions) =>
      withManagement(cli, options, async (management) => {
        const refundId = options.id ?? randomUUID();
        const refunded = await management.ask('refundTopUp', { id, refundId, amount });
        return refunded.ok
          ? done({ json: refunded.value, text: describeAll(refunded.value) })
          : refunded;
      }),
    );
}

function tableOf(topUps: readonly TopUp[]): string {
  const columns = [
    { heading: 'id' },
    { heading: 'amount', align: 'right' },
    { heading: 'by' },
    { heading: 'state' },
    { heading: 'begun' },
  ] as const;
  const rows = topUps.map((topUp) => [
    topUp.id,
    dollars(topUp.amount),
    topUp.by,
    stateOf(topUp),
    topUp.createdAt.slice(0, 16).replace('T', ' '),
  ]);
  return table(columns, rows);
}

function stateOf({ state, reason }: TopUp): string {
  const text = reason === undefined ? state : `${state} (${reason})`;
  if (state === 'credited') return green(text);
  return state === 'declined' || state === 'suspect' ? red(text) : text;
}

function describe(topUp: TopUp): string {
  const said = `${bold(dollars(topUp.amount))} by ${topUp.by}: ${stateOf(topUp)} ${dim(topUp.id)}`;
  if (topUp.url !== undefined) return `${said}\nThe customer pays at ${topUp.url}`;
  if (topUp.state !== 'open') return said;
  return `${said}\nThe customer writes ${bold(topUp.id)} on the wire; confirm it when the bank has the money.`;
}

function describeAll(topUp: TopUpWithReversals): string {
  const lines = topUp.reversals.map(
    ({ id, kind, amount, state }) => `  ${kind} of ${dollars(amount)}: ${state} ${dim(id)}`,
  );
  return [describe(topUp), ...lines].join('\n');
}
