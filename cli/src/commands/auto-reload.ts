// `turnpike auto-reload`: credits that are bought with a saved card when they run low.

import type { AutoReload } from '@turnpike/contract/payments.ts';
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
import { done } from '../outcome.ts';
import { bold, dim, red } from '../paint.ts';

type Options = JsonOption & OrganisationOption;
type SetOptions = Options & {
  readonly threshold: string;
  readonly target: string;
  readonly monthlyCap: string;
};

export function addAutoReload(program: Command, cli: Cli): void {
  const reload = program.command('auto-reload').description('credits bought when they run low');
  addShow(reload, cli);
  addSet(reload, cli);
  addOff(reload, cli);
}

function addShow(reload: Command, cli: Cli): void {
  organisationOption(jsonOption(reload.command('show')))
    .description('settings, and the card behind them')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const found = await management.ask('getAutoReload', { organisation });
        return found.ok ? done({ json: found.value, text: describe(found.value) }) : found;
      }),
    );
}

function addSet(reload: Command, cli: Cli): void {
  organisationOption(jsonOption(reload.command('set')))
    .description('turn it on')
    .requiredOption('--threshold <dollars>', 'below this the card is charged')
    .requiredOption('--target <dollars>', 'credit is bought up to this')
    .requiredOption('--monthly-cap <dollars>', 'at most this is charged in a calendar month')
    .addHelpText(
      'after',
      '\nExample:\n  turnpike auto-reload set --threshold 10 --target 50 --monthly-cap 200',
    )
    .action((options: SetOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation, threshold, target, monthlyCap } = options;
        const wish = { organisation, threshold, target, monthlyCap };
        const set = await management.ask('setAutoReload', wish);
        return set.ok ? done({ json: set.value, text: describe(set.value) }) : set;
      }),
    );
}

function addOff(reload: Command, cli: Cli): void {
  organisationOption(jsonOption(reload.command('off')))
    .description('turn it off; what is being charged already stays')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const off = await management.ask('turnOffAutoReload', { organisation });
        return off.ok ? done({ json: off.value, text: describe(off.value) }) : off;
      }),
    );
}

function describe({
  on,
  offReason,
  threshold,
  target,
  monthlyCap,
  paymentMethod,
  restsUntil,
}: AutoReload): string {
  const card =
    paymentMethod === undefined
      ? dim('No card is saved.')
      : `Card: ${paymentMethod.brand} …${paymentMethod.last4}, until ${paymentMethod.expires}.`;
  if (threshold === undefined || target === undefined || monthlyCap === undefined) {
    return `Auto-reload was never set.\n${card}`;
  }
  const off = offReason === undefined ? 'off' : red(`off (${offReason})`);
  const rests =
    restsUntil === undefined ? '' : red(` After a decline it rests until ${restsUntil}.`);
  return `Auto-reload is ${bold(on ? 'on' : off)}: below ${dollars(threshold)} it buys up to ${dollars(target)}, at most ${dollars(monthlyCap)} a month.${rests}\n${card}`;
}
