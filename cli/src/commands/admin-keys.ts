// `turnpike admin-keys`: keys that read usage and costs and cannot generate.

import type { AdminKey, CreatedAdminKey } from '@turnpike/contract/admin-keys.ts';
import { id as idSchema, name as nameSchema } from '@turnpike/contract/scope.ts';
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
import { table, type Column } from '../table.ts';

type ListOptions = JsonOption & OrganisationOption;
type CreateOptions = ListOptions & { readonly name: string };

const COLUMNS: readonly Column[] = [
  { heading: 'ID' },
  { heading: 'NAME' },
  { heading: 'KEY' },
  { heading: 'MADE' },
  { heading: 'STATE' },
];

export function addAdminKeys(program: Command, cli: Cli): void {
  const keys = program
    .command('admin-keys')
    .description('keys that read usage and costs, for tools of finance');
  addCreate(keys, cli);
  addList(keys, cli);
  addRevoke(keys, cli);
}

function addCreate(keys: Command, cli: Cli): void {
  organisationOption(jsonOption(keys.command('create')))
    .description('make an admin key; it is shown this once')
    .option(
      '--name <name>',
      'what the key is for',
      checkedBy(nameSchema),
      'made with turnpike admin-keys create',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike admin-keys create --name dashboard\n  export OPENAI_ADMIN_KEY=$(turnpike admin-keys create --json | jq -r .key)',
    )
    .action(({ name, organisation, json }: CreateOptions) =>
      withManagement(cli, { json }, async (management) => {
        const made = await management.ask('createAdminKey', { name, organisation });
        return made.ok ? done({ json: made.value, text: describeMade(made.value) }) : made;
      }),
    );
}

function addList(keys: Command, cli: Cli): void {
  organisationOption(jsonOption(keys.command('list')))
    .description('list admin keys, revoked ones included')
    .addHelpText('after', '\nExamples:\n  turnpike admin-keys list')
    .action((options: ListOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listAdminKeys', { organisation });
        return listed.ok ? done({ json: listed.value, text: describe(listed.value.data) }) : listed;
      }),
    );
}

function addRevoke(keys: Command, cli: Cli): void {
  jsonOption(keys.command('revoke'))
    .description('end an admin key at once, for good')
    .argument('<id>', 'as "admin-keys list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike admin-keys revoke adm_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const revoked = await management.ask('revokeAdminKey', { id });
        if (!revoked.ok) return revoked;
        return done({ json: revoked.value, text: `${green('✓')} ${id} is revoked.` });
      }),
    );
}

function describeMade({ id, name, key }: CreatedAdminKey): string {
  return [
    `${green('✓')} Made the admin key ${bold(name)} ${dim(id)}`,
    '',
    `  ${key}`,
    '',
    dim('Keep it now: it is stored nowhere and never shown again.'),
  ].join('\n');
}

function describe(keys: readonly AdminKey[]): string {
  if (keys.length === 0)
    return 'There are no admin keys yet: make one with "turnpike admin-keys create".';
  return table(
    COLUMNS,
    keys.map(({ id, name, redacted, createdAt, revokedAt }) => [
      id,
      name,
      redacted,
      createdAt.slice(0, 10),
      revokedAt === undefined ? green('active') : red(`revoked ${revokedAt.slice(0, 10)}`),
    ]),
  );
}
