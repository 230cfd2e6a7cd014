// What the management API gives as files, streamed: pages of invoices, and exports.

import * as z from 'zod';

import { pathOf, pathParameters } from './routes.ts';
import { id, instant, organisationChoice } from './scope.ts';

export type DownloadRoute = {
  readonly path: `/${string}`;
  readonly summary: string;
  readonly input: z.ZodObject;
};

const range = {
  from: instant.describe('Inclusive.'),
  to: instant.describe('Exclusive.'),
  format: z.enum(['csv', 'jsonl'], 'must be csv or jsonl').default('csv'),
};

export const downloads = {
  invoicePdf: {
    path: '/invoices/:id/pdf',
    summary: 'The page of an invoice, made of its document alone.',
    input: z.strictObject({ id }),
  },
  exportUsage: {
    path: '/exports/usage',
    summary: "An organisation's usage, a row for each request, by when it began.",
    input: z.strictObject({ organisation: organisationChoice, ...range }),
  },
  exportLedger: {
    path: '/exports/ledger',
    summary: 'Transfers, of an organisation or, with `all`, of everybody, by when they were made.',
    input: z.strictObject({
      organisation: organisationChoice,
      all: z.enum(['true', 'false']).default('false'),
      ...range,
    }),
  },
  exportAdjustments: {
    path: '/exports/adjustments',
    summary:
      'Requests that were re-rated, a row for each time, by when the difference was in the ledger.',
    input: z.strictObject({ organisation: organisationChoice, ...range }),
  },
} as const satisfies { readonly [name: string]: DownloadRoute };

export type DownloadName = keyof typeof downloads;
export type DownloadInput<N extends DownloadName> = z.input<(typeof downloads)[N]['input']>;
export type DownloadParsed<N extends DownloadName> = z.output<(typeof downloads)[N]['input']>;

/** With its query, ready for a URL. */
export function downloadPath<N extends DownloadName>(name: N, input: DownloadInput<N>): string {
  const route: DownloadRoute = downloads[name];
  const inPath = new Set(pathParameters(route));
  const query = Object.entries(input)
    .filter(([field, value]) => !inPath.has(field) && value !== undefined)
    .map(([field, value]) => `${field}=${encodeURIComponent(String(value))}`)
    .join('&');
  const path = pathOf(route, input);
  return query === '' ? path : `${path}?${query}`;
}
