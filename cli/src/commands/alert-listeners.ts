// `turnpike alerts endpoints` and `turnpike alerts recipients`: who hears of alerts.

import type { AlertEndpoint, AlertRecipient } from '@turnpike/contract/alerts.ts';
import type { RouteInput } from '@turnpike/contract/routes.ts';
import { id as idSchema } from '@turnpike/contract/scope.ts';
import type { Command } from 'commander';

import {
  jsonOption,
  organisationOption,
  withManagement,
  type Cli,
  type JsonOption,
  type OrganisationOption,
} from '../action.ts';
import { checkedBy } from '../arguments.ts';
import { done } from '../outcome.ts';
import { bold, dim, green, red } from '../paint.ts';
import { table } from '../table.ts';

type Kinds = NonNullable<RouteInput<'addAlertEndpoint'>['kinds']>;
type OwnerOptions = JsonOption & OrganisationOption & { readonly operator?: true };
type AddOptions = OwnerOptions & { readonly kinds?: readonly string[] };

export function addAlertListeners(alerts: Command, cli: Cli): void {
  const endpoints = alerts.command('endpoints').description('addresses that are called, signed');
  addEndpointList(endpoints, cli);
  addEndpointAdd(endpoints, cli);
  addEndpointSwitch(endpoints, cli, 'on');
  addEndpointSwitch(endpoints, cli, 'off');
  addEndpointRotate(endpoints, cli);
  addEndpointTest(endpoints, cli);
  addEndpointRemove(endpoints, cli);
  const recipients = alerts.command('recipients').description('addresses that get mail');
  addRecipientList(recipients, cli);
  addRecipientAdd(recipients, cli);
  addRecipientRemove(recipients, cli);
}

function ownerOption(command: Command): Command {
  return organisationOption(jsonOption(command)).option(
    '--operator',
    "the operator's own, instead of an organisation's",
  );
}

function ownerOf({ organisation, operator }: OwnerOptions) {
  return operator === true ? { operator } : { organisation };
}

function kindsOf({ kinds }: AddOptions) {
  return kinds === undefined ? {} : { kinds: [...kinds] as Kinds }; // what is not a kind, the server says
}

function addEndpointList(endpoints: Command, cli: Cli): void {
  ownerOption(endpoints.command('list'))
    .description('list endpoints, and whether they answer')
    .addHelpText('after', '\nExamples:\n  turnpike alerts endpoints list --operator')
    .action((options: OwnerOptions) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listAlertEndpoints', ownerOf(options));
        if (!listed.ok) return listed;
        return done({ json: listed.value, text: describeEndpoints(listed.value.data) });
      }),
    );
}

function addEndpointAdd(endpoints: Command, cli: Cli): void {
  ownerOption(endpoints.command('add'))
    .description('add an address that is called; its secret is shown this once')
    .argument('<url>', 'https')
    .option('--kinds <kind...>', 'the only kinds that it hears of')
    .option('--description <text>', 'what it is for')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike alerts endpoints add https://example.com/hooks\n  turnpike alerts endpoints add https://ops.example.com/hooks --operator --kinds payment.disputed reconciliation.difference',
    )
    .action((url: string, options: AddOptions & { readonly description?: string }) =>
      withManagement(cli, options, async (management) => {
        const { description } = options;
        const added = await management.ask('addAlertEndpoint', {
          ...ownerOf(options),
          ...kindsOf(options),
          url,
          ...(description !== undefined && { description }),
        });
        if (!added.ok) return added;
        const { id, secret } = added.value;
        return done({ json: added.value, text: describeSecret(`Added ${bold(id)}`, secret) });
      }),
    );
}

function addEndpointSwitch(endpoints: Command, cli: Cli, to: 'on' | 'off'): void {
  jsonOption(endpoints.command(to))
    .description(to === 'on' ? 'call an endpoint again' : 'call an endpoint no more')
    .argument('<id>', 'as "alerts endpoints list" shows it', checkedBy(idSchema))
    .addHelpText('after', `\nExamples:\n  turnpike alerts endpoints ${to} wh_3v8n0c5tq2w7x9ab`)
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const changed = await management.ask('changeAlertEndpoint', { id, enabled: to === 'on' });
        if (!changed.ok) return changed;
        return done({ json: changed.value, text: `${green('✓')} ${id} is ${to}.` });
      }),
    );
}

