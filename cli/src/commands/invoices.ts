// `turnpike invoices`: drafts, final ones with their pages, and credit notes.

import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';

import {
  month as monthSchema,
  type Invoice,
  type InvoiceSummary,
  type InvoicingRun,
} from '@turnpike/contract/billing.ts';
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
import { dollars } from '../amounts.ts';
import { checkedBy } from '../arguments.ts';
import { done } from '../outcome.ts';
import { bold, dim, green } from '../paint.ts';
import { table, type Column } from '../table.ts';

type Options = JsonOption & OrganisationOption;

const COLUMNS: readonly Column[] = [
  { heading: 'ID' },
  { heading: 'MONTH' },
  { heading: 'NUMBER' },
  { heading: 'KIND' },
  { heading: 'TOTAL', align: 'right' },
];
const LINES: readonly Column[] = [
  { heading: 'DESCRIPTION' },
  { heading: 'QUANTITY', align: 'right' },
  { heading: 'AMOUNT', align: 'right' },
];

export function addInvoices(program: Command, cli: Cli): void {
  const invoices = program.command('invoices').description('invoices, statements and credit notes');
  addList(invoices, cli);
  addDraft(invoices, cli);
  addShow(invoices, cli);
  addFinalise(invoices, cli);
  addRun(invoices, cli);
  addPdf(invoices, cli);
  addCredit(invoices, cli);
}

function addList(invoices: Command, cli: Cli): void {
  organisationOption(jsonOption(invoices.command('list')))
    .description('list them, newest first')
    .addHelpText('after', '\nExamples:\n  turnpike invoices list')
    .action((options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const listed = await management.ask('listInvoices', { organisation });
        return listed.ok
          ? done({ json: listed.value, text: describeAll(listed.value.data) })
          : listed;
      }),
    );
}

function addDraft(invoices: Command, cli: Cli): void {
  organisationOption(jsonOption(invoices.command('draft')))
    .description('make the draft of a month')
    .argument('<month>', 'such as 2026-10', checkedBy(monthSchema))
    .addHelpText('after', '\nExamples:\n  turnpike invoices draft 2026-10')
    .action((month: string, options: Options) =>
      withManagement(cli, options, async (management) => {
        const { organisation } = options;
        const made = await management.ask('draftInvoice', { organisation, month });
        return made.ok ? done({ json: made.value, text: describeAll([made.value]) }) : made;
      }),
    );
}

function addShow(invoices: Command, cli: Cli): void {
  jsonOption(invoices.command('show'))
    .description('show one with its lines; of a draft, as it would be now')
    .argument('<id>', 'as "invoices list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike invoices show inv_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const found = await management.ask('getInvoice', { id });
        return found.ok ? done({ json: found.value, text: describe(found.value) }) : found;
      }),
    );
}

function addFinalise(invoices: Command, cli: Cli): void {
  jsonOption(invoices.command('finalise'))
    .description('give a draft its number and freeze it, for good')
    .argument('<id>', 'as "invoices list" shows it', checkedBy(idSchema))
    .addHelpText('after', '\nExamples:\n  turnpike invoices finalise inv_3v8n0c5tq2w7x9ab')
    .action((id: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const made = await management.ask('finaliseInvoice', { id });
        return made.ok ? done({ json: made.value, text: describe(made.value) }) : made;
      }),
    );
}

type RunOptions = JsonOption & {
  readonly month: string;
  readonly draft?: true;
  readonly now?: true;
};

