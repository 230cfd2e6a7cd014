// `turnpike prices rerate` and `reratings`: what charges of the past would be under other prices, and, when that is what is
// wanted, making it so.

import { randomUUID } from 'node:crypto';
import { moneyOf, type Money } from '@turnpike/contract/money.ts';
import type { RatingPreview, Rerating } from '@turnpike/contract/reratings.ts';
import type { Command } from 'commander';

import { jsonOption, withManagement, type Cli, type JsonOption } from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import type { Management } from '../management.ts';
import { done, failed, type Outcome, type Printed } from '../outcome.ts';
import { bold, dim, yellow } from '../paint.ts';
import { table, type Column } from '../table.ts';

type Options = JsonOption & {
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly organisation?: string;
  readonly everybody?: boolean;
  readonly apply?: boolean;
  readonly by?: string;
  readonly note?: string;
  readonly id?: string;
};

const EXAMPLES = `
Examples:
  turnpike prices rerate --at 7 --from 2026-10-01T00:00:00Z --to 2026-11-01T00:00:00Z --everybody
  turnpike prices rerate --at admitted --from … --to … --organisation Acme --apply --by Ada --note "a typing error"`;

export function addRerating(prices: Command, cli: Cli): void {
  jsonOption(prices.command('rerate'))
    .description('what charges of the past would be under other prices; with --apply, make it so')
    .requiredOption('--at <version>', 'the number of a version, or "admitted" to take it back')
    .requiredOption('--from <time>', 'requests that began then or later')
    .requiredOption('--to <time>', 'and before that')
    .option('--organisation <name>', 'id or name; may be left out while there is one')
    .option('--everybody', 'all organisations')
    .option('--apply', 'credit and charge the differences')
    .option('--by <name>', 'who does this, for the record')
    .option('--note <text>', 'why; customers read it on their invoices')
    .option('--id <id>', 'of a run that was begun before, to go on with it')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) =>
      withManagement(cli, options, (management) =>
        options.apply === true ? apply(management, options) : look(management, options),
      ),
    );

  jsonOption(prices.command('reratings'))
    .description('every time that charges of the past were changed')
    .action((options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listReratings', {});
        if (!listed.ok) return listed;
        const { data } = listed.value;
        const text = data.length === 0 ? 'No charges were ever changed.' : data.map(runText);
        return done({ json: listed.value, text: [text].flat().join('\n\n') });
      }),
    );
}

function aboutOf({ organisation, everybody = false, from, to, at }: Options) {
  return {
    ...(organisation !== undefined && { organisation }),
    everybody,
    from,
    to,
    version: at === 'admitted' ? ('admitted' as const) : Number(at),
  };
}

async function look(management: Management, options: Options): Promise<Outcome<Printed>> {
  const data = new Map<string, Row>();
  let next: string | undefined = options.from;
  while (next !== undefined) {
    const asked: Outcome<RatingPreview> = await management.ask('previewRerating', {
      ...aboutOf(options),
      from: next,
    });
    if (!asked.ok) return asked;
    for (const row of asked.value.data) {
      const place = JSON.stringify([row.organisationId, row.model, row.tier]);
      const before = data.get(place);
      data.set(place, before === undefined ? row : together(before, row));
    }
    ({ next } = asked.value);
  }
  const rows = [...data.values()];
  return done({ json: { from: options.from, to: options.to, data: rows }, text: lookText(rows) });
}

type Row = RatingPreview['data'][number];

function together(one: Row, other: Row): Row {
  return {
    ...one,
    requests: one.requests + other.requests,
    cost: sum(one.cost, other.cost),
    rerated: sum(one.rerated, other.rerated),
    difference: sum(one.difference, other.difference),
    unpriced: one.unpriced + other.unpriced,
  };
}

function sum(...amounts: readonly Money[]): Money {
  return moneyOf(amounts.reduce((all, { nano }) => all + BigInt(nano), 0n));
}

async function apply(management: Management, options: Options): Promise<Outcome<Printed>> {
  const { by, note = '' } = options;
  if (by === undefined) return failed('by-missing', 'Say who does this: --by <name>.');
  const id = options.id ?? `rr_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const begun = await management.ask('beginRerating', { id, ...aboutOf(options), note, by });
  if (!begun.ok) return begun;
  let run = begun.value;
  while (run.finishedAt === undefined) {
    const went = await management.ask('proceedRerating', { id });
    if (!went.ok) {
      const { code, message, exitCode } = went.failure;
      const again = `It goes on where it was: run this command again with --id ${id}.`;
      return failed(code, `${message} ${again}`, exitCode);
    }
    run = went.value;
  }
  return done({ json: run, text: runText(run) });
}

const LOOK: readonly Column[] = [
  { heading: 'ORGANISATION' },
  { heading: 'MODEL' },
  { heading: 'REQUESTS', align: 'right' },
  { heading: 'COST', align: 'right' },
  { heading: 'RE-RATED', align: 'right' },
  { heading: 'DIFFERENCE', align: 'right' },
];

function lookText(rows: readonly Row[]): string {
  if (rows.length === 0) return 'There are no requests in that time.';
  const shown = rows.map((row) => [
    row.name || row.organisationId,
    row.tier === 'standard' ? row.model : `${row.model} (${row.tier})`,
    grouped(row.requests),
    dollars(row.cost),
    dollars(row.rerated),
    dollars(row.difference),
  ]);
  const unpriced = rows.reduce((all, row) => all + row.unpriced, 0);
  const all = sum(...rows.map(({ difference }) => difference));
  return [
    table(LOOK, shown),
    '',
    `${bold(dollars(all))} in all; above zero is charged, below zero given back.`,
    ...(unpriced === 0
      ? []
      : [yellow(`${grouped(unpriced)} requests have no price there: it can't be applied so.`)]),
    dim('Nothing was changed; --apply does it.'),
  ].join('\n');
}

const RUN: readonly Column[] = [
  { heading: 'ORGANISATION' },
  { heading: 'REQUESTS', align: 'right' },
  { heading: 'DIFFERENCE', align: 'right' },
  { heading: 'SETTLED', align: 'right' },
];

function runText({ id, from, to, version, by, note, finishedAt, organisations }: Rerating): string {
  const state = finishedAt === undefined ? 'not finished' : `finished at ${finishedAt}`;
  const head = `${id}: requests from ${from} to ${to} at version ${version}, by ${by}${note === '' ? '' : ` (${note})`}, ${state}`;
  if (organisations.length === 0) return `${head}\nNothing has changed.`;
  const rows = organisations.map((one) => [
    one.name || one.organisationId,
    grouped(one.requests),
    dollars(one.difference),
    dollars(one.settled),
  ]);
  return `${head}\n${table(RUN, rows)}`;
}
