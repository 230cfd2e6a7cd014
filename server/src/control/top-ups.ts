// Paid top-ups: begun, shown, confirmed where they are wires, paid back.

import { PAYMENTS_LISTED_MAX } from '@turnpike/contract/limits.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { TopUp as TopUpShown, TopUpWithReversals } from '@turnpike/contract/payments.ts';

import { nanoOfCents } from '../domain/payments/amount.ts';
import type { TopUp } from '../domain/payments/top-up.ts';
import { err, ok } from '../lib/result.ts';
import type { ReversalRow } from '../ports/till-book.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { refusalOf } from './payment-refusals.ts';
import { chooseOrganisation } from './scope.ts';

type Names =
  | 'listTopUps'
  | 'createTopUp'
  | 'getTopUp'
  | 'confirmWire'
  | 'refundTopUp'
  | 'listPaymentEvents';

export function topUps({ accounts, till }: ControlDeps): Pick<Handlers, Names> {
  return {
    async listTopUps(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const listed = await till.list(organisation.value.id, PAYMENTS_LISTED_MAX, input.after);
      return ok({ data: listed.map(shown) });
    },

    async createTopUp({ id, amount, currency, by, saveCard: saveMethod, pays, ...input }) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const { id: organisationId } = organisation.value;
      const begun = await till.topUp({
        id,
        organisationId,
        currency,
        by,
        saveMethod,
        ...(amount !== undefined && { amount }),
        ...(pays !== undefined && { pays }),
      });
      return begun.ok ? ok(shown(begun.value)) : err(refusalOf(begun.error));
    },

    async getTopUp({ id, organisation: choice }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      const topUp = await till.get(organisation.value.id, id);
      if (topUp === undefined) return err(refusalOf({ kind: 'no-such-top-up' }));
      return ok(withReversals(topUp, await till.reversals(id)));
    },

    async confirmWire({ id, reference, amount, currency }) {
      const confirmed = await till.confirmWire(id, { reference, amount, currency });
      return confirmed.ok ? ok(shown(confirmed.value)) : err(refusalOf(confirmed.error));
    },

    async refundTopUp({ id, refundId, amount, currency }) {
      const refunded = await till.refund(id, { refundId, amount, currency });
      if (!refunded.ok) return err(refusalOf(refunded.error));
      const { topUp, reversals } = refunded.value;
      return ok(withReversals(topUp, reversals));
    },

    async listPaymentEvents(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const events = await till.events(organisation.value.id, PAYMENTS_LISTED_MAX);
      const data = events.map(({ kind, topUpId, detail, atMs }) => ({
        at: new Date(atMs).toISOString(),
        kind,
        detail,
        ...(topUpId !== undefined && { topUpId }),
      }));
      return ok({ data });
    },
  };
}

function shown(topUp: TopUp): TopUpShown {
  const { id, organisationId, origin, provider, amountCents, state, reason, url, paymentId } =
    topUp;
  return {
    id,
    organisationId,
    by: origin,
    provider,
    amount: moneyOf(nanoOfCents(amountCents)),
    state,
    createdAt: new Date(topUp.createdAtMs).toISOString(),
    expiresAt: new Date(topUp.expiresAtMs).toISOString(),
    ...(topUp.pays !== undefined && { pays: topUp.pays }),
    ...(reason !== undefined && { reason }),
    ...(url !== undefined && state === 'open' && { url }),
    ...(paymentId !== undefined && { paymentId }),
    ...(topUp.creditedAtMs !== undefined && {
      creditedAt: new Date(topUp.creditedAtMs).toISOString(),
    }),
  };
}

function withReversals(topUp: TopUp, rows: readonly ReversalRow[]): TopUpWithReversals {
  const reversals = rows.map(({ id, kind, amountCents, state, isFinal }) => ({
    id,
    kind,
    amount: moneyOf(nanoOfCents(amountCents)),
    state,
    final: isFinal,
  }));
  return { ...shown(topUp), reversals };
}
