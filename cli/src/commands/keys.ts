// `turnpike keys`: make, list and revoke API keys.

import type { CreatedKey, Key } from '@turnpike/contract/keys.ts';
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
import { checkedBy, modelIds } from '../arguments.ts';
import { done, failed } from '../outcome.ts';
import { bold, dim, green, red } from '../paint.ts';
import { table, type Column } from '../table.ts';
import { chosenList, listOptions, modelsOf, type ListChoice } from './model-lists.ts';

type CreateOptions = JsonOption &
  OrganisationOption & {
    readonly name: string;
    readonly project?: string;
    readonly models?: readonly string[];
  };
type ListOptions = JsonOption & OrganisationOption;
type RevokeOptions = JsonOption & { readonly yes?: true };

const COLUMNS: readonly Column[] = [
  { heading: 'ID' },
  { heading: 'NAME' },
  { heading: 'KEY' },
  { heading: 'MADE' },
  { heading: 'MODELS' },
  { heading: 'STATE' },
];

export function addKeys(program: Command, cli: Cli): void {
  const keys = program.command('keys').description('API keys');
  addCreate(keys, cli);
  addList(keys, cli);
  addModelsOf(keys, cli);
  addRevoke(keys, cli);
}

function addCreate(keys: Command, cli: Cli): void {
  organisationOption(jsonOption(keys.command('create')))
    .description('make a key; it is shown this once')
    .option(
      '--name <name>',
      'what the key is for',
      checkedBy(nameSchema),
      'made with turnpike keys create',
    )
    .option('--project <id or name>', 'which project; may be left out while there is exactly one')
    .option('--models <a,b>', 'the only models that it may call (default: every one)', modelIds)
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike keys create --name laptop\n  turnpike keys create --name shop --models turnpike-mini\n  export TURNPIKE_API_KEY=$(turnpike keys create --json | jq -r .key)',
    )
    .action(({ name, organisation, project, models, json }: CreateOptions) =>
      withManagement(cli, { json }, async (management) => {
        const made = await management.ask('createKey', {
          name,
          organisation,
          project,
          ...(models !== undefined && { models: [...models] }),
        });
        return made.ok ? done({ json: made.value, text: describeMade(made.value) }) : made;
      }),
    );
}

function addList(keys: Command, cli: Cli): void {
  organisationOption(jsonOption(keys.command('list')))
    .description('list keys, revoked ones included')
    .addHelpText('after', '\nExamples:\n  turnpike keys list\n  turnpike keys list --json')
    .action((options: ListOptions) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listKeys', { organisation: options.organisation });
        return listed.ok ? done({ json: listed.value, text: describe(listed.value.data) }) : listed;
      }),
    );
}

function addModelsOf(keys: Command, cli: Cli): void {
  listOptions(jsonOption(keys.command('models')))
    .description('say which models a key may call, from within a second on')
    .argument('<id>', 'as "keys list" shows it', checkedBy(idSchema))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike keys models key_3v8n0c5tq2w7x9ab --models turnpike-mini\n  turnpike keys models key_3v8n0c5tq2w7x9ab --all',
    )
    .action((id: string, options: JsonOption & ListChoice) =>
      withManagement(cli, options, async (management) => {
        const models = chosenList(options);
        if (!models.ok) return models;
        const changed = await management.ask('setKeyModels', { id, models: models.value });
        if (!changed.ok) return changed;
        const text = `${green('✓')} ${id} may call ${modelsOf(changed.value)}.`;
        return done({ json: changed.value, text });
      }),
    );
}

function addRevoke(keys: Command, cli: Cli): void {
  jsonOption(keys.command('revoke'))
    .description('end a key within a second, for good')
    .argument('<id>', 'as "keys list" shows it', checkedBy(idSchema))
    .option('-y, --yes', 'do not ask first')
    .addHelpText('after', '\nExamples:\n  turnpike keys revoke key_3v8n0c5tq2w7x9ab')
    .action((id: string, options: RevokeOptions) =>
      withManagement(cli, options, async (management) => {
        if (!(await isMeant(id, options))) return failed('cancelled', `${id} was not revoked.`);
        const revoked = await management.ask('revokeKey', { id });
        if (!revoked.ok) return revoked;
        return done({ json: revoked.value, text: `${green('✓')} ${id} is revoked.` });
      }),
    );
}

/** Asks a person at a terminal; a script has said what it means. */
async function isMeant(id: string, { yes, json }: RevokeOptions): Promise<boolean> {
  const isAsked = process.stdin.isTTY && process.stdout.isTTY && yes !== true && json !== true;
  if (!isAsked) return true;
  // Loaded by those who are asked: every other command starts a tenth faster without it.
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({
    message: `Revoke ${id}? Whoever uses it is locked out at once, and it can't be undone.`,
    initialValue: false,
  });
  return !isCancel(answer) && answer;
}

function describeMade({ id, name, key }: CreatedKey): string {
  return [
    `${green('✓')} Made the key ${bold(name)} ${dim(id)}`,
    '',
    `  ${key}`,
    '',
    dim('Keep it now: it is stored nowhere and never shown again.'),
  ].join('\n');
}

function describe(keys: readonly Key[]): string {
  if (keys.length === 0) return 'There are no keys yet: make one with "turnpike keys create".';
  return table(
    COLUMNS,
    keys.map(({ id, name, redacted, createdAt, revokedAt, models }) => [
      id,
      name,
      redacted,
      createdAt.slice(0, 10),
      modelsOf({ models }),
      revokedAt === undefined ? green('active') : red(`revoked ${revokedAt.slice(0, 10)}`),
    ]),
  );
}
