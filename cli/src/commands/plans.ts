// `turnpike plans`: what is sold by the month, and who has subscribed to it.

import { randomUUID } from 'node:crypto';

import { topUpId } from '@turnpike/contract/credits.ts';
import { type Due, planId, type Plan, type Subscription } from '@turnpike/contract/plans.ts';
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
import { bold, green } from '../paint.ts';
import { table } from '../table.ts';

type Options = JsonOption & OrganisationOption;
type SellOptions = JsonOption & {
  readonly name?: string;
  readonly rollover?: RouteInput<'putPlan'>['rollover'];
  readonly tier?: string;
  readonly whenUnpaid?: RouteInput<'putPlan'>['whenUnpaid'];
};

export function addPlans(program: Command, cli: Cli): void {
  const plans = program.command('plans').description('plans by the month, and subscriptions');
  addList(plans, cli);
  addSell(plans, cli);
  addSubscribe(plans, cli);
  addUpgrade(plans, cli);
  addCancel(plans, cli);
  addSubscriptions(plans, cli);
  addDues(plans, cli);
  addPaid(plans, cli);
}

function addList(plans: Command, cli: Cli): void {
  jsonOption(plans.command('list'))
    .description('list what is on sale')
    .addHelpText('after', '\nExamples:\n  turnpike plans list\n  turnpike plans list --json')
    .action((options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listPlans', {});
        return listed.ok
          ? done({ json: listed.value, text: planTable(listed.value.data) })
          : listed;
      }),
    );
}

function addSell(plans: Command, cli: Cli): void {
  jsonOption(plans.command('sell'))
    .description('put a plan on sale, or its next version')
    .argument('<plan>', 'its id, such as pro', checkedBy(planId))
    .argument('<price>', 'dollars and cents per month, such as 20.00')
    .argument('<credits>', 'what each cycle grants, such as 25')
    .option('--name <name>', 'for people; without it, the id')
    .option('--rollover <how>', 'none, one-cycle or forever')
    .option('--tier <tier>', 'the limits that come with it')
    .option('--when-unpaid <what>', 'end or keep, when nobody has paid for a week; without it, end')
    .addHelpText('after', '\nExamples:\n  turnpike plans sell pro 20.00 25 --rollover one-cycle')
    .action((plan: string, price: string, credits: string, options: SellOptions) =>
      withManagement(cli, options, async (management) => {
        const { name, ...terms } = pickTerms(options);
        const asked = { id: plan, name: name ?? plan, price, credits, ...terms };
        const sold = await management.ask('putPlan', asked);
        if (!sold.ok) return sold;
        const text = `${green('✓')} ${plan} is on sale in version ${sold.value.version}.`;
        return done({ json: sold.value, text });
      }),
    );
}

function pickTerms({ name, rollover, tier, whenUnpaid }: SellOptions) {
  return { name, rollover, tier, whenUnpaid };
}

function addSubscribe(plans: Command, cli: Cli): void {
  organisationOption(jsonOption(plans.command('subscribe')))
    .description('subscribe an organisation; the first cycle begins at once')
    .argument('<plan>', 'its id', checkedBy(planId))
    .option('--id <id>', 'your own id of the subscription', checkedBy(topUpId))
    .addHelpText('after', '\nExamples:\n  turnpike plans subscribe pro')
    .action((plan: string, options: Options & { readonly id?: string }) =>
      withManagement(cli, options, async (management) => {
        const { organisation, id = randomUUID() } = options;
        const made = await management.ask('subscribe', { id, organisation, plan });
        return made.ok ? done({ json: made.value, text: describe(made.value) }) : made;
      }),
    );
}

