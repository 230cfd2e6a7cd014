// `turnpike models`: what is on sale, at what price, and whether it can answer now.

import type { Model } from '@turnpike/contract/models.ts';
import type { Command } from 'commander';

import { jsonOption, withManagement, type Cli, type JsonOption } from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import { done } from '../outcome.ts';
import { dim, green, red, yellow } from '../paint.ts';
import { table, type Column } from '../table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'MODEL' },
  { heading: 'STATE' },
  { heading: 'CONTEXT', align: 'right' },
  { heading: 'INPUT', align: 'right' },
  { heading: 'CACHED', align: 'right' },
  { heading: 'OUTPUT', align: 'right' },
];

export function addModels(program: Command, cli: Cli): void {
  const models = program.command('models').description('the models on sale');
  jsonOption(models.command('list'))
    .description('list models with their price, context and state')
    .addHelpText('after', '\nExamples:\n  turnpike models list\n  turnpike models list --json')
    .action((options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listModels', {});
        if (!listed.ok) return listed;
        return done({ json: listed.value, text: describe(listed.value.data) });
      }),
    );
}

function describe(models: readonly Model[]): string {
  if (models.length === 0) return 'No models are configured.';
  const notes = models.flatMap(notesOn);
  return [
    table(COLUMNS, models.map(rowOf)),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    '',
    dim('Prices are in US dollars per million tokens.'),
  ].join('\n');
}

function rowOf({ id, engine, contextTokens, price }: Model): readonly string[] {
  const perMillion = price?.perMillionTokens;
  return [
    id,
    stateOf(engine.state),
    contextTokens === undefined ? '–' : grouped(contextTokens),
    perMillion === undefined ? '–' : dollars(perMillion.input),
    perMillion === undefined ? '–' : dollars(perMillion.cacheRead),
    perMillion === undefined ? '–' : dollars(perMillion.output),
  ];
}

function stateOf(state: Model['engine']['state']): string {
  if (state === 'ready') return green(state);
  return state === 'starting' ? yellow(state) : red(state);
}

function notesOn({ id, engine, price }: Model): readonly string[] {
  return [
    ...(engine.reason === undefined ? [] : [`${red('✗')} ${id}: ${engine.reason}`]),
    ...(price === undefined
      ? [`${red('✗')} ${id}: has no price, so requests for it are refused.`]
      : []),
  ];
}