function addRun(invoices: Command, cli: Cli): void {
  jsonOption(invoices.command('run'))
    .description('bill a month to every organisation to whom it was not billed yet')
    .requiredOption('--month <month>', 'such as 2026-10', checkedBy(monthSchema))
    .option('--draft', 'make drafts, and nothing final')
    .option('--now', 'also while something may still have to be settled')
    .addHelpText('after', '\nExamples:\n  turnpike invoices run --month 2026-10 --draft')
    .action((options: RunOptions) =>
      withManagement(cli, options, async (management) => {
        const { month, draft, now = false } = options;
        const none: InvoicingRun['failed'] = [];
        const sums = { month, final: 0, drafted: 0, nothing: 0, failed: none };
        for (;;) {
          const mode = draft ? 'draft' : 'final';
          const some = await management.ask('runInvoicing', { month, mode, now });
          if (!some.ok) return some;
          const { final, drafted, nothing, left, failed } = some.value;
          sums.final += final;
          sums.drafted += drafted;
          sums.nothing += nothing;
          sums.failed = failed;
          if (left === 0 || failed.length > 0) return done({ json: sums, text: describeRun(sums) });
        }
      }),
    );
}

function describeRun({
  month,
  final,
  drafted,
  nothing,
  failed,
}: Omit<InvoicingRun, 'left'>): string {
  return [
    `${green('✓')} ${month}: ${final} final, ${drafted} drafts, ${nothing} with nothing to bill.`,
    ...failed.map(({ organisationId, why }) => `  ${organisationId} could not be billed: ${why}`),
  ].join('\n');
}

function addPdf(invoices: Command, cli: Cli): void {
  jsonOption(invoices.command('pdf'))
    .description('write the page of one')
    .argument('<id>', 'as "invoices list" shows it', checkedBy(idSchema))
    .argument('<file>', 'where to write it')
    .addHelpText('after', '\nExamples:\n  turnpike invoices pdf inv_3v8n0c5tq2w7x9ab october.pdf')
    .action((id: string, file: string, options: JsonOption) =>
      withManagement(cli, options, async (management) => {
        const got = await management.download('invoicePdf', { id }, createWriteStream(file));
        return got.ok ? done({ json: { file }, text: `${green('✓')} Wrote ${file}.` }) : got;
      }),
    );
}

function addCredit(invoices: Command, cli: Cli): void {
  jsonOption(invoices.command('credit'))
    .description('write a credit note: takes a part back, and adds it to the credits')
    .argument('<id>', 'of what is final', checkedBy(idSchema))
    .argument('<dollars>', 'tax included, such as 12.50')
    .requiredOption('--reason <reason>', 'as it stands on the note')
    .option('--id <id>', 'makes it safe to send twice', checkedBy(idSchema))
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike invoices credit inv_3v8n0c5tq2w7x9ab 12.50 --reason "Outage on 3 October"',
    )
    .action(
      (
        invoice: string,
        amount: string,
        options: JsonOption & { readonly reason: string; readonly id?: string },
      ) =>
        withManagement(cli, options, async (management) => {
          const { reason, id = `note_${randomUUID()}` } = options;
          const made = await management.ask('writeCreditNote', { invoice, id, amount, reason });
          return made.ok ? done({ json: made.value, text: describe(made.value) }) : made;
        }),
    );
}

function describeAll(invoices: readonly InvoiceSummary[]): string {
  if (invoices.length === 0)
    return 'There are none yet: make a draft with "turnpike invoices draft 2026-10".';
  return table(
    COLUMNS,
    invoices.map(({ id, month, number, kind, total }) => [
      id,
      month,
      number ?? dim('draft'),
      kind ?? '',
      total === undefined ? '' : dollars(total),
    ]),
  );
}

function describe({ number, month, document }: Invoice): string {
  const shown = (cents: string): string => {
    const digits = cents.replace('-', '').padStart(3, '0');
    return `${cents.startsWith('-') ? '-' : ''}$${digits.slice(0, -2)}.${digits.slice(-2)}`;
  };
  return [
    `${bold(number ?? 'Draft')} ${dim(month)}`,
    '',
    table(
      LINES,
      document.lines.map(({ description, quantity, amountCents }) => [
        description,
        quantity === undefined ? '' : quantity.count.toLocaleString('en-US'),
        shown(amountCents),
      ]),
    ),
    '',
    `Total ${shown(document.totalCents)}, due ${shown(document.amountDueCents)}.`,
  ].join('\n');
}
