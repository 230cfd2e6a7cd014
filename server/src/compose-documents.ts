// The part of the composition root that is about pages of documents.

import { invoicePdf } from './documents/invoice-pdf.ts';
import type { BillingDocument } from './domain/billing/document.ts';
import type { Log } from './ports/log.ts';

/** The page as it can be shown; what could not be shown as it is stands in the log. */
export function pagesLoggedIn(log: Log) {
  return async (document: BillingDocument): Promise<Uint8Array> => {
    const { pdf, missing } = await invoicePdf(document);
    if (missing.length === 0) return pdf;
    const letters = missing.join(' ');
    const { number } = document;
    log.warn(
      { number, letters },
      `The page of ${number} has boxes or bare letters in place of ${letters}: its font lacks them. Its JSON is right.`,
    );
    return pdf;
  };
}