function addEndpointRotate(endpoints: Command, cli: Cli): void {
  jsonOption(endpoints.command('rotate'))
    .description('make a new secret; messages are signed with both for a while')
    .argument('<id>', 'as "alerts endpoints list" shows it', checkedBy(idSchema))
    .option('--overlap-hours <hours>', 'how long the secret before stays valid', Number, 24)
    .addHelpText('after', '\nExamples:\n  turnpike alerts endpoints rotate wh_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption & { readonly overlapHours: number }) =>
      withManagement(cli, options, async (management) => {
        const { overlapHours } = options;
        const rotated = await management.ask('rotateAlertSecret', { id, overlapHours });
        if (!rotated.ok) return rotated;
        const said = `${bold(id)} has a new secret`;
        return done({ json: rotated.value, text: describeSecret(said, rotated.value.secret) });
      }),
    );
}

function addEndpointTest(endpoints: Command, cli: Cli): void {
  jsonOption(endpoints.command('test'))
    .description('send an endpoint an event of the kind "test"')
    .argument('<id>', 'as "alerts endpoints list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike alerts endpoints test wh_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const sent = await management.ask('testAlertEndpoint', { id });
        if (!sent.ok) return sent;
        const text = `${green('✓')} Under way: see it with "turnpike alerts show ${sent.value.event}".`;
        return done({ json: sent.value, text });
      }),
    );
}

function addEndpointRemove(endpoints: Command, cli: Cli): void {
  jsonOption(endpoints.command('remove'))
    .description('remove an endpoint')
    .argument('<id>', 'as "alerts endpoints list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike alerts endpoints remove wh_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const removed = await management.ask('removeAlertEndpoint', { id });
        if (!removed.ok) return removed;
        return done({ json: removed.value, text: `${green('✓')} ${id} is removed.` });
      }),
    );
}

function addRecipientList(recipients: Command, cli: Cli): void {
  ownerOption(recipients.command('list'))
    .description('list the addresses that get mail')
    .addHelpText('after', '\nExamples:\n  turnpike alerts recipients list')
    .action((options: OwnerOptions) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listAlertRecipients', ownerOf(options));
        if (!listed.ok) return listed;
        return done({ json: listed.value, text: describeRecipients(listed.value.data) });
      }),
    );
}

function addRecipientAdd(recipients: Command, cli: Cli): void {
  ownerOption(recipients.command('add'))
    .description('add an address that gets mail')
    .argument('<address>', 'such as ops@example.com')
    .option('--kinds <kind...>', 'the only kinds that it hears of')
    .addHelpText('after', '\nExamples:\n  turnpike alerts recipients add finance@example.com')
    .action((address: string, options: AddOptions) =>
      withManagement(cli, options, async (management) => {
        const wish = { ...ownerOf(options), ...kindsOf(options), address };
        const added = await management.ask('addAlertRecipient', wish);
        if (!added.ok) return added;
        const text = `${green('✓')} ${address} gets mail ${dim(added.value.id)}`;
        return done({ json: added.value, text });
      }),
    );
}

function addRecipientRemove(recipients: Command, cli: Cli): void {
  jsonOption(recipients.command('remove'))
    .description('remove an address that gets mail')
    .argument('<id>', 'as "alerts recipients list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike alerts recipients remove rcp_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const removed = await management.ask('removeAlertRecipient', { id });
        if (!removed.ok) return removed;
        return done({ json: removed.value, text: `${green('✓')} ${id} is removed.` });
      }),
    );
}

function describeSecret(said: string, secret: string): string {
  return [
    `${green('✓')} ${said}`,
    '',
    `  ${secret}`,
    '',
    dim('Keep it now: it is never shown again.'),
  ].join('\n');
}

function describeEndpoints(endpoints: readonly AlertEndpoint[]): string {
  if (endpoints.length === 0)
    return 'There are no endpoints yet: add one with "turnpike alerts endpoints add".';
  return table(
    ['ID', 'ADDRESS', 'KINDS', 'STATE'].map((heading) => ({ heading })),
    endpoints.map(({ id, url, kinds, state, failingSince }) => [
      id,
      url,
      kinds?.join(', ') ?? 'all',
      state === 'on' ? green(state) : red(`${state} since ${failingSince ?? '–'}`),
    ]),
  );
}

function describeRecipients(recipients: readonly AlertRecipient[]): string {
  if (recipients.length === 0)
    return 'Nobody was named yet: mail goes to the address of the bills, or else to the operator.';
  return table(
    ['ID', 'ADDRESS', 'KINDS'].map((heading) => ({ heading })),
    recipients.map(({ id, address, kinds }) => [id, address, kinds?.join(', ') ?? 'all']),
  );
}
