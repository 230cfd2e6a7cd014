// What is given as a file: pages of invoices, and exports of usage and ledger, streamed row by row.

import type { DownloadName, DownloadParsed } from '@turnpike/contract/downloads.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';

import type { BillingDocument } from '../domain/billing/document.ts';
import { csvHead, csvLine, jsonLine, type ExportFormat } from '../domain/reports/export-lines.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { EXPORTS_AT_ONCE_MAX } from '../limits.ts';
import type { ExportAsk, Exports } from '../ports/exports.ts';
import type { ControlDeps } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

export type Download = {
  readonly contentType: string;
  readonly fileName: string;
  readonly body: AsyncIterable<string | Uint8Array>;
};

export type DownloadHandlers = {
  readonly [N in DownloadName]: (
    input: DownloadParsed<N>,
  ) => Promise<Result<Download, ManagementError>>;
};

export type DownloadDeps = Pick<ControlDeps, 'accounts' | 'billing'> & {
  readonly exports: Exports;
  pdfOf(document: BillingDocument): Promise<Uint8Array>;
};

export function downloadHandlers(deps: DownloadDeps): DownloadHandlers {
  const { accounts, billing, exports, pdfOf } = deps;
  let running = 0;
  const exported = async (
    what: ExportAsk['what'],
    { organisation: choice, from, to, format }: DownloadParsed<'exportUsage'>,
    all = false,
  ): Promise<Result<Download, ManagementError>> => {
    const organisation = all ? undefined : await chooseOrganisation(accounts, choice);
    if (organisation?.ok === false) return organisation;
    if (running >= EXPORTS_AT_ONCE_MAX) return err(BUSY);
    const organisationId = organisation?.value.id;
    const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
    const owner = organisationId === undefined ? {} : { organisationId };
    const fileName = `${what}-${from.slice(0, 10)}-${to.slice(0, 10)}.${format}`;
    const counted = async function* () {
      running += 1;
      try {
        yield* linesOf(exports, { what, fromMs, toMs, ...owner }, format);
      } finally {
        running -= 1;
      }
    };
    return ok({ contentType: CONTENT_TYPES[format], fileName, body: counted() });
  };
  return {
    async invoicePdf({ id }) {
      const invoice = await billing.find(id);
      if (invoice === undefined) {
        const message = `There is no invoice with the id ${JSON.stringify(id)}.`;
        return err({ code: 'not-found', message, field: 'id' });
      }
      const pdf = await pdfOf(invoice.document);
      const fileName = `${invoice.final?.number ?? 'draft'}.pdf`;
      return ok({ contentType: 'application/pdf', fileName, body: once(pdf) });
    },
    exportUsage: (input) => exported('usage', input),
    exportAdjustments: (input) => exported('adjustments', input),
    exportLedger: (input) => exported('ledger', input, input.all === 'true'),
  };
}

const CONTENT_TYPES = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson; charset=utf-8',
} as const;

const BUSY: ManagementError = {
  code: 'conflict',
  message: `${EXPORTS_AT_ONCE_MAX} exports are running already: wait for one of them.`,
};

async function* linesOf(
  exports: Exports,
  ask: ExportAsk,
  format: ExportFormat,
): AsyncGenerator<string> {
  const columns = exports.columns(ask.what);
  if (format === 'csv') yield csvHead(columns);
  for await (const rows of exports.rows(ask)) {
    yield rows.map((row) => (format === 'csv' ? csvLine : jsonLine)(columns, row)).join('');
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
