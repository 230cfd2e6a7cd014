// The part of the composition root that is about money coming in: which providers there are, and the till over them.

import type { Config } from './config.ts';
import { Collections } from './jobs/collections.ts';
import { newId } from './lib/ids.ts';
import { ManualPayments } from './payments/manual/manual-payments.ts';
import { StripePayments } from './payments/stripe/stripe-payments.ts';
import { systemClock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { PaymentProvider } from './ports/payments.ts';
import type { Store } from './store/postgres/store.ts';
import { Till } from './till/till.ts';

export function openTill(
  { payments }: Config,
  { accounts, tillBook: book }: Store,
  log: Log,
  scope: AsyncDisposableStack,
): Till {
  const nowMs = (): number => systemClock.nowMs();
  const wires = new ManualPayments(book.bank, nowMs);
  const cards = payments.stripe === undefined ? undefined : new StripePayments(payments.stripe);
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
  return till;
}
