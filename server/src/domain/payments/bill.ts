// A bill: what is due for a plan, or what an invoice asks for. When the saved card is charged for it, and when nobody tries any
// more.

/** `due:<id of an amount due>` or `invoice:<id of an invoice>`. */
export type BillId = string;

export type BillOf =
  | { readonly kind: 'due'; readonly dueId: string }
  | { readonly kind: 'invoice'; readonly invoiceId: string };

export function billOf(id: BillId): BillOf | undefined {
  const at = id.indexOf(':');
  const [kind, rest] = [id.slice(0, at), id.slice(at + 1)];
  if (rest === '') return undefined;
  if (kind === 'due') return { kind, dueId: rest };
  return kind === 'invoice' ? { kind, invoiceId: rest } : undefined;
}

export function dueBill(dueId: string): BillId {
  return `due:${dueId}`;
}

export function invoiceBill(invoiceId: string): BillId {
  return `invoice:${invoiceId}`;
}

const DAY_MS = 86_400_000;
/** After the first decline. */
const RETRIES_AFTER_DAYS = [1, 3, 5, 7] as const;

/** When the card is tried again after so many declines; undefined: no more. */
export function retryAtMs(declines: number, firstDeclinedAtMs: number): number | undefined {
  const days = RETRIES_AFTER_DAYS[declines - 1];
  return days === undefined ? undefined : firstDeclinedAtMs + days * DAY_MS;
}

/** Providers take no less; what is below it waits to be paid together with something else. */
export const CHARGE_CENTS_MIN = 50;
