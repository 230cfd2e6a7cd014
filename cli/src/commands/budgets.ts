// `turnpike budgets`: hard limits on spend, and alerts that stop nobody.

import { type Budget, budgetPeriod, budgetScope } from '@turnpike/contract/budgets.ts';
import { dollarsOrNothing } from '@turnpike/contract/money.ts';
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
import { checkedBy } from '../arguments.ts';
import { done } from '../outcome.ts';
import { green, red } from '../paint.ts';
import { table } from '../table.ts';

type Set = RouteInput<'setBudget'>;
type SetOptions = JsonOption &
  OrganisationOption & {
    readonly scope: Set['scope'];
    readonly subject?: string;
    readonly period: Set['period'];
    readonly hardLimit?: string;
    readonly alert?: string;
  };

export function addBudgets(program: Command, cli: Cli): void {
  const budgets = program.command('budgets').description('hard limits on spend, and alerts');
  addList(budgets, cli);
  addSet(budgets, cli);
  addEndUsers(budgets, cli);
}

function addList(budgets: Command, cli: Cli): void {
  organisationOption(jsonOption(budgets.command('list')))
    .description('list budgets and what is spent of each in the window that is open')
    .addHelpText('after', '\nExamples:\n  turnpike budgets list')
    .action((options: JsonOption & OrganisationOption) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listBudgets', { organisation: options.organisation });
        return listed.ok ? done({ json: listed.value, text: describe(listed.value.data) }) : listed;
      }),
    );
}

function addSet(budgets: Command, cli: Cli): void {
  organisationOption(jsonOption(budgets.command('set')))
    .description('set, change or (with neither amount) remove a budget, from within a second on')
    .requiredOption(
      '--scope <scope>',
      'organisation, project, key, end-user or each-end-user',
      checkedBy(budgetScope),
    )
    .option('--subject <id>', 'of the project or key, or what requests call the end user')
    .requiredOption('--period <period>', 'daily, weekly, monthly or total', checkedBy(budgetPeriod))
    .option('--hard-limit <dollars>', 'is never exceeded', checkedBy(dollarsOrNothing))
    .option('--alert <dollars>', 'is told once, and stops nobody', checkedBy(dollarsOrNothing))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike budgets set --scope organisation --period monthly --hard-limit 500 --alert 400\n  turnpike budgets set --scope end-user --subject u-17 --period daily --hard-limit 0.50\n  turnpike budgets set --scope each-end-user --subject prj_… --period daily --hard-limit 0.10\n  turnpike budgets set --scope organisation --period monthly',
    )
    .action((options: SetOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation, scope, subject, period, hardLimit, alert } = options;
        const amounts = { hard_limit: hardLimit ?? null, alert: alert ?? null };
        const set = await management.ask('setBudget', {
          organisation,
          scope,
          period,
          ...(subject !== undefined && { subject }),
          ...amounts,
        });
        if (!set.ok) return set;
        const { budget, warning } = set.value;
        const said = budget === null ? 'The budget is removed.' : 'The budget is in force.';
        const lines = [`${green('✓')} ${said}`, ...(warning === null ? [] : [red(warning)])];
        return done({ json: set.value, text: lines.join('\n') });
      }),
    );
}

function addEndUsers(budgets: Command, cli: Cli): void {
  organisationOption(jsonOption(budgets.command('end-users')))
    .description('list the end users who have spent most of a budget that each of them has')
    .argument('<budget>', 'its id, as "turnpike budgets list" shows it')
    .addHelpText('after', '\nExamples:\n  turnpike budgets end-users bud_…')
    .action((id: string, options: JsonOption & OrganisationOption) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listBudgetEndUsers', { organisation, id });
        if (!listed.ok) return listed;
        const heads = ['END USER', 'SPENT', 'HELD'].map((heading) => ({ heading }));
        const rows = listed.value.data.map((one) => [
          one.endUser,
          dollars(one.spent),
          dollars(one.held),
        ]);
        return done({ json: listed.value, text: table(heads, rows) });
      }),
    );
}

function describe(budgets: readonly Budget[]): string {
  return table(
    ['ID', 'SCOPE', 'SUBJECT', 'PERIOD', 'HARD LIMIT', 'ALERT', 'SPENT', 'RESETS'].map(
      (heading) => ({
        heading,
      }),
    ),
    budgets.map(({ id, scope, subject, period, hard_limit, alert, spent, resetsAt }) => [
      id,
      scope,
      subject,
      period,
      hard_limit === null ? '–' : dollars(hard_limit),
      alert === null ? '–' : dollars(alert),
      dollars(spent),
      resetsAt ?? '–',
    ]),
  );
}
