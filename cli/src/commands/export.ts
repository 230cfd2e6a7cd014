// `turnpike export`: usage, ledger and what was re-rated as CSV or JSON lines, to a file or to standard output.

import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';

import { month as monthSchema } from '@turnpike/contract/billing.ts';
import { Option, type Command } from 'commander';

import {
  organisationOption,
  withManagement,
  type Cli,
  type OrganisationOption,
} from '../action.ts';
import { checkedBy, pointInTime } from '../arguments.ts';
import { done, failed } from '../outcome.ts';

type Options = OrganisationOption & {
  readonly month?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly format: 'csv' | 'jsonl';
  readonly output?: string;
  readonly all?: true;
};

const KINDS = ['usage', 'ledger', 'adjustments'] as const;
type Kind = (typeof KINDS)[number];

const ROWS: { readonly [kind in Kind]: string } = {
  usage: 'a row for each request',
  ledger: 'a row for each transfer of money',
  adjustments: 'a row for each request that was re-rated',
};
const NAMES = { usage: 'exportUsage', adjustments: 'exportAdjustments' } as const;

export function addExport(program: Command, cli: Cli): void {
  const group = program.command('export').description('usage, ledger and adjustments as files');
  for (const what of KINDS) {
    const command = organisationOption(group.command(what))
      .description(ROWS[what])
      .option('--month <month>', 'such as 2026-10, in UTC', checkedBy(monthSchema))
      .option('--from <time>', 'from then on, inclusive', pointInTime)
      .option('--to <time>', 'until then, exclusive (default: now)', pointInTime)
      .addOption(
        new Option('--format <format>', 'of the file').choices(['csv', 'jsonl']).default('csv'),
      )
      .option('--output <file>', 'where to write it (default: standard output)')
      .addHelpText(
        'after',
        `\nExamples:\n  turnpike export ${what} --month 2026-10 --output ${what}.csv\n  turnpike export ${what} --from 7d --format jsonl | jq .`,
      )
      .action((options: Options) => runExport(cli, what, options));
    if (what === 'ledger') command.option('--all', 'of everybody, the house included');
  }
}

async function runExport(cli: Cli, what: Kind, options: Options): Promise<void> {
  await withManagement(cli, {}, async (management) => {
    const range = rangeOf(options);
    if (range === undefined) {
      return failed('no-range', 'Say which time with --month, or with --from.');
    }
    const { organisation, format, output, all } = options;
    const into: Writable = output === undefined ? process.stdout : createWriteStream(output);
    const input = { organisation, format, ...range };
    const everybodys = { ...input, all: all === true ? 'true' : 'false' } as const;
    const got =
      what === 'ledger'
        ? await management.download('exportLedger', everybodys, into)
        : await management.download(NAMES[what], input, into);
    if (!got.ok) return got;
    return done({ json: { output }, text: output === undefined ? '' : `Wrote ${output}.` });
  });
}

function rangeOf({ month, from, to }: Options): { from: string; to: string } | undefined {
  if (month !== undefined) {
    const begin = new Date(`${month}-01T00:00:00Z`);
    const end = new Date(begin);
    end.setUTCMonth(end.getUTCMonth() + 1);
    return { from: begin.toISOString(), to: end.toISOString() };
  }
  if (from === undefined) return undefined;
  return { from: from.toISOString(), to: (to ?? new Date()).toISOString() };
}
