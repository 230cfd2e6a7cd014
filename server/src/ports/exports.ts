// What exports need of the store: rows of one moment, a handful at a time, however many there are.

import type { ExportColumn, ExportRow } from '../domain/reports/export-lines.ts';

export type ExportAsk = {
  readonly what: 'usage' | 'ledger' | 'adjustments';
  /** Absent: everybody's. */
  readonly organisationId?: string;
  readonly fromMs: number;
  readonly toMs: number;
};

export interface Exports {
  columns(what: ExportAsk['what']): readonly ExportColumn[];
  rows(ask: ExportAsk): AsyncIterable<readonly ExportRow[]>;
}
