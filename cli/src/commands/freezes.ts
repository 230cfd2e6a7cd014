// `turnpike freezes`: an organisation, a project or a key is stopped, and goes on again. No money moves.

import { type Freeze, freezePolicy, freezeScope } from '@turnpike/contract/freezes.ts';
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
import { checkedBy } from '../arguments.ts';
import { done } from '../outcome.ts';
import { green, red } from '../paint.ts';
import { table } from '../table.ts';

type Options = JsonOption & OrganisationOption;
type Who = { readonly reason: string; readonly by: string };
type SetOptions = Options &
  Who & {
    readonly scope: RouteInput<'freeze'>['scope'];
    readonly subject?: string;
    readonly endRunning?: true;
  };

export function addFreezes(program: Command, cli: Cli): void {
  const freezes = program
    .command('freezes')
    .description('stop an organisation, a project or a key, and let it go on');
  addList(freezes, cli);
  addSet(freezes, cli);
  addThaw(freezes, cli);
  addPolicy(freezes, cli);
}

function addList(freezes: Command, cli: Cli): void {
  organisationOption(jsonOption(freezes.command('list')))
    .description('list what is or was frozen, by whom and why')
    .addHelpText('after', '\nExamples:\n  turnpike freezes list')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listFreezes', { organisation: options.organisation });
        if (!listed.ok) return listed;
        const { policy, data } = listed.value;
        const text = `${describe(data)}\n\nBy itself it is stopped: ${POLICY_WORDS[policy]}.`;
        return done({ json: listed.value, text });
      }),
    );
}

function addSet(freezes: Command, cli: Cli): void {
  whoOptions(organisationOption(jsonOption(freezes.command('set'))))
    .description('refuse its requests everywhere within a second, until it is thawed')
    .requiredOption('--scope <scope>', 'organisation, project or key', checkedBy(freezeScope))
    .option('--subject <id>', 'of the project or the key')
    .option('--end-running', 'end running answers too, which then cost nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike freezes set --scope key --subject key_… --reason "leaked on a forum" --by ada --end-running\n  turnpike freezes set --scope organisation --reason "dispute dp_1" --by ada',
    )
    .action((options: SetOptions) =>
      withManagement(cli, options, async (management) => {
        const { organisation, scope, subject, reason, by, endRunning } = options;
        const made = await management.ask('freeze', {
          organisation,
          scope,
          ...(subject !== undefined && { subject }),
          reason,
          by,
          running: endRunning === true ? 'end' : 'finish',
        });
        if (!made.ok) return made;
        const text = `${green('✓')} ${made.value.subject} is frozen (${made.value.id}).`;
        return done({ json: made.value, text });
      }),
    );
}

function addThaw(freezes: Command, cli: Cli): void {
  whoOptions(jsonOption(freezes.command('thaw')))
    .description('let it go on, from within a second on')
    .argument('<freeze>', 'its id, as "turnpike freezes list" shows it')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike freezes thaw frz_… --reason "key replaced" --by ada',
    )
    .action((id: string, options: JsonOption & Who) =>
      withManagement(cli, options, async (management) => {
        const { reason, by } = options;
        const thawed = await management.ask('thaw', { id, reason, by });
        if (!thawed.ok) return thawed;
        const text = `${green('✓')} ${thawed.value.subject} goes on.`;
        return done({ json: thawed.value, text });
      }),
    );
}

function addPolicy(freezes: Command, cli: Cli): void {
  organisationOption(jsonOption(freezes.command('policy')))
    .description('say what stops an organisation by itself when a payment is taken back')
    .argument('<policy>', 'never, debt or chargeback', checkedBy(freezePolicy))
    .addHelpText('after', '\nExamples:\n  turnpike freezes policy chargeback')
    .action((policy: keyof typeof POLICY_WORDS, options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const set = await management.ask('setFreezePolicy', { organisation, policy });
        if (!set.ok) return set;
        const text = `${green('✓')} It is stopped by itself: ${POLICY_WORDS[policy]}.`;
        return done({ json: set.value, text });
      }),
    );
}

const POLICY_WORDS = {
  never: 'never',
  debt: 'while it owes for credit that was spent and taken back',
  chargeback: 'after every chargeback until it is thawed, and while it owes',
} as const;

function whoOptions(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why, for the record')
    .requiredOption('--by <name>', 'who does this, for the record');
}

function describe(freezes: readonly Freeze[]): string {
  if (freezes.length === 0) return 'Nothing is or was frozen.';
  return table(
    ['ID', 'SCOPE', 'SUBJECT', 'SINCE', 'BY', 'REASON', 'STATE'].map((heading) => ({ heading })),
    freezes.map(({ id, scope, subject, frozenAt, by, reason, thawed }) => [
      id,
      scope,
      subject,
      frozenAt,
      by,
      reason,
      thawed === null ? red('frozen') : `thawed by ${thawed.by}: ${thawed.reason}`,
    ]),
  );
}