function addUpgrade(plans: Command, cli: Cli): void {
  jsonOption(plans.command('upgrade'))
    .description('change the plan of a subscription')
    .argument('<subscription>', 'its id')
    .argument('<plan>', 'the new plan', checkedBy(planId))
    .option('--at-period-end', 'with the next cycle, also to a cheaper plan')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike plans upgrade sub-2026-01 team\n  turnpike plans upgrade sub-2026-01 basic --at-period-end',
    )
    .action((id: string, plan: string, options: JsonOption & { readonly atPeriodEnd?: true }) =>
      withManagement(cli, options, async (management) => {
        const when = options.atPeriodEnd === true ? 'period-end' : 'now';
        const changed = await management.ask('changePlan', { id, plan, when });
        return changed.ok ? done({ json: changed.value, text: describe(changed.value) }) : changed;
      }),
    );
}

function addCancel(plans: Command, cli: Cli): void {
  jsonOption(plans.command('cancel'))
    .description('end a subscription with its cycle')
    .argument('<subscription>', 'its id')
    .addHelpText('after', '\nExamples:\n  turnpike plans cancel sub-2026-01')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const ended = await management.ask('cancelSubscription', { id });
        return ended.ok ? done({ json: ended.value, text: describe(ended.value) }) : ended;
      }),
    );
}

function addSubscriptions(plans: Command, cli: Cli): void {
  organisationOption(jsonOption(plans.command('subscriptions')))
    .description('list the subscriptions of an organisation')
    .addHelpText('after', '\nExamples:\n  turnpike plans subscriptions')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listSubscriptions', { organisation });
        if (!listed.ok) return listed;
        const text = listed.value.data.map(describe).join('\n') || 'There are none.';
        return done({ json: listed.value, text });
      }),
    );
}

function addDues(plans: Command, cli: Cli): void {
  organisationOption(jsonOption(plans.command('dues')))
    .description('list what is or was to be paid for plans, newest first')
    .addHelpText('after', '\nExamples:\n  turnpike plans dues')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listDues', { organisation });
        if (!listed.ok) return listed;
        const text = listed.value.data.map(describeDue).join('\n') || 'There are none.';
        return done({ json: listed.value, text });
      }),
    );
}

function describeDue({ id, plan, amount, paidAt, nextChargeAt }: Due): string {
  const next = nextChargeAt === undefined ? 'not paid' : `charged at ${nextChargeAt}`;
  return `${bold(id)}  ${plan}  ${dollars(amount)}  ${paidAt === undefined ? next : `paid ${paidAt}`}`;
}

function addPaid(plans: Command, cli: Cli): void {
  jsonOption(plans.command('paid'))
    .description('the money for what is due has come some other way: grants what it grants')
    .argument('<due>', 'as "plans dues" shows it')
    .addHelpText('after', '\nExamples:\n  turnpike plans paid plan/sub-2026-01/0/0')
    .action((due: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const paid = await management.ask('settleDue', { due });
        return paid.ok ? done({ json: paid.value, text: `${green('✓')} ${due} is paid.` }) : paid;
      }),
    );
}

function describe(subscription: Subscription): string {
  const { id, plan, state, cycleEndsAt, cancelAtPeriodEnd, nextPlan } = subscription;
  if (state === 'ended') return `${id}: ${plan}, ended.`;
  const then =
    nextPlan === undefined ? (cancelAtPeriodEnd ? 'ends' : 'renews') : `becomes ${nextPlan}`;
  return `${id}: ${bold(plan)}, ${then} on ${cycleEndsAt}.`;
}

function planTable(plans: readonly Plan[]): string {
  if (plans.length === 0) return 'No plans are on sale.';
  const columns = [
    { heading: 'PLAN' },
    { heading: 'VERSION', align: 'right' },
    { heading: 'PER MONTH', align: 'right' },
    { heading: 'CREDIT', align: 'right' },
    { heading: 'ROLLOVER' },
    { heading: 'TIER' },
  ] as const;
  const rows = plans.map((plan) => [
    plan.id,
    `${plan.version}`,
    dollars(plan.price),
    dollars(plan.credits),
    plan.rollover,
    plan.tier ?? '–',
  ]);
  return table(columns, rows);
}
