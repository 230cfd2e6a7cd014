// The words and numbers of an invoice's page.

import { formatDollars } from '../domain/money/nano.ts';
import type { BillingDocument, DocumentLine } from '../domain/billing/document.ts';

export function titleOf({ kind }: BillingDocument): string {
  switch (kind) {
    case 'invoice':
      return 'Invoice';
    case 'statement':
      return 'Statement';
    case 'credit-note':
      return 'Credit note';
  }
}

/** `$1,234.50`. */
export function dollarsOf(cents: bigint): string {
  const magnitude = cents < 0n ? -cents : cents;
  const whole = (magnitude / 100n).toString().replace(/\B(?=(?:\d{3})+$)/g, ',');
  const rest = (magnitude % 100n).toString().padStart(2, '0');
  return `${cents < 0n ? '-' : ''}$${whole}.${rest}`;
}

export type LineTexts = {
  readonly description: string;
  /** In smaller letters below it. */
  readonly detail: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
};

export function lineTexts(line: DocumentLine): LineTexts {
  const { description, days, quantity, unitPriceNano, amountCents } = line;
  const late = days === undefined ? '' : `${days.from} to ${days.to}`;
  const unit = quantity === undefined || quantity.unit === 'tokens' ? '' : quantity.unit;
  return {
    description,
    detail: [late, unit].filter((part) => part !== '').join(' · '),
    quantity: quantity === undefined ? '' : quantity.count.toLocaleString('en-US'),
    unitPrice: unitPriceNano === undefined ? '' : formatDollars(BigInt(unitPriceNano)),
    amount: dollarsOf(BigInt(amountCents)),
  };
}

const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** `October 2026`. */
export function monthName(day: string): string {
  return MONTH.format(new Date(`${day}T00:00:00Z`));
}
