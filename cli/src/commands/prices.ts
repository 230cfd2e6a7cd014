// `turnpike prices`: what is in force, drafts that become versions, and what a draft would have earned.

import { readFile } from 'node:fs/promises';
import type { PricedModel, PriceVersion, WrittenModels } from '@turnpike/contract/prices.ts';
import { writtenModels } from '@turnpike/contract/prices.ts';
import type { Command } from 'commander';
import * as z from 'zod';

import { jsonOption, withManagement, type Cli, type JsonOption } from '../action.ts';
import { dollars } from '../amounts.ts';
import { done, failed, type Outcome } from '../outcome.ts';
import { yellow } from '../paint.ts';
import { table, type Column } from '../table.ts';
import { simulate, simulationText } from './price-simulation.ts';
import { addRerating } from './reratings.ts';

const FILE_BYTES_MAX = 60_000;

const priceFile = z.strictObject({
  book: z.string().default('default'),
  note: z.string().default(''),
  withdrawn: z.array(z.string()).default([]),
  models: writtenModels,
});

type PriceFile = {
  readonly book: string;
  readonly note: string;
  readonly withdrawn: string[];
  readonly models: WrittenModels;
};
type By = { readonly by: string };

export function addPrices(program: Command, cli: Cli): void {
  const prices = program
    .command('prices')
    .description('price books: what is, was and will be in force');
  addHistory(prices, cli);
  addSimulate(prices, cli);
  addDraft(prices, cli);
  addSchedule(prices, cli);
  addCallOff(prices, cli);
  addRerating(prices, cli);
}

function addHistory(prices: Command, cli: Cli): void {
  jsonOption(prices.command('history'))
    .description('every version of a book, the newest first')
    .option('--book <id>', 'another book than the list prices', 'default')
    .action((options: JsonOption & { readonly book: string }) =>
      withManagement(cli, options, async (management) => {
        const listed = await management.ask('listPriceVersions', { book: options.book });
        if (!listed.ok) return listed;
        return done({ json: listed.value, text: historyText(listed.value.data) });
      }),
    );
}

function addSimulate(prices: Command, cli: Cli): void {
  jsonOption(prices.command('simulate'))
    .argument('<file>', 'a list of prices as JSON')
    .description('what the requests of the last days would have cost under these prices')
    .option('--days <count>', 'how many days back', '30')
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike prices simulate next.json\n  turnpike prices simulate next.json --days 7 --json',
    )
    .action((file: string, options: JsonOption & { readonly days: string }) =>
      withManagement(cli, options, async (management) => {
        const read = await readPrices(file);
        if (!read.ok) return read;
        const { book, models } = read.value;
        const simulated = await simulate(management, { book, models, days: Number(options.days) });
        if (!simulated.ok) return simulated;
        return done({ json: simulated.value, text: simulationText(simulated.value) });
      }),
    );
}

function addDraft(prices: Command, cli: Cli): void {
  jsonOption(prices.command('draft'))
    .argument('<file>', 'a list of prices as JSON')
    .description('keep these prices as a draft, which can then be scheduled')
    .requiredOption('--by <name>', 'who does this, for the record')
    .action((file: string, options: JsonOption & By) =>
      withManagement(cli, options, async (management) => {
        const read = await readPrices(file);
        if (!read.ok) return read;
        const saved = await management.ask('savePriceDraft', { ...read.value, by: options.by });
        if (!saved.ok) return saved;
        const text = `Draft ${saved.value.id}: ${saved.value.prices.length} prices. Schedule it with "turnpike prices schedule ${saved.value.id}".`;
        return done({ json: saved.value, text });
      }),
    );
}

function addSchedule(prices: Command, cli: Cli): void {
  jsonOption(prices.command('schedule'))
    .argument('<draft>', 'the id of a draft')
    .description('make a version of a draft, in force from a moment on; it never changes again')
    .requiredOption('--by <name>', 'who does this, for the record')
    .option('--from <time>', 'as 2026-12-01T00:00:00Z; absent: now')
    .action((id: string, options: JsonOption & By & { readonly from?: string }) =>
      withManagement(cli, options, async (management) => {
        const { by, from } = options;
        const when = from !== undefined && { effectiveFrom: from };
        const scheduled = await management.ask('schedulePriceDraft', { id, by, ...when });
        if (!scheduled.ok) return scheduled;
        const text = `Version ${scheduled.value.version} is in force from ${from ?? 'now'} on.`;
        return done({ json: scheduled.value, text });
      }),
    );
}

function addCallOff(prices: Command, cli: Cli): void {
  jsonOption(prices.command('call-off'))
    .argument('<version>', 'the number of a version that has not begun')
    .description('take back what was scheduled, before it is in force')
    .requiredOption('--by <name>', 'who does this, for the record')
    .requiredOption('--reason <text>', 'why, for the record')
    .action((version: string, options: JsonOption & By & { readonly reason: string }) =>
      withManagement(cli, options, async (management) => {
        const { by, reason } = options;
        const off = await management.ask('callOffPriceVersion', {
          version: Number(version),
          by,
          reason,
        });
        if (!off.ok) return off;
        return done({ json: off.value, text: `Version ${off.value.version} is called off.` });
      }),
    );
}

async function readPrices(path: string): Promise<Outcome<PriceFile>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return failed('unreadable', `The file ${path} can't be read: check its name.`);
  }
  if (text.length > FILE_BYTES_MAX)
    return failed('unreadable', `The file ${path} is too large for a list of prices.`);
  const parsed = priceFile.safeParse(jsonOf(text));
  if (parsed.success) return done(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.join('.');
  return failed('invalid-prices', `${path}: ${where} ${issue?.message ?? 'is no list of prices'}.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const PRICES: readonly Column[] = [
  { heading: 'MODEL' },
  { heading: 'TIER' },
  { heading: 'INPUT', align: 'right' },
  { heading: 'CACHED', align: 'right' },
  { heading: 'OUTPUT', align: 'right' },
];

function historyText(versions: readonly PriceVersion[]): string {
  if (versions.length === 0) return 'No prices were ever published in this book.';
  return versions
    .map(({ version, effectiveFrom, source, by, note, calledOff, prices }) => {
      const who = by === '' ? source : `${source}, by ${by}`;
      const off =
        calledOff &&
        yellow(` called off by ${calledOff.by} at ${calledOff.at}: ${calledOff.reason}`);
      const head = `Version ${version}, from ${effectiveFrom} (${who})${note === '' ? '' : `: ${note}`}${off ?? ''}`;
      return `${head}\n${table(PRICES, prices.map(priceRow))}`;
    })
    .join('\n\n');
}

function priceRow({ model, tier, perMillionTokens: price }: PricedModel): readonly string[] {
  return [model, tier, dollars(price.input), dollars(price.cacheRead), dollars(price.output)];
}
