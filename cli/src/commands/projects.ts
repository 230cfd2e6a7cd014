// `turnpike projects`: list them, and say which models their keys may call.

import type { Project } from '@turnpike/contract/organisations.ts';
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
import { green } from '../paint.ts';
import { table } from '../table.ts';
import { chosenList, listOptions, modelsOf, type ListChoice } from './model-lists.ts';

export function addProjects(program: Command, cli: Cli): void {
  const projects = program.command('projects').description('parts of an organisation');
  addList(projects, cli);
  addModelsOf(projects, cli);
}

function addList(projects: Command, cli: Cli): void {
  organisationOption(jsonOption(projects.command('list')))
    .description("list an organisation's projects")
    .addHelpText('after', '\nExamples:\n  turnpike projects list')
    .action((options: JsonOption & OrganisationOption) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listProjects', { organisation: options.organisation });
        return listed.ok ? done({ json: listed.value, text: describe(listed.value.data) }) : listed;
      }),
    );
}

function describe(projects: readonly Project[]): string {
  return table(
    [{ heading: 'ID' }, { heading: 'NAME' }, { heading: 'MODELS' }],
    projects.map(({ id, name, models }) => [id, name, modelsOf({ models })]),
  );
}

function addModelsOf(projects: Command, cli: Cli): void {
  listOptions(jsonOption(projects.command('models')))
    .description('say which models the keys of a project may call, from within a second on')
    .argument('<id>', 'as "projects list" shows it', checkedBy(idSchema))
    .addHelpText(
      'after',
      '\nA key that has a list of its own may call what stands on both.\n\nExamples:\n  turnpike projects models prj_3v8n0c5tq2w7x9ab --models turnpike-mini\n  turnpike projects models prj_3v8n0c5tq2w7x9ab --all',
    )
    .action((id: string, options: JsonOption & ListChoice) =>
      withManagement(cli, options, async (management) => {
        const models = chosenList(options);
        if (!models.ok) return models;
        const changed = await management.ask('setProjectModels', { id, models: models.value });
        if (!changed.ok) return changed;
        const text = `${green('✓')} Keys of ${id} may call ${modelsOf(changed.value)}.`;
        return done({ json: changed.value, text });
      }),
    );
}
