// `turnpike alerts`: what happened that somebody was to hear of, whether they did, and from when on credit is low.

import {
  type AlertEvent,
  type AlertEventWithDeliveries,
  eventId,
} from '@turnpike/contract/alerts.ts';
import { dollarsOrNothing } from '@turnpike/contract/money.ts';
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
import { addAlertListeners } from './alert-listeners.ts';

type ListOptions = JsonOption & OrganisationOption & { readonly before?: string };

export function addAlerts(program: Command, cli: Cli): void {
  const alerts = program
    .command('alerts')
    .description('who is told of budgets, credit, payments and differences, and whether they were');
  addList(alerts, cli);
  addShow(alerts, cli);
  addRedeliver(alerts, cli);
  addLowBalance(alerts, cli);
  addAlertListeners(alerts, cli);
}

function addList(alerts: Command, cli: Cli): void {
  organisationOption(jsonOption(alerts.command('list', { isDefault: true })))
    .description('list what happened, the newest 50 first')
    .option('--before <cursor>', 'the page behind this one')
    .addHelpText('after', '\nExamples:\n  turnpike alerts\n  turnpike alerts list --json')
    .action((options: ListOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation, before } = options;
        const asked = { organisation, ...(before !== undefined && { before }) };
        const listed = await management.ask('listAlertEvents', asked);
        if (!listed.ok) return listed;
        return done({ json: listed.value, text: describe(listed.value.data) });
      }),
    );
}

function addShow(alerts: Command, cli: Cli): void {
  jsonOption(alerts.command('show'))
    .description('show one event, and what became of each of its deliveries')
    .argument('<event>', 'as "alerts list" shows it', checkedBy(eventId))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike alerts show evt_8f14e45fceea167a5a36dedd4bea2543',
    )
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const found = await management.ask('getAlertEvent', { id });
        return found.ok ? done({ json: found.value, text: describeOne(found.value) }) : found;
      }),
    );
}

function addRedeliver(alerts: Command, cli: Cli): void {
  jsonOption(alerts.command('redeliver'))
    .description('deliver an event again, to everybody or to one')
    .argument('<event>', 'as "alerts list" shows it', checkedBy(eventId))
    .option('--to <whom>', 'the id of an endpoint, or a mail address')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike alerts redeliver evt_8f14e45fceea167a5a36dedd4bea2543 --to wh_3v8n0c5tq2w7x9ab',
    )
    .action((id: string, { to, ...options }: JsonOption & { readonly to?: string }) =>
      withManagement(cli, options, async (management) => {
        const again = await management.ask('redeliverAlert', {
          id,
          ...(to !== undefined && { to }),
        });
        if (!again.ok) return again;
        const { deliveries } = again.value;
        const text = `${green('✓')} ${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'} under way.`;
        return done({ json: again.value, text });
      }),
    );
}

function addLowBalance(alerts: Command, cli: Cli): void {
  organisationOption(jsonOption(alerts.command('low-balance')))
    .description('say, or with an amount set, below which balance somebody is told')
    .argument('[dollars]', 'or "off"', checkedAmount)
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike alerts low-balance 20\n  turnpike alerts low-balance off',
    )
    .action((amount: string | undefined, options: JsonOption & OrganisationOption) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const lowBalance = amount === 'off' ? null : amount;
        const now =
          lowBalance === undefined
            ? await management.ask('getAlertSettings', { organisation })
            : await management.ask('setAlertSettings', { organisation, lowBalance });
        if (!now.ok) return now;
        const below = now.value.lowBalance;
        const text =
          below === null
            ? 'Nobody is told when the balance is low.'
            : `${green('✓')} A balance below ${bold(dollars(below))} is told of.`;
        return done({ json: now.value, text });
      }),
    );
}

function checkedAmount(text: string): string {
  return text === 'off' ? text : checkedBy(dollarsOrNothing)(text);
}

function describe(events: readonly AlertEvent[]): string {
  if (events.length === 0) return 'Nothing has happened yet that somebody was to hear of.';
  return table(
    ['WHEN', 'KIND', 'ORGANISATION', 'EVENT'].map((heading) => ({ heading })),
    events.map(({ id, kind, organisationId, occurredAt }) => [
      occurredAt.slice(0, 19),
      kind,
      organisationId ?? 'operator',
      id,
    ]),
  );
}

function describeOne({ deliveries, ...event }: AlertEventWithDeliveries): string {
  const { id, kind, organisationId, occurredAt, data } = event;
  const told = table(
    ['TO', 'STATE', 'TRIES', 'NEXT', 'STATUS', 'DETAIL'].map((heading) => ({ heading })),
    deliveries.map(({ to, state, attempts, nextAt, status, detail }) => [
      to,
      state,
      `${attempts}`,
      nextAt ?? '–',
      status === null ? '–' : `${status}`,
      detail ?? '–',
    ]),
  );
  return [
    `${bold(kind)}  ${organisationId ?? 'operator'}  ${occurredAt}  ${id}`,
    JSON.stringify(data, undefined, 2),
    '',
    deliveries.length === 0 ? 'Nobody was to hear of it.' : told,
  ].join('\n');
}
