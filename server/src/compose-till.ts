// The part of the composition root that is about money coming in: which providers there are, the till over them, and
// invoices.

import type { Config } from './config.ts';
import { Collections } from './jobs/collections.ts';
import { Reconciling } from './jobs/reconciling.ts';
import { Invoicing } from './jobs/invoicing.ts';
import { newId } from './lib/ids.ts';
import { ManualPayments } from './payments/manual/manual-payments.ts';
import type { StripeOptions } from './payments/stripe/stripe-payments.ts';
import { systemClock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { PaymentProvider } from './ports/payments.ts';
import type { Store } from './store/postgres/store.ts';
import { Till } from './till/till.ts';

/** Its SDK takes 120 ms of processor time to load: only who sells by it waits for that. */
async function stripePayments(options: StripeOptions): Promise<PaymentProvider> {
  const { StripePayments } = await import('./payments/stripe/stripe-payments.ts');
  return new StripePayments(options);
}

export async function openTill(
  { payments, invoicing }: Config,
  { accounts, billing, reconciliations, tillBook: book }: Store,
  log: Log,
  scope: AsyncDisposableStack,
): Promise<Till> {
  const nowMs = (): number => systemClock.nowMs();
  const wires = new ManualPayments(book.bank, nowMs);
  const cards = payments.stripe === undefined ? undefined : await stripePayments(payments.stripe);
  const providers = new Map<string, PaymentProvider>([[wires.name, wires]]);
  if (cards !== undefined) providers.set(cards.name, cards);
  const { bounds } = payments;
  const till = new Till({
    book,
    accounts,
    providers,
    wires,
    bounds,
    log,
    nowMs,
    newId,
    ...(cards !== undefined && { cards }),
  });
  scope.use(new Collections({ till, log }));
  scope.use(new Reconciling({ reconciliations, accounts, till, log }));
  const { mode, graceMs } = invoicing;
  if (mode !== 'off') scope.use(new Invoicing({ billing, mode, graceMs, nowMs, log }));
  return till;
}
